"""IntPhys 2019 (Riochet et al., arXiv 1803.07616), dev and test.

    dev/O1/01/1/scene/scene_001.png ... scene_100.png, dev/O1/01/1/status.json   {"header": {"is_possible":
    ...}} test/O1/0001/1/scene/...                                                     no label

The layout is that of bootphon/intphys:Tools/make_archives.py. A scene is four clips, two possible and two
impossible, which together hold the same frames twice; which is which is said by status.json alone. The
quadruplet's interaction needs no more: it does not matter which possible clip shares its context with which
impossible one. Pairs, which are secondary, are matched by their first differing frame (`[layout] match`).
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from voe.cards import StimuliCard
from voe.clips import Clip, Label, Pair, Quadruplet, Segment, Source, StimulusSet
from voe.errors import CardError
from voe.loaders.folders import concepts_of, layout_of, require_root
from voe.loaders.matching import matched_scene

BLOCKS = ("O1", "O2", "O3")
_TASK = re.compile(r"(O[123])/(\d+)[^/]*/([1-4])")


def load(card: StimuliCard, root: Path | None) -> StimulusSet:
    """The dev or the test part, as the card's `[layout] part` says.

    Raises:
        CardError: a folder that does not hold a part of IntPhys; a scene without four clips, a clip without
            its status.json, or labels that are not two and two.
    """
    layout = layout_of(card, "part", "frames")
    folder = require_root(card, root, BLOCKS[0])
    labelled = layout["part"] == "dev"
    clips: list[Clip] = []
    quadruplets: list[Quadruplet] = []
    pairs: list[Pair] = []
    for block in BLOCKS:
        if not (folder / block).is_dir():
            raise CardError(
                f"loading {card.name!r}: {folder} has no block {block}; the download is incomplete"
            )
        for scene in sorted(path for path in (folder / block).iterdir() if path.is_dir()):
            four = _scene_clips(scene, block, labelled, int(layout["frames"]))
            clips += four
            if labelled:
                quadruplets.append(_quadruplet(four, block, concepts_of(card, block), scene))
                pairs += _pairs(four, quadruplets[-1]) if layout.get("match") else []
    if not labelled:
        clips = _with_tasks(clips, folder)
    return StimulusSet(
        name=card.name, clips=tuple(clips), pairs=tuple(pairs), quadruplets=tuple(quadruplets),
        align=card.align, root=folder, unlabelled=not labelled,
    )  # fmt: skip


def _scene_clips(scene: Path, block: str, labelled: bool, frames: int) -> list[Clip]:
    """The four clips of one scene."""
    found = sorted(path.name for path in scene.iterdir() if path.is_dir())
    if found != ["1", "2", "3", "4"]:
        raise CardError(
            f"{scene}: a scene is four folders 1, 2, 3, 4; here are {', '.join(found) or 'none'}. Unpack "
            f"it again"
        )
    return [_clip(scene / name, block, labelled, frames) for name in found]


def _clip(folder: Path, block: str, labelled: bool, frames: int) -> Clip:
    pictures = folder / "scene"
    if not pictures.is_dir():
        raise CardError(f"{folder}: there is no folder 'scene' with its frames; unpack it again")
    name = f"{block}/{folder.parent.name}/{folder.name}"
    source = Source(pictures, kind="images")
    tags = {"block": block, "task": name}
    label = _label(folder / "status.json") if labelled else None
    return Clip(name, f"{block}/{folder.parent.name}", label, (Segment(source, 0, frames),), tags=tags)


def _label(path: Path) -> Label:
    """What status.json says; a label that is missing is never 'possible'."""
    if not path.is_file():
        raise CardError(f"{path}: the clip has no status.json, so no label; unpack the dev part again")
    try:
        possible = json.loads(path.read_text(encoding="utf-8"))["header"]["is_possible"]
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise CardError(f"{path}: no header.is_possible in it ({error}); unpack it again") from error
    if not isinstance(possible, bool):
        raise CardError(f"{path}: header.is_possible is {possible!r}; it must be true or false")
    return Label.POSSIBLE if possible else Label.IMPOSSIBLE


def _quadruplet(clips: list[Clip], block: str, concepts: tuple[str, ...], scene: Path) -> Quadruplet:
    possible = [clip.id for clip in clips if clip.possible]
    impossible = [clip.id for clip in clips if not clip.possible]
    if len(possible) != 2:
        raise CardError(
            f"{scene}: {len(possible)} of its clips are possible and {len(impossible)} impossible by their "
            "status.json; a scene has two of each. Unpack it again"
        )
    name = clips[0].scene
    (aa, bb), (ab, ba) = possible, impossible
    return Quadruplet(name, name, concepts, aa, ab, ba, bb, conditions={"block": block})


def _pairs(clips: list[Clip], quad: Quadruplet) -> list[Pair]:
    """The pairs of the scene, by their first differing frame: what the reference evaluation compares."""
    return [
        Pair(real.id, magic.id, quad.scene, quad.concepts, conditions=quad.conditions)
        for real, magic in matched_scene(clips)
    ]


def _with_tasks(clips: list[Clip], folder: Path) -> list[Clip]:
    """The clips with the strings of task.txt, which a submission must repeat verbatim, where it is there."""
    path = next((p for p in (folder / "task.txt", folder.parent / "task.txt") if p.is_file()), None)
    if path is None:
        return clips
    strings: dict[str, str] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        found = _TASK.fullmatch(line.strip())
        if found is None:
            raise CardError(f"{path}, line {number}: {line.strip()!r} is not of the form O1/0001/1")
        strings["/".join(found.groups())] = line.strip()
    missing = [clip.id for clip in clips if clip.id not in strings]
    if missing or len(strings) != len(clips):
        raise CardError(
            f"{path}: it lists {len(strings)} clips and {folder} holds {len(clips)}; the first that it "
            f"lacks: {missing[0] if missing else 'none'}. Use the task.txt of this very download"
        )
    return [Clip(c.id, c.scene, c.label, c.segments, tags={**c.tags, "task": strings[c.id]}) for c in clips]
