"""GRASP (Jassim et al., arXiv 2311.09048), level 2 and, as a control of what is seen, level 1.

    level2/P_<Test>/000.mp4 ... level2/IP_<Test>/000.mp4 ...     possible and impossible, the same file name
    level1/<Test><Label>/000.mp4 ...                             grounding: nothing in it is impossible

as written by i-machine-think/grasp:tools/prepare_data.py. A pair is one file name (one seed of the
simulator); its clips need not agree up to the violation.
"""

from __future__ import annotations

from pathlib import Path

from voe.cards import StimuliCard
from voe.clips import Clip, Label, Pair, Segment, Source, StimulusSet
from voe.errors import CardError
from voe.loaders.folders import concepts_of, layout_of, require_root

PREFIXES = {"P_": Label.POSSIBLE, "IP_": Label.IMPOSSIBLE}


def load(card: StimuliCard, root: Path | None) -> StimulusSet:
    """Level 2 as pairs, level 1 without labels, as the card's `[layout] level` says.

    Raises:
        CardError: a folder that does not hold the level, a test without its counterpart, or an orphan clip.
    """
    level = f"level{layout_of(card, 'level')['level']}"
    folder = require_root(card, root, level) / level
    if level == "level1":
        return _grounding(card, folder)
    tests: dict[str, dict[Label, Path]] = {}
    for path in sorted(p for p in folder.iterdir() if p.is_dir()):
        prefix = next((p for p in PREFIXES if path.name.startswith(p)), None)
        if prefix is None:
            raise CardError(f"{path}: a folder of level 2 begins with P_ or IP_; move it away")
        tests.setdefault(path.name.removeprefix(prefix), {})[PREFIXES[prefix]] = path
    clips: list[Clip] = []
    pairs: list[Pair] = []
    for test, folders in tests.items():
        if len(folders) != 2:
            raise CardError(
                f"{next(iter(folders.values()))}: test {test} has no folder of the other kind (P_ and IP_ "
                "are both needed); the download is incomplete"
            )
        concepts = concepts_of(card, test)
        for name in _names(folders):
            scene = f"{test}/{name}"
            both = [_clip(folders[label] / name, scene, label, test) for label in Label]
            clips += both
            pairs.append(Pair(both[0].id, both[1].id, scene, concepts, conditions={"block": test}))
    if not pairs:
        raise CardError(f"{folder}: there is no P_<Test> folder with videos in it; is it the right folder?")
    return StimulusSet(card.name, tuple(clips), tuple(pairs), align=card.align, root=folder)


def _names(folders: dict[Label, Path]) -> list[str]:
    """File names of a test, which must be the same in both folders."""
    possible, impossible = ({p.name for p in folders[label].glob("*.mp4")} for label in Label)
    if orphans := sorted(possible ^ impossible):
        has = folders[Label.POSSIBLE if orphans[0] in possible else Label.IMPOSSIBLE]
        raise CardError(
            f"{has / orphans[0]}: its counterpart is missing ({len(orphans)} such clips in this test); the "
            "download is incomplete, or a file was renamed"
        )
    return sorted(possible)


def _clip(path: Path, scene: str, label: Label | None, test: str) -> Clip:
    segments = (Segment(Source(path)),)
    return Clip(f"{path.parent.name}/{path.stem}", scene, label, segments, tags={"test": test})


def _grounding(card: StimuliCard, folder: Path) -> StimulusSet:
    """Level 1: single clips for questions about what is seen."""
    paths = sorted(folder.glob("*/*.mp4"))
    if not paths:
        raise CardError(f"{folder}: there is no video in its folders; is it the right folder?")
    clips = tuple(_clip(path, f"{path.parent.name}/{path.stem}", None, path.parent.name) for path in paths)
    return StimulusSet(card.name, clips, (), align=card.align, root=folder, unlabelled=True)
