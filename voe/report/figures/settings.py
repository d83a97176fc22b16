"""Curves: over settings, over training, over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from voe.clips import EVERYTHING as ALL
from voe.report.figures.style import (
    CHANCE,
    IMPOSSIBLE,
    INK,
    MARKERS,
    PALETTE,
    POSSIBLE,
    chance_line,
    folded,
    in_order,
    percent_axis,
    require_columns,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

_FEW_LINES = 4
"""So many lines over training may lie on each other and still be told apart by the size of their marks."""


def sensitivity(
    ax: Axes, table: pd.DataFrame, *, label: str = "context, sampled frames", chance: float = 0.5
) -> Axes:
    """Accuracy over a setting (context or window) with its interval as a band.

    The setting that was fixed beforehand is a filled mark; the others are hollow, since they are described
    and not tested.

    Args:
        table: setting (number), estimate, low, high, primary (true for the one that was fixed beforehand);
            with several models also model.
        label: the setting.
        chance: where guessing lies.
    """
    require_columns(table, ("setting", "estimate", "low", "high", "primary"), "sensitivity")
    models = in_order(table["model"]) if "model" in table else [""]
    for rank, model in enumerate(models):
        part = (table[table["model"] == model] if model else table).sort_values("setting")
        colour, marker = PALETTE[rank % len(PALETTE)], MARKERS[rank % len(MARKERS)]
        ax.fill_between(part["setting"], part["low"], part["high"], color=colour, alpha=0.15, linewidth=0)
        ax.plot(part["setting"], part["estimate"], color=colour, label=folded(model) or None)
        for primary, face in ((True, colour), (False, "white")):
            chosen = part[part["primary"].astype(bool) == primary]
            ax.scatter(
                chosen["setting"],
                chosen["estimate"],
                s=42,
                marker=marker,
                facecolor=face,
                edgecolor=colour,
                linewidth=1.4,
                zorder=3,
            )
    for face, words in ((CHANCE, "fixed beforehand"), ("white", "described, not tested")):
        ax.scatter([], [], s=42, facecolor=face, edgecolor=CHANCE, linewidth=1.4, label=words)
    chance_line(ax, chance)
    ax.set_xticks(sorted(set(table["setting"])))
    ax.set_xlabel(label)
    percent_axis(ax)
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0))
    return ax


def development(
    ax: Axes, table: pd.DataFrame, *, chance: float = 0.5, order: Sequence[str] | None = None
) -> Axes:
    """Accuracy of each concept over training: a line a concept, with its interval as a band where given.

    Args:
        table: step (number), concept, estimate; low and high where there is an interval.
        chance: where guessing lies.
        order: concepts in the order of colours, where several figures must agree; by default the table's.
    """
    require_columns(table, ("step", "concept", "estimate"), "development")
    concepts = [concept for concept in in_order(table["concept"]) if concept != ALL]
    whole = [ALL] if (table["concept"] == ALL).any() else []
    known = [] if order is None else list(order)
    ranks = {concept: rank for rank, concept in enumerate(dict.fromkeys([*known, *concepts]))}
    drawn = [*sorted(concepts, key=ranks.__getitem__), *whole]
    for above, concept in zip(range(len(drawn) - 1, -1, -1), drawn, strict=True):
        rank = ranks.get(concept, len(ranks))
        part = table[table["concept"] == concept].sort_values("step")
        colour = INK if concept == ALL else PALETTE[rank % len(PALETTE)]
        if {"low", "high"} <= set(part):
            ax.fill_between(part["step"], part["low"], part["high"], color=colour, alpha=0.10, linewidth=0)
        ax.plot(
            part["step"],
            part["estimate"],
            color=colour,
            marker=MARKERS[rank % len(MARKERS)],
            # Of a few lines that may coincide, what lies below shows at the rim.
            markersize=4 + (2.2 * above if len(drawn) <= _FEW_LINES else 0),
            linewidth=2.4 if concept == ALL else 1.3,
            label=folded(concept),
            zorder=3,
            clip_on=False,  # marks at 0 and 100 % stay whole
        )
    chance_line(ax, chance)
    ax.set_xlabel("training steps")
    percent_axis(ax)
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0))
    return ax


def surprise_over_time(
    ax: Axes,
    table: pd.DataFrame,
    *,
    violation: float | None = None,
    label: str = "predicted frame of the clip",
) -> Axes:
    """Surprise of possible and impossible clips over predicted time; the violation is marked.

    Args:
        table: time, clip, possible (bool), surprise; one line a clip.
        violation: where on the time axis the violation begins.
        label: the time axis.
    """
    require_columns(table, ("time", "clip", "possible", "surprise"), "surprise over time")
    seen: set[bool] = set()
    for clip in in_order(table["clip"]):
        part = table[table["clip"] == clip].sort_values("time")
        possible = bool(part["possible"].iloc[0])
        name = ("possible" if possible else "impossible") if possible not in seen else None
        seen.add(possible)
        ax.plot(
            part["time"],
            part["surprise"],
            color=POSSIBLE if possible else IMPOSSIBLE,
            label=name,
            linestyle="-" if possible else (0, (5, 1.5)),
        )
    if violation is not None:
        ax.axvline(violation, color=CHANCE, linewidth=1.0, linestyle=":", label="violation")
    ax.set_ylim(0, float(np.nanmax(table["surprise"])) * 1.08)
    ax.set_xlabel(label)
    ax.set_ylabel("surprise")
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0))
    return ax
