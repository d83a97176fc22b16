"""The public benchmarks' own measures, each as its authors define it: ties, signs and weights included.

All take surprise (high: implausible). A benchmark that counts plausibility is served by its negative.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from voe.stats.checks import StatsError, finite
from voe.stats.ranking import auroc


def intphys_relative_error(possible: npt.ArrayLike, impossible: npt.ArrayLike) -> float:
    """IntPhys: share of scenes whose possible clips are not the more plausible ones, pooled by scene.

    error = 1 - mean of [sum impossible > sum possible], a tie counts one half
    (rronan/IntPhys-Baselines:test.py).

    Args:
        possible, impossible: surprise of the clips of each scene, [scenes, clips].

    >>> intphys_relative_error([[1, 1], [2, 2]], [[2, 2], [1, 3]])
    0.25
    """
    real, magic = finite(possible, "possible", ndim=2), finite(impossible, "impossible", ndim=2)
    if len(real) != len(magic) or not len(real):
        raise StatsError(f"IntPhys: {len(real)} scenes of possible and {len(magic)} of impossible clips")
    difference = magic.sum(axis=1) - real.sum(axis=1)
    return float(1 - np.mean((np.sign(difference) + 1) / 2))


def intphys_absolute_error(possible: npt.ArrayLike, impossible: npt.ArrayLike) -> float:
    """IntPhys: 1 - AUC of single clips (Riochet et al. 2018, section 3.2).

    >>> intphys_absolute_error([1, 2], [3, 1.5])
    0.25
    """
    real, magic = finite(possible, "possible", ndim=1), finite(impossible, "impossible", ndim=1)
    return 1 - _auroc(magic, real)


def inflevel_accuracy(possible: npt.ArrayLike, impossible: npt.ArrayLike) -> float:
    """InfLevel: mean over groups of the four comparisons of two real with two magic clips, a tie one half.

    (allenai/inflevel:evaluator.py; it scores plausibility, here it is surprise.)

    Args:
        possible, impossible: surprise of the two clips of each group, [groups, 2].

    >>> inflevel_accuracy([[1, 3]], [[2, 3]])
    0.625
    """
    real, magic = finite(possible, "possible", ndim=2), finite(impossible, "impossible", ndim=2)
    if real.shape != magic.shape or real.shape[1:] != (2,) or not len(real):
        raise StatsError(f"InfLevel: groups of two clips each, not {real.shape} and {magic.shape}")
    return float(np.mean((np.sign(magic[:, None, :] - real[:, :, None]) + 1) / 2))


def likephys_ppe(
    valid: Mapping[str, Sequence[float]], invalid: Mapping[str, Mapping[str, Sequence[float]]]
) -> float:
    """LikePhys' plausibility preference error of one scenario: lower is better, a tie counts as right.

    The share of (valid, invalid) pairs of a subgroup whose valid clip surprises *more*, averaged first over
    the pairs of each variation (kind of violation) over all subgroups, then over variations
    (LikePhys:read_exp_final.py).

    Args:
        valid: subgroup -> surprise of its valid clips.
        invalid: variation -> subgroup -> surprise of the clips with that violation.

    >>> likephys_ppe({"s": [1.0, 3.0]}, {"teleport": {"s": [2.0]}, "shrink": {"s": [9.0, 9.0]}})
    0.25
    """
    errors = []
    for variation, by_subgroup in invalid.items():
        wrong = [
            float(real > magic) for subgroup, values in by_subgroup.items() for magic in values
            for real in valid.get(subgroup, ())
        ]  # fmt: skip
        if not wrong:
            raise StatsError(f"LikePhys: variation {variation!r} has no valid clip to be compared with")
        errors.append(float(np.mean(wrong)))
    if not errors:
        raise StatsError("LikePhys: there is no invalid clip")
    return float(np.mean(errors))


def yes_no_accuracy(answers: Sequence[str | None], possible: Sequence[bool]) -> float:
    """GRASP: share of clips whose answer to 'is it plausible?' is right; an invalid answer (None) is wrong.

    (i-machine-think/grasp; 'yes' and 'no' are the first words of the answers.)

    >>> yes_no_accuracy(["yes", None, "no", "yes"], [True, True, False, False])
    0.5
    """
    if len(answers) != len(possible) or not len(answers):
        raise StatsError(f"yes/no: {len(answers)} answers for {len(possible)} clips")
    return float(
        np.mean([word == ("yes" if real else "no") for word, real in zip(answers, possible, strict=True)])
    )


def mvp_pair_accuracy(right: npt.ArrayLike) -> float:
    """Minimal Video Pairs: share of pairs of which both questions are answered rightly; chance is 25 %.

    (facebookresearch/minimal_video_pairs:tasks/mvp/utils.py; an answer that cannot be parsed is wrong.)

    Args:
        right: [pairs, 2], true or false.

    >>> mvp_pair_accuracy([[True, True], [True, False]])
    0.5
    """
    values = np.asarray(right, dtype=bool)
    if values.ndim != 2 or values.shape[1] != 2 or not len(values):
        raise StatsError(f"MVP: expected [pairs, 2], got {values.shape}")
    return float(values.all(axis=1).mean())


def adept_accuracy(
    surprising: npt.ArrayLike, controls: Sequence[Sequence[float]], singles: npt.ArrayLike | None = None
) -> tuple[float, float]:
    """ADEPT: relative accuracy (each surprising clip against its own controls, a tie one half) and AUROC.

    The score of a clip is its *greatest* surprise (JerryLingjieMei/ADEPT-Dataset-Release:make_pairs.py
    pairs them). The AUROC is over single clips.

    Args:
        surprising: of each case, [n].
        controls: of each case, one to three.
        singles: of each control clip once, where one is a control of several cases; None: none is.

    >>> adept_accuracy([2.0, 1.0], [[1.0], [1.0, 3.0]])
    (0.625, 0.5)
    """
    values = finite(surprising, "surprising", ndim=1)
    if len(values) != len(controls) or not all(len(own) for own in controls):
        raise StatsError("ADEPT: each surprising clip needs one control or more")
    relative = [
        np.mean((np.sign(value - np.asarray(own, dtype=np.float64)) + 1) / 2)
        for value, own in zip(values, controls, strict=True)
    ]
    every = [value for own in controls for value in own] if singles is None else singles
    pooled = finite(every, "controls", ndim=1)
    return float(np.mean(relative)), _auroc(values, pooled)


def _auroc(higher: npt.NDArray[np.float64], lower: npt.NDArray[np.float64]) -> float:
    """Probability that one of the first surprises more than one of the second."""
    marks = np.arange(len(higher) + len(lower)) < len(higher)
    return float(auroc(np.concatenate([higher, lower]), marks))
