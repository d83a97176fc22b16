"""Published results beside the same data under sound statistics: the tables behind the figures.

The published figures show, of each block, the best of five contexts and of 'Filtered' (their minimum), chosen
on the data that they report, as means over blocks. Beside that stands the accuracy at one context that was
fixed beforehand, with an interval that knows which pairs belong together; and what the best setting is worth
when the choice is paid for.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from voe.errors import RunError
from voe.inference import chosen_settings
from voe.reference_run import reference_of
from voe.results import ALL, Run
from voe.stats.reference_tables import COLUMNS


def as_published(runs: Sequence[Run]) -> pd.DataFrame:
    """One row a model and block, and one ('all') for the mean over blocks: model, block, best (the best of
    all contexts and 'Filtered', a share), first (at the first context).
    """
    rows = []
    for run in runs:
        found = reference_of(run)
        block_rows = [
            {
                "model": _name(run), "block": r["block"],
                "best": r["best_relative_accuracy_avg"] / 100, "first": r["relative_accuracy_avg"] / 100,
            }
            for r in found.best.to_dict("records")
        ]  # fmt: skip
        mean = {key: sum(row[key] for row in block_rows) / len(block_rows) for key in ("best", "first")}
        rows += [*block_rows, {"model": _name(run), "block": ALL, **mean}]
    return pd.DataFrame(rows)


def soundly(runs: Sequence[Run]) -> pd.DataFrame:
    """One row a model and block, and one for all: model, block, context (fixed beforehand), estimate, low,
    high, n, n_scenes, p_value; best_context, best (its accuracy), best_p (paid for: of the maximum over all
    settings, signs flipped by scene in all of them at once) and cross_fitted (accuracy on scenes that did not
    choose).
    """
    rows = []
    for run in runs:
        table = run.summary()
        headline = table[table["primary"] & (table["measure"] == run.lock["measure"]["headline"])]
        if headline.empty:
            raise RunError(f"run {run.path}: nothing was scored")
        chosen = chosen_settings(run).best.set_index("concept")
        for row in headline.to_dict("records"):
            best = chosen.loc[row["concept"]] if row["concept"] in chosen.index else None
            rows.append(
                {
                    "model": _name(run), "block": row["concept"], "context": row["context"],
                    "estimate": row["estimate"], "low": row["low"], "high": row["high"], "n": row["n"],
                    "n_scenes": row["n_scenes"], "p_value": row["p_value"],
                    **({} if best is None else {
                        "best_context": best["context"], "best": best["estimate"], "best_p": best["p_value"],
                        "cross_fitted": best["cross_fitted"],
                    }),
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def by_context(runs: Sequence[Run]) -> pd.DataFrame:
    """One row a model and context, over all blocks: model, setting, estimate, low, high, primary."""
    rows = []
    for run in runs:
        table = run.summary()
        whole = table[(table["measure"] == run.lock["measure"]["headline"]) & (table["concept"] == ALL)]
        rows += [
            {
                "model": _name(run), "setting": r["context"], "estimate": r["estimate"], "low": r["low"],
                "high": r["high"], "primary": r["primary"],
            }
            for r in whole.to_dict("records")
        ]  # fmt: skip
    return pd.DataFrame(rows)


def mean_and_maximum_by_block(run: Run) -> pd.DataFrame:
    """The reference's accuracy by the mean and by the maximum over windows, at the first context: name, mean,
    maximum.
    """
    table = reference_of(run).table
    first = table[table["Context length(s)"] == table["Context length(s)"].iloc[0]]
    return pd.DataFrame(
        {
            "name": first["Block"],
            "mean": first[COLUMNS["relative_accuracy_avg"]] / 100,
            "maximum": first[COLUMNS["relative_accuracy_max"]] / 100,
        }
    ).reset_index(drop=True)


def _name(run: Run) -> str:
    return str(run.lock["model"]["name"])
