"""The values that a scene takes from the `[ranges]` of its card.

A list is a factor with levels: over the scenes of a set each level comes equally often (to within one), in
an order of its own. A table `{low, high}` is a range: the scenes spread evenly over it. Anything else is the
same in every scene. A scene that has to be drawn again keeps its levels.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from voe.cards import ProbeCard
from voe.errors import CardError, VoeError, did_you_mean


class DrawRejectedError(VoeError):
    """The values drawn for a scene do not make a sound one; draw again."""


@dataclass(frozen=True)
class Draw:
    """The values of one scene, and who drew them."""

    card: ProbeCard
    seed: int
    scene: int
    attempt: int
    values: Mapping[str, object]
    variant: str = "occluded"

    def __str__(self) -> str:
        return (
            f"card {self.card.name!r} ({self.variant}), seed {self.seed}, scene {self.scene}, "
            f"draw {self.attempt}"
        )

    def number(self, key: str) -> float:
        """A drawn number. Raises CardError where the card has no such range or no number in it."""
        value = self._get(key)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise CardError(f"{self.card.path}: [ranges] {key} must be a number, not {value!r}")
        return float(value)

    def count(self, key: str) -> int:
        """A drawn whole number (frames, degrees, ...)."""
        value = self.number(key)
        if value != int(value):
            raise CardError(f"{self.card.path}: [ranges] {key} must be a whole number, not {value!r}")
        return int(value)

    def text(self, key: str, allowed: Iterable[str] | None = None) -> str:
        """A drawn word, one of `allowed` if that is given."""
        value = self._get(key)
        if not isinstance(value, str):
            raise CardError(f"{self.card.path}: [ranges] {key} must be text, not {value!r}")
        if allowed is not None and value not in (known := tuple(allowed)):
            raise CardError(
                f"{self.card.path}: [ranges] {key} has {value!r}.{did_you_mean(value, known)} "
                f"Known: {', '.join(known)}"
            )
        return value

    def numbers(self, key: str, how_many: int) -> tuple[float, ...]:
        """A drawn level that is itself a list of numbers."""
        value = self._get(key)
        if (
            not isinstance(value, list)
            or len(value) != how_many
            or not all(isinstance(v, (int, float)) for v in value)
        ):
            raise CardError(
                f"{self.card.path}: each level of [ranges] {key} must be {how_many} numbers, not {value!r}"
            )
        return tuple(float(v) for v in value)

    def _get(self, key: str) -> object:
        if key not in self.values:
            raise CardError(
                f"{self.card.path}: [ranges] lacks {key!r}, which scenes of {self.card.name!r} need; "
                "give a list of levels, a range { low = ..., high = ... }, or one value"
            )
        return self.values[key]


def draw(
    card: ProbeCard, *, count: int, seed: int, scene: int, attempt: int = 0, variant: str = "occluded"
) -> Draw:
    """The values of one scene of a set.

    Args:
        count: scenes in the set, over which levels are balanced and ranges covered.
        scene: which of them, 0 .. count - 1.
        attempt: 0 for the first try; later ones redraw the ranges, not the levels.

    Raises:
        CardError: the card has no [ranges], or a range that is none.
    """
    ranges = card.table.get("ranges")
    if not isinstance(ranges, dict):
        raise CardError(f"{card.path}: the card has no [ranges] table, so no scene can be drawn from it")
    drawn = Draw(card, seed, scene, attempt, {}, variant)
    return replace(drawn, values={key: _value(drawn, key, ranges[key], count) for key in ranges})


def _value(drawn: Draw, key: str, given: object, count: int) -> object:
    """One value; each key has random numbers of its own, so that a new key changes no other."""
    name = zlib.crc32(f"{drawn.card.name}/{key}".encode())
    order = np.random.default_rng([drawn.seed, name])
    if isinstance(given, list):
        if not given:
            raise CardError(f"{drawn.card.path}: [ranges] {key} is an empty list; name at least one level")
        places = order.permutation(count)
        shift = int(order.integers(len(given)))
        return given[int(places[drawn.scene] + shift) % len(given)]
    if isinstance(given, dict):
        low, high = _ends(drawn.card, key, given)
        stratum = int(order.permutation(count)[drawn.scene])
        where = float(np.random.default_rng([drawn.seed, name, drawn.scene, drawn.attempt]).random())
        share = (stratum + where) / count if drawn.attempt == 0 else where
        return low + share * (high - low)
    return given


def _ends(card: ProbeCard, key: str, given: Mapping[str, object]) -> tuple[float, float]:
    """The two ends of a range."""
    low, high = given.get("low"), given.get("high")
    if (
        set(given) != {"low", "high"}
        or not isinstance(low, (int, float))
        or not isinstance(high, (int, float))
    ):
        raise CardError(f"{card.path}: [ranges] {key} is {dict(given)}; write {{ low = 0.1, high = 0.2 }}")
    if low > high:
        raise CardError(f"{card.path}: [ranges] {key}: low {low:g} is above high {high:g}")
    return float(low), float(high)
