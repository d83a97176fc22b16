"""The answers about one scene, laid out once: the leanings of each of its comparisons are read from there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd

from voe.clips import Pair, Quadruplet
from voe.judging.frames import shows_both

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class SceneAnswers:
    """Rows of `JudgeRun.judgements` of one scene and one stream."""

    rows: pd.DataFrame

    def balanced(self, design: Quadruplet | Pair) -> Floats:
        """Contrasts by prompt and repeat, of those that were answered for every clip of the comparison."""
        if any(clip not in self._rated for clip in design.clips):
            return np.empty(0)
        if isinstance(design, Quadruplet):
            aa, ab, ba, bb = (self._rated[clip] for clip in (design.aa, design.ab, design.ba, design.bb))
            found = aa + bb - ab - ba
        else:
            found = self._rated[design.possible] - self._rated[design.impossible]
        return found[~np.isnan(found)]

    def chosen(self, design: Quadruplet | Pair) -> Floats:
        """Leanings towards the right clip; only where both orders of a pairing were answered, so that a
        liking for one position cancels.
        """
        pairings = [_pairing(*two) for two in combinations(design.clips, 2)]
        names, means = self._pairings
        return means[np.isin(names, pairings)]

    def show_both(self, quad: Quadruplet) -> bool:
        """Whether every clip was shown in frames that hold its context and its outcome."""
        return all(
            shows_both(quad, list(numbers)) for clip in quad.clips for numbers in self._numbers.get(clip, ())
        )

    @cached_property
    def _rated(self) -> dict[str, Floats]:
        """Clip -> its leaning by prompt and repeat, NaN where one was not answered; the same for all."""
        first = self.rows.drop_duplicates(["prompt", "repeat", "clip"])
        wide = first.pivot(index=["prompt", "repeat"], columns="clip", values="leaning")
        return {str(clip): wide[clip].to_numpy(dtype=np.float64) for clip in wide}

    @cached_property
    def _pairings(self) -> tuple[npt.NDArray[np.str_], Floats]:
        """Pairings by prompt and repeat, and their leaning; those answered in both orders alone."""
        sides = zip(self.rows["clip"], self.rows["other"], strict=True)
        named = self.rows.assign(pairing=[_pairing(one, other) for one, other in sides])
        groups = named.groupby(["prompt", "repeat", "pairing"])["leaning"].agg(["mean", "count"])
        both = groups[groups["count"] == 2]
        return both.index.get_level_values("pairing").to_numpy(dtype=np.str_), both["mean"].to_numpy(
            np.float64
        )

    @cached_property
    def _numbers(self) -> dict[str, set[tuple[int, ...]]]:
        """Clip -> the numbers of the frames in which it was shown."""
        found: dict[str, set[tuple[int, ...]]] = {}
        for clip, numbers in zip(self.rows["clip"], self.rows["numbers"], strict=True):
            found.setdefault(str(clip), set()).add(tuple(map(int, numbers)))
        return found


def _pairing(one: str, other: str) -> str:
    return "|".join(sorted((one, other)))
