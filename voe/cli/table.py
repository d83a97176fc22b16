"""`voe table`: the table of a run, again."""

from __future__ import annotations

from pathlib import Path

import click

from voe.cli.options import json_option


@click.command(name="table")
@click.argument("run", type=click.Path(file_okay=False))
@click.option("--by", multiple=True, help="Also by the levels of this condition (a column of the manifest).")
@json_option
def command(run: str, by: tuple[str, ...], as_json: bool) -> None:
    """Print the table of a finished run; nothing is scored."""
    from voe.cli.terminal import print_json, print_text
    from voe.report.formats import records_of
    from voe.report.table import condition_text, run_text
    from voe.results import Run

    opened = Run.open(Path(run))
    if as_json:
        split = {condition: records_of(opened.by_condition(condition)) for condition in by}
        print_json({**opened.summary_record(), **({"by": split} if by else {})})
    else:
        print_text("\n\n".join([run_text(opened), *(condition_text(opened, condition) for condition in by)]))
