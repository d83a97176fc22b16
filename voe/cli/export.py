"""`voe export`: a run as a submission."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(name="export")
@click.argument("run", type=click.Path(file_okay=False))
@click.option("--for", "benchmark", required=True, help="intphys, intphys2 or inflevel.")
@click.option("--out", required=True, type=click.Path(dir_okay=False), help="The file to write.")
def command(run: str, benchmark: str, out: str) -> None:
    """Write the submission file of a finished RUN, in the benchmark's own format."""
    from voe.exports import export
    from voe.results import Run

    said = export(Run.open(Path(run)), benchmark, Path(out))
    click.echo(f"{out}: {said}")
