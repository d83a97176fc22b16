"""Tables of numbers as text, CSV, JSON or LaTeX.

Text and LaTeX show chosen columns, rounded; CSV and JSON hold every number in full.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from voe.report.table import WIDTH, grid

if TYPE_CHECKING:
    import pandas as pd

Format = Literal["text", "csv", "json", "latex"]
Record = Mapping[str, Any]

_LATEX = str.maketrans({
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{",
    "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": "$<$", ">": "$>$", "|": "$|$",
})  # fmt: skip


@dataclass(frozen=True)
class View:
    """Some columns of a table for a reader: heading -> how a record fills the cell; of records that `keep`
    is true for.
    """

    title: str
    cells: Mapping[str, Callable[[Record], str]]
    notes: Sequence[str] = ()
    keep: Callable[[Record], bool] = lambda record: True


@dataclass(frozen=True)
class Table:
    """Records, under a name, with the views that text and LaTeX show (none: only CSV and JSON have it).

    `locks` are the digests of the runs that it rests on, printed in every heading (none: it rests on no run).
    """

    name: str
    records: Sequence[Record]
    views: Sequence[View]
    locks: Sequence[str] = field(default=())

    def heading(self, view: View) -> str:
        """The view's title with the lock digests."""
        return f"{view.title} [lock {', '.join(self.locks)}]" if self.locks else view.title


def render(tables: Sequence[Table], form: Format, *, above: str = "") -> str:
    """Tables in one of four formats; `above` stands over them in text.

    JSON: {"tables": [{"name", "locks", "notes", "records"}]}, NaN as null. CSV: one row a value, with columns
    table, lock, row (from 0), quantity, value.
    """
    if form == "json":
        return json.dumps({"tables": [_plain_table(t) for t in tables]}, indent=2, allow_nan=False)
    if form == "csv":
        return _csv(tables)
    blocks = [
        (_latex if form == "latex" else _text)(table, view)
        for table in tables
        for view in table.views
        if any(map(view.keep, table.records))
    ]
    return "\n\n".join([above, *blocks] if above and form == "text" else blocks)


def _plain_table(table: Table) -> dict[str, Any]:
    return {
        "name": table.name,
        "locks": list(table.locks),
        "notes": list(dict.fromkeys(note for view in table.views for note in view.notes)),
        "records": [{str(key): _plain(value) for key, value in record.items()} for record in table.records],
    }


def _plain(value: Any) -> Any:
    """A value that JSON has."""
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _csv(tables: Sequence[Table]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["table", "lock", "row", "quantity", "value"])
    for table in tables:
        for number, record in enumerate(table.records):
            for quantity, value in record.items():
                plain = _plain(value)
                text = "" if plain is None else plain
                writer.writerow([table.name, " ".join(table.locks), number, quantity, text])
    return buffer.getvalue().rstrip("\n")


def _cells(table: Table, view: View) -> list[list[str]]:
    kept = filter(view.keep, table.records)
    return [[cell(record) for cell in view.cells.values()] for record in kept]


def _text(table: Table, view: View) -> str:
    import textwrap

    notes = [textwrap.fill(note, WIDTH, subsequent_indent="  ") for note in view.notes]
    title = textwrap.fill(table.heading(view), WIDTH)
    return "\n".join([title, grid(list(view.cells), _cells(table, view)), *notes])


def _latex(table: Table, view: View) -> str:
    """A `table` environment with booktabs rules; notes stand under it."""
    rows = [[cell.translate(_LATEX) for cell in row] for row in _cells(table, view)]
    heads = [head.translate(_LATEX) for head in view.cells]
    lines = [
        r"\begin{table}", r"\centering", rf"\caption{{{table.heading(view).translate(_LATEX)}}}",
        rf"\begin{{tabular}}{{l{'r' * (len(heads) - 1)}}}", r"\toprule",
        " & ".join(heads) + r" \\", r"\midrule",
        *(" & ".join(row) + r" \\" for row in rows), r"\bottomrule", r"\end{tabular}",
    ]  # fmt: skip
    if view.notes:
        lines.append(r"\par\footnotesize " + " ".join(note.translate(_LATEX) for note in view.notes))
    return "\n".join([*lines, r"\end{table}"])


def records_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame as records."""
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


def number(digits: int, key: str) -> Callable[[Record], str]:
    """Cells of a number with so many decimals; empty for NaN."""

    def cell(record: Record) -> str:
        value = record.get(key)
        if value is None or math.isnan(value):
            return ""
        size = abs(value)
        return f"{value:.{digits}f}" if size < 1e5 else f"{value:.1e}"

    return cell


def shown(key: str, form: Callable[[Any], str] = str) -> Callable[[Record], str]:
    """Cells of one quantity, formatted; empty where the record has none."""
    return lambda record: form(record[key]) if record.get(key) is not None else ""


def between(low: str, high: str, form: Callable[[float, float], str]) -> Callable[[Record], str]:
    """Cells of an interval."""
    return lambda record: form(record.get(low, math.nan), record.get(high, math.nan))
