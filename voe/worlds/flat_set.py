"""Probes of the flat world: scenes as lossless videos and a manifest, made in seconds and kept."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

from voe.cache import cache_folder
from voe.video import write_lossless
from voe.worlds.build import MANIFEST, VIDEOS, Row, write_manifest
from voe.worlds.flat import CONCEPTS, FPS, N_FRAMES, SPLICE, FlatScene, flat_scene

GENERATOR: Final = "1"
"""Version of the pictures: it changes when the same seed gives other frames."""
SEED: Final = 1
"""No lesson has this seed."""


def flat_probes(scenes: int = 60, *, seed: int = SEED, size: int = 64) -> Path:
    """The manifest of `scenes` quadruplets of each concept; made where the cache does not hold them.

    Raises:
        DesignError: a scene whose takes differ where all should be hidden.
    """
    place = cache_folder() / "stimuli" / f"flat-v{GENERATOR}-{scenes}x{len(CONCEPTS)}-seed={seed}-{size}px"
    if (place / MANIFEST).is_file():
        return place / MANIFEST
    partial = place.with_name(f".{place.name}.partial-{os.getpid()}")
    (partial / VIDEOS).mkdir(parents=True, exist_ok=True)
    try:
        rows: list[Row] = []
        for number in range(scenes * len(CONCEPTS)):
            rows += _written(flat_scene(seed, number, size), number, partial)
        write_manifest(partial / MANIFEST, rows)
        if not place.exists():  # another process may have been faster; what it made is the same
            partial.rename(place)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return place / MANIFEST


def _written(scene: FlatScene, number: int, folder: Path) -> list[Row]:
    """Write the two takes of a scene; the rows of its clips."""
    name = f"flat-{scene.concept}-{number // len(CONCEPTS):03d}"
    spans = scene.spans(f"flat world, scene {number}")
    for take, frames in (("a", scene.a), ("b", scene.b)):
        write_lossless(folder / VIDEOS / f"{name}-{take}.mp4", frames, FPS)
    rows: list[Row] = []
    for context in "ab":
        for outcome in "ab":
            possible = context == outcome
            halves = (
                [(context, 0, N_FRAMES)] if possible else [(context, 0, SPLICE), (outcome, SPLICE, N_FRAMES)]
            )
            for take, start, stop in halves:
                rows.append(
                    {
                        "clip": f"{name}-{context}{outcome}", "path": f"{VIDEOS}/{name}-{take}.mp4",
                        "start": start, "stop": stop, "scene": name, "possible": str(possible).lower(),
                        "concepts": scene.concept, "context": context, "outcome": outcome,
                        "context_starts": spans.context_starts, "context_ends": spans.context_ends,
                        "outcome_starts": spans.outcome_starts, "outcome_ends": spans.outcome_ends,
                        "violation_frame": "" if possible else spans.outcome_starts,
                    }
                )  # fmt: skip
    return rows
