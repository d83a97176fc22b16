"""How well a learner does on the probes, scored by exactly the code that scores published models."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import torch

from voe.adapters.placement import Placement
from voe.results import Run
from voe.scoring import score
from voe.training.learners import Learner

QUICK: Mapping[str, object] = {"stride": 8, "contexts": (8,)}
"""A sparse protocol for looking while it learns; the final score uses the card's own."""


def probe_run(
    learner: Learner,
    stimuli: str = "builtin",
    protocol: Mapping[str, object] | None = None,
    out: Path | None = None,
) -> Run:
    """Score the learner as it is now."""
    placement = Placement.choose("cpu", "float32")
    with torch.no_grad():
        return score(learner.adapter(placement), stimuli, QUICK if protocol is None else protocol, out)


def probe_accuracy(learner: Learner, stimuli: str = "builtin") -> dict[str, float]:
    """Share of quadruplets right of each concept and of 'all', ties one half."""
    with tempfile.TemporaryDirectory() as folder:
        table = probe_run(learner, stimuli, out=Path(folder) / "run").summary()
        headline = table[table["primary"] & (table["measure"] == "quadruplets")]
        return dict(zip(headline["concept"], headline["estimate"].tolist(), strict=True))
