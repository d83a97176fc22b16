"""Small sets for the audit: a ball goes in on the left or the right, hides, and comes out below."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

from voe.video import write_lossless

N_FRAMES, SIZE = 24, 48
CONTEXT_ENDS, SPLICE, OUTCOME_STARTS = 9, 12, 15

Frames = np.ndarray
Row = dict[str, object]


def take(scene: int, side: int) -> Frames:
    """One rendering, uint8 [T, H, W, 3]: the ball rolls down on one side, hides, and rolls out below."""
    rng = np.random.default_rng(scene)
    frames = np.empty((N_FRAMES, SIZE, SIZE, 3), np.uint8)
    frames[:] = rng.integers(90, 130, 3)
    frames[:, SIZE // 2 :] += rng.integers(0, 30, 3).astype(np.uint8)
    colour, speed = rng.integers(150, 255, 3), 1 + scene % 2
    x = 6 + 26 * side + rng.integers(0, 3)
    for t in (*range(CONTEXT_ENDS), *range(OUTCOME_STARTS, N_FRAMES)):
        top = t * speed if t < CONTEXT_ENDS else 28 + (t - OUTCOME_STARTS)
        frames[t, top : top + 7, x : x + 7] = colour
    frames[:, 20:28] = 40
    return frames


def write_lossy(path: Path, frames: Frames, crf: int) -> None:
    """H.264 at a constant quality; a larger `crf` is worse."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(24), options={"crf": str(crf)})
        stream.height, stream.width, stream.pix_fmt = *frames.shape[1:3], "yuv420p"
        for pixels in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))


def write_manifest(path: Path, rows: Sequence[Row]) -> Path:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    return path


def spliced_set(folder: Path, scenes: int = 14) -> Path:
    """Quadruplets as edit lists over two lossless files a scene."""
    rows: list[Row] = []
    for scene in range(scenes):
        for side, name in enumerate("ab"):
            write_lossless(folder / f"{scene}{name}.mp4", take(scene, side), 24)
        rows += spliced_rows(scene)
    return write_manifest(folder / "spliced.csv", rows)


def spliced_rows(scene: int) -> list[Row]:
    rows: list[Row] = []
    for context, outcome in ("aa", "ab", "ba", "bb"):
        parts = [(context, 0, SPLICE), (outcome, SPLICE, N_FRAMES)]
        for source, start, stop in [(context, 0, N_FRAMES)] if context == outcome else parts:
            row = design_row(scene, context, outcome)
            rows.append({**row, "path": f"{scene}{source}.mp4", "start": start, "stop": stop})
    return rows


def design_row(scene: int, context: str, outcome: str) -> Row:
    return {
        "clip": f"{scene}-{context}{outcome}",
        "scene": f"s{scene}",
        "possible": context == outcome,
        "concepts": "solidity" if scene % 2 else "continuity",
        "context": context,
        "outcome": outcome,
        "context_starts": 0,
        "context_ends": CONTEXT_ENDS,
        "outcome_starts": OUTCOME_STARTS,
        "outcome_ends": N_FRAMES,
        "violation_frame": "" if context == outcome else OUTCOME_STARTS,
    }


def spoilt_set(folder: Path, spoil: Callable[[Frames, Path], None], scenes: int = 14) -> Path:
    """The spliced set, but `spoil(frames, path)` writes each impossible clip into a file of its own."""
    rows = []
    spliced_set(folder, scenes)
    for scene in range(scenes):
        takes = {name: take(scene, side) for side, name in enumerate("ab")}
        for context, outcome in ("ab", "ba"):
            frames = np.concatenate([takes[context][:SPLICE], takes[outcome][SPLICE:]])
            spoil(frames, folder / f"{scene}{context}{outcome}.mp4")
        for row in spliced_rows(scene):
            if row["possible"]:
                rows.append(row)
        for context, outcome in ("ab", "ba"):
            path = f"{scene}{context}{outcome}.mp4"
            rows.append({**design_row(scene, context, outcome), "path": path, "start": "", "stop": ""})
    return write_manifest(folder / "spoilt.csv", rows)


def brighter_last_frame(frames: Frames, path: Path) -> None:
    frames = frames.copy()
    frames[-1] += 3
    write_lossless(path, frames, 24)


def one_more_frame(frames: Frames, path: Path) -> None:
    write_lossless(path, np.concatenate([frames, frames[-1:]]), 24)


def worse_quality(frames: Frames, path: Path) -> None:
    write_lossy(path, frames, crf=30)


def another_thing_moves(frames: Frames, path: Path) -> None:
    frames = frames.copy()
    for t in range(N_FRAMES):
        frames[t, 42:46, t : t + 4] = 10
    write_lossless(path, frames, 24)


def pair_set(
    folder: Path, draw: Callable[[int, bool], Frames], scenes: int = 14, violation_frame: int | str = ""
) -> Path:
    """Pairs in files of their own: `draw(scene, possible)` -> frames."""
    rows = []
    for scene in range(scenes):
        for possible in (True, False):
            name = f"p{scene}-{'ok' if possible else 'not'}"
            write_lossless(folder / f"{name}.mp4", draw(scene, possible), 24)
            rows.append(
                {
                    "clip": name,
                    "path": f"{name}.mp4",
                    "scene": f"s{scene}",
                    "possible": possible,
                    "concepts": "motion",
                    "violation_frame": "" if possible else violation_frame,
                }
            )
    return write_manifest(folder / "pairs.csv", rows)
