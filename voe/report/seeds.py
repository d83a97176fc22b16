"""Several seeds of one model: the distribution of their accuracy."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from voe.errors import RunError
from voe.report.table import failures_text, grid, heading, interval, percent
from voe.results import ALL, Run


def seeds_summary(runs: Sequence[Run]) -> dict[str, Any]:
    """Accuracy of the headline measure at the primary setting, by seed and in distribution.

    The interval of the mean is Student's over seeds: mean +- t(n - 1) s / sqrt(n). It speaks of seeds of
    this architecture on these stimuli, not of other stimuli.
    """
    by_seed = [_headline(run) for run in runs]
    if not all(ALL in values for values in by_seed):
        first = runs[[ALL in values for values in by_seed].index(False)]
        raise RunError(
            f"run {first.path}: no comparison was scored, so the seeds have no accuracy to compare; "
            "its failures.jsonl says why"
        )
    concepts = list(dict.fromkeys(concept for values in by_seed for concept in values))
    return {
        "measure": runs[0].lock["measure"]["headline"],
        "runs": [str(run.path) for run in runs],
        "models": [run.lock["model"]["name"] for run in runs],
        "failures": [len(run.failures) for run in runs],
        "concepts": {
            concept: _distribution([values[concept] for values in by_seed if concept in values])
            for concept in concepts
        },
    }


def _headline(run: Run) -> Mapping[str, float]:
    table = run.summary()
    chosen = table[table["primary"] & (table["measure"] == run.lock["measure"]["headline"])]
    return {r["concept"]: float(r["estimate"]) for r in chosen.to_dict("records") if r["n"]}


def _distribution(values: Sequence[float]) -> dict[str, Any]:
    from scipy import stats

    sample = np.array(values)
    n, mean = len(sample), float(sample.mean())
    spread = float(sample.std(ddof=1)) if n > 1 else math.nan
    half = float(stats.t.ppf(0.975, n - 1)) * spread / math.sqrt(n) if n > 1 else math.nan
    return {
        "n": n, "mean": mean, "sd": spread, "low": mean - half, "high": mean + half,
        "minimum": float(sample.min()), "median": float(np.median(sample)), "maximum": float(sample.max()),
        "by_seed": [float(value) for value in sample],
    }  # fmt: skip


def seeds_text(runs: Sequence[Run]) -> str:
    """What `voe score --seeds` prints."""
    summary = seeds_summary(runs)
    rows = [
        [concept, str(d["n"]), percent(d["mean"]), interval(d["low"], d["high"])]
        + [percent(d[key]).removesuffix(" %") for key in ("sd", "minimum", "median", "maximum")]
        for concept, d in summary["concepts"].items()
    ]
    columns = ["concept", "seeds", "mean", "95 % of mean", "sd", "min", "median", "max"]
    by_seed = pd.Series(summary["concepts"]["all"]["by_seed"]).map(percent)
    return "\n\n".join(
        block
        for block in (
            heading(runs[0]),
            failures_text(runs[0]),
            f"{summary['measure'].upper()} right, over {len(runs)} seeds (above: the first of them)\n"
            + grid(columns, rows),
            "all concepts, seed by seed: " + ", ".join(by_seed),
            f"run folders: {runs[0].path} to {runs[-1].path}",
        )
        if block
    )
