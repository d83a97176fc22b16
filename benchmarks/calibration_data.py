"""Simulated scores whose truth is known: the data sets of `calibration.py`."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from voe.stats import SceneTotals
from voe.stats.power import scene_counts

SEED = 20_260_401
"""Fixed before the first run; a cell's generator is made of it and of the cell's place in its table."""
SCENES = (20, 60, 500)
ACCURACIES = (0.5, 0.6, 0.8, 0.95)


@dataclass(frozen=True)
class Dependence:
    """How the scores of a scene hang together: `per_scene` scores with correlation `icc`."""

    name: str
    icc: float
    per_scene: int

    def feasible(self, accuracy: float) -> float:
        """The correlation, or the most negative one that scores of this accuracy can have."""
        m, p = self.per_scene, accuracy
        if m == 1:
            return 0.0
        part = m * p - math.floor(m * p + 1e-9)
        return max(self.icc, (part * (1 - part) / (m * p * (1 - p)) - 1) / (m - 1))


DEPENDENCES = (
    Dependence("independent quadruplets", 0.0, 1),
    Dependence("ICC 0.3, 2 a scene", 0.3, 2),
    Dependence("ICC 0.3, 4 a scene", 0.3, 4),
    Dependence("ICC -0.5, 2 a scene", -0.5, 2),
    Dependence("ICC -1, 2 a scene", -1.0, 2),
)


UNEQUAL = {
    "1 score, every fifth 10": lambda n: np.where(np.arange(n) % 5 == 0, 10, 1),
    "2 scores, one 40": lambda n: np.r_[40, np.full(n - 1, 2)],
    "log-normal, about 4 scores": lambda n: np.maximum(
        np.rint(np.exp(np.random.default_rng(SEED).normal(1, 1, n))).astype(int), 1
    ),
}
"""Sizes of scenes: name -> a function of their number."""


def right_in_unequal_scenes(
    sizes: npt.NDArray[np.int64], icc: float, accuracy: float, sets: int, rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Right quadruplets of scenes of these sizes, beta-binomial: [sets, scenes]."""
    shape = (sets, len(sizes))
    scale = (1 - icc) / icc if icc else 0.0
    p = rng.beta(accuracy * scale, (1 - accuracy) * scale, shape) if icc else np.full(shape, accuracy)
    return rng.binomial(sizes, p)


def right_by_scene(
    dependence: Dependence, accuracy: float, scenes: int, sets: int, rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Right quadruplets of each scene: [sets, scenes]."""
    icc = dependence.feasible(accuracy)
    return scene_counts(accuracy, icc, dependence.per_scene, (sets, scenes), rng)


def as_totals(counts: npt.NDArray[np.int64], per_scene: int) -> SceneTotals:
    """The scores (without ties) behind counts of right quadruplets."""
    right = counts.astype(np.float64)
    return SceneTotals(np.full(right.shape, float(per_scene)), right, right)


def contexts(
    k: int, scenes: int, sets: int, correlation: float, rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Scores of chance in k settings that agree: [sets, k, scenes]; correlated through a normal variable."""
    shared = rng.normal(size=(sets, 1, scenes)) * math.sqrt(correlation)
    own = rng.normal(size=(sets, k, scenes)) * math.sqrt(1 - correlation)
    return (shared + own > 0).astype(np.float64)


def skewed(shape: tuple[int, ...], rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Contrasts of mean 0 and standard deviation 1, skewed to the left (minus an exponential variable)."""
    return 1 - rng.exponential(size=shape)
