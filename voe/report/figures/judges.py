"""Judgements: how probable a judge called possible and impossible clips."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from voe.report.figures.style import CHANCE, IMPOSSIBLE, POSSIBLE, require_columns

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def probability_histogram(ax: Axes, table: pd.DataFrame, *, bins: int = 20) -> Axes:
    """Histogram of the probability that a judge gives to 'possible', possible clips above, impossible below.

    A judge that cannot tell them apart draws the same shape twice; one that always says yes piles up at 1.

    Args:
        table: p (0..1), possible (bool), one row a clip.
        bins: of equal width, over 0..1.
    """
    require_columns(table, ("p", "possible"), "probability histogram")
    edges = np.linspace(0.0, 1.0, bins + 1)
    for possible, sign, colour, name in (
        (True, 1, POSSIBLE, "possible clips"),
        (False, -1, IMPOSSIBLE, "impossible clips"),
    ):
        values = table["p"][table["possible"].astype(bool) == possible].dropna()
        counts, _ = np.histogram(values, edges)
        ax.bar(edges[:-1], sign * counts, 1 / bins, align="edge", color=colour, edgecolor="white", label=name)
    ax.axhline(0, color=CHANCE, linewidth=0.8)
    ax.axvline(0.5, color=CHANCE, linestyle=(0, (4, 3)), linewidth=1.0)
    top = max(abs(limit) for limit in ax.get_ylim())
    ax.set_ylim(-top, top)
    ax.yaxis.set_major_formatter(lambda value, _: f"{abs(value):.0f}")
    ax.set_xlim(0, 1)
    ax.set_xlabel("probability of 'possible'")
    ax.set_ylabel("clips")
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0))
    return ax
