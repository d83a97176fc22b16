"""`voe export`: a run as a submission."""

from __future__ import annotations

from pathlib import Path

import click

from voe.cli.options import json_option


@click.command(name="export")
@click.argument("run", type=click.Path(file_okay=False))
@click.option("--for", "benchmark", required=True, help="intphys, intphys2 or inflevel.")
@click.option("--out", required=True, type=click.Path(dir_okay=False), help="The file to write.")
@json_option
def command(run: str, benchmark: str, out: str, as_json: bool) -> None:
    """Write the submission file of a finished RUN, in the benchmark's own format."""
    from voe.cli.terminal import print_json
    from voe.exports import export
    from voe.results import Run

    said = export(Run.open(Path(run)), benchmark, Path(out))
    print_json({"file": out, "written": said}) if as_json else click.echo(f"{out}: {said}")
