"""`voe humans`: a page that asks people how surprising clips are."""

from __future__ import annotations

from pathlib import Path

import click

from voe.cli.options import json_option, root_option
from voe.errors import VoeError
from voe.words import counted


@click.command(name="humans")
@click.argument("stimuli")
@root_option
@click.option("--out", type=click.Path(dir_okay=False), default="experiment.html", show_default=True)
@click.option("--scenes", type=click.IntRange(1), help="Scenes of each concept.  [default: all]")
@click.option(
    "--size", type=click.IntRange(32), default=256, show_default=True, help="Longer side, in pixels."
)
@click.option("--instructions", type=click.Path(dir_okay=False), help="A text file in place of ours.")
@json_option
@click.option("--quiet", is_flag=True, help="No progress bar.")
def command(
    *,
    stimuli: str,
    root: str | None,
    out: str,
    scenes: int | None,
    size: int,
    instructions: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Write one page that shows the clips of STIMULI in random order and asks how surprising each is.

    It opens without a network and sends nothing: each person saves a table of ratings and sends it to you.
    Clips of a comparison must be alike in length, rate and picture size, as for a model.
    `voe score --humans TABLE --stimuli STIMULI` reads the tables.
    """
    from voe.cli.terminal import print_json, progress_bar
    from voe.humans.experiment import INSTRUCTIONS, chosen_clips, experiment_page
    from voe.loaders.load import load_stimuli
    from voe.report.page.build import write_page

    text = INSTRUCTIONS
    if instructions is not None:
        try:
            text = Path(instructions).read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise VoeError(f"reading instructions {instructions}: not a text in UTF-8 ({error})") from error
    shown = load_stimuli(stimuli, root)
    with progress_bar(quiet) as progress:
        page = experiment_page(
            shown, scenes=scenes, size=size, instructions=text, progress=progress.of(0, "videos")
        )
    write_page(page, Path(out))
    clips = len(chosen_clips(shown, scenes))
    if as_json:
        print_json({"page": out, "clips": clips, "bytes": len(page.encode())})
        return
    click.echo(
        f"{out}: {counted(clips, 'clip')}, {len(page.encode()) / 1e6:.1f} MB, {clips / 6:.0f} minutes or so"
    )
