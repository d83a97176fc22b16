"""`voe compare`: runs on the same stimuli against each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from voe.cli.options import format_option

if TYPE_CHECKING:
    from voe.report.formats import Format


@click.command(name="compare")
@click.argument("runs", nargs=-1, required=True, type=click.Path(file_okay=False))
@click.option("--allow-protocols", is_flag=True, help="Compare runs whose windows or contexts differ.")
@format_option
def command(*, runs: tuple[str, ...], allow_protocols: bool, form: Format) -> None:
    """Compare RUNS pair by pair, on the comparisons that all of them scored.

    A run is a run folder, or a folder of them.
    """
    from voe.across_runs import open_runs
    from voe.cli.terminal import print_text
    from voe.report.comparing import compare_tables
    from voe.report.formats import render

    print_text(render(compare_tables(open_runs(runs), allow_protocols=allow_protocols), form))
