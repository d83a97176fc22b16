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
@click.option(
    "--checkpoints",
    is_flag=True,
    help="RUNS are checkpoints of one training, in that order: what is the best of them worth?",
)
@click.option(
    "--planned",
    type=click.IntRange(2),
    help="With --checkpoints: how many were to be scored, if that was fixed before the first.",
)
@format_option
def command(
    *, runs: tuple[str, ...], allow_protocols: bool, checkpoints: bool, planned: int | None, form: Format
) -> None:
    """Compare RUNS pair by pair, on the comparisons that all of them scored.

    A run is a run folder, or a folder of them.
    """
    from voe.across_runs import open_runs
    from voe.cli.terminal import print_text
    from voe.report.comparing import compare_tables
    from voe.report.formats import render
    from voe.report.sweeping import sweep_tables

    if planned is not None and not checkpoints:
        raise click.UsageError("--planned says how many checkpoints there were to be; add --checkpoints")
    if checkpoints and allow_protocols:
        raise click.UsageError("--checkpoints compares runs under one protocol; leave out --allow-protocols")
    opened = open_runs(runs)
    if checkpoints:
        print_text(render(sweep_tables(opened, planned=planned), form))
    else:
        print_text(render(compare_tables(opened, allow_protocols=allow_protocols), form))
