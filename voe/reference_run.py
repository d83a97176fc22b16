"""The published evaluation's arithmetic on a run: block by block, context by context, quirks included.

A block is a concept (a run without concepts is one block, 'all'). Its rows are pairs: the k-th possible clip
is followed by its own impossible clip, which is how the reference pairs them. Quadruplets enter by their
outcome-matched pairs, aa with ba and bb with ab, so each of the four clips occurs once. All windows count,
and the stream is that of the headline.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from voe.clips import Match, Pair
from voe.contrasts import Curves
from voe.errors import RunError
from voe.results import ALL, Run
from voe.stats import ReferenceWarning, corrected_metrics, published_average, reference_table
from voe.stats.reference import METRICS
from voe.stats.reference_tables import COLUMNS, best_by_block


@dataclass(frozen=True)
class ReferenceRun:
    """The reference's numbers of a run.

    `table` is the reference's (`voe.stats.reference_table`), one row a block and context and a row 'Filtered'
    a block. `best` has one row a block: best_relative_accuracy_avg, the best over contexts and 'Filtered' on
    the data that it is reported for, and relative_accuracy_avg at the primary context. `corrected` has the
    same metrics computed rightly, at the primary context. `average` is the mean of the best over blocks, the
    reference's headline number. `notes` hold what the arithmetic could not do.
    """

    table: pd.DataFrame
    best: pd.DataFrame
    corrected: pd.DataFrame
    average: float
    pairing: str
    notes: tuple[str, ...]


def reference_of(run: Run) -> ReferenceRun:
    """`voe.stats.reference_metrics` on a run's surprise, by block.

    Raises:
        RunError: no pair was scored.
    """
    curves, protocol = run.curves, run.protocol
    designed = any(pair.match is Match.OUTCOME for pair in run.stimuli.pairs)
    pairing = f"pairs of quadruplets, {Match.OUTCOME.value}" if designed else "pairs"
    notes: list[str] = []
    tables, corrected = [], []
    primary = protocol.contexts.index(protocol.headline_context)
    for block, pairs in _blocks(run, curves):
        surprise, possible = _rows(pairs, curves, run.lock["measure"]["stream"])
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", ReferenceWarning)
            step = protocol.frame_step or 0
            tables.append(reference_table({block: surprise}, {block: possible}, protocol.contexts, step))
            right = corrected_metrics(_ragged(surprise[:, primary]), possible)
        found = [w.message for w in caught if issubclass(w.category, ReferenceWarning)]
        notes += dict.fromkeys(f"{block}: {message}" for message in found)
        corrected.append({"block": block, "pairs": len(pairs), **right})
    if not tables:
        raise RunError(f"run {run.path}: no pair was scored, so the reference's arithmetic has no rows")
    table = pd.concat(tables, ignore_index=True)
    return ReferenceRun(
        table=table,
        best=_best(table, primary),
        corrected=pd.DataFrame(corrected),
        average=published_average(table),
        pairing=pairing,
        notes=tuple(notes),
    )


def _blocks(run: Run, curves: Curves) -> list[tuple[str, list[Pair]]]:
    """Block -> its pairs whose clips were both scored."""
    designed = any(pair.match is Match.OUTCOME for pair in run.stimuli.pairs)
    wanted = {Match.OUTCOME} if designed else set(Match)
    pairs = [p for p in run.stimuli.pairs if p.match in wanted and curves.comparable(p.clips)]
    blocks = [(c, [p for p in pairs if c in p.concepts]) for c in run.stimuli.concepts] or [(ALL, pairs)]
    return [(block, chosen) for block, chosen in blocks if chosen]


def _rows(
    pairs: Sequence[Pair], curves: Curves, stream: str
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Surprise float32 [2 pairs, contexts, windows], NaN after a clip's end, and 'possible' [2 pairs]."""
    clips = [curves.surprise[clip, stream] for pair in pairs for clip in pair.clips]
    windows = max(clip.shape[1] for clip in clips)
    rows = np.full((len(clips), len(clips[0]), windows), np.nan, dtype=np.float32)
    for row, clip in zip(rows, clips, strict=True):
        row[:, : clip.shape[1]] = clip
    return rows, np.tile([True, False], len(pairs))


def _ragged(rows: npt.NDArray[np.float32]) -> list[npt.NDArray[np.float32]]:
    """Each row without the NaN after its end."""
    return [row[~np.isnan(row)] for row in rows]


def _best(table: pd.DataFrame, primary: int) -> pd.DataFrame:
    column = COLUMNS[METRICS[0]]
    rows: list[dict[str, Any]] = []
    for block, best in best_by_block(table).items():
        values = table.loc[table["Block"] == block, column]
        at_primary = float(values.iloc[primary])
        rows.append({"block": block, METRICS[0]: at_primary, f"best_{METRICS[0]}": best})
    return pd.DataFrame(rows)
