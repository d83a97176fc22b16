"""`voe reproduce`: the paper in miniature, from scratch or from results."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from voe.cli.options import format_option
from voe.words import counted

if TYPE_CHECKING:
    from voe.cli.terminal import ProgressBar
    from voe.clips import StimulusSet
    from voe.miniature.arms import Arm
    from voe.report.formats import Format


_UNTRAINED_SCENES = 24
"""Held-out quadruplets a concept for untrained networks: there are many of those."""


@click.command(name="reproduce")
@click.argument("arms", nargs=-1)
@click.option("--list", "listing", is_flag=True, help="List the arms, and train nothing.")
@click.option(
    "--out", type=click.Path(file_okay=False), default="miniature", show_default=True,
    help="Folder of trainings and results; what is there is not done again.",
)  # fmt: skip
@click.option("--seeds", type=click.IntRange(1), help="Trainings of each arm.  [default: the arm's own]")
@click.option("--untrained", type=click.IntRange(2), help="Also score so many untrained networks.")
@click.option(
    "--heldout",
    is_flag=True,
    help="Score the models, and ARMS that were named, on builtin-heldout too (lessons of the flat world are "
    "not); each time is logged.",
)
@click.option(
    "--heldout-scenes", type=click.IntRange(1),
    help="Quadruplets a concept of it; only those are rendered.  [default: all; for untrained networks, 24]",
)  # fmt: skip
@click.option(
    "--third-space", is_flag=True, help="Also score both predictors in spaces that are no model's own."
)
@click.option(
    "--from-results", is_flag=True, help="Train nothing: tables and figures of the shipped results."
)
@click.option("--results", type=click.Path(file_okay=False), help="With --from-results: of this folder.")
@click.option("--figures", type=click.Path(file_okay=False), help="Draw the figures there (PDF, SVG, PNG).")
@click.option("--device", help="Train on cpu, cuda, cuda:N or mps.  [default: cuda if it is there, else cpu]")
@click.option("--quiet", is_flag=True, help="No progress bar and no lines.")
@format_option
def command(
    *,
    arms: tuple[str, ...],
    listing: bool,
    out: str,
    seeds: int | None,
    untrained: int | None,
    heldout: bool,
    heldout_scenes: int | None,
    third_space: bool,
    from_results: bool,
    results: str | None,
    figures: str | None,
    device: str | None,
    quiet: bool,
    form: Format,
) -> None:
    """Train and score ARMS (all of them by default) one by one, then print and draw what came of them.

    Everything together takes many hours on two cores; `--list` says what each arm is, and `--from-results`
    shows what others measured.
    """
    from voe.miniature.arms import ARMS, arm_named

    chosen = [arm_named(name) for name in arms] or list(ARMS)
    if listing:
        click.echo("\n".join(_line(arm) for arm in chosen))
        return
    if from_results and (arms or third_space or heldout or heldout_scenes or seeds or untrained or device):
        raise click.UsageError("--from-results trains and scores nothing; leave out what says what to train")
    if not from_results:
        if results is not None:
            raise click.UsageError("--results names what --from-results shows; add --from-results")
        work = [(arm, seed) for arm in chosen for seed in range(seeds or arm.seeds)]
        meeting = _meeting_it(chosen, arms) if heldout else frozenset()
        _work(
            work, Path(out), untrained=untrained, heldout=meeting, scenes=heldout_scenes, quiet=quiet,
            device=device,
        )  # fmt: skip
        if third_space:
            _score_in_spaces(Path(out), quiet)
    _show(Path(out), from_results, results, figures, form)


def _line(arm: Arm) -> str:
    recipe = arm.recipe(0)
    return f"{arm.name:<30} {arm.group + ': ' + arm.level:<40} {recipe.steps:>5} steps, {arm.seeds} seeds"


def _meeting_it(chosen: list[Arm], named: tuple[str, ...]) -> frozenset[str]:
    """Arms that meet the held-out set: the models, and others only where they are asked for by name.

    Raises:
        UsageError: none of the chosen ones does.
    """
    from voe.miniature.arms import BUILTIN, MODELS

    found = [arm for arm in chosen if arm.probes == BUILTIN and (named or arm.group == MODELS)]
    if not found:
        raise click.UsageError("--heldout: lessons of the flat world are scored on probes of their own alone")
    return frozenset(arm.name for arm in found)


def _work(
    work: list[tuple[Arm, int]],
    out: Path,
    *,
    untrained: int | None,
    heldout: frozenset[str],
    scenes: int | None,
    quiet: bool,
    device: str | None,
) -> None:
    """Train and score; the time of each is told. `heldout` names the arms that meet the held-out set."""
    from voe.adapters.placement import Placement
    from voe.cli.terminal import progress_bar, says_on_interrupt
    from voe.loaders.load import load_stimuli
    from voe.miniature.arms import BUILTIN
    from voe.miniature.work import flat_stimuli, score_arm, train_arm

    if device is not None:
        Placement.choose(device)  # before anything is rendered for a device that is not there
    sets = [load_stimuli(BUILTIN)]
    flat = {probes: flat_stimuli(probes) for probes in {arm.probes for arm, _ in work} - {BUILTIN}}
    if heldout:
        sets.append(_heldout(scenes, quiet))
    with says_on_interrupt("stopped; the same command goes on where it was"):
        with progress_bar(quiet, len(work)) as bar:
            for number, (arm, seed) in enumerate(work):
                started = time.monotonic()
                watching = bar.of(number, f"{arm.name} {seed}: what it watches")
                train_arm(arm, seed, out, progress=watching, device=device)
                on = sets if arm.name in heldout else sets[:1]
                for stimuli in [flat[arm.probes]] if arm.probes in flat else on:
                    score_arm(arm, seed, out, stimuli, progress=bar.of(number, f"{arm.name} {seed}: probes"))
                if not quiet:
                    click.echo(f"{arm.name}, seed {seed}: {time.monotonic() - started:.0f} s")
        if untrained is not None:
            with progress_bar(quiet, len(sets)) as bar:
                _score_untrained(sets, out, untrained, scenes or _UNTRAINED_SCENES, bar)


def _heldout(scenes: int | None, quiet: bool) -> StimulusSet:
    from voe.cli.terminal import progress_bar, says_on_interrupt
    from voe.miniature.work import heldout_stimuli

    with says_on_interrupt("stopped; the same command continues"), progress_bar(quiet, 1) as bar:
        return heldout_stimuli(scenes, progress=bar.of(0, "rendering"))


def _score_untrained(
    sets: list[StimulusSet], out: Path, untrained: int, scenes: int, bar: ProgressBar
) -> None:
    from voe.miniature.work import HELDOUT, first_scenes, score_untrained

    for number, stimuli in enumerate(sets):
        few = first_scenes(stimuli, scenes) if stimuli.name == HELDOUT else stimuli
        score_untrained(out, few, networks=untrained, progress=bar.of(number, "untrained networks"))


def _score_in_spaces(out: Path, quiet: bool) -> None:
    from voe.cli.terminal import progress_bar, says_on_interrupt
    from voe.loaders.load import load_stimuli
    from voe.miniature.arms import BUILTIN
    from voe.miniature.spaces import score_in_spaces

    with says_on_interrupt("stopped; the same command goes on where it was"), progress_bar(quiet, 1) as bar:
        score_in_spaces(out, load_stimuli(BUILTIN), progress=bar.of(0, "third spaces"))


def _show(out: Path, from_results: bool, results: str | None, figures: str | None, form: Format) -> None:
    """Print the tables and draw the figures."""
    from voe.cli.terminal import print_text
    from voe.miniature.figures import draw_all
    from voe.miniature.printing import result_tables
    from voe.miniature.results import SHIPPED, read_results
    from voe.miniature.work import collect
    from voe.report.formats import render

    if from_results:
        found = read_results(SHIPPED if results is None else Path(results))
    else:
        found = collect(out)
        found.write(out / "results")
    print_text(render(result_tables(found), form))
    if figures is not None:
        paths = draw_all(found, Path(figures))
        click.echo(f"{counted(len(paths), 'file')} in {figures}", err=True)
