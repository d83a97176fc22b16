"""`voe rows`: the raw surprise rows of a run."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from voe.cli.options import json_option


@click.command(name="rows")
@click.argument("run", type=click.Path(file_okay=False))
@click.option("--csv", "as_csv", is_flag=True, help="As CSV on standard output, whole.")
@json_option
@click.option("--of", "what", type=click.Choice(["surprise", "quadruplets", "pairs"]), default="surprise")
def command(run: str, as_csv: bool, as_json: bool, what: str) -> None:
    """The rows behind a table: surprise by clip and window, or one row a quadruplet or a pair.

    Without --csv, the first and the last few of them.
    """
    from voe.results import Run

    opened = Run.open(Path(run))
    table = {"surprise": opened.rows, "quadruplets": opened.quadruplets, "pairs": opened.pairs}[what]()
    if "concepts" in table:
        table = table.assign(concepts=table["concepts"].map(";".join))
    if as_json:
        click.echo(table.to_json(orient="records", double_precision=15))
    elif as_csv:
        table.to_csv(sys.stdout, index=False, float_format="%.9g")
    else:
        click.echo(table.to_string(max_rows=20, show_dimensions=True))
