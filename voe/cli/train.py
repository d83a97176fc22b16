"""`voe train`: a recipe -> a tiny model."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from voe.cli.options import json_option

if TYPE_CHECKING:
    from voe.training.recipes import Recipe


@click.command(name="train")
@click.argument("recipe")
@click.option(
    "--out", type=click.Path(file_okay=False), help="Folder of the training.  [default: trained/NAME-SEED]"
)
@click.option("--seed", type=click.IntRange(0), help="[default: the recipe's]")
@click.option("--steps", type=click.IntRange(1), help="[default: the recipe's]")
@click.option("--clips", type=click.IntRange(1), help="Different clips to watch.  [default: the recipe's]")
@click.option(
    "--probe-every", type=click.IntRange(1), default=500, show_default=True, help="Steps between probes."
)
@click.option("--no-probe", is_flag=True, help="Do not look at the probes while it learns.")
@click.option("--device", help="cpu, cuda, cuda:N or mps.  [default: cuda if it is there, else cpu]")
@json_option
@click.option("--quiet", is_flag=True, help="No progress bar and no lines.")
def command(
    *,
    recipe: str,
    out: str | None,
    seed: int | None,
    steps: int | None,
    clips: int | None,
    probe_every: int,
    no_probe: bool,
    device: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Train the tiny model of RECIPE (a name, or a path ending in .toml) from nothing.

    Its clips are rendered once and kept. The same command goes on where a training was cut off. The result
    is a transformers folder: `voe score --model vjepa2:OUT/model`, or `videomae:OUT/model` where pixels are
    predicted.
    """
    from voe.cli.terminal import print_json, progress_bar, says_on_interrupt
    from voe.miniature.work import flat_probe
    from voe.training.footage import footage
    from voe.training.loop import SAVE_EVERY, placed, train
    from voe.training.probing import probe_accuracy
    from voe.training.recipes import read_recipe

    asked = {"seed": seed, "steps": steps, "clips": clips}
    plan = read_recipe(recipe).with_changes(**{k: v for k, v in asked.items() if v is not None})
    if clips is not None and (plan.lesson is not None or plan.flat is not None):
        raise click.UsageError(f"--clips: the recipe {plan.name!r} has a lesson, which is watched whole")
    folder = Path(out) if out else Path("trained") / f"{plan.name}-{plan.seed}"
    placed(plan, device)  # before anything is rendered for a device that is not there
    kept = f"the last checkpoint (one every {SAVE_EVERY} steps)"
    with says_on_interrupt(f"stopped; the same command goes on from {kept}, or begins again"):
        with progress_bar(quiet) as progress:
            seen = footage(plan, progress=progress.of(0, "what it watches"))
        probe = None if no_probe else probe_accuracy if plan.flat is None else flat_probe(plan.flat)
        finished = train(
            plan, seen, folder, probe=probe, probe_every=probe_every,
            said=None if quiet or as_json else _say, device=device,
        )  # fmt: skip
    if as_json:
        print_json({"model": f"{plan.family}:{finished}", "recipe": plan.name, "seed": plan.seed})
        return
    click.echo(f"{finished}\nscore it: voe score --model {plan.family}:{finished}{_on_flat_probes(plan)}")


def _on_flat_probes(plan: Recipe) -> str:
    """The options with which a model is scored in the flat world that it was taught, if it was."""
    from voe.miniature.work import FLAT_PROTOCOL as PROTOCOL
    from voe.worlds.flat_set import flat_probes

    if plan.flat is None:
        return ""
    manifest = flat_probes(one_room=plan.flat.one_room, noise=plan.flat.noise)
    place = shlex.quote(str(manifest))
    return (
        f" --stimuli {place} --frame-step {PROTOCOL.frame_step} --window {PROTOCOL.window} "
        f"--stride {PROTOCOL.stride} --contexts {PROTOCOL.primary_context}"
    )


def _say(line: dict[str, float | int | None]) -> None:
    """One line of the log."""
    told = f"step {line['step']:5}  loss {line['loss']:.4f}"
    if line.get("effective_rank") is not None:
        told += f"  deviation {line['target_deviation']:.3f}  rank {line['effective_rank']:.1f}"
    if line.get("probe_accuracy") is not None:
        told += f"  probes {100 * float(line['probe_accuracy'] or 0):.1f} %"
    click.echo(f"{told}  {line['seconds']:.0f} s")
