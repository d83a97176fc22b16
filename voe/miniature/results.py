"""What came of the arms: verdicts, accuracy while learning, trainings. Small enough to ship."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from voe.errors import VoeError
from voe.stats import Accuracy, accuracy_of, seeds_by_scenes

VERDICTS, DEVELOPMENT, TRAININGS = "verdicts.parquet", "development.csv", "trainings.csv"
SHIPPED: Final = Path(__file__).parent / "results"
_KEYS = {
    VERDICTS: ("arm", "seed", "stimuli", "comparison", "concept", "status", "score"),
    DEVELOPMENT: ("arm", "seed", "step", "concept", "estimate"),
    TRAININGS: (
        "arm", "seed", "steps", "clips", "seconds", "loss", "effective_rank", "weights_sha256", "computed_in",
    ),
}  # fmt: skip

_Key = tuple[str, str, str]
"""Arm, set, concept."""


@dataclass(frozen=True)
class Results:
    """Three tables (`_KEYS` names their columns): verdicts, accuracy while learning, trainings.

    A quadruplet of the sets here is a scene of its own, so scenes need no column. What is computed from the
    tables is kept: figures and tables ask for the same.
    """

    verdicts: pd.DataFrame
    development: pd.DataFrame
    trainings: pd.DataFrame
    _scores: dict[_Key, pd.DataFrame] = field(default_factory=dict, init=False, repr=False, compare=False)
    _accuracies: dict[_Key, Accuracy] = field(default_factory=dict, init=False, repr=False, compare=False)
    _intervals: dict[_Key, tuple[float, float]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def seeds(self, arm: str, stimuli: str) -> list[int]:
        """Seeds of an arm that were scored on a set."""
        return sorted(self._of(arm, stimuli)["seed"].unique().tolist())

    def _of(self, arm: str, stimuli: str) -> pd.DataFrame:
        return self._parts.get((arm, stimuli), self.verdicts.iloc[:0])

    @cached_property
    def _parts(self) -> dict[tuple[str, str], pd.DataFrame]:
        """(arm, set) -> its verdicts."""
        return {(str(a), str(s)): part for (a, s), part in self.verdicts.groupby(["arm", "stimuli"])}

    def scores(self, arm: str, stimuli: str, concept: str = "all") -> pd.DataFrame:
        """Scores [comparisons x seeds] of an arm: index comparison, one column a seed.

        Of comparisons that all its seeds were asked; a seed without a verdict has NaN. The table is kept, and
        is to be read, not changed.
        """
        key = (arm, stimuli, concept)
        if key not in self._scores:
            part = self._of(arm, stimuli)
            part = part[part.groupby("comparison")["seed"].transform("nunique") == part["seed"].nunique()]
            if concept != "all":
                part = part[part["concept"] == concept]
            self._scores[key] = part.pivot(index="comparison", columns="seed", values="score")
        return self._scores[key]

    def concepts(self, stimuli: str) -> list[str]:
        """Concepts of a set, in its order."""
        return list(dict.fromkeys(self.verdicts.loc[self.verdicts["stimuli"] == stimuli, "concept"]))

    def accuracy(self, arm: str, stimuli: str, concept: str = "all") -> Accuracy:
        """Accuracy of an arm, its seeds pooled: a comparison with all its seeds is one cluster.

        Raises:
            VoeError: the arm was not scored on that set.
        """
        key = (arm, stimuli, concept)
        if key not in self._accuracies:
            scores = self.scores(arm, stimuli, concept)
            if scores.empty:
                raise VoeError(f"results: arm {arm!r} was not scored on {stimuli!r}")
            flat = scores.to_numpy(dtype=np.float64)
            scenes = np.repeat(np.arange(len(flat)), flat.shape[1])
            margin = 0.05 if concept == "all" else 0.10
            self._accuracies[key] = accuracy_of(flat.reshape(-1), scenes, margin=margin)
        return self._accuracies[key]

    def over_seeds_too(self, arm: str, stimuli: str, concept: str = "all") -> tuple[float, float]:
        """Interval of an arm's accuracy over other scenes and, of several seeds, other seeds.

        `voe.stats.seeds_by_scenes` on the comparisons of which all seeds have a verdict, but never narrower
        than the interval over scenes alone (`voe.stats.accuracy`): near 0 and 1 scores hardly vary.

        Raises:
            VoeError: the arm was not scored on that set.
        """
        key = (arm, stimuli, concept)
        if key not in self._intervals:
            alone = self.accuracy(arm, stimuli, concept)
            scores = self.scores(arm, stimuli, concept).dropna().to_numpy(dtype=np.float64).T
            self._intervals[key] = _widened(scores, alone.low, alone.high)
        return self._intervals[key]

    def effect(self, arm: str, stimuli: str, concept: str = "all") -> float:
        """Median contrast as a share of the mean surprise of its clips, over comparisons and seeds.

        The sign of a contrast says nothing of how large it is. NaN where surprise was not recorded, of one
        seed too: the median would be that of the others.
        """
        part = self._of(arm, stimuli)
        if concept != "all":
            part = part[part["concept"] == concept]
        if "mean_surprise" not in part:
            return math.nan
        shares = (part["contrast"] / part["mean_surprise"])[part["score"].notna()]
        return float(shares.median(skipna=False))

    def write(self, folder: Path) -> None:
        """The three files, each written aside and renamed."""
        folder.mkdir(parents=True, exist_ok=True)
        small = self.verdicts.astype({"score": np.float32, "seed": np.int16})
        small.to_parquet(folder / f".{VERDICTS}", compression="zstd", index=False)
        (folder / f".{VERDICTS}").replace(folder / VERDICTS)
        for name, table in ((DEVELOPMENT, self.development), (TRAININGS, self.trainings)):
            table.to_csv(folder / f".{name}", index=False, lineterminator="\n", float_format="%.6g")
            (folder / f".{name}").replace(folder / name)


def _widened(scores: npt.NDArray[np.float64], low: float, high: float) -> tuple[float, float]:
    """The interval over seeds and scenes of scores [seeds, comparisons], no narrower than (low, high)."""
    if len(scores) == 1 or not scores.size:
        return low, high
    found = seeds_by_scenes(scores, np.zeros((2, scores.shape[1])))
    if math.isnan(found.low):  # scores that do not vary
        return low, high
    return max(min(found.low, low), 0.0), min(max(found.high, high), 1.0)


def read_results(folder: Path = SHIPPED) -> Results:
    """The results in a folder; by default those that ship.

    Raises:
        VoeError: a file is missing, or lacks a column.
    """
    tables = {}
    for name, columns in _KEYS.items():
        path = folder / name
        if not path.is_file():
            raise VoeError(
                f"reading results in {folder}: there is no {name}; `voe reproduce` writes it into "
                "OUT/results; name that folder with --results"
            )
        table = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
        if missing := set(columns) - set(table):
            raise VoeError(
                f"{path}: the column {min(missing)!r} is missing; it was written by another version"
            )
        tables[name] = table
    return Results(tables[VERDICTS], tables[DEVELOPMENT], tables[TRAININGS])


def joined(parts: list[Results]) -> Results:
    """Several results as one."""
    empty = {name: pd.DataFrame(columns=list(columns)) for name, columns in _KEYS.items()}

    def stacked(name: str, tables: list[pd.DataFrame]) -> pd.DataFrame:
        full = [table for table in tables if len(table)]
        return pd.concat(full, ignore_index=True) if full else empty[name]

    return Results(
        stacked(VERDICTS, [part.verdicts for part in parts]),
        stacked(DEVELOPMENT, [part.development for part in parts]),
        stacked(TRAININGS, [part.trainings for part in parts]),
    )
