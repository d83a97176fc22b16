"""What a statistic may be given: checked once, at the door, so that bad input never becomes a number."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from voe.errors import VoeError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


class StatsError(VoeError, ValueError):
    """Numbers that no statistic can be made of: wrong shape, not finite, or outside what they mean."""


def finite(values: npt.ArrayLike, what: str, ndim: int | None = 1) -> Floats:
    """`values` as float64 with `ndim` axes (None: any number), every entry finite.

    Raises:
        StatsError: another number of axes, or a NaN or an infinity; the message names `what`.
    """
    array = np.asarray(values, dtype=np.float64)
    if ndim is not None and array.ndim != ndim:
        raise StatsError(f"{what}: expected {ndim} axes, got an array of shape {array.shape}")
    if not np.isfinite(array).all():
        count = int((~np.isfinite(array)).sum())
        raise StatsError(
            f"{what}: {count} of {array.size} values are NaN or infinite; leave out what could not be scored"
        )
    return array


def scene_codes(scenes: Sequence[object] | npt.NDArray[np.generic] | None, n: int) -> Ints:
    """Scenes as 0 .. S-1, int64 [n], numbered in order of first appearance; None: each unit its own scene.

    Raises:
        StatsError: not one scene a unit, or a missing scene.

    >>> scene_codes(["b", "a", "b"], 3).tolist()
    [0, 1, 0]
    """
    if scenes is None:
        return np.arange(n, dtype=np.int64)
    import pandas as pd

    names = np.asarray(scenes)
    if names.shape != (n,):
        raise StatsError(f"scenes: names of shape {names.shape} for {n} scores; give one scene a score")
    codes, _ = pd.factorize(names)
    if (codes < 0).any():
        raise StatsError("scenes: a scene is missing (NaN or None); each score belongs to a scene")
    return np.asarray(codes, dtype=np.int64)


def probability(value: float, what: str) -> float:
    """`value` if it lies strictly between 0 and 1.

    Raises:
        StatsError: it does not.
    """
    if not 0 < value < 1:
        raise StatsError(f"{what} is {value}; it must lie between 0 and 1")
    return float(value)
