"""What `voe power` prints: how many quadruplets, or what accuracy, by formula and by simulation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from voe.report.formats import Table, View, number, shown
from voe.report.table import percent
from voe.stats import Plan, plan_for_equivalence
from voe.stats.accuracy import MARGIN_CONCEPT, MARGIN_OVERALL
from voe.stats.power import planned_design_effect


def power_tables(plan: Plan, *, power: float, question: str, simulations: int) -> list[Table]:
    """A plan against chance, and what equivalence to chance needs with the same design effect."""
    deff = planned_design_effect(plan.icc, plan.per_scene)
    notes = [
        "power (formula): normal approximation. power (simulated): exact sign test over scenes, "
        f"{simulations} simulated sets (standard error at most {50 / simulations**0.5:.1f} points)."
    ]
    if plan.per_scene == 1 and plan.icc:
        notes.append("The ICC has no effect with one quadruplet a scene; see --per-scene.")
    against = View(
        f"{question} (one-sided, alpha {plan.alpha:g})",
        {
            "accuracy": shown("accuracy", percent),
            "quadruplets": shown("n_quadruplets"),
            "scenes": shown("n_scenes"),
            "design effect": number(2, "design_effect"),
            "power (formula)": shown("power_formula", percent),
            "power (simulated)": shown("power_simulated", percent),
        },
        notes,
    )
    return [
        Table("power", [{**asdict(plan), "design_effect": deff}], (against,)),
        _equivalence_table(deff, plan.alpha, power),
    ]


def _equivalence_table(deff: float, alpha: float, power: float) -> Table:
    margins: Sequence[tuple[str, float]] = (("a concept", MARGIN_CONCEPT), ("overall", MARGIN_OVERALL))
    records = [
        {
            "for": words,
            "margin": margin,
            "n_quadruplets": plan_for_equivalence(margin, deff=deff, alpha=alpha, power=power),
        }
        for words, margin in margins
    ]
    view = View(
        f"EQUIVALENCE TO CHANCE of a model that is at chance (power {percent(power)})",
        {
            "for": shown("for"),
            "margin": lambda r: f"{100 * r['margin']:g} points",
            "quadruplets": shown("n_quadruplets"),
        },
    )
    return Table("equivalence", records, (view,))
