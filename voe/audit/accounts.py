"""How far each lean account gets with each concept: the relational detectors and two models of no objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from voe.audit.comparisons import Comparison
from voe.audit.findings import LeanAccount, Power
from voe.audit.pictures import SMALL, Floats, ScenePictures
from voe.contrasts import Curves, pair_contrasts, quadruplet_contrasts
from voe.engine import clip_windows, rebatch_difference, window_surprise
from voe.errors import ClipError
from voe.protocols import Protocol
from voe.stats import accuracy_of, adjust
from voe.stats.accuracy import Accuracy

if TYPE_CHECKING:
    from voe.adapters.base import Predictor
    from voe.clips import StimulusSet

MODELS = ("copy-last-frame", "linear-extrapolation")
ALPHA = 0.05
SOLVED = 0.9
"""Share right from which an account solves a concept, if it is also significant."""
NO_CONCEPT = "(no concept)"


@dataclass(frozen=True)
class ModelCurves:
    """Surprise of the two models at one scene: (clip, model) -> [1, windows]."""

    surprise: Mapping[tuple[str, str], Floats]


def load_models() -> dict[str, Predictor]:
    """The two baselines, at the size of the audit's small pictures."""
    from voe.adapters.load import load_model

    return {name: load_model(f"{name},size={SMALL}", device="cpu") for name in MODELS}


def read_models(pictures: ScenePictures, models: Mapping[str, Predictor], protocol: Protocol) -> ModelCurves:
    """Score every clip of a scene that has a window; the others have no curve."""
    import torch

    windows = {}
    for name, clip in pictures.scene.clips.items():
        try:
            windows[name] = clip_windows(clip.keys, protocol.window, protocol.stride)
        except ClipError:
            continue
    surprise: dict[tuple[str, str], Floats] = {}
    if windows:
        stacked, frames = np.concatenate(list(windows.values())), torch.from_numpy(pictures.small)
        for model_name, model in models.items():
            found = window_surprise(model, frames, stacked, protocol.contexts)[model.spec.streams[0]]
            first = 0
            for name, rows in windows.items():
                surprise[name, model_name] = found[first : first + len(rows)].T.astype(np.float64)
                first += len(rows)
    return ModelCurves(surprise)


def model_scores(
    stimuli: StimulusSet,
    comparisons: Sequence[Comparison],
    curves: Curves,
) -> dict[str, Floats]:
    """Score of each comparison under each model: [n], NaN where it is not testable at this window."""
    rows: dict[tuple[str, str], float] = {}
    if stimuli.quadruplets:
        for row in quadruplet_contrasts(stimuli, curves).to_dict("records"):
            rows[row["quadruplet"], row["stream"]] = row["score"]
    if stimuli.pairs:
        for row in pair_contrasts(stimuli, curves).to_dict("records"):
            rows[f"{row['possible']} | {row['impossible']}", row["stream"]] = row["score"]
    return {
        model: np.array([rows.get((c.name, model), np.nan) for c in comparisons], dtype=np.float64)
        for model in MODELS
    }


def lean_accounts(comparisons: Sequence[Comparison], scores: Mapping[str, Floats]) -> tuple[LeanAccount, ...]:
    """Each account (scores [n]) on each concept, corrected over all of both."""
    concepts = dict.fromkeys(name for c in comparisons for name in c.concepts or (NO_CONCEPT,))
    found = []
    for concept in concepts:
        kept = [i for i, c in enumerate(comparisons) if concept in (c.concepts or (NO_CONCEPT,))]
        scenes = [comparisons[i].scene for i in kept]
        found += [
            LeanAccount(concept, account, accuracy_of(values[kept], scenes), np.nan, "no")
            for account, values in scores.items()
        ]
    p_values = {
        f"{a.concept}\n{a.account}": float(np.minimum(1, 2 * min(a.accuracy.p_value, a.accuracy.p_below)))
        for a in found
    }
    adjusted = adjust(p_values)
    return tuple(
        replace(a, p_holm=p, power=_power(a.accuracy, p))
        for a, p in zip(found, adjusted.values(), strict=True)
    )


def _power(accuracy: Accuracy, p: float) -> Power:
    """In one word; 'ties' where most comparisons are."""
    if not accuracy.n:
        return "not testable"
    if accuracy.tie_share > 0.5:
        return "ties"
    if p > ALPHA or np.isnan(p):
        return "no"
    if accuracy.estimate > 0.5:
        return "solves" if accuracy.estimate >= SOLVED else "above chance"
    return "reversed" if accuracy.estimate <= 1 - SOLVED else "below chance"


def curves_of(
    scenes: Sequence[ModelCurves],
    numbers: Mapping[str, np.ndarray[tuple[int], np.dtype[np.int64]]],
    n_frames: Mapping[str, int],
    protocol: Protocol,
    models: Mapping[str, Predictor],
    *,
    strict: bool,
) -> Curves:
    """Everything that was scored, as `voe.contrasts` reads it; clips without a curve are left out."""
    surprise = {key: curve for scene in scenes for key, curve in scene.surprise.items()}
    scored = {clip for clip, _ in surprise}
    rebatch = max(rebatch_difference(model, protocol) for model in models.values())
    return Curves(
        surprise,
        {clip: numbers[clip] for clip in scored},
        {clip: n_frames[clip] for clip in scored},
        protocol,
        rebatch,
        strict,
    )
