"""The power of a set of stimuli that exists already."""

from __future__ import annotations

import numpy as np

from voe.stats import Plan, StatsError, simulated_power
from voe.stats.power import formula_power, planned_design_effect


def plan_of_set(
    accuracy: float,
    n_quadruplets: int,
    *,
    icc: float = 0.0,
    per_scene: int = 1,
    alpha: float = 0.05,
    simulations: int = 2_000,
    generator: np.random.Generator | None = None,
) -> Plan:
    """Power of so many quadruplets to find an accuracy above chance: by formula, and by simulation.

    Whole scenes count (`voe.stats.power.formula_power`, `voe.stats.simulated_power`).

    Raises:
        StatsError: settings out of range, or not one scene.

    >>> plan = plan_of_set(0.6, 153, simulations=500)
    >>> print(f"{plan.power_formula:.2f}")
    0.80
    """
    if not 0.5 < accuracy < 1:
        raise StatsError(f"accuracy to be found is {accuracy}; it must lie between 0.5 and 1")
    deff, n_scenes = planned_design_effect(icc, per_scene), n_quadruplets // per_scene
    if n_scenes < 1:
        raise StatsError(f"{n_quadruplets} quadruplets at {per_scene} a scene are not one scene")
    n = n_scenes * per_scene
    simulated = simulated_power(
        accuracy, n_scenes, icc=icc, per_scene=per_scene, alpha=alpha, simulations=simulations,
        generator=generator,
    )  # fmt: skip
    return Plan(
        accuracy=accuracy, icc=icc, per_scene=per_scene, alpha=alpha, n_quadruplets=n, n_scenes=n_scenes,
        power_formula=formula_power(accuracy, n / deff, alpha), power_simulated=simulated,
    )  # fmt: skip
