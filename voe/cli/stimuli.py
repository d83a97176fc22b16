"""`voe stimuli`: what can be shown, whether a download is sound, and what its card says."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from voe.cli.options import json_option, root_option
from voe.words import counted


@click.group(name="stimuli", invoke_without_command=True)
@json_option
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """List the data sets that have a card, and how to get them."""
    if context.invoked_subcommand is not None:
        return
    from voe.cards import card_names, read_stimuli_card
    from voe.cli.terminal import print_json

    cards = [read_stimuli_card(name) for name in card_names("stimuli")]
    if as_json:
        print_json([{"name": c.name, "title": c.title, "licence": c.licence, "get": c.get} for c in cards])
        return
    for card in cards:
        click.echo(f"{card.name}: {card.title}")
        for label, text in (("licence", card.licence), ("get", card.get)):
            if text:
                click.echo(f"    {label}: {text}")


@command.command(name="show")
@click.argument("name")
def show(name: str) -> None:
    """Everything that the card of NAME says."""
    from voe.cards import read_stimuli_card

    click.echo(read_stimuli_card(name).path.read_text(encoding="utf-8"), nl=False)


@command.command(name="check")
@click.argument("name")
@root_option
@click.option("--decode", is_flag=True, help="Decode every clip: lengths to the frame, truncation, frames.")
@json_option
@click.option("--quiet", is_flag=True, help="No progress bar.")
def check(name: str, root: str | None, decode: bool, as_json: bool, quiet: bool) -> None:
    """Hold the download of NAME against its card: counts, files, labels, lengths. Exit code 1: not sound.

    NAME may be a manifest of your own clips (.csv), too: files, labels, lengths.
    """
    from voe.cli.terminal import print_json, print_text, progress_bar
    from voe.loaders.checking import check_stimuli
    from voe.report.checked import checked_record, checked_text

    with progress_bar(quiet) as progress:
        found = check_stimuli(
            name, None if root is None else Path(root), decode=decode, progress=progress.of(0, "looking")
        )
    print_json(checked_record(found)) if as_json else print_text(checked_text(found))
    if not found.sound:
        sys.exit(1)


@command.command(name="unpack")
@click.argument("archive", type=click.Path(dir_okay=False))
@click.argument("folder", type=click.Path(file_okay=False))
@click.option("--limit-gb", type=click.FloatRange(0, min_open=True), default=200.0, show_default=True)
def unpack(archive: str, folder: str, limit_gb: float) -> None:
    """Unpack ARCHIVE (zip or tar) into FOLDER, and let nothing out of it."""
    from voe.loaders.archives import unpack as unpack_archive

    files = unpack_archive(Path(archive), Path(folder), limit_gb=limit_gb)
    click.echo(f"{folder}: {counted(files, 'file')}")


@command.command(name="answers")
@click.argument("name")
@click.argument("file", type=click.Path(dir_okay=False))
@root_option
@json_option
def answers(name: str, file: str, root: str | None, as_json: bool) -> None:
    """Score answers in words, from FILE (CSV: clip, answer), as the benchmark NAME scores them."""
    from voe.answers import read_answers, score_answers
    from voe.cli.terminal import print_json, print_text
    from voe.loaders.load import load_stimuli
    from voe.report.checked import answers_record, answers_text

    found = score_answers(load_stimuli(name, root), read_answers(Path(file)))
    print_json(answers_record(found)) if as_json else print_text(answers_text(name, found))


@command.command(name="pair")
@click.argument("possible", type=click.Path(file_okay=False))
@click.argument("impossible", type=click.Path(file_okay=False))
@click.option("--out", type=click.Path(dir_okay=False), default="stimuli.csv", show_default=True)
@click.option("--concept", default="", help="What all clips are about, such as gravity.")
def pair(possible: str, impossible: str, out: str, concept: str) -> None:
    """Pair the videos of the folders POSSIBLE and IMPOSSIBLE by name, and write a manifest of them."""
    from voe.loaders.two_folders import pair_folders

    pairs = pair_folders(Path(possible), Path(impossible), Path(out), concept)
    click.echo(f"{out}: {counted(pairs, 'pair')}. Score them: voe score --stimuli {out}")
