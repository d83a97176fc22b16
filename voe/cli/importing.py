"""`voe import`: the published raw surprises -> run folders."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from voe.cli.options import json_option


@click.command(name="import")
@click.argument("folder", type=click.Path(exists=True, file_okay=False))
@click.option(
    "--out", type=click.Path(file_okay=False), default="runs/imported", show_default=True,
    help="Folder of the run folders, one a model.",
)  # fmt: skip
@click.option("--window", type=click.IntRange(2), default=16, show_default=True, help="32 for InfLevel.")
@click.option("--stride", type=click.IntRange(1), default=2, show_default=True)
@json_option
def command(*, folder: str, out: str, window: int, stride: int, as_json: bool) -> None:
    """Read FOLDER, in the layout of the published raw surprises, into run folders.

    Every model's performance.csv is computed again from its raw surprises; cells that differ are named, and
    the exit code is then 3.
    """
    from voe.cli.terminal import print_json
    from voe.importing import import_model, mismatches, model_folders, read_published

    found = {}
    for model in model_folders(Path(folder)):
        place = Path(out) / model.name
        import_model(model, place, window=window, stride=stride, command=["voe", *sys.argv[1:]])
        found[str(place)] = mismatches(read_published(model))
    if as_json:
        print_json([{"run": place, "mismatches": lines} for place, lines in found.items()])
    else:
        for run, lines in found.items():
            click.echo(f"{run}: performance.csv {'DIFFERS' if lines else 'given back to the digit'}")
            for line in lines[:10]:
                click.echo(f"  {line}")
    if any(found.values()):
        sys.exit(3)
