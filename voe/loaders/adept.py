"""ADEPT (Smith et al., NeurIPS 2019): eight violations, each with one to three controls.

    human_<case>_<shape>_<index>.mp4, or NNN_surprise_human_... and NNN_control_human_...

as JerryLingjieMei/ADEPT-Dataset-Release:dataset/human/make_pairs.py names and pairs them: of a case and a
shape, one index is the surprising clip and others are its controls. Controls serve several violations, so
their pairs are not independent: the shape of a case is the cluster.
"""

from __future__ import annotations

import re
from pathlib import Path

from voe.cards import StimuliCard
from voe.clips import Clip, Label, Pair, Segment, Source, StimulusSet
from voe.errors import CardError
from voe.loaders.folders import concepts_of, require_root

VIOLATIONS: dict[str, tuple[str, int, tuple[int, ...]]] = {
    "create": ("disappear", 2, (0, 3, 4)),
    "vanish": ("disappear_fixed", 1, (0, 3, 4)),
    "short-overturn": ("overturn", 0, (1,)),
    "long-overturn": ("overturn", 3, (2,)),
    "visible-discontinuous": ("discontinuous", 2, (3, 5, 4)),
    "invisible-discontinuous": ("discontinuous", 1, (0, 5, 4)),
    "delay": ("delay", 1, (0,)),
    "block": ("block", 1, (0,)),
}
"""Violation -> its case, the index of the surprising clip, and those of its controls."""
_NAME = re.compile(r"(?:\d{3}_(?:surprise|control)_)?human_([a-z_]+)_([^_]+)_(\d+)")


def load(card: StimuliCard, root: Path | None) -> StimulusSet:
    """Every surprising clip against each of its controls that is there.

    Raises:
        CardError: a file name of another form, a surprising clip without a control, or no clip at all.
    """
    folder = require_root(card, root)
    found: dict[tuple[str, str, int], Path] = {}
    for path in sorted([*folder.rglob("*.mp4"), *folder.rglob("*.ogv")]):
        match = _NAME.fullmatch(path.stem)
        if match is None:
            raise CardError(f"{path}: the name is not human_<case>_<shape>_<index>; was it renamed?")
        found.setdefault((match[1], match[2], int(match[3])), path)
    clips: dict[str, Clip] = {}
    pairs: list[Pair] = []
    for violation, (case, surprising, controls) in VIOLATIONS.items():
        concepts = concepts_of(card, violation)
        for shape in sorted({s for c, s, index in found if c == case and index == surprising}):
            magic = _clip(found[case, shape, surprising], case, shape, Label.IMPOSSIBLE)
            there = [found[case, shape, index] for index in controls if (case, shape, index) in found]
            if not there:
                raise CardError(
                    f"{found[case, shape, surprising]}: none of its controls is there; fetch them too"
                )
            for path in there:
                real = _clip(path, case, shape, Label.POSSIBLE)
                clips |= {real.id: real, magic.id: magic}
                conditions = {"block": violation}
                pairs.append(Pair(real.id, magic.id, real.scene, concepts, conditions=conditions))
    if not pairs:
        raise CardError(f"{folder}: there is no surprising clip of ADEPT in it; is it the right folder?")
    return StimulusSet(card.name, tuple(clips.values()), tuple(pairs), align=card.align, root=folder)


def _clip(path: Path, case: str, shape: str, label: Label) -> Clip:
    scene = f"{case}/{shape}"
    return Clip(path.stem, scene, label, (Segment(Source(path)),), tags={"block": case})
