"""`voe render`: probes -> a set of stimuli."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(name="render")
@click.argument("cards", nargs=-1)
@click.option("--count", type=click.IntRange(1), help="Quadruplets a concept.  [default: as builtin]")
@click.option("--seed", type=click.IntRange(0), help="[default: as builtin]")
@click.option("--size", type=click.IntRange(16), help="Height and width in pixels.  [default: as builtin]")
@click.option("--out", type=click.Path(file_okay=False), required=True, help="Folder of the set.")
@click.option("--jobs", type=click.IntRange(1), help="Processes.  [default: all cores]")
@click.option("--quiet", is_flag=True, help="No progress bar.")
def command(
    *,
    cards: tuple[str, ...],
    count: int | None,
    seed: int | None,
    size: int | None,
    out: str,
    jobs: int | None,
    quiet: bool,
) -> None:
    """Render the probes of CARDS (names, or paths ending in .toml) into OUT.

    Without CARDS, and with the defaults, this rebuilds the set that ships. The result is a manifest:
    `voe score --stimuli OUT/manifest.csv`.
    """
    from voe.cards import read_stimuli_card
    from voe.cli.terminal import progress_bar
    from voe.worlds.build import render_set

    builtin = read_stimuli_card("builtin").extra["render"]
    with progress_bar(quiet) as progress:
        manifest = render_set(
            cards or tuple(builtin["cards"]),
            count=count or builtin["count"],
            seed=builtin["seed"] if seed is None else seed,
            size=size or builtin["size"],
            out=Path(out),
            jobs=jobs,
            progress=progress.of(0, "rendering"),
        )
    click.echo(f"{manifest}\nscore it: voe score --stimuli {manifest}")
