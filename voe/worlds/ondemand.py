"""Sets that are rendered when they are first wanted, and kept: `builtin-heldout`, and cards like it.

A card with a `[render]` table says what a set is made from. It is rendered into the cache, under a name made
from everything that decides its pictures; what was cut off is continued. Nothing is rendered unasked: two
thousand scenes take an hour.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

from voe.cache import cache_folder
from voe.cards import StimuliCard, read_probe_card
from voe.errors import CardError, did_you_mean
from voe.worlds.build import GENERATOR, MANIFEST, SetPlan, render_set

_FIELDS = {"cards": list, "count": int, "seed": int, "size": int, "heldout": bool}


def plan_of(card: StimuliCard) -> SetPlan:
    """What the `[render]` table of a card asks for.

    Raises:
        CardError: no such table, or a field of it that is missing, unknown or of the wrong type.
    """
    table = card.extra.get("render")
    if not isinstance(table, dict):
        raise CardError(f"{card.path}: the card has no [render] table, so nothing can be rendered from it")
    for key, value in table.items():
        if key not in _FIELDS:
            raise CardError(
                f"{card.path}: [render] has an unknown field {key!r}.{did_you_mean(key, _FIELDS)}"
            )
        if type(value) is not _FIELDS[key]:
            raise CardError(
                f"{card.path}: [render] {key} must be of type {_FIELDS[key].__name__}, not {value!r}"
            )
    missing = [key for key in _FIELDS if key != "heldout" and key not in table]
    if missing:
        raise CardError(f"{card.path}: [render] lacks {', '.join(missing)}")
    return SetPlan(**{**table, "cards": tuple(table["cards"])})


def place_of(plan: SetPlan, name: str) -> Path:
    """Where the set lies in the cache, or will: named by its plan, the generator and what its cards draw.

    Words of a card (its definition, its literature) decide no picture, and may change.
    """
    tables = [read_probe_card(one).table for one in sorted({one.partition(":")[0] for one in plan.cards})]
    drawn = [[table.get(key) for key in ("name", "concept", "ranges", "heldout")] for table in tables]
    what = [plan.cards, plan.count, plan.seed, plan.size, plan.heldout, plan.occlusions, plan.masks]
    if plan.first is not None and plan.first < plan.count:
        what.append(plan.first)
    digest = hashlib.sha256(json.dumps([GENERATOR, what, drawn], sort_keys=True).encode()).hexdigest()
    return cache_folder() / "stimuli" / f"{name}-{digest[:12]}"


def rendered(plan: SetPlan, name: str) -> Path | None:
    """The manifest of the set in the cache, None where it is not there (or not complete)."""
    manifest = place_of(plan, name) / MANIFEST
    return manifest if manifest.is_file() else None


def render_cached(
    plan: SetPlan,
    name: str,
    *,
    jobs: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """The manifest of the set, rendered into the cache if it is not there; a cut-off rendering goes on.

    Raises:
        VoeError: a scene that cannot be made sound, or another process that is rendering the set.
    """
    place = place_of(plan, name)
    if (place / MANIFEST).is_file():
        return place / MANIFEST
    place.parent.mkdir(parents=True, exist_ok=True)
    return render_set(plan, place, jobs=jobs, keep=True, progress=progress)
