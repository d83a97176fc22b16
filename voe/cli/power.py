"""`voe power`: how many quadruplets a claim needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from voe.cli.options import format_option

if TYPE_CHECKING:
    from voe.report.formats import Format


@click.command(name="power")
@click.option("--accuracy", type=float, help="True accuracy to be found, above 0.5, such as 0.6.")
@click.option("--quadruplets", type=click.IntRange(1), help="Quadruplets that there are.")
@click.option("--icc", type=float, default=0.0, show_default=True, help="Correlation within scenes.")
@click.option(
    "--per-scene", type=click.IntRange(1), default=1, show_default=True, help="Quadruplets a scene."
)
@click.option("--alpha", type=float, default=0.05, show_default=True, help="Level of the one-sided test.")
@click.option("--power", type=float, default=0.8, show_default=True, help="Power that is wanted.")
@click.option("--simulations", type=click.IntRange(100), default=2_000, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the simulation.")
@format_option
def command(
    *,
    accuracy: float | None,
    quadruplets: int | None,
    icc: float,
    per_scene: int,
    alpha: float,
    power: float,
    simulations: int,
    seed: int,
    form: Format,
) -> None:
    """Plan a set of stimuli: with --accuracy, the quadruplets needed; with --quadruplets, the accuracy that
    they detect; with both, the power.
    """
    import numpy as np

    from voe.cli.terminal import print_text
    from voe.planning import plan_of_set
    from voe.report.formats import render
    from voe.report.planning import power_tables
    from voe.stats import detectable_accuracy, plan_for_accuracy

    generator = np.random.default_rng(seed)
    if accuracy is not None and quadruplets is not None:
        question = "POWER of these quadruplets at this accuracy"
        plan = plan_of_set(accuracy, quadruplets, icc=icc, per_scene=per_scene, alpha=alpha,
                            simulations=simulations, generator=generator)  # fmt: skip
    elif accuracy is not None:
        question = f"QUADRUPLETS that find this accuracy with power {100 * power:g} %"
        plan = plan_for_accuracy(accuracy, icc=icc, per_scene=per_scene, alpha=alpha, power=power,
                                 simulations=simulations, generator=generator)  # fmt: skip
    elif quadruplets is not None:
        question = f"ACCURACY that these quadruplets find with power {100 * power:g} %"
        plan = detectable_accuracy(quadruplets, icc=icc, per_scene=per_scene, alpha=alpha, power=power,
                                   simulations=simulations, generator=generator)  # fmt: skip
    else:
        raise click.UsageError("say what is known: --accuracy 0.6, or --quadruplets 200, or both")
    print_text(render(power_tables(plan, power=power, question=question, simulations=simulations), form))
