"""Two folders of videos -> a manifest: clips of the same name belong together.

For people who have their clips as files: one folder of possible events, one of impossible ones, `drop.mp4` in
both. The manifest is a table that can be opened and edited; `voe score --stimuli` reads it.
"""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Final

from voe.errors import VoeError, did_you_mean

VIDEOS: Final = (".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".ogv")


def pair_folders(possible: Path, impossible: Path, out: Path, concept: str = "") -> int:
    """Write the manifest `out`; the number of pairs.

    A video of one folder is compared with that of the same name (without its ending) in the other. A name
    `gravity_drop1` with `concept` empty has no concept; with `concept` all clips are of it.

    Raises:
        VoeError: a folder that is missing or holds no video, a name that is in one folder only, or twice.
    """
    found = {True: _videos(possible), False: _videos(impossible)}
    for name in sorted(set(found[True]) ^ set(found[False])):
        where, other = (possible, impossible) if name in found[True] else (impossible, possible)
        near = did_you_mean(name, _videos(other))
        raise VoeError(
            f"pairing {possible} with {impossible}: {name!r} is in {where} only.{near} Give the possible and "
            "the impossible clip of an event the same name, or move what has no partner elsewhere"
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["clip", "path", "scene", "possible", "concepts"])
        for name in sorted(found[True]):
            for is_possible in (True, False):
                path = Path(os.path.relpath(found[is_possible][name], out.parent)).as_posix()
                word = "possible" if is_possible else "impossible"
                writer.writerow([f"{name}-{word}", path, name, str(is_possible).lower(), concept])
    return len(found[True])


def _videos(folder: Path) -> dict[str, Path]:
    """Name -> video of a folder."""
    if not folder.is_dir():
        raise VoeError(f"pairing videos: there is no folder {folder}")
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in VIDEOS or path.name.startswith("."):
            continue
        if path.stem in found:
            raise VoeError(
                f"pairing videos: {path} and {found[path.stem]} have one name; keep one of the two"
            )
        found[path.stem] = path
    if not found:
        raise VoeError(f"pairing videos: {folder} holds no video ({', '.join(VIDEOS)})")
    return found
