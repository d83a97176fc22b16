"""Surprise over predicted time: contrasts of all comparisons, laid over each other where violations begin.

A window's contrast belongs to the frames that it predicts, and stands at their mean. Scenes differ in when
their violation begins, so the axis counts frames from there. Windows lie `stride` sampled frames apart, and
so do the times: each is rounded to the nearest of them, by half that distance at most.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from voe.clips import Pair, Quadruplet, StimulusSet
from voe.contrasts import SCORED
from voe.inference import by_concept, holm_over, primary_comparisons
from voe.results import Run
from voe.stats import StatsError, curve_test, jackknifed_latency, predicted_time, tolerance
from voe.windows import window_starts

VIOLATION, CLIP = "violation", "start of the clip"
"""What times are counted from: where the outcomes begin to differ, or frame 0 where a set does not say."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class OverTime:
    """Surprise over predicted time, in frames of the clips.

    `tests` has one row a concept and one for all: concept, n_scenes, aligned_to (`VIOLATION` or `CLIP`),
    p_value, p_holm, start and stop (times of the first and last window of the heaviest cluster), latency with
    its error, reason. `curve` has one row a concept and time: time, mean (contrast) and statistic.
    """

    tests: pd.DataFrame
    curve: pd.DataFrame


@dataclass(frozen=True)
class _Timed:
    """One comparison: its contrast in each window [W], 0 within tolerance, and the windows' times [W]."""

    contrasts: Floats
    times: Floats
    event: int | None


def surprise_over_time(run: Run) -> OverTime:
    """Cluster-based permutation test over time (`voe.stats.curve_test`) at the setting fixed beforehand.

    All windows take part, informative or not, whose time all comparisons of a concept have; contrasts within
    their tolerance are ties. It licenses neither onset nor extent (`voe.stats.curves.CAVEAT`).

    Raises:
        RunError: nothing was scored.
    """
    table = primary_comparisons(run)
    timed = _timed(run)
    scored = table[(table["status"] == SCORED) & table["comparison"].isin(list(timed))]
    if scored.empty:
        return OverTime(pd.DataFrame(), pd.DataFrame())
    tests, curves = [], []
    for concept, part in by_concept(scored, run.stimuli.concepts):
        chosen = [timed[name] for name in part["comparison"]]
        aligned, times, values = laid_over(chosen)
        test, curve = _tested(values, part["scene"].to_numpy(dtype=str), times)
        tests.append({"concept": concept, "aligned_to": aligned, **test})
        curves += [{"concept": concept, **point} for point in curve]
    holm = holm_over(run.stimuli.concepts, {row["concept"]: row["p_value"] for row in tests})
    for row in tests:
        row["p_holm"] = holm.get(row["concept"], math.nan)
    return OverTime(pd.DataFrame(tests), pd.DataFrame(curves))


def laid_over(comparisons: Sequence[_Timed]) -> tuple[str, Floats, Floats]:
    """What times are counted from, the times that all comparisons have [T], and their contrasts [n, T]."""
    events = [one.event for one in comparisons]
    aligned = CLIP if None in events else VIOLATION
    gaps = np.concatenate([np.diff(one.times) for one in comparisons])
    step = float(gaps.mean()) if len(gaps) else 1.0
    rows: list[Mapping[int, float]] = []
    for one in comparisons:
        origin = one.times[0] if aligned == CLIP else float(one.event or 0)
        # Half a step up: of two times that are as near, all comparisons take the same one.
        bins = np.floor((one.times - origin) / step + 0.5).astype(int)
        row: dict[int, float] = {}
        for at, contrast in zip(bins.tolist(), one.contrasts.tolist(), strict=True):
            row.setdefault(at, contrast)
        rows.append(row)
    shared = sorted(set.intersection(*(set(row) for row in rows)))
    values = np.array([[row[at] for at in shared] for row in rows], dtype=np.float64)
    first = min(one.times[0] for one in comparisons) if aligned == CLIP else 0.0
    return aligned, first + step * np.array(shared, dtype=np.float64), values


def _timed(run: Run) -> dict[str, _Timed]:
    """Every comparison whose clips were scored, at the primary setting."""
    curves, protocol = run.curves, run.protocol
    stream, context = run.lock["measure"]["stream"], protocol.primary_context
    assert context is not None
    designs: Sequence[Quadruplet | Pair] = run.stimuli.quadruplets or run.stimuli.pairs
    found = {}
    for design in designs:
        if not curves.comparable(design.clips):
            continue
        surprise = np.stack([curves.of(clip, stream, context) for clip in design.clips])
        signs = np.array([-1, 1, 1, -1] if isinstance(design, Quadruplet) else [-1, 1])
        contrast = signs @ surprise
        tau = float(tolerance(surprise.mean(), curves.rebatch_difference))
        # Under align = 'end' the clips of a pair have timelines of their own; the violation is on this one's.
        numbers = curves.numbers[design.ab if isinstance(design, Quadruplet) else design.impossible]
        starts = window_starts(len(numbers), protocol.window, protocol.stride)
        times = predicted_time(numbers[starts[:, None] + np.arange(protocol.window)], context)
        name = design.id if isinstance(design, Quadruplet) else " | ".join(design.clips)
        contrasts = np.where(np.abs(contrast) <= tau, 0.0, contrast)
        found[name] = _Timed(contrasts, times, _event(run.stimuli, design))
    return found


def _event(stimuli: StimulusSet, design: Quadruplet | Pair) -> int | None:
    """The frame at which the violation begins, None where the set does not say."""
    if isinstance(design, Quadruplet):
        stated = design.outcome_starts
        return stimuli.clip(design.ab).violation_frame if stated is None else stated
    return stimuli.clip(design.impossible).violation_frame


def _tested(
    values: Floats, scenes: npt.NDArray[np.str_], times: Floats
) -> tuple[dict[str, Any], list[dict[str, float]]]:
    """Test and curve of contrasts [n, T]; NaN and the reason where there are too few scenes or no time."""
    nan = math.nan
    blank = {"n_scenes": len(set(scenes)), "p_value": nan, "start": nan, "stop": nan}
    untested = {**blank, "latency": nan, "latency_error": nan}
    if not values.shape[1]:
        return {**untested, "reason": "no predicted time is common to all comparisons"}, []
    try:
        test = curve_test(values, scenes)
    except StatsError as error:
        return {**untested, "reason": str(error)}, []
    blank["p_value"] = test.p_value
    if test.clusters:
        heaviest = max(test.clusters, key=lambda cluster: cluster.mass)
        blank |= {"start": float(times[heaviest.start]), "stop": float(times[heaviest.stop - 1])}
    found = {**blank, "latency": nan, "latency_error": nan, "reason": ""}
    if test.clusters:
        latency = jackknifed_latency(values, times, scenes)
        found |= {
            "latency": latency.estimate,
            "latency_error": latency.error,
            "reason": f"no latency: {latency.reason}" if latency.reason else "",
        }
    points = zip(times, test.mean, test.statistic, strict=True)
    return found, [{"time": float(t), "mean": float(m), "statistic": float(z)} for t, m, z in points]
