"""LikePhys (ICLR 2026, arXiv 2510.11512): one valid rendering against many invalid ones.

    data/<scenario>_videos/subgroup_000/valid_00.mp4
    data/<scenario>_videos/subgroup_000/<violation>_00.mp4

as its evaluator.py reads them; the violation is the file name without its number. Every valid clip of a
subgroup is compared with every invalid one, so pairs share a clip and the subgroup is the cluster.
"""

from __future__ import annotations

from pathlib import Path

from voe.cards import StimuliCard
from voe.clips import Clip, Label, Pair, Segment, Source, StimulusSet
from voe.errors import CardError
from voe.loaders.folders import concepts_of, layout_of, require_root

_SUFFIX = "_videos"


def load(card: StimuliCard, root: Path | None) -> StimulusSet:
    """All subgroups of all scenarios; violations that are no physics are marked by the condition `physics`.

    Raises:
        CardError: a folder that is not LikePhys, or a subgroup without a valid or without an invalid clip.
    """
    layout = layout_of(card, "not_physics")
    folder = require_root(card, root, "data") / "data"
    scenarios = sorted(p for p in folder.iterdir() if p.is_dir() and p.name.endswith(_SUFFIX))
    if not scenarios:
        raise CardError(f"{folder}: there is no <scenario>_videos folder in it; is it the right folder?")
    clips: list[Clip] = []
    pairs: list[Pair] = []
    for place in scenarios:
        scenario = place.name.removesuffix(_SUFFIX)
        concepts = concepts_of(card, scenario)
        for subgroup in sorted(p for p in place.iterdir() if p.is_dir()):
            found = [_clip(path, scenario) for path in sorted(subgroup.glob("*.mp4"))]
            valid = [clip for clip in found if clip.possible]
            invalid = [clip for clip in found if not clip.possible]
            if not valid or not invalid:
                lacks = "valid_NN.mp4" if not valid else "<violation>_NN.mp4"
                raise CardError(f"{subgroup}: there is no {lacks} in it; the download is incomplete")
            clips += found
            for other in invalid:
                violation = other.tags["violation"]
                physics = "no" if violation in layout["not_physics"] else "yes"
                conditions = {"block": scenario, "violation": violation, "physics": physics}
                pairs += [Pair(c.id, other.id, c.scene, concepts, conditions=conditions) for c in valid]
    return StimulusSet(card.name, tuple(clips), tuple(pairs), align=card.align, root=folder)


def _clip(path: Path, scenario: str) -> Clip:
    violation, _, number = path.stem.rpartition("_")
    if not violation or not number.isdecimal():
        raise CardError(f"{path}: the name is not valid_NN or <violation>_NN; was it renamed?")
    label = Label.POSSIBLE if violation == "valid" else Label.IMPOSSIBLE
    scene = f"{scenario}/{path.parent.name}"
    segments = (Segment(Source(path)),)
    return Clip(
        f"{scene}/{path.stem}", scene, label, segments, tags={"block": scenario, "violation": violation}
    )
