"""`voe import`: the published raw surprises -> run folders."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.command(name="import")
@click.argument("folder", type=click.Path(exists=True, file_okay=False))
@click.option(
    "--out", type=click.Path(file_okay=False), default="runs/imported", show_default=True,
    help="Folder of the run folders, one a model.",
)  # fmt: skip
@click.option("--window", type=click.IntRange(2), default=16, show_default=True, help="32 for InfLevel.")
@click.option("--stride", type=click.IntRange(1), default=2, show_default=True)
def command(*, folder: str, out: str, window: int, stride: int) -> None:
    """Read FOLDER, in the layout of the published raw surprises, into run folders.

    Every model's performance.csv is computed again from its raw surprises; cells that differ are named, and
    the exit code is then 3.
    """
    from voe.importing import import_model, mismatches, model_folders, read_published

    worst = 0
    for model in model_folders(Path(folder)):
        place = Path(out) / model.name
        import_model(model, place, window=window, stride=stride, command=["voe", *sys.argv[1:]])
        found = mismatches(read_published(model))
        click.echo(f"{place}: performance.csv {'given back to the digit' if not found else 'DIFFERS'}")
        for line in found[:10]:
            click.echo(f"  {line}")
        worst = max(worst, len(found))
    if worst:
        sys.exit(3)
