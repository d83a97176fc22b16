"""Effects: how far a trained network stands from untrained ones, and what a change of recipe does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from voe.report.figures.style import (
    CHANCE,
    INK,
    PALETTE,
    chance_line,
    folded,
    in_order,
    names_below,
    percent_axis,
    require_columns,
    whiskers,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

_BESIDE = 0.07
"""How far right of a mean its seeds stand, in levels."""


def effect_by_concept(
    ax: Axes, table: pd.DataFrame, *, label: str = "Hedges' g over untrained networks"
) -> Axes:
    """A point a concept with its interval; 0 is what untrained networks reach.

    Args:
        table: concept, estimate; low and high where there is an interval; p (corrected) where it is known:
            below .05 the mark is filled.
        label: what the effect is.
    """
    require_columns(table, ("concept", "estimate"), "effect by concept")
    y = np.arange(len(table))
    if {"low", "high"} <= set(table):
        ax.errorbar(
            table["estimate"],
            y,
            xerr=whiskers(table),
            fmt="none",
            ecolor=PALETTE[0],
            elinewidth=1.4,
            capsize=2,
        )
    sure = table["p"].to_numpy(dtype=np.float64) < 0.05 if "p" in table else np.ones(len(table), dtype=bool)
    for chosen, face, words in ((sure, PALETTE[0], "p < .05, corrected"), (~sure, "white", "p ≥ .05")):
        if chosen.any():
            ax.scatter(
                table["estimate"][chosen],
                y[chosen],
                s=46,
                facecolor=face,
                edgecolor=PALETTE[0],
                linewidth=1.4,
                zorder=3,
                label=words if "p" in table else None,
            )
    ax.axvline(0, color=CHANCE, linestyle=(0, (4, 3)), linewidth=1.0)
    ax.set_yticks(y, [folded(str(name)) for name in table["concept"]])
    ax.set_ylim(len(table) - 0.4, -0.6)
    ax.grid(axis="y", visible=False)
    ax.set_xlabel(label)
    if "p" in table:
        ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0))
    return ax


def ablation(
    ax: Axes,
    table: pd.DataFrame,
    *,
    seeds: pd.DataFrame | None = None,
    label: str = "",
    ordered: bool = False,
    order: Sequence[str] | None = None,
    chance: float = 0.5,
) -> Axes:
    """Accuracy by the level of one factor of the recipe; several seeds also as small dots beside their mean.

    Args:
        table: level, estimate, low, high; with several model families also family (a colour each).
        seeds: level, estimate of single seeds (and family); one that is alone at its level is not drawn.
        label: the factor.
        ordered: whether its levels have an order, so that a line may join them.
        order: families in the order of colours, where several figures must agree; by default the table's.
        chance: where guessing lies.
    """
    require_columns(table, ("level", "estimate", "low", "high"), "ablation")
    levels = in_order(table["level"])
    families = in_order(table["family"]) if "family" in table else [""]
    ranks = list(dict.fromkeys([*([] if order is None else order), *families]))
    spread = np.linspace(-0.12, 0.12, len(families)) if len(families) > 1 else [0.0]
    for rank, family in enumerate(families):
        part = table[table["family"] == family] if family else table
        x = np.array([levels.index(str(level)) for level in part["level"]]) + spread[rank]
        colour = PALETTE[ranks.index(family) % len(PALETTE)]
        ax.errorbar(
            x,
            part["estimate"],
            yerr=whiskers(part),
            fmt="o-" if ordered else "o",
            color=colour,
            markersize=6,
            capsize=2,
            elinewidth=1.2,
            label=folded(family) or None,
            zorder=3,
        )
        if seeds is not None:
            dots = seeds[seeds["family"] == family] if family else seeds
            dots = dots[dots.groupby("level", sort=False)["estimate"].transform("size") > 1]
            at = np.array([levels.index(str(level)) for level in dots["level"]]) + spread[rank] + _BESIDE
            ax.scatter(at, dots["estimate"], s=12, color=colour, alpha=0.6, zorder=2)
    chance_line(ax, chance)
    names_below(ax, levels)
    ax.set_xlim(-0.5, len(levels) - 0.5)
    ax.grid(axis="x", visible=False)
    ax.set_xlabel(label)
    percent_axis(ax)
    ax.set_ylim(-0.02, 1.02)  # a mark at 0 is whole
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0))
    return ax


def contrasts(
    ax: Axes,
    table: pd.DataFrame,
    *,
    label: str = "contrast, % of surprise",
    order: Sequence[str] | None = None,
) -> Axes:
    """Every contrast as a dot, by level: its sign says who is right, its height how much it matters.

    Contrasts of some levels may be ten thousand times those of others, so the axis is logarithmic beyond the
    power of ten that lies below nine tenths of the smallest level's, and linear within. Dots of a level
    spread sideways in the order of the table; those that are no number are left out.

    Args:
        table: level, share (a contrast as a share of the surprise of its clips).
        label: what a share is of.
        order: levels in the order of colours, where several figures must agree; by default the table's.
    """
    from matplotlib.ticker import FuncFormatter

    require_columns(table, ("level", "share"), "contrasts")
    levels = in_order(table["level"])
    ranks = [*([] if order is None else order), *levels]
    spans = []
    for x, level in enumerate(levels):
        shares = 100 * table.loc[table["level"].astype(str) == level, "share"].to_numpy(dtype=np.float64)
        shares = shares[np.isfinite(shares)]
        at = x + np.linspace(-0.3, 0.3, len(shares))
        colour = PALETTE[ranks.index(level) % len(PALETTE)]
        ax.scatter(at, shares, s=9, color=colour, alpha=0.6, linewidth=0, zorder=2)
        if len(shares):
            middle = np.median(shares)
            ax.plot([x - 0.36, x + 0.36], [middle, middle], color=INK, linewidth=1.4, zorder=3)
            spans.append(float(np.quantile(np.abs(shares), 0.9)))
    if seen := [span for span in spans if span > 0]:
        linear = 10.0 ** np.floor(np.log10(max(min(seen), 1e-6 * max(seen))))
        ax.set_yscale("symlog", linthresh=linear, linscale=0.8)
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:+g}" if value else "0"))
    ax.axhline(0, color=CHANCE, linestyle=(0, (4, 3)), linewidth=1.0, zorder=1)
    names_below(ax, levels)
    ax.set_xlim(-0.5, len(levels) - 0.5)
    ax.grid(axis="x", visible=False)
    ax.set_ylabel(label)
    return ax
