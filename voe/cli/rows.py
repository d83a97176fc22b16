"""`voe rows`: the raw surprise rows of a run."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from voe.cli.options import json_option

if TYPE_CHECKING:
    import pandas as pd


@click.command(name="rows")
@click.argument("run", type=click.Path(file_okay=False))
@click.option("--csv", "as_csv", is_flag=True, help="As CSV on standard output, whole.")
@json_option
@click.option(
    "--of", "what", type=click.Choice(["surprise", "answers", "quadruplets", "pairs"]),
    help="[default: surprise; of runs that judge whole clips, answers]",
)  # fmt: skip
def command(run: str, as_csv: bool, as_json: bool, what: str | None) -> None:
    """The rows behind a table: surprise by clip and window, answers, or one row a quadruplet or a pair.

    Without --csv, the first and the last few of them.
    """
    if as_csv and as_json:
        raise click.UsageError("--csv and --json are two formats; choose one")
    from voe.results import Run
    from voe.whole_clips import WholeClipRun

    opened = Run.open(Path(run))
    compared: dict[str, Callable[[], pd.DataFrame]] = {
        "quadruplets": opened.quadruplets,
        "pairs": opened.pairs,
    }
    tables = {name: table for name, table in compared.items() if getattr(opened.stimuli, name)}
    if isinstance(opened, WholeClipRun):
        tables = {"answers": opened.answers, **tables}
    else:
        tables = {"surprise": opened.rows, **tables}
    what = what or next(iter(tables))
    if what not in tables:
        raise click.UsageError(f"run {run} has no {what}; choose one of {', '.join(tables)}")
    table = tables[what]()
    if "concepts" in table:
        table = table.assign(concepts=table["concepts"].map(";".join))
    if as_json:
        click.echo(table.to_json(orient="records", double_precision=15))
    elif as_csv:
        table.to_csv(sys.stdout, index=False, float_format="%.9g")
    else:
        click.echo(table.to_string(max_rows=20, show_dimensions=True))
