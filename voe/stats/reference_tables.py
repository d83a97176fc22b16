"""The reference's table of a whole run, and what its figure notebook picks from it.

The table has one row a block and context, and a row 'Filtered' a block: the minimum over the contexts, value
by value. The published figures then take, per block, the best of all these rows on the data that they report:
by chance alone, 57.5 % of 60 pairs at the best of five contexts. Labelled here as what it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from voe.stats.checks import StatsError
from voe.stats.reference import METRICS, reference_metrics

if TYPE_CHECKING:
    import pandas as pd

FILTERED = "Filtered"
COLUMNS = dict(
    zip(
        METRICS,
        (
            "Relative Accuracy (avg)",
            "Relative Accuracy (max)",
            "Absolute Accuracy (max)",
            "Classifier threhshold",
            "Best Absolute Accuracy (max)",
            "Best Classifier threhshold",
            "AUPRC (avg)",
            "AUPRC (max)",
            "AUROC (avg)",
            "AUROC (max)",
        ),
        strict=True,
    )
)
"""Metric -> the reference's column, its spelling included."""


def filtered(surprise: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """The reference's 'Filtered': [rows, contexts, windows] -> the minimum over contexts [rows, windows].

    >>> filtered(np.array([[[1.0, 4.0], [2.0, 3.0]]])).tolist()
    [[1.0, 3.0]]
    """
    if surprise.ndim != 3:
        raise StatsError(f"surprise: expected [rows, contexts, windows], got shape {surprise.shape}")
    return np.asarray(surprise.min(axis=1))


def reference_table(
    surprise: Mapping[str, npt.NDArray[np.floating]],
    possible: Mapping[str, npt.ArrayLike],
    contexts: Sequence[int],
    frame_skip: int,
) -> pd.DataFrame:
    """The reference's table of a run.

    Args:
        surprise: block -> [rows, contexts, windows].
        possible: block -> [rows], true for possible clips.
        contexts: context lengths in sampled frames, in the order of the axis.
        frame_skip: the frame step, only recorded.

    Returns:
        Columns 'Block', 'Context length(s)' (as text), 'Frame skip' and those of `COLUMNS`; written with
        `to_csv(sep=";", index=False, float_format="%.5f")` it is the reference's file.

    Raises:
        StatsError: an array that is not [rows, contexts, windows] with these contexts.
    """
    import pandas as pd

    rows: list[dict[str, object]] = []
    for block, values in surprise.items():
        array = np.asarray(values)
        if array.ndim != 3 or array.shape[1] != len(contexts):
            raise StatsError(
                f"block {block!r}: expected [rows, {len(contexts)} contexts, windows], got {array.shape}"
            )
        named = {str(context): array[:, index] for index, context in enumerate(contexts)}
        named[FILTERED] = filtered(array)
        for name, at_context in named.items():
            metrics = reference_metrics(at_context, possible[block])
            described = {"Block": block, "Context length(s)": name, "Frame skip": frame_skip}
            rows.append(described | {COLUMNS[metric]: value for metric, value in metrics.items()})
    return pd.DataFrame(rows)


def best_by_block(table: pd.DataFrame, metric: str = "relative_accuracy_avg") -> dict[str, float]:
    """Block -> the best of its rows, 'Filtered' included: chosen on the data it is reported for.

    Raises:
        StatsError: an unknown metric.
    """
    return {str(block): float(rows.max()) for block, rows in _grouped(table, metric)}


def published_average(table: pd.DataFrame, metric: str = "relative_accuracy_avg") -> float:
    """Unweighted mean over blocks of the best of six rows: the reference's headline number."""
    return float(np.mean(list(best_by_block(table, metric).values())))


def average_at(table: pd.DataFrame, row: int, metric: str = "relative_accuracy_avg") -> float:
    """Unweighted mean over blocks at the `row`-th context (from 0, the last is 'Filtered').

    Raises:
        StatsError: an unknown metric, or a block without that row.
    """
    values = []
    for block, rows in _grouped(table, metric):
        if not 0 <= row < len(rows):
            raise StatsError(f"block {block!r} has {len(rows)} rows, none at {row}")
        values.append(float(rows.iloc[row]))
    return float(np.mean(values))


def by_property(
    table: pd.DataFrame, properties: Mapping[str, Sequence[str]], metric: str = "relative_accuracy_avg"
) -> dict[str, list[float]]:
    """Property -> the best of each block filed under it (`properties`: block -> one or more properties)."""
    filed: dict[str, list[float]] = {}
    for block, value in best_by_block(table, metric).items():
        for name in properties.get(block, ()):
            filed.setdefault(name, []).append(value)
    return filed


def _grouped(table: pd.DataFrame, metric: str) -> list[tuple[object, pd.Series[float]]]:
    """Blocks in order with the metric's rows."""
    if metric not in COLUMNS:
        raise StatsError(f"metric {metric!r} is not one of {', '.join(COLUMNS)}")
    return [(block, rows[COLUMNS[metric]]) for block, rows in table.groupby("Block", sort=False)]
