"""Every figure of the miniature, drawn from its results in seconds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from voe.miniature.arms import BUILTIN, FAMILIES, FLAT_LESSONS, LATENT, PIXELS, UNTRAINED, levels_of, set_of
from voe.miniature.results import Results
from voe.miniature.tables import (
    ablation_table,
    accuracy_table,
    beside_untrained,
    contrast_table,
    groups_with_results,
    model_table,
)
from voe.miniature.work import HELDOUT
from voe.report import figures
from voe.training.lessons import PAIRINGS

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw_all(results: Results, folder: Path) -> list[Path]:
    """All figures for which there are results: PDF, SVG and PNG, and the paths of them."""
    import matplotlib.pyplot as plt

    written: list[Path] = []
    with figures.style():
        for name, figure in _figures(results):
            written += figures.save(figure, folder, name)
            plt.close(figure)
    return written


def _figures(results: Results) -> Iterator[tuple[str, Figure]]:
    """Name and figure, each drawn when it is asked for: so one at a time is open."""
    sets = [one for one in (HELDOUT, BUILTIN) if results.seeds(LATENT, one)]
    if sets:
        yield "models", _models(results, sets)
    for stimuli in sets:
        short = "heldout" if stimuli == HELDOUT else "builtin"
        yield f"concepts-{short}", _concepts(results, stimuli)
        beside = beside_untrained(results, stimuli, LATENT)
        if len(beside) and beside["g"].notna().any():
            yield f"effects-{short}", _effects(results, stimuli)
    flat = [group for probes in FLAT_LESSONS for group in groups_with_results(results, probes)]
    taught = [group for group in flat if len(_while_taught(results, group))]
    if results.development["arm"].isin([LATENT, PIXELS]).any():
        yield "development", _development(results)
    if taught:
        yield "flat-lessons-development", _lessons(results, taught)
    if sized := [group for group in flat if len(contrast_table(results, group, set_of(group)))]:
        yield "flat-lessons-contrasts", _contrasts(results, sized)
    for group in [*groups_with_results(results, BUILTIN), *flat]:
        yield group.replace(",", "").replace(" ", "-"), _ablation(results, group)


def _models(results: Results, sets: list[str]) -> Figure:
    import matplotlib.pyplot as plt
    import pandas as pd

    figure, ax = plt.subplots(figsize=(5.2, 3.4), layout="constrained")
    figures.accuracy_by_dataset(ax, pd.concat([model_table(results, stimuli) for stimuli in sets]))
    ax.set_title("Quadruplets right, all concepts")
    return figure


def _concepts(results: Results, stimuli: str) -> Figure:
    import matplotlib.pyplot as plt

    arms = tuple(arm for arm in (LATENT, PIXELS, UNTRAINED) if results.seeds(arm, stimuli))
    table = accuracy_table(results, stimuli, arms)
    # As the tables have it: over other scenes and, of several seeds, other seeds.
    table = table.assign(low=table["seeds_low"], high=table["seeds_high"])
    figure, axes = plt.subplots(
        1, len(arms), figsize=(1.4 + 2.5 * len(arms), 3.8), sharey=True, layout="constrained", squeeze=False
    )
    hollow = False
    for ax, arm in zip(axes[0], arms, strict=True):
        part = table[table["arm"] == arm]
        figures.accuracy_by_concept(ax, part)
        hollow |= _without_verdict(ax, part)
        name = {LATENT: FAMILIES[0], PIXELS: FAMILIES[1]}.get(arm, "untrained networks")
        ax.set_title(f"{name}\n{_counted(part)}")
        if ax.get_legend() is not None:
            ax.get_legend().remove()
    hint = f"Accuracy by concept, {stimuli}" + ("; hollow: too many ties for a verdict" if hollow else "")
    figure.suptitle(hint, fontsize=10)
    return figure


def _counted(part: pd.DataFrame) -> str:
    """How many seeds, and how many quadruplets of each concept."""
    n = sorted(set(part.loc[part["concept"] != "all", "n"].tolist()))
    seeds = int(part["seeds"].iloc[0])
    each = f"{n[0]}" if len(n) == 1 else f"{n[0]} to {n[-1]}"
    return f"{seeds} seed{'' if seeds == 1 else 's'}, {each} of each concept"


def _without_verdict(ax: Axes, part: pd.DataFrame) -> bool:
    """Hollow marks over those of concepts that get no verdict, for ties; whether there are any."""
    order = list(dict.fromkeys(part["concept"]))
    tied = part[part["verdict"] == "none"]
    y = [order.index(concept) for concept in tied["concept"]]
    ax.plot(tied["estimate"], y, "o", markersize=4, color="white", zorder=4)
    return len(tied) > 0


def _effects(results: Results, stimuli: str) -> Figure:
    import matplotlib.pyplot as plt

    table = beside_untrained(results, stimuli, LATENT).dropna(subset=["g"])
    shown = table.rename(columns={"g": "estimate", "g_low": "low", "g_high": "high", "p_holm": "p"})
    figure, ax = plt.subplots(figsize=(5.6, 3.6), layout="constrained")
    figures.effect_by_concept(ax, shown[["concept", "estimate", "low", "high", "p"]])
    ax.set_title(f"Over untrained networks, {stimuli}")
    return figure


def _development(results: Results) -> Figure:
    import matplotlib.pyplot as plt

    table = results.development
    arms = [arm for arm in dict.fromkeys(table["arm"]) if arm in {"latent", "pixels"}]
    figure, axes = plt.subplots(
        1, len(arms), figsize=(1.6 + 3.4 * len(arms), 3.6), sharey=True, layout="constrained", squeeze=False
    )
    for ax, arm in zip(axes[0], arms, strict=True):
        part = table[(table["arm"] == arm)].groupby(["step", "concept"], sort=False, as_index=False)
        figures.development(ax, part["estimate"].mean())
        seeds = table.loc[table["arm"] == arm, "seed"].nunique()
        name = FAMILIES[0] if arm == LATENT else FAMILIES[1]
        ax.set_title(f"{name} ({seeds} seed{'' if seeds == 1 else 's'}, stride 8)")
        if ax is not axes[0][-1]:
            ax.get_legend().remove()
    return figure


def _while_taught(results: Results, group: str) -> pd.DataFrame:
    """Accuracy of a group's lessons over training, by pairing (as `concept`): means over seeds."""
    levels = dict(levels_of(group))
    table = results.development
    part = table[table["arm"].isin(levels) & (table["concept"] != "all")]
    means = part.groupby(["arm", "step"], sort=False, as_index=False)["estimate"].mean()
    named: pd.DataFrame = means.assign(concept=means["arm"].map(levels))
    return named


def _lessons(results: Results, groups: list[str]) -> Figure:
    """What three pairings of one world teach, step by step."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(
        1, len(groups), figsize=(3.6 * len(groups) + 1.0, 3.2), sharey=True, layout="constrained",
        squeeze=False,
    )  # fmt: skip
    for ax, group in zip(axes[0], groups, strict=True):
        figures.development(ax, _while_taught(results, group), order=PAIRINGS)
        seeds = results.development.loc[
            results.development["arm"].isin(dict(levels_of(group))), ["arm", "seed"]
        ].drop_duplicates()
        ax.set_title(f"{group} ({len(seeds)} trainings)")
        if ax is not axes[0][-1]:
            ax.get_legend().remove()
        if ax is not axes[0][0]:
            ax.set_ylabel("")
    return figure


def _contrasts(results: Results, groups: list[str]) -> Figure:
    """How large the contrasts are after each pairing, of each quadruplet and seed."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(
        1, len(groups), figsize=(3.1 * len(groups), 3.4), layout="constrained", squeeze=False
    )
    for ax, group in zip(axes[0], groups, strict=True):
        figures.contrasts(ax, contrast_table(results, group, set_of(group)), order=PAIRINGS)
        ax.set_title(group)
        if ax is not axes[0][0]:
            ax.set_ylabel("")
    return figure


def _ablation(results: Results, group: str) -> Figure:
    import matplotlib.pyplot as plt

    table, seeds = ablation_table(results, group, set_of(group))
    figure, ax = plt.subplots(figsize=(2.2 + 1.3 * table["level"].nunique(), 3.2), layout="constrained")
    words = {level: f"{level}\n({_seeds(part)})" for level, part in table.groupby("level", sort=False)}
    named, dots = (one.assign(level=one["level"].map(words)) for one in (table, seeds))
    figures.ablation(ax, named, seeds=dots, label=group, ordered=group == "amount of video", order=FAMILIES)
    ax.set_title(f"Quadruplets of {set_of(group)} right")
    return figure


def _seeds(part: pd.DataFrame) -> str:
    """How many seeds each family has at a level."""
    counts = [f"{n} seed{'' if n == 1 else 's'}" for n in part["seeds"].tolist()]
    if len(set(counts)) == 1:
        return counts[0] + (" each" if len(counts) > 1 else "")
    families = part["family"].str.removesuffix(" predictor").tolist()
    return ",\n".join(f"{family}: {count}" for family, count in zip(families, counts, strict=True))
