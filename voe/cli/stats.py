"""`voe stats`: every statistic of a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from voe.cli.options import format_option

if TYPE_CHECKING:
    from voe.report.formats import Format


@click.command(name="stats")
@click.argument("run", type=click.Path(file_okay=False))
@click.option(
    "--untrained",
    multiple=True,
    type=click.Path(file_okay=False),
    help="A run of an untrained seed, or a folder of such runs; may be repeated.",
)
@click.option(
    "--trained",
    multiple=True,
    type=click.Path(file_okay=False),
    help="With --untrained: a run of another seed of the trained network, or a folder of them.",
)
@click.option(
    "--protocol",
    type=click.Choice(["locked", "reference"]),
    default="locked",
    show_default=True,
    help="'reference': the published evaluation's own arithmetic, quirks included.",
)
@format_option
def command(
    *, run: str, untrained: tuple[str, ...], trained: tuple[str, ...], protocol: str, form: Format
) -> None:
    """Accuracy with its intervals and tests, the best setting paid for, and surprise over time.

    RUN is a run folder; nothing is scored. Every table carries the digest of the run's lock.
    """
    from voe.across_runs import open_runs
    from voe.cli.terminal import print_text
    from voe.report.comparing import untrained_table
    from voe.report.formats import render
    from voe.report.statistics import reference_tables, run_tables
    from voe.report.table import failures_text, heading
    from voe.results import Run

    if trained and not untrained:
        raise click.UsageError("--trained names further seeds to set beside --untrained, which is missing")
    opened = Run.open(Path(run))
    opened.require_finished()
    tables = reference_tables(opened) if protocol == "reference" else run_tables(opened)
    if untrained:
        tables.append(untrained_table([opened, *open_runs(trained)], open_runs(untrained)))
    above = "\n\n".join(text for text in (heading(opened), failures_text(opened)) if text)
    print_text(render(tables, form, above=above))
