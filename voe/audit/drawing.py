"""The frame at which matched clips first differ, drawn: one picture a scene."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from voe.audit.findings import FirstDifference
from voe.audit.pictures import ScenePictures
from voe.report.sheet import Strip, contact_sheet

BEFORE, AFTER = 2, 3
"""Sampled frames that are drawn before the first difference and after it."""


def draw_scene(folder: Path, pictures: ScenePictures, found: Sequence[FirstDifference]) -> tuple[Path, ...]:
    """Write `SCENE.png`: the frames around the first difference of matched clips, and |difference|.

    Frames from the violation on are framed in orange. The difference is stretched to the full range.

    Returns:
        The file, or nothing where no two clips of the scene differ.
    """
    strips: list[Strip] = []
    for first in found:
        if first.frame is not None:
            strips += _strips(pictures, first)
    if not strips:
        return ()
    scene = found[0].scene
    stated = {first.violation_frame for first in found} - {None}
    where = (
        f"; violation stated at frame {', '.join(map(str, sorted(filter(None, stated))))}" if stated else ""
    )
    sheet = contact_sheet(f"{scene}: where matched clips first differ{where}", strips)
    path = folder / f"{re.sub(r'[^A-Za-z0-9._=-]+', '-', scene)}.png"
    sheet.save(path)
    return (path,)


def _strips(pictures: ScenePictures, first: FirstDifference) -> list[Strip]:
    clips = pictures.scene.clips
    possible, impossible = clips[first.possible], clips[first.impossible]
    at = int(np.flatnonzero(impossible.numbers == first.frame)[0])
    last = min(len(possible.keys), len(impossible.keys))
    shown = np.arange(max(at - BEFORE, 0), min(at + AFTER + 1, last))
    a, b = (np.moveaxis(pictures.pixels[clip.keys[shown]], 1, 3) for clip in (possible, impossible))
    change = np.abs(a - b)
    change *= 255 / max(float(change.max()), 1.0)
    numbers = impossible.numbers[shown].tolist()
    note = f"difference, from frame {first.frame} on ({first.kind})"
    return [
        Strip(first.possible, True, _bytes(a), possible.numbers[shown].tolist()),
        Strip(first.impossible, False, _bytes(b), numbers, first.violation_frame),
        Strip(note, None, _bytes(change), numbers),
    ]


def _bytes(
    frames: np.ndarray[tuple[int, ...], np.dtype[np.float32]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.ascontiguousarray(frames.round().clip(0, 255).astype(np.uint8))
