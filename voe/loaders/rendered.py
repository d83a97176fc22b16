"""A set that `voe render` makes from its card and keeps in the cache -> `StimulusSet`."""

from __future__ import annotations

from pathlib import Path

from voe.cards import StimuliCard
from voe.clips import StimulusSet
from voe.errors import CardError
from voe.loaders.manifest import load_manifest


def load(card: StimuliCard, root: Path | None) -> StimulusSet:
    """The rendered set: from `root` if that is given, else from the cache.

    Raises:
        CardError: it has not been rendered yet; the message says how.
    """
    from voe.worlds.build import MANIFEST
    from voe.worlds.ondemand import plan_of, rendered

    plan = plan_of(card)
    manifest = rendered(plan, card.name) if root is None else root / MANIFEST
    if manifest is None or not manifest.is_file():
        where = "in the cache" if root is None else f"in {root}"
        scenes = plan.count * len(plan.cards)
        raise CardError(
            f"loading stimuli {card.name!r}: the set is not {where}. Its {scenes} quadruplets are rendered "
            f"once, in about {max(round(scenes * 3 / 60), 1)} minutes of one core, and kept: "
            f"voe render --set {card.name}"
        )
    return load_manifest(manifest, name=card.name, align=card.align)
