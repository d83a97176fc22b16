"""Accuracy: by data set, by concept, by aggregate, and against people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from voe.report.figures.style import (
    CHANCE,
    FAMILY_COLOURS,
    INK,
    MARKERS,
    PALETTE,
    chance_line,
    folded,
    in_order,
    lighter,
    names_below,
    percent_axis,
    require_columns,
    whiskers,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_INTERVAL = ("estimate", "low", "high")


def accuracy_by_dataset(ax: Axes, table: pd.DataFrame, *, chance: float = 0.5) -> Axes:
    """Groups of bars: a group a data set, a bar a model, coloured by family, with its interval.

    Args:
        table: one row a data set and model: stimuli, model, family, estimate, low, high (shares).
        chance: where guessing lies.

    Raises:
        VoeError: a column is missing, or there is no row.
    """
    require_columns(table, ("stimuli", "model", "family", *_INTERVAL), "accuracy by data set")
    groups, models = in_order(table["stimuli"]), in_order(table["model"])
    width = 0.8 / len(models)
    family = dict(zip(table["model"], table["family"], strict=True))
    for rank, model in enumerate(models):
        part = table[table["model"] == model]
        x = (
            np.array([groups.index(name) for name in part["stimuli"]])
            + (rank - (len(models) - 1) / 2) * width
        )
        colour = FAMILY_COLOURS.get(str(family[model]), PALETTE[rank % len(PALETTE)])
        same = [m for m in models[:rank] if family[m] == family[model]]
        ax.bar(
            x,
            part["estimate"],
            width * 0.92,
            yerr=whiskers(part),
            color=lighter(colour, min(0.3 * len(same), 0.7)),
            edgecolor="white",
            error_kw={"elinewidth": 1.0, "capsize": 2, "ecolor": INK},
            label=folded(model),
        )
    chance_line(ax, chance)
    lines = names_below(ax, groups)
    ax.grid(axis="x", visible=False)
    percent_axis(ax)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12 - 0.05 * lines), ncols=min(len(models) + 1, 4))
    return ax


def accuracy_by_concept(
    ax: Axes,
    table: pd.DataFrame,
    *,
    untrained: pd.DataFrame | None = None,
    published: pd.DataFrame | None = None,
    chance: float = 0.5,
) -> Axes:
    """A line a concept: the estimate with its interval, untrained networks in grey, published results.

    Args:
        table: one row a concept (and model): concept, estimate, low, high; with several models also model.
        untrained: concept, mean, low, high over untrained networks.
        published: concept, name, who ('human' or 'model'), value (a share).
        chance: where guessing lies.

    Raises:
        VoeError: a column is missing, or there is no row.
    """
    require_columns(table, ("concept", *_INTERVAL), "accuracy by concept")
    concepts = in_order(table["concept"])
    models = in_order(table["model"]) if "model" in table else [""]
    spread = np.linspace(-0.22, 0.22, len(models)) if len(models) > 1 else [0.0]
    if untrained is not None:
        require_columns(untrained, ("concept", "mean", "low", "high"), "accuracy by concept, untrained")
        shown = untrained[untrained["concept"].isin(concepts)]
        y = np.array([concepts.index(name) for name in shown["concept"]])
        ax.barh(
            y,
            shown["high"] - shown["low"],
            0.62,
            left=shown["low"],
            color="#D9D9DE",
            label="untrained, range",
        )
        ax.vlines(shown["mean"], y - 0.31, y + 0.31, color="#8A8A8A", linewidth=1.6, label="untrained, mean")
    for rank, model in enumerate(models):
        part = table[table["model"] == model] if model else table
        y = np.array([concepts.index(name) for name in part["concept"]]) + spread[rank]
        ax.errorbar(
            part["estimate"],
            y,
            xerr=whiskers(part),
            fmt=MARKERS[rank % len(MARKERS)],
            markersize=6,
            capsize=2,
            color=PALETTE[rank % len(PALETTE)],
            elinewidth=1.2,
            label=folded(model) or "estimate, 95 % interval",
            zorder=3,
        )
    if published is not None and len(published):
        _published(ax, published, concepts)
    chance_line(ax, chance, axis="x")
    ax.set_yticks(range(len(concepts)), [folded(name) for name in concepts])
    ax.set_ylim(len(concepts) - 0.4, -0.6)
    ax.grid(axis="y", visible=False)
    percent_axis(ax, "x")
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0))
    return ax


def _published(ax: Axes, published: pd.DataFrame, concepts: list[str]) -> None:
    """Other people's results as hollow marks; human ones are diamonds."""
    require_columns(published, ("concept", "name", "who", "value"), "accuracy by concept, published")
    shown = published[published["concept"].isin(concepts)]
    for rank, ((name, who), part) in enumerate(shown.groupby(["name", "who"], sort=False)):
        colour = FAMILY_COLOURS["human"] if who == "human" else PALETTE[(rank + 3) % len(PALETTE)]
        y = [concepts.index(concept) for concept in part["concept"]]
        ax.plot(
            part["value"],
            y,
            linestyle="none",
            marker="D" if who == "human" else "s",
            markersize=7,
            markerfacecolor="none",
            markeredgecolor=colour,
            markeredgewidth=1.4,
            label=folded(f"{name} (published)"),
        )


def model_against_human(ax: Axes, table: pd.DataFrame) -> Axes:
    """Error of a model against error of people, one point a block; on the diagonal they err alike.

    Args:
        table: block, human_error, model_error (shares); optional model (a colour each).
    """
    require_columns(table, ("block", "human_error", "model_error"), "model against human")
    models = in_order(table["model"]) if "model" in table else [""]
    top = float(np.nanmax(table[["human_error", "model_error"]].to_numpy(dtype=np.float64))) * 1.15 + 0.02
    ax.plot(
        [0, top], [0, top], color=CHANCE, linestyle=(0, (4, 3)), linewidth=1.0, label="as often as people"
    )
    for rank, model in enumerate(models):
        part = table[table["model"] == model] if model else table
        ax.scatter(
            part["human_error"],
            part["model_error"],
            s=42,
            marker=MARKERS[rank % len(MARKERS)],
            color=PALETTE[rank % len(PALETTE)],
            label=folded(model) or None,
            zorder=3,
        )
        for row in part.to_dict("records"):
            at = (row["human_error"], row["model_error"])
            ax.annotate(folded(str(row["block"])), at, xytext=(5, 4), textcoords="offset points", fontsize=7)
    percent_axis(ax, "x", "error of people, %")
    percent_axis(ax, "y", "error of the model, %")
    ticks = np.linspace(0, min(top, 1.0), 5).tolist()
    ax.set_xticks(ticks)
    ax.set_yticks(ticks)
    ax.set_xlim(0, top)
    ax.set_ylim(0, top)
    ax.set_aspect("equal")
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0))
    return ax


def mean_and_maximum(ax: Axes, table: pd.DataFrame, *, chance: float = 0.5) -> Axes:
    """Accuracy by the mean and by the maximum of surprise over windows, joined by a line a row.

    Args:
        table: name, mean, maximum (shares).
    """
    require_columns(table, ("name", "mean", "maximum"), "mean and maximum")
    y = np.arange(len(table))
    ax.hlines(y, table["mean"], table["maximum"], color="#B8B8C0", linewidth=2.0, zorder=2)
    ax.scatter(table["mean"], y, s=44, color=PALETTE[0], label="mean over windows", zorder=3)
    ax.scatter(
        table["maximum"], y, s=44, marker="D", color=PALETTE[1], label="maximum over windows", zorder=3
    )
    chance_line(ax, chance, axis="x")
    ax.set_yticks(y, [folded(str(name)) for name in table["name"]])
    ax.set_ylim(len(table) - 0.4, -0.6)
    ax.grid(axis="y", visible=False)
    percent_axis(ax, "x")
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0))
    return ax
