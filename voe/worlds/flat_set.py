"""Probes of the flat world: scenes as lossless videos and a manifest, made in seconds and kept."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import numpy as np

from voe.cache import cache_folder
from voe.errors import VoeError
from voe.video import write_lossless
from voe.worlds.build import MANIFEST, VIDEOS, Row, write_manifest
from voe.worlds.flat import (
    CONCEPTS,
    FPS,
    GENERATOR,
    N_FRAMES,
    PROBE_SEEDS,
    SPLICE,
    FlatScene,
    filmed,
    flat_scene,
)


def flat_probes(
    scenes: int = 60,
    *,
    seed: int = PROBE_SEEDS[0],
    size: int = 64,
    one_room: bool = False,
    noise: float = 0.0,
) -> Path:
    """The manifest of `scenes` quadruplets of each concept; made where the cache does not hold them.

    Without noise the four clips of a scene are spliced from its two takes. With `noise`, in grey levels, each
    is filmed, and then no two of them share a frame.

    Raises:
        VoeError: a noise that is not in 0..255.
        DesignError: a scene whose takes differ where all should be hidden.
    """
    if not 0.0 <= noise <= 255.0:
        raise VoeError(
            f"probes of the flat world: noise is {noise}; it is in grey levels, and lies in 0..255"
        )
    rooms = ("one-room" if one_room else "many-rooms") + (f"-noise={float(noise)!r}" if noise else "")
    name = f"flat-v{GENERATOR}-{rooms}-{scenes}x{len(CONCEPTS)}-seed={seed}-{size}px"
    place = cache_folder() / "stimuli" / name
    if (place / MANIFEST).is_file():
        return place / MANIFEST
    place.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{name}.", dir=place.parent))
    try:
        (partial / VIDEOS).mkdir()
        rows: list[Row] = []
        for number in range(scenes * len(CONCEPTS)):
            scene = flat_scene(seed, number, size, one_room=one_room)
            grain = np.random.default_rng([seed, number, 1])
            rows += _written(scene, number, partial, noise, grain)
        write_manifest(partial / MANIFEST, rows)
        _put(partial, place)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return place / MANIFEST


def _put(made: Path, place: Path) -> None:
    """Rename a finished folder to its place, unless another process was faster, which made the same."""
    if place.is_dir() and not (place / MANIFEST).is_file():
        shutil.rmtree(place)  # what is left of one whose manifest was deleted
    try:
        made.rename(place)
    except OSError:
        if not (place / MANIFEST).is_file():
            raise


def _written(
    scene: FlatScene, number: int, folder: Path, noise: float, grain: np.random.Generator
) -> list[Row]:
    """Write the videos of a scene; the rows of its clips."""
    name = f"flat-{scene.concept}-{number // len(CONCEPTS):03d}"
    spans = scene.spans(f"flat world, scene {number}")
    if not noise:
        for take, frames in (("a", scene.a), ("b", scene.b)):
            write_lossless(folder / VIDEOS / f"{name}-{take}.mp4", frames, FPS)
    rows: list[Row] = []
    for context in "ab":
        for outcome in "ab":
            clip, possible = f"{name}-{context}{outcome}", context == outcome
            if noise:
                frames = filmed(scene.clip(context, outcome), noise, grain)
                write_lossless(folder / VIDEOS / f"{clip}.mp4", frames, FPS)
                parts = [(clip, 0, N_FRAMES)]
            elif possible:
                parts = [(f"{name}-{context}", 0, N_FRAMES)]
            else:
                parts = [(f"{name}-{context}", 0, SPLICE), (f"{name}-{outcome}", SPLICE, N_FRAMES)]
            for video, start, stop in parts:
                rows.append(
                    {
                        "clip": clip, "path": f"{VIDEOS}/{video}.mp4",
                        "start": start, "stop": stop, "scene": name, "possible": str(possible).lower(),
                        "concepts": scene.concept, "context": context, "outcome": outcome,
                        "context_starts": spans.context_starts, "context_ends": spans.context_ends,
                        "outcome_starts": spans.outcome_starts, "outcome_ends": spans.outcome_ends,
                        "violation_frame": "" if possible else spans.outcome_starts,
                    }
                )  # fmt: skip
    return rows
