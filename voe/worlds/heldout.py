"""Held-out appearance: what the probes look like in `builtin-heldout`, and in no other world of `voe`.

A probe card's `[heldout]` table takes the place of entries of its `[ranges]`. A model that was tuned on the
set that ships, and trained on worlds that avoid these values, has seen none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from voe.cards import ProbeCard, card_names, read_probe_card
from voe.errors import CardError, did_you_mean

LOOKS = (
    "shape", "object_colour", "band_colour", "screen_colour", "screen_pattern", "floor", "floor_colour",
    "wall_colour", "striker_colour", "shelf_colour", "plank_colour", "roof_colour", "door_colour",
)  # fmt: skip
"""The named values of appearance that a card may hold out."""


def held_out(card: ProbeCard) -> ProbeCard:
    """The card with its `[heldout]` values in place of those of `[ranges]`.

    Raises:
        CardError: the card holds nothing out, a key that it does not draw, or a look that it also draws.
    """
    ranges, instead = card.table.get("ranges", {}), card.table.get("heldout")
    if not isinstance(instead, dict) or not instead:
        raise CardError(f"{card.path}: the card has no [heldout] table, so it has no held-out appearance")
    for key, values in instead.items():
        if key not in ranges:
            raise CardError(
                f"{card.path}: [heldout] has {key!r}, which [ranges] lacks.{did_you_mean(key, ranges)}"
            )
        both = _names(values) & _names(ranges[key])
        if key in LOOKS and both:
            raise CardError(f"{card.path}: [heldout] {key} has {min(both)!r}, which [ranges] draws too")
    return replace(card, table={**card.table, "ranges": {**ranges, **instead}})


def held_out_values() -> Mapping[str, frozenset[str]]:
    """Look -> every value of it that a probe card holds out: what no training world may show.

    >>> sorted(held_out_values()["shape"])
    ['post', 'slab']
    """
    found: dict[str, set[str]] = {}
    for name in card_names("probes"):
        table = read_probe_card(name).table.get("heldout", {})
        for key in LOOKS:
            if key in table:
                found.setdefault(key, set()).update(_names(table[key]))
    return {key: frozenset(values) for key, values in found.items()}


def _names(values: object) -> set[str]:
    """The names among the levels of a range."""
    return {v for v in (values if isinstance(values, list) else [values]) if isinstance(v, str)}
