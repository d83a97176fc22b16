"""Ratings of people as a run: surprise is what they say it is, and the statistics are those of any run.

A clip's surprise is the mean over people of their ratings, each centred on the mean of the person's own
ratings, so that who likes high numbers decides nothing. Comparisons then count as they do for models. Beside
that stands each person's own accuracy, and an interval over people and scenes at once.
"""

from __future__ import annotations

import math
import platform
import time
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

import voe
from voe.clips import Pair, Quadruplet, StimulusSet
from voe.contrasts import FAILED, SCORED
from voe.errors import RunError, VoeError
from voe.humans.ratings import read_ratings
from voe.inference import by_concept
from voe.lock import headline_of, stimuli_entry, tests_entry
from voe.runs import RunFolder
from voe.scoring import default_folder
from voe.whole_clips import WholeClipRun

RATINGS: Final = "ratings.parquet"
STREAM: Final = "rating"
_RESAMPLES: Final = 2_000


def score_humans(
    paths: Sequence[Path], stimuli: StimulusSet, out: Path | None = None, command: Sequence[str] = ()
) -> HumanRun:
    """Ratings that people sent back -> a run folder.

    Raises:
        VoeError: tables that cannot be used (`read_ratings`), or a folder with another run.
    """
    table = read_ratings(paths, stimuli)
    people = sorted(table["participant"].unique())
    lock = {
        "stimuli": stimuli_entry(stimuli),
        "model": {"name": f"people (n = {len(people)})", "family": "human", "trained": True},
        "humans": {"participants": people, "ratings": len(table)},
        "protocol": {"scale": "1 to 7", "centred": "on each person's mean"},
        "protocol_from": {"origin": "humans", "changed": []},
        "measure": {
            "headline": headline_of(stimuli), "stream": STREAM,
            "aggregate": "mean over people", "tolerance_relative": 1e-9,
        },
        "tests": tests_entry(stimuli),
    }  # fmt: skip
    record = {
        "model": lock["model"],
        "stimuli": {"name": stimuli.name, "clips": len(stimuli.clips)},
        "engine": {"decoder": "none"},
        "rebatch_difference": 0.0,
        "versions": {"voe": voe.__version__, "python": platform.python_version()},
        "command": list(command),
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    path = default_folder(lock) if out is None else out
    if not stimuli.pairs and not stimuli.quadruplets:
        raise VoeError(f"stimuli {stimuli.name!r}: there is nothing to compare")
    with RunFolder.made(path).held():
        folder = RunFolder.create(path, lock, record, stimuli)
        table.to_parquet(path / RATINGS, index=False)
        folder.write_failures(())
        run = HumanRun(folder)
        run.write_summary()
    return run


class HumanRun(WholeClipRun):
    """A run folder that holds ratings."""

    @cached_property
    def ratings(self) -> pd.DataFrame:
        """One row a rating, with `centred`: the rating less the person's mean.

        Raises:
            RunError: the table is missing.
        """
        path = self.path / RATINGS
        if not path.is_file():
            raise RunError(f"run folder {self.path}: {RATINGS} is missing; score the ratings again")
        table = pd.read_parquet(path)
        table["centred"] = table["rating"] - table.groupby("participant")["rating"].transform("mean")
        return table

    def answers(self) -> pd.DataFrame:
        """`ratings`."""
        return self.ratings

    @property
    def unfinished(self) -> int:
        """People may rate a part of a set: nothing is ever unfinished."""
        return 0

    def clip_counts(self) -> dict[str, int]:
        """How many clips there are, and how many somebody rated."""
        rated = self.ratings["clip"].nunique()
        return {"all": len(self.stimuli.clips), "scored": rated, "verified": rated, "unverified": 0}

    @cached_property
    def _by_person(self) -> pd.DataFrame:
        """Centred ratings [clips x people], NaN where somebody did not rate a clip."""
        return self.ratings.pivot(index="clip", columns="participant", values="centred")

    @cached_property
    def _quadruplets(self) -> pd.DataFrame:
        return pd.DataFrame(
            [
                {
                    "quadruplet": quad.id, "scene": quad.scene, "concepts": quad.concepts, "stream": STREAM,
                    "context": 0, **self._measure(quad), **quad.conditions,
                }
                for quad in self.stimuli.quadruplets
            ]
        )  # fmt: skip

    @cached_property
    def _pairs(self) -> pd.DataFrame:
        return pd.DataFrame(
            [
                {
                    "possible": pair.possible, "impossible": pair.impossible, "scene": pair.scene,
                    "concepts": pair.concepts, "match": pair.match.value, "stream": STREAM, "context": 0,
                    **self._measure(pair), **pair.conditions,
                }
                for pair in self.stimuli.pairs
            ]
        )  # fmt: skip

    def _measure(self, design: Quadruplet | Pair) -> dict[str, Any]:
        nothing = dict.fromkeys(("contrast", "contrast_max", "mean_surprise", "tau", "score"), math.nan)
        table = self._by_person
        if any(clip not in table.index for clip in design.clips):
            return {"status": FAILED, "n_windows": 0, **nothing}
        ratings = table.loc[list(design.clips)]
        surprise = ratings.mean(axis=1).to_numpy(dtype=np.float64)
        contrast = float(_signs(design) @ surprise)
        tau = 1e-9
        right = 0.5 if abs(contrast) <= tau else float(contrast > 0)
        return {
            "status": SCORED, "n_windows": int(ratings.notna().any().sum()), "contrast": contrast,
            "contrast_max": math.nan, "mean_surprise": float(np.abs(surprise).mean()), "tau": tau,
            "score": right,
        }  # fmt: skip

    @cached_property
    def own_scores(self) -> pd.DataFrame:
        """Each person's own answers to the comparisons of which she rated every clip.

        Columns: comparison, scene, concepts, and one a person with 1, 1/2, 0 or NaN.
        """
        designs: Sequence[Quadruplet | Pair] = self.stimuli.quadruplets or self.stimuli.pairs
        table = self._by_person.reindex([clip.id for clip in self.stimuli.clips])
        rows = []
        for design in designs:
            contrast = _signs(design) @ table.loc[list(design.clips)].to_numpy(dtype=np.float64)
            right = np.where(np.abs(contrast) <= 1e-9, 0.5, (contrast > 0).astype(float))
            right = np.where(np.isnan(contrast), np.nan, right)
            name = design.id if isinstance(design, Quadruplet) else " | ".join(design.clips)
            rows.append(
                {"comparison": name, "scene": design.scene, "concepts": design.concepts,
                 **dict(zip(table.columns, right.tolist(), strict=True))}
            )  # fmt: skip
        return pd.DataFrame(rows)

    def by_person(self) -> pd.DataFrame:
        """Mean accuracy of single people, one row a concept and one for all.

        Columns: concept, people, estimate, low, high (percentile interval of a bootstrap that draws
        people and scenes at once; NaN with fewer than 5 of either), lowest and highest (of one person).
        """
        people = list(self._by_person.columns)
        rows = []
        for concept, part in by_concept(self.own_scores, self.stimuli.concepts):
            own = part[people].to_numpy(dtype=np.float64)
            answered = ~np.isnan(own).all(axis=0)
            if not answered.any():
                continue
            means = np.nanmean(own[:, answered], axis=0)
            low, high = _both_ways(own[:, answered], part["scene"].to_numpy(dtype=str))
            rows.append(
                {"concept": concept, "people": int(answered.sum()), "estimate": float(means.mean()),
                 "low": low, "high": high, "lowest": float(means.min()), "highest": float(means.max())}
            )  # fmt: skip
        return pd.DataFrame(rows)

    def summary_record(self) -> dict[str, Any]:
        """As for other runs, with the accuracy of single people."""
        record = super().summary_record()
        people = self.by_person().to_dict("records")
        plain = [{str(k): None if isinstance(v, float) and math.isnan(v) else v for k, v in row.items()}
                 for row in people]  # fmt: skip
        return {**record, "by_person": plain}


def _signs(design: Quadruplet | Pair) -> npt.NDArray[np.float64]:
    """The contrast of the clips in the order of `design.clips`."""
    return np.array([-1.0, 1.0, 1.0, -1.0] if isinstance(design, Quadruplet) else [-1.0, 1.0])


def _both_ways(own: npt.NDArray[np.float64], scenes: npt.NDArray[np.str_]) -> tuple[float, float]:
    """Percentile interval of the mean over people, people and scenes drawn with replacement."""
    codes, names = pd.factorize(scenes)
    if own.shape[1] < 5 or len(names) < 5:
        return math.nan, math.nan
    generator = np.random.default_rng(0)
    known = ~np.isnan(own)
    sums, counts = (np.zeros((len(names), own.shape[1])) for _ in range(2))
    np.add.at(sums, codes, np.where(known, own, 0.0))
    np.add.at(counts, codes, known.astype(float))
    found = []
    for _ in range(_RESAMPLES):
        rows = generator.integers(len(names), size=len(names))
        columns = generator.integers(own.shape[1], size=own.shape[1])
        total, n = sums[rows].sum(axis=0)[columns], counts[rows].sum(axis=0)[columns]
        found.append(np.mean(total[n > 0] / n[n > 0]))
    low, high = np.percentile(found, (2.5, 97.5))
    return float(low), float(high)
