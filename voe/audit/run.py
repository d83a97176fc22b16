"""The audit: a set of stimuli -> `AuditReport`. Scenes are read one by one, and only numbers are kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from voe.audit import accounts, files, judge, words
from voe.audit.comparisons import Comparison, comparisons_of
from voe.audit.findings import AuditReport, FirstDifference, LeanAccount, Marginal
from voe.audit.marginal import Reading, read_pictures
from voe.audit.pictures import SIZE, ScenePictures
from voe.audit.relational import read_lean
from voe.audit.structure import Structure, check_structure, clip_digests, read_structure
from voe.clips import Source, StimulusSet
from voe.errors import CardError, ClipError, VideoError
from voe.lock import resolve_protocol
from voe.protocols import Protocol
from voe.scenes import read_scene
from voe.video import Backend

if TYPE_CHECKING:
    from voe.adapters.base import Predictor

WORKERS = 2
"""Scenes that are read at once."""

Progress = Callable[[int, int], None]


def audit(
    stimuli: StimulusSet | str | Path,
    protocol: Protocol | Mapping[str, object] | None = None,
    *,
    root: str | Path | None = None,
    out: str | Path | None = None,
    backend: Backend = "pyav",
    flips: int = judge.FLIPS,
    progress: Progress | None = None,
) -> AuditReport:
    """Look for whatever tells possible from impossible without physics, and for faults of structure.

    Frames are sampled as the protocol says, and brought to 128 x 128 pixels whole (squashed, not cropped).

    Args:
        stimuli: a set, or a name, card or manifest as in `voe.load_stimuli`.
        protocol: a `Protocol`, or only the fields that differ from the card's; None: the card's.
        root: the folder of the downloaded data set.
        out: a folder, to draw in it where matched clips first differ, one picture a scene.
        backend: the video decoder.
        flips: random flips of scenes behind each p-value.
        progress: called with (scenes done, scenes in all), from the calling thread.

    Raises:
        VoeError: a set or protocol that cannot be used. A clip that cannot be read is a finding, no error.
    """
    if not isinstance(stimuli, StimulusSet):
        from voe.loaders.load import load_stimuli

        stimuli = load_stimuli(stimuli, root)
    comparisons = comparisons_of(stimuli)
    if not comparisons:
        raise CardError(f"auditing {stimuli.name!r}: there is no pair and no quadruplet to compare")
    models = accounts.load_models()
    resolved = resolve_protocol(next(iter(models.values())).spec, stimuli, protocol)
    primary = (resolved.headline_context,)
    resolved = replace(resolved, resize="squash", contexts=primary)
    folder = None if out is None else Path(out)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    job = _Job(stimuli, comparisons, resolved, backend, models, folder)
    return _report(job, _read_all(job, progress or (lambda done, total: None)), flips)


@dataclass(frozen=True)
class _Job:
    """What stays the same from scene to scene."""

    stimuli: StimulusSet
    comparisons: tuple[Comparison, ...]
    protocol: Protocol
    backend: Backend
    models: Mapping[str, Predictor]
    folder: Path | None


@dataclass(frozen=True)
class _SceneFacts:
    """All that is kept of a scene: by comparison name and by clip id, numbers and no pictures."""

    readings: Mapping[str, Mapping[str, Reading]]
    lean: Mapping[str, Mapping[str, float]]
    structures: Mapping[str, Structure]
    curves: accounts.ModelCurves
    numbers: Mapping[str, np.ndarray[tuple[int], np.dtype[np.int64]]]
    n_frames: Mapping[str, int]
    files: Mapping[str, files.ClipFile]
    digests: Mapping[str, str]
    failures: Mapping[str, str]
    drawn: tuple[Path, ...]


def _read_all(job: _Job, progress: Progress) -> list[_SceneFacts]:
    """Read every scene, a few at once, in the order of the set."""
    names = list(job.stimuli.scenes)
    facts = []
    with ThreadPoolExecutor(max_workers=WORKERS, thread_name_prefix="audit") as pool:
        for done, found in enumerate(pool.map(lambda name: _read_scene(job, name), names), start=1):
            facts.append(found)
            progress(done, len(names))
    return facts


def _read_scene(job: _Job, name: str) -> _SceneFacts:
    clips = job.stimuli.scenes[name]
    scene = read_scene(name, clips, job.protocol, (SIZE, SIZE), align=job.stimuli.align, backend=job.backend)
    pictures = ScenePictures(scene, scene.frames.numpy())
    failures = {clip: str(error) for clip, error in scene.failures.items()}
    sources: dict[Source, files.FileFacts] = {}
    clip_files = {}
    for clip in clips:
        if clip.id not in scene.clips:
            continue
        try:
            sources |= {
                s.source: files.file_facts(s.source) for s in clip.segments if s.source not in sources
            }
            clip_files[clip.id] = files.clip_file(clip, scene.clips[clip.id], sources)
        except VideoError as error:
            failures[clip.id] = str(error)
    ours = {clip.id for clip in clips}
    whole = [c for c in job.comparisons if ours.issuperset(c.clips) and all(i in clip_files for i in c.clips)]
    structures = {c.name: read_structure(c, pictures) for c in whole}
    drawn: tuple[Path, ...] = ()
    if job.folder is not None:
        from voe.audit.drawing import draw_scene

        found = [first for s in structures.values() for first in s.first_differences]
        drawn = draw_scene(job.folder, pictures, found)
    return _SceneFacts(
        {c.name: read_pictures(c, pictures) for c in whole},
        {c.name: read_lean(c, pictures) for c in whole},
        structures,
        accounts.read_models(pictures, job.models, job.protocol),
        {clip: read.numbers for clip, read in scene.clips.items()},
        {clip: read.n_frames for clip, read in scene.clips.items()},
        clip_files,
        clip_digests(pictures),
        failures,
        drawn,
    )


def _report(job: _Job, scenes: list[_SceneFacts], flips: int) -> AuditReport:
    structures = {name: s for scene in scenes for name, s in scene.structures.items()}
    failures = {clip: reason for scene in scenes for clip, reason in scene.failures.items()}
    digests = {clip: digest for scene in scenes for clip, digest in scene.digests.items()}
    kept = tuple(c for c in job.comparisons if c.name in structures)
    if not kept:
        first = next(iter(failures.values()), "no clip was read")
        raise ClipError(f"auditing {job.stimuli.name!r}: no comparison can be read whole. The first: {first}")
    found = [structures[c.name] for c in kept]
    firsts: list[FirstDifference] = [first for s in found for first in s.first_differences]
    left_out = tuple(c.name for c in job.comparisons if c.name not in structures)
    return AuditReport(
        stimuli=job.stimuli.name,
        root=job.stimuli.root,
        n_clips=len(job.stimuli.clips),
        n_scenes=len({c.scene for c in kept}),
        n_quadruplets=sum(c.is_quadruplet for c in kept),
        n_pairs=sum(not c.is_quadruplet for c in kept),
        left_out=left_out,
        sampling=_sampling(job.protocol),
        marginals=_marginals(kept, scenes, flips),
        lean_accounts=_accounts(job, kept, scenes),
        checks=check_structure(job.stimuli, kept, found, digests, failures, left_out=left_out),
        first_differences=tuple(firsts),
        drawn=tuple(path for scene in scenes for path in scene.drawn),
    )


def _sampling(protocol: Protocol) -> str:
    if protocol.frame_step is None:
        return f"{protocol.fps:g} frames a second"
    return "every frame" if protocol.frame_step == 1 else f"one frame in {protocol.frame_step}"


def _marginals(kept: tuple[Comparison, ...], scenes: list[_SceneFacts], flips: int) -> tuple[Marginal, ...]:
    """Every marginal detector, judged over all comparisons."""
    pictures = {name: reading for scene in scenes for name, reading in scene.readings.items()}
    numbers = {clip: n for scene in scenes for clip, n in scene.numbers.items()}
    clip_files = {clip: file for scene in scenes for clip, file in scene.files.items()}
    readings: dict[str, list[Reading]] = {
        detector: [pictures[c.name][detector] for c in kept] for detector in pictures[kept[0].name]
    }
    of_files, encodings = files.read_files(kept, clip_files)
    readings |= of_files
    frames = words.frame_names([numbers[c.impossible[0]].tolist() for c in kept])
    scores = {name: words.score_names(name, frames, len(rows[0].scores)) for name, rows in readings.items()}
    scores["encoding"] = [f"encoding ({name})" for name in encodings]
    vectors = {name: words.vector_names(name, frames) for name in readings}
    return judge.judge(readings, judge.groups_of(kept), scores, vectors, flips)


def _accounts(job: _Job, kept: tuple[Comparison, ...], scenes: list[_SceneFacts]) -> tuple[LeanAccount, ...]:
    """Every lean account, by concept."""
    numbers = {clip: n for scene in scenes for clip, n in scene.numbers.items()}
    lengths = {clip: n for scene in scenes for clip, n in scene.n_frames.items()}
    curves = accounts.curves_of(
        [scene.curves for scene in scenes], numbers, lengths, job.protocol, job.models,
        strict=job.stimuli.align == "strict",
    )  # fmt: skip
    scores = accounts.model_scores(job.stimuli, kept, curves)
    lean = {name: by_account for scene in scenes for name, by_account in scene.lean.items()}
    for account in lean[kept[0].name]:
        scores[account] = np.array([lean[c.name][account] for c in kept])
    return accounts.lean_accounts(kept, scores)
