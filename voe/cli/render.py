"""`voe render`: probes -> a set of stimuli."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from voe.cli.options import json_option
from voe.errors import VoeError


@click.command(name="render")
@click.argument("cards", nargs=-1)
@click.option("--set", "of_set", help="Render the set of this card (builtin-heldout) into the cache.")
@click.option("--count", type=click.IntRange(1), help="Quadruplets a concept.  [default: as builtin]")
@click.option(
    "--first",
    type=click.IntRange(1),
    help="Only the first so many scenes of each card: the same ones as in the whole set.",
)
@click.option("--seed", type=click.IntRange(0), help="[default: as builtin]")
@click.option("--size", type=click.IntRange(16), help="Height and width in pixels.  [default: as builtin]")
@click.option("--heldout", is_flag=True, help="In the held-out appearance of the cards.")
@click.option("--occlusions", help="Every scene once for each of these hidden spans, in frames: 10,14,18,22.")
@click.option("--masks", is_flag=True, help="Also write where the objects are.")
@click.option("--out", type=click.Path(file_okay=False), help="Folder of the set.")
@click.option("--jobs", type=click.IntRange(1), help="Processes.  [default: all cores]")
@json_option
@click.option("--quiet", is_flag=True, help="No progress bar.")
def command(
    *,
    cards: tuple[str, ...],
    of_set: str | None,
    count: int | None,
    first: int | None,
    seed: int | None,
    size: int | None,
    heldout: bool,
    occlusions: str | None,
    masks: bool,
    out: str | None,
    jobs: int | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Render the probes of CARDS (names, or paths ending in .toml) into OUT.

    Without CARDS, and with the defaults, this rebuilds the set that ships. The result is a manifest:
    `voe score --stimuli OUT/manifest.csv`. With --set, the set of a card is rendered into the cache, and is
    then known by its name: `voe score --stimuli builtin-heldout`. What was cut off is continued. With
    --first a part of it is rendered, which is known by its path alone.
    """
    from voe.cards import read_stimuli_card
    from voe.cli.terminal import print_json, progress_bar, says_on_interrupt
    from voe.worlds.build import render_set
    from voe.worlds.ondemand import plan_of, render_cached

    asked: dict[str, Any] = {
        "count": count,
        "seed": seed,
        "size": size,
        "masks": masks or None,
        "heldout": heldout or None,
    }
    changes = {key: value for key, value in asked.items() if value is not None}
    if (of_set is None) == (out is None):
        raise click.UsageError("give --out FOLDER, or --set NAME to render a card's own set into the cache")
    if of_set is not None and (cards or changes or occlusions):
        raise click.UsageError(
            "--set renders exactly what the card says; for cards, counts or seeds of your own give --out"
        )
    plan = replace(plan_of(read_stimuli_card(of_set or "builtin")), first=first)
    stopped = "stopped; the same command continues" if of_set else "stopped; nothing is kept"
    with says_on_interrupt(stopped), progress_bar(quiet) as progress:
        bar = progress.of(0, "rendering")
        if of_set is not None:
            manifest = render_cached(plan, of_set, jobs=jobs, progress=bar)
        else:
            plan = replace(plan, cards=cards or plan.cards, occlusions=_frames(occlusions), **changes)
            manifest = render_set(plan, Path(str(out)), jobs=jobs, progress=bar)
    # A part of a set is not known by the name of the whole.
    in_part = first is not None and first < plan.count
    stimuli = str(manifest) if of_set is None or in_part else of_set
    if as_json:
        print_json({"manifest": str(manifest), "stimuli": stimuli})
    else:
        click.echo(f"{manifest}\nscore it: voe score --stimuli {stimuli}")


def _frames(text: str | None) -> tuple[int, ...]:
    """Hidden spans in frames, from the command line."""
    if text is None:
        return ()
    from voe.worlds.design import MAX_HIDDEN

    try:
        spans = tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise VoeError(f"--occlusions {text!r}: write frames with commas between them: 10,14,18") from error
    if min(spans) < 4 or max(spans) >= MAX_HIDDEN or len(set(spans)) < len(spans):
        raise VoeError(
            f"--occlusions {text!r}: spans are 4 to {MAX_HIDDEN - 1} frames (shorter ones leave no sampled "
            "frame on each side of the splice, longer ones no window that spans them), each named once"
        )
    return spans
