"""Render a set of stimuli: cards -> videos and a manifest, on all cores, never half a set.

A set is written beside its place under another name and renamed when it is complete. Each scene leaves its
rows of the manifest beside its videos, so a rendering that was cut off can be continued.
"""

from __future__ import annotations

import csv
import json
import multiprocessing
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from voe.cards import ProbeCard, read_probe_card
from voe.errors import VoeError
from voe.held import HOLD, HeldError, held
from voe.worlds import design
from voe.worlds.heldout import held_out
from voe.worlds.scenes import RenderedScene, render_scene
from voe.worlds.takes import FPS

GENERATOR: Final = "1"
"""Version of the pictures: it changes when the same card and seed give other frames."""
VIDEOS: Final = "videos"
MASKS: Final = "masks"
ROWS: Final = "rows"
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
    occlusion: int | None = None
    masks: bool = False

    @property
    def name(self) -> str:
        """The scene's name: card, variant unless it is the occluded one, number, occlusion if it is set."""
        variant = "" if self.variant == design.OCCLUDED else f"-{self.variant}"
        step = "" if self.occlusion is None else f"-hidden-{self.occlusion:02d}"
        return f"{self.card.name}{variant}-{self.scene:03d}{step}"


@dataclass(frozen=True)
class SetPlan:
    """What a set is made from.

    Args:
        cards: names of probe cards, or paths that end in .toml; 'card:visible' for another of its variants.
        count: scenes (quadruplets) of each card.
        seed: the same seed, card and size give the same frames.
        size: pixels along each side.
        heldout: with the held-out appearance of the cards (`voe.worlds.heldout`).
        occlusions: render every scene once for each of these hidden spans, in frames, and not for the span
            that it draws; everything else is drawn the same.
        masks: also write where the objects are.
        first: only so many scenes of each card, the first of its `count`: the same scenes as in the whole
            set, which is not so of a smaller `count`.
    """

    cards: tuple[str, ...]
    count: int
    seed: int
    size: int
    heldout: bool = False
    occlusions: tuple[int, ...] = ()
    masks: bool = False
    first: int | None = None

    def jobs(self, folder: Path) -> list[Job]:
        """One job a scene (and hidden span).

        Raises:
            VoeError: no such card, or a size or count that makes no picture.
        """
        scenes = self.count if self.first is None else min(self.first, self.count)
        if scenes < 1 or self.size < 16:
            raise VoeError(
                f"rendering into {folder}: {scenes} scenes of each card, {self.size} pixels wide; at least 1 "
                "scene and at least 16 pixels are needed"
            )
        return [
            Job(card, variant, scene, self.count, self.seed, self.size, folder, occlusion, self.masks)
            for card, variant in map(self._card, self.cards)
            for scene in range(scenes)
            for occlusion in self.occlusions or (None,)
        ]

    def _card(self, name: str) -> tuple[ProbeCard, str]:
        """'card' or 'card:variant' -> both, in its held-out appearance where that is asked for."""
        card, _, variant = name.partition(":")
        read = read_probe_card(card)
        return held_out(read) if self.heldout else read, variant or design.OCCLUDED


def render_set(
    plan: SetPlan,
    out: Path,
    *,
    jobs: int | None = None,
    keep: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Render a set: lossless videos and a manifest.

    A scene is two videos, or four in variants in which the contexts stay in view.

    Args:
        plan: what it is made from.
        out: the folder to make; it must not be there yet, or be empty.
        jobs: processes; by default one a core. The result does not depend on it.
        keep: keep what is done when it is cut off, and continue from there the next time.
        progress: called with (scenes done, scenes in all).

    Returns:
        The manifest, `out/manifest.csv`.

    Raises:
        VoeError: a card that is none, a scene that cannot be made sound, a folder that is in the way.
    """
    out = Path(out)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise VoeError(f"rendering {out}: it is there already; choose another folder, or delete it first")
    partial = out.with_name(f".{out.name}.partial" if keep else f".{out.name}.partial-{os.getpid()}")
    work = plan.jobs(partial)
    for folder in (VIDEOS, ROWS, *([MASKS] if plan.masks else [])):
        (partial / folder).mkdir(parents=True, exist_ok=True)
    try:
        with held(partial):
            _render_into(partial, work, jobs, progress or (lambda done, total: None))
            if out.exists():
                out.rmdir()
            partial.rename(out)
        (out / HOLD).unlink(missing_ok=True)
    except HeldError as error:
        raise VoeError(f"rendering {out}: another process is rendering it; wait for it") from error
    finally:
        if not keep:
            shutil.rmtree(partial, ignore_errors=True)
    return out / MANIFEST


def _render_into(
    partial: Path, work: Sequence[Job], jobs: int | None, progress: Callable[[int, int], None]
) -> None:
    """Render what is not there yet, then write the manifest and clear the scenes' rows away."""
    places = [partial / ROWS / f"{job.name}.json" for job in work]
    todo = [job for job, place in zip(work, places, strict=True) if not place.is_file()]
    progress(len(work) - len(todo), len(work))
    for done, _ in enumerate(_render_all(todo, jobs), start=len(work) - len(todo) + 1):
        progress(done, len(work))
    rows = [row for place in places for row in json.loads(place.read_text(encoding="utf-8"))]
    write_manifest(partial / MANIFEST, rows)
    shutil.rmtree(partial / ROWS)


def render_job(job: Job) -> None:
    """Render one scene: its videos (and masks), and last its rows of the manifest."""
    from voe.video import write_lossless

    made = render_scene(
        job.card, variant=job.variant, count=job.count, seed=job.seed, scene=job.scene, size=job.size,
        occlusion=job.occlusion,
    )  # fmt: skip
    for take, frames in made.takes.items():
        write_lossless(job.folder / video_path(job.name, take), frames, round(FPS))
        if job.masks:
            with (job.folder / mask_path(job.name, take)).open("wb") as file:
                np.savez_compressed(file, allow_pickle=False, **made.masks[take])
    place = job.folder / ROWS / f"{job.name}.json"
    aside = place.with_suffix(".partial")
    aside.write_text(json.dumps(manifest_rows(job, made)), encoding="utf-8")
    aside.replace(place)


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
                if job.masks:
                    segment["masks"] = mask_path(job.name, take)
                rows.append({**clip, **segment, **shared})
    return rows


def video_path(scene: str, take: str) -> str:
    """Where a take's video lies, relative to the manifest."""
    return f"{VIDEOS}/{scene}-{take}.mp4"


def mask_path(scene: str, take: str) -> str:
    """Where a take's masks lie, relative to the manifest: bool [T, H, W] an object, in numpy's npz."""
    return f"{MASKS}/{scene}-{take}.npz"


def _render_all(work: Sequence[Job], jobs: int | None) -> Iterator[None]:
    """Render each job, and say so as they get done."""
    workers = min(jobs or os.cpu_count() or 1, len(work))
    if workers <= 1:
        for job in work:
            render_job(job)
            yield
        return
    # Fresh processes: forking a process in which torch or a decoder has threads can hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        pending = [pool.submit(render_job, job) for job in work]
        try:
            for future in as_completed(pending):
                future.result()
                yield
        finally:
            pool.shutdown(cancel_futures=True)


def write_manifest(path: Path, rows: Sequence[Row]) -> None:
    """One CSV file; conditions that only some concepts have are empty in the others."""
    columns = list(dict.fromkeys((*_CLIP_COLUMNS, *(key for row in rows for key in row))))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
