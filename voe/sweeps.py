"""Runs as checkpoints of one training, in the order in which they were looked at."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from voe.across_runs import common_scores, require_comparable
from voe.errors import RunError
from voe.inference import by_concept, holm_over, primary_comparisons
from voe.results import Run
from voe.stats import accuracy_of, checkpoint_sweep, max_statistic


@dataclass(frozen=True)
class CheckpointSweep:
    """What the best of several checkpoints is worth.

    `checkpoints` has one row a concept (and 'all') and checkpoint: concept, checkpoint (from 1), model, n,
    estimate with low and high, e_value (its own), running (evidence so far, `voe.stats.checkpoint_sweep`),
    adjusted (its p-value, paid for by the maximum over all checkpoints). `best` has one row a concept:
    checkpoint, model, estimate (chosen on these data: too high), p_value of the maximum, p_holm, and crossed,
    the checkpoint at which the running evidence reached 1 / .05, NaN if none did. `left_out` counts
    comparisons that not all runs scored.
    """

    checkpoints: pd.DataFrame
    best: pd.DataFrame
    left_out: int


def sweep_runs(runs: Sequence[Run], *, planned: int | None = None) -> CheckpointSweep:
    """Choose among checkpoints, and pay for it: the maximum over all of them, and e-values for stopping.

    Args:
        runs: one a checkpoint, on the same stimuli under the same protocol, in the order of training.
        planned: how many checkpoints were to be scored, if that was fixed before the first.

    Raises:
        RunError: fewer than two runs, runs that cannot be compared, or more of them than were planned.
    """
    if len(runs) < 2:
        raise RunError("sweeping over checkpoints: one run leaves nothing to choose; name two or more")
    if planned is not None and planned < len(runs):
        raise RunError(f"sweeping over checkpoints: {len(runs)} runs where {planned} were planned")
    require_comparable(runs)
    scores = common_scores(runs)
    names = [run.lock["model"]["name"] for run in runs]
    rows, best = [], []
    for concept, part in by_concept(scores, runs[0].stimuli.concepts):
        values = part[list(range(len(runs)))].to_numpy(dtype=np.float64).T
        scenes = part["scene"].to_numpy(dtype=str)
        maximum = max_statistic(values, scenes)
        evidence = checkpoint_sweep(values, scenes, planned=planned)
        for number, name in enumerate(names):
            found = accuracy_of(values[number], scenes)
            rows.append(
                {
                    "concept": concept, "checkpoint": number + 1, "model": name, "n": found.n,
                    "estimate": found.estimate, "low": found.low, "high": found.high,
                    "e_value": float(evidence.e_values[number]), "running": float(evidence.running[number]),
                    "adjusted": float(maximum.adjusted[number]),
                }
            )  # fmt: skip
        crossed = math.nan if evidence.crossed is None else evidence.crossed + 1
        best.append(
            {
                "concept": concept, "checkpoint": maximum.best + 1, "model": names[maximum.best],
                "estimate": maximum.estimate, "p_value": maximum.p_value, "crossed": crossed,
            }
        )  # fmt: skip
    holm = holm_over(runs[0].stimuli.concepts, {row["concept"]: row["p_value"] for row in best})
    for row in best:
        row["p_holm"] = holm.get(row["concept"], math.nan)
    left_out = len(primary_comparisons(runs[0])) - len(scores)
    return CheckpointSweep(pd.DataFrame(rows), pd.DataFrame(best), left_out)
