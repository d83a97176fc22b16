"""Figures: each function takes an `ax` and a table, draws, and returns the `ax`.

Nothing here computes a statistic: estimates and intervals come in the table. Shares are 0..1, drawn in
percent. `style()` is the look of all of them; `save` writes PDF, SVG and PNG.
"""

from __future__ import annotations

from voe.report.figures.accuracy import (
    accuracy_by_concept,
    accuracy_by_dataset,
    mean_and_maximum,
    model_against_human,
)
from voe.report.figures.effects import ablation, contrasts, effect_by_concept
from voe.report.figures.judges import probability_histogram
from voe.report.figures.settings import development, sensitivity, surprise_over_time
from voe.report.figures.style import FAMILY_COLOURS, save, style

__all__ = [
    "FAMILY_COLOURS",
    "ablation",
    "accuracy_by_concept",
    "accuracy_by_dataset",
    "contrasts",
    "development",
    "effect_by_concept",
    "mean_and_maximum",
    "model_against_human",
    "probability_histogram",
    "save",
    "sensitivity",
    "style",
    "surprise_over_time",
]
