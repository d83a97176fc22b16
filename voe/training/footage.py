"""What a learner watches: clips by number, all of one length."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
import numpy.typing as npt

from voe.training.flat_lessons import FlatFootage
from voe.training.lessons import taught
from voe.training.recipes import Recipe
from voe.worlds.watch.store import watched


class Footage(Protocol):
    """`count` clips of `length` frames."""

    @property
    def count(self) -> int:
        """How many clips there are."""
        ...

    @property
    def length(self) -> int:
        """Frames of each clip."""
        ...

    def clips(self, numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        """The clips of these numbers: uint8 [n, length, size, size, 3]."""
        ...


def footage(recipe: Recipe, *, progress: Callable[[int, int], None] | None = None) -> Footage:
    """The clips of a recipe: its lesson, or the first `clips` of its world; rendered where they are not kept.

    Raises:
        VoeError: another process is rendering them.
    """
    if recipe.flat is not None:
        return FlatFootage(recipe.flat, recipe.size)
    if recipe.lesson is not None:
        return taught(recipe.lesson, recipe.size, progress=progress)
    return watched(recipe.world, recipe.clips, recipe.size, progress=progress)
