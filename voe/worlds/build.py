"""Render a set of stimuli: cards -> videos and a manifest, on all cores, never half a set.

A set is written beside its place under another name and renamed when it is complete.
"""

from __future__ import annotations

import csv
import multiprocessing
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from voe.cards import ProbeCard, read_probe_card
from voe.errors import VoeError
from voe.worlds import design
from voe.worlds.scenes import RenderedScene, render_scene
from voe.worlds.takes import FPS

GENERATOR: Final = "1"
"""Version of the pictures: it changes when the same card and seed give other frames."""
VIDEOS: Final = "videos"
MANIFEST: Final = "manifest.csv"

Row = dict[str, str | int]

_CLIP_COLUMNS: Final = (
    "clip", "path", "start", "stop", "scene", "possible", "concepts", "context", "outcome",
    "context_starts", "context_ends", "outcome_starts", "outcome_ends", "violation_frame",
    "occlusion", "variant", "seed", "draw", "generator",
)  # fmt: skip


@dataclass(frozen=True)
class Job:
    """One scene to render into a folder."""

    card: ProbeCard
    variant: str
    scene: int
    count: int
    seed: int
    size: int
    folder: Path

    @property
    def name(self) -> str:
        """The scene's name: card, variant unless it is the occluded one, number."""
        variant = "" if self.variant == design.OCCLUDED else f"-{self.variant}"
        return f"{self.card.name}{variant}-{self.scene:03d}"


def render_set(
    cards: Sequence[str],
    *,
    count: int,
    seed: int,
    size: int,
    out: Path,
    jobs: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Render `count` scenes of each card: lossless videos and a manifest.

    A scene is two videos, or four in variants in which the contexts stay in view.

    Args:
        cards: names of probe cards, or paths that end in .toml; 'card:visible' for another of its variants.
        count: scenes (quadruplets) of each card.
        seed: the same seed, card and size give the same frames.
        size: pixels along each side.
        out: the folder to make; it must not be there yet, or be empty.
        jobs: processes; by default one a core. The result does not depend on it.
        progress: called with (scenes done, scenes in all).

    Returns:
        The manifest, `out/manifest.csv`.

    Raises:
        VoeError: a card that is none, a scene that cannot be made sound, a folder that is in the way.
    """
    out = Path(out)
    if count < 1 or size < 16:
        raise VoeError(
            f"rendering {out}: count {count} must be at least 1 and size {size} at least 16 pixels"
        )
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise VoeError(f"rendering {out}: it is there already; choose another folder, or delete it first")
    partial = out.with_name(f".{out.name}.partial-{os.getpid()}")
    work = [
        Job(read_probe_card(name), variant, scene, count, seed, size, partial)
        for name, variant in map(_card_and_variant, cards)
        for scene in range(count)
    ]
    (partial / VIDEOS).mkdir(parents=True)
    try:
        rows: list[list[Row]] = [[] for _ in work]
        for done, (index, made) in enumerate(_render_all(work, jobs), start=1):
            rows[index] = made
            if progress is not None:
                progress(done, len(work))
        _write_manifest(partial / MANIFEST, [row for made in rows for row in made])
        if out.exists():
            out.rmdir()
        partial.rename(out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return out / MANIFEST


def render_job(job: Job) -> list[Row]:
    """Render one scene, write its videos, and return its rows of the manifest."""
    from voe.video import write_lossless

    made = render_scene(
        job.card, variant=job.variant, count=job.count, seed=job.seed, scene=job.scene, size=job.size
    )
    for take, frames in made.takes.items():
        write_lossless(job.folder / video_path(job.name, take), frames, round(FPS))
    return manifest_rows(job, made)


def manifest_rows(job: Job, made: RenderedScene) -> list[Row]:
    """The rows of a scene: aa and bb are one segment each, ab and ba two where they are spliced."""
    spans = made.spans
    shared: Row = {
        "scene": job.name,
        "concepts": made.concept,
        "context_starts": spans.context_starts,
        "context_ends": spans.context_ends,
        "outcome_starts": spans.outcome_starts,
        "outcome_ends": spans.outcome_ends,
        "occlusion": spans.hidden,
        "variant": job.variant,
        "seed": job.seed,
        "draw": made.draw.attempt,
        "generator": GENERATOR,
        **made.scene.conditions,
    }
    rows: list[Row] = []
    for context in "ab":
        for outcome in "ab":
            possible = context == outcome
            clip: Row = {
                "clip": f"{job.name}-{context}{outcome}",
                "possible": str(possible).lower(),
                "context": context,
                "outcome": outcome,
                "violation_frame": "" if possible else spans.outcome_starts,
            }
            for take, start, stop in made.edits(context, outcome):
                segment: Row = {"path": video_path(job.name, take), "start": start, "stop": stop}
                rows.append({**clip, **segment, **shared})
    return rows


def video_path(scene: str, take: str) -> str:
    """Where a take's video lies, relative to the manifest."""
    return f"{VIDEOS}/{scene}-{take}.mp4"


def _card_and_variant(name: str) -> tuple[str, str]:
    """'card' or 'card:variant' -> both."""
    card, _, variant = name.partition(":")
    return card, variant or design.OCCLUDED


def _render_all(work: Sequence[Job], jobs: int | None) -> Iterator[tuple[int, list[Row]]]:
    """The rows of each job with its number, as they get done."""
    workers = min(jobs or os.cpu_count() or 1, len(work))
    if workers <= 1:
        for index, job in enumerate(work):
            yield index, render_job(job)
        return
    # Fresh processes: forking a process in which torch or a decoder has threads can hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        pending = {pool.submit(render_job, job): index for index, job in enumerate(work)}
        try:
            for future in as_completed(pending):
                yield pending[future], future.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _write_manifest(path: Path, rows: Sequence[Row]) -> None:
    """One CSV file; conditions that only some concepts have are empty in the others."""
    columns = list(dict.fromkeys((*_CLIP_COLUMNS, *(key for row in rows for key in row))))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
