"""IntPhys 2 (Bordes et al., arXiv 2506.09849): Debug, Main and HeldOut.

    Main/metadata.csv    SceneIndex,name,file_name,game_name,condition,env,type,occluder,Difficulty,Camera
    Main/Videos/<64 hexadecimal digits>.mp4

is the published layout (as the builder of MTEB pins it). The older one, which the official loader
(facebookresearch/IntPhys2:intphys2_dataset.py) still wants, has labels.csv with a column `filename`, and a
folder of pictures a clip in Images/. `type` is 1_Possible, 1_Impossible, 2_Possible or 2_Impossible: clips of
one SceneIndex and one prefix are a pair. HeldOut has no types: it is scored for a submission.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from voe.cards import StimuliCard
from voe.clips import Clip, Label, Pair, Segment, Source, StimulusSet
from voe.errors import CardError
from voe.loaders.folders import concepts_of, layout_of, read_csv, require_root

TYPES: Mapping[str, tuple[str, Label]] = {
    f"{prefix}_{label.value.capitalize()}": (prefix, label) for prefix in "12" for label in Label
}
_KEYS = (("SceneIndex",), ("SceneIndex", "env"), ("SceneIndex", "env", "game_name"))


@dataclass(frozen=True)
class _Row:
    place: str
    cells: Mapping[str, str]
    source: Source


def load(card: StimuliCard, root: Path | None) -> StimulusSet:
    """One split, as the card's `[layout] split` says.

    Raises:
        CardError: a folder that does not hold the split; a column, a video or a type that is not there; a
            pair that is not one possible and one impossible clip.
    """
    split = str(layout_of(card, "split")["split"])
    rows = _rows(require_root(card, root, split) / split)
    labelled = split != "HeldOut"
    if not labelled:
        clips = tuple(_clip(row, row.cells["name"], None) for row in rows)
        return StimulusSet(
            card.name, clips, (), align=card.align, root=rows[0].source.path.parent.parent, unlabelled=True
        )
    keys = _scene_keys(rows)
    found: dict[tuple[str, str], dict[Label, _Row]] = {}
    for row in rows:
        kind = row.cells["type"]
        if kind not in TYPES:
            raise CardError(f"{row.place}: type is {kind!r}; it must be one of {', '.join(TYPES)}")
        prefix, label = TYPES[kind]
        found.setdefault((_key(row, keys), prefix), {})[label] = row
    return _paired(card, rows, found)


def _rows(folder: Path) -> list[_Row]:
    """The lines of the split's table, whichever layout it has."""
    old = folder / "labels.csv"
    path, column = (old, "filename") if old.is_file() else (folder / "metadata.csv", "file_name")
    needed = ["SceneIndex", column] if folder.name != "HeldOut" else [column]
    if folder.name != "HeldOut":
        needed += ["condition", "type"]
    rows = []
    for line, cells in read_csv(path, needed):
        place = f"{path}, line {line}"
        name = cells[column]
        at = folder / "Images" / Path(name).stem if column == "filename" else folder / name
        if not at.exists():
            raise CardError(f"{place}: there is no {at}; the download is incomplete, fetch it again")
        source = Source(at, kind="images", fps=60.0) if at.is_dir() else Source(at)
        rows.append(_Row(place, {"name": Path(name).stem, **cells}, source))
    if not rows:
        raise CardError(f"{path}: it lists no clip; fetch it again")
    return rows


def _scene_keys(rows: list[_Row]) -> tuple[str, ...]:
    """The columns that tell scenes apart: SceneIndex, and more where a scene is rendered several times."""
    for keys in _KEYS:
        if all(key in row.cells for key in keys for row in rows):
            cells = [(_key(row, keys), row.cells["type"]) for row in rows]
            if len(set(cells)) == len(cells):
                return keys
    raise CardError(
        f"{rows[0].place.partition(',')[0]}: several clips have one SceneIndex and one type, and neither env "
        "nor game_name tells them apart, so pairs cannot be formed"
    )


def _key(row: _Row, keys: tuple[str, ...]) -> str:
    return " ".join(row.cells[key] for key in keys)


def _paired(
    card: StimuliCard, rows: list[_Row], found: Mapping[tuple[str, str], Mapping[Label, _Row]]
) -> StimulusSet:
    clips, pairs = [], []
    for (scene, prefix), both in found.items():
        if len(both) != 2:
            only = next(iter(both.values()))
            raise CardError(
                f"{only.place}: scene {scene!r} has {only.cells['type']} and not the other clip of its pair; "
                "the download is incomplete, fetch it again"
            )
        possible, impossible = both[Label.POSSIBLE], both[Label.IMPOSSIBLE]
        block = possible.cells["condition"].lower().partition("_")[0]
        conditions = {"block": block} | {
            name.lower(): possible.cells[name]
            for name in ("Difficulty", "Camera", "occluder")
            if possible.cells.get(name) and possible.cells[name] == impossible.cells.get(name)
        }
        name = f"{scene} {prefix}"
        clips += [_clip(possible, name, Label.POSSIBLE), _clip(impossible, name, Label.IMPOSSIBLE)]
        pairs.append(Pair(clips[-2].id, clips[-1].id, scene, concepts_of(card, block), conditions=conditions))
    root = rows[0].source.path.parent.parent
    return StimulusSet(card.name, tuple(clips), tuple(pairs), align=card.align, root=root)


def _clip(row: _Row, scene: str, label: Label | None) -> Clip:
    tags = {key: row.cells[key] for key in ("name", "condition", "type") if row.cells.get(key)}
    return Clip(row.cells["name"], scene, label, (Segment(row.source),), tags=tags)
