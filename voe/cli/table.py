"""`voe table`: the table of a run, again."""

from __future__ import annotations

from pathlib import Path

import click

from voe.cli.options import json_option


@click.command(name="table")
@click.argument("run", type=click.Path(file_okay=False))
@json_option
def command(run: str, as_json: bool) -> None:
    """Print the table of a finished run; nothing is scored."""
    from voe.cli.terminal import print_json, print_text
    from voe.report.table import run_text
    from voe.results import Run

    opened = Run.open(Path(run))
    print_json(opened.summary_record()) if as_json else print_text(run_text(opened))
