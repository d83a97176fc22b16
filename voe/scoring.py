"""The main job: a model, a set of stimuli -> a run.

Scenes are independent. They are decoded one ahead of the model, scored, and appended to the run folder in
parts of whole scenes; what is there already is not done again.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from voe.adapters.base import Predictor
from voe.clips import Clip, StimulusSet
from voe.comparable import files_of, unequal
from voe.controls import Control, donors
from voe.engine import NotFiniteError, Surprise, clip_windows, rebatch_difference, window_surprise
from voe.errors import ClipError, ModelError
from voe.latents import sample_latents
from voe.lock import digest, make_lock, resolve_protocol
from voe.protocols import Protocol
from voe.results import Run
from voe.runs import CLIP_TYPES, ROW_TYPES, Failure, RunFolder, versions
from voe.scenes import ClipFrames, Scene, read_scene
from voe.video import Backend, backend_version
from voe.windows import check_windows, window_starts

if TYPE_CHECKING:
    from torch import Tensor

PART_SECONDS = 5.0
"""A part is written at the first scene that ends so long after the last part."""

Progress = Callable[[int, int], None]


def score(
    model: Predictor | str,
    stimuli: StimulusSet | str | Path,
    protocol: Protocol | Mapping[str, object] | None = None,
    out: str | Path | None = None,
    *,
    batch_size: int = 8,
    backend: Backend = "pyav",
    progress: Progress | None = None,
    command: Sequence[str] = (),
    control: Control | None = None,
) -> Run:
    """Score a model on a set of stimuli; continue the run if it was begun before.

    Args:
        model: an adapter, or a spec as in `voe.load_model`.
        stimuli: a set, or a name, card or manifest as in `voe.load_stimuli`.
        protocol: a `Protocol`, or only the fields that differ from the card's; None: the card's, or the
            model's own where the set has no card.
        out: the run folder; by default `runs/MODEL--STIMULI-DIGEST`, the digest of what is fixed beforehand,
            so that the same call finds its own folder again.
        batch_size: windows handed to the model at once.
        backend: the video decoder.
        progress: called with (scenes done, scenes in all), from the calling thread.
        command: the command line, for the record.
        control: 'context-swap' scores every clip with a prediction from another scene's context
            (`voe.controls`); such a run is no headline, and says so.

    Returns:
        The finished run. A clip that could not be scored is in `Run.failures`, and stops nothing else.

    Raises:
        VoeError: a model, set or protocol that cannot be used, or a folder that holds another run.
    """
    from voe.adapters.load import load_model, require_predictor

    if isinstance(model, str):
        model = load_model(model)
    elif not isinstance(model, Predictor):
        raise ModelError(
            f"scoring {type(model).__name__} {model!r}: give a voe.Predictor, or a spec as text, as in "
            "voe.load_model; a judge, which is asked in words, goes to voe.judging.asking.ask"
        )
    else:
        require_predictor(model, type(model).__name__)
    if not isinstance(stimuli, StimulusSet):
        from voe.loaders.load import load_stimuli

        stimuli = load_stimuli(stimuli)
    from voe.adapters.identity import identity, require_evaluation

    resolved = resolve_protocol(model.spec, stimuli, protocol)
    check_windows(model.spec, resolved)
    lock = make_lock(model.spec, stimuli, resolved, protocol, control)
    require_evaluation(model)
    who = identity(model)
    path = default_folder(lock, who) if out is None else Path(out)
    swapped = donors(stimuli) if control == "context-swap" else {}
    job = _Job(model, stimuli, resolved, batch_size, backend, swapped, who)
    with RunFolder.made(path).held():
        folder = RunFolder.create(path, lock, job.record(path, command), stimuli)
        _score_scenes(job, folder, progress or (lambda done, total: None))
        run = Run(folder)
        run.write_summary()
    return run


def default_folder(lock: Mapping[str, Any], who: Mapping[str, str] | None = None) -> Path:
    """`runs/MODEL--STIMULI-DIGEST`, with characters that a file name may hold.

    `who` is the `identity` of a model of one's own, which may have called itself what another does: each
    has a folder of its own.
    """
    what = {**lock, "identity": dict(who)} if who else lock
    names = (lock["model"]["name"], lock["stimuli"]["name"])
    model, stimuli = (re.sub(r"[^A-Za-z0-9._=-]+", "-", name).strip("-")[-60:] for name in names)
    return Path("runs") / f"{model}--{stimuli}-{digest(what)}"


@dataclass(frozen=True)
class _Work:
    """What one scene is scored from: its clips, and the one clip of `donor`, if any."""

    scene: Scene
    donor: Scene | None = None

    def windows(self, protocol: Protocol) -> npt.NDArray[np.int64] | None:
        """The donor's windows [W, window], rows of `frames`; None without a donor.

        Raises:
            ClipError: the donor cannot be read, or is shorter than a window.
        """
        if self.donor is None:
            return None
        for error in self.donor.failures.values():
            raise ClipError(f"the context that takes the place of its own cannot be read: {error}")
        [clip] = self.donor.clips.values()
        return clip_windows(clip.keys + len(self.scene.frames), protocol.window, protocol.stride)

    @property
    def frames(self) -> Tensor:
        """Frames of the scene, then of the donor."""
        import torch

        return self.scene.frames if self.donor is None else torch.cat([self.scene.frames, self.donor.frames])


@dataclass(frozen=True)
class _Job:
    """What stays the same from scene to scene."""

    model: Predictor
    stimuli: StimulusSet
    protocol: Protocol
    batch_size: int
    backend: Backend
    donors: Mapping[str, str]
    identity: Mapping[str, str]

    def read(self, name: str) -> _Work:
        """The scene, and the clip whose context takes the place of its own where there is one."""
        if name not in self.donors:
            return _Work(self._scene(name, self.stimuli.scenes[name]))
        donor = self.stimuli.clip(self.donors[name])
        return _Work(self._scene(name, self.stimuli.scenes[name]), self._scene(donor.scene, [donor]))

    def _scene(self, name: str, clips: Sequence[Clip]) -> Scene:
        return read_scene(
            name, clips, self.protocol, self.model.spec.size, align=self.stimuli.align, backend=self.backend
        )

    def record(self, path: Path, command: Sequence[str]) -> dict[str, Any]:
        """The content of `run.json`; what a begun run has measured is taken from there."""
        begun = RunFolder(path)
        tolerance = begun.record["rebatch_difference"] if begun.exists else None
        spec = self.model.spec
        return {
            "model": {
                "name": spec.name,
                "family": spec.family,
                "trained": spec.trained,
                "size": list(spec.size),
                "streams": list(spec.streams),
                "details": dict(spec.details),
                **({"identity": dict(self.identity)} if self.identity else {}),
            },
            "stimuli": {"name": self.stimuli.name, "clips": len(self.stimuli.clips)},
            "engine": {"batch_size": self.batch_size, "decoder": backend_version(self.backend)},
            "rebatch_difference": rebatch_difference(self.model, self.protocol, max(self.batch_size, 2))
            if tolerance is None
            else tolerance,
            "versions": versions(),
            "command": list(command),
            "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        }


def _score_scenes(job: _Job, folder: RunFolder, progress: Progress) -> None:
    """Score every scene that the folder lacks."""
    names = list(job.stimuli.scenes)
    done = set(folder.clips()["scene"])
    failures = [failure for failure in folder.failures() if failure.scene in done]
    todo = [(index, name) for index, name in enumerate(names) if name not in done]
    progress(len(names) - len(todo), len(names))
    part: list[tuple[int, _Scored]] = []
    written = time.monotonic()
    for count, (index, work) in enumerate(_read_ahead(job, todo), 1):
        scored = _score_scene(job, work)
        failures += scored.failures
        if len(scored.clips):
            part.append((index, scored))
        if time.monotonic() - written > PART_SECONDS or count == len(todo):
            _write_part(folder, part, failures)
            part, written = [], time.monotonic()
        progress(len(names) - len(todo) + count, len(names))
    _write_part(folder, part, failures)


def _read_ahead(job: _Job, todo: Sequence[tuple[int, str]]) -> Iterator[tuple[int, _Work]]:
    """Decode the next scene while this one is scored; never more than one ahead."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="decode") as pool:
        ahead = None
        for position, (index, name) in enumerate(todo):
            work = (ahead or pool.submit(job.read, name)).result()
            following = todo[position + 1 : position + 2]
            ahead = pool.submit(job.read, following[0][1]) if following else None
            yield index, work


def _write_part(folder: RunFolder, part: Sequence[tuple[int, _Scored]], failures: Iterable[Failure]) -> None:
    """Failures first: should the run be killed in between, their scenes are simply done again."""
    folder.write_failures(failures)
    if part:
        scored = [one for _, one in part]
        clips = pd.concat([one.clips for one in scored], ignore_index=True)
        rows = pd.concat([one.rows for one in scored], ignore_index=True)
        latents = [one.latents for one in scored if one.latents is not None]
        folder.append(
            f"{part[0][0]:06d}-{part[-1][0]:06d}", clips, rows,
            pd.concat(latents, ignore_index=True) if latents else None,
        )  # fmt: skip


@dataclass(frozen=True)
class _Scored:
    """What came of one scene: clip table, surprise rows, failures, and a sample of latents."""

    clips: pd.DataFrame
    rows: pd.DataFrame
    failures: list[Failure]
    latents: pd.DataFrame | None = None


def _score_scene(job: _Job, work: _Work) -> _Scored:
    """Score the clips of one scene that can be read."""
    scene = work.scene
    clips = {clip.id: clip for clip in job.stimuli.scenes[scene.name]}
    failures = {clip_id: str(error) for clip_id, error in scene.failures.items()}
    windows: dict[str, Any] = {}
    shown: list[npt.NDArray[np.int64]] = []
    for clip_id, read in scene.clips.items():
        try:
            own = clip_windows(read.keys, job.protocol.window, job.protocol.stride)
            others = work.windows(job.protocol)
            if others is not None:
                shown.append(_as_many(others, own))
            windows[clip_id] = own
        except ClipError as error:
            failures[clip_id] = f"clip {clip_id!r} ({files_of(clips[clip_id])}): {error}"
    records = [Failure(scene.name, clip_id, "clip", reason) for clip_id, reason in failures.items()]
    records += unequal(job.stimuli, scene.name, {clip: scene.clips[clip] for clip in windows})
    if not windows:
        return _Scored(_clip_table(scene, ()), pd.DataFrame(columns=list(ROW_TYPES)), records)
    stacked = np.concatenate(list(windows.values()))
    try:
        surprise = window_surprise(
            job.model, work.frames, stacked, job.protocol.contexts, job.batch_size,
            seen=np.concatenate(shown) if shown else None,
        )  # fmt: skip
    except NotFiniteError as error:
        owner = np.repeat(list(windows), [len(rows) for rows in windows.values()])[error.window]
        raise ModelError(
            f"clip {str(owner)!r} ({files_of(clips[owner])}) of scene {scene.name!r}: {error}"
        ) from error
    except ModelError as error:
        raise ModelError(f"scene {scene.name!r}: {error}") from error
    latents = None
    if job.model.spec.family != "baseline":
        latents = sample_latents(
            job.model, work.frames, stacked, np.concatenate(shown) if shown else stacked,
            job.protocol.headline_context,
            scene=scene.name, n_scenes=len(job.stimuli.scenes),
        )  # fmt: skip
    tables, first = [], 0
    for clip_id, rows in windows.items():
        part = {stream: values[first : first + len(rows)] for stream, values in surprise.items()}
        tables.append(_surprise_rows(clip_id, scene.clips[clip_id], part, job.protocol))
        first += len(rows)
    table = pd.concat(tables, ignore_index=True).astype(ROW_TYPES)
    return _Scored(_clip_table(scene, tuple(windows)), table, records, latents)


def _as_many(others: npt.NDArray[np.int64], own: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """As many of the other clip's windows as the clip has itself.

    Raises:
        ClipError: the other clip has fewer.
    """
    if len(others) < len(own):
        raise ClipError(
            f"the context that takes the place of its own has {len(others)} windows where it has {len(own)}"
        )
    return others[: len(own)]


def _surprise_rows(clip_id: str, read: ClipFrames, surprise: Surprise, protocol: Protocol) -> pd.DataFrame:
    """Long rows of one clip from stream -> [windows, contexts]."""
    starts = read.numbers[window_starts(len(read.numbers), protocol.window, protocol.stride)]
    tables = [
        pd.DataFrame(
            {
                "clip": clip_id,
                "window_start": np.repeat(starts, len(protocol.contexts)),
                "context": np.tile(protocol.contexts, len(starts)),
                "stream": stream,
                "surprise": values.reshape(-1),
            }
        )
        for stream, values in surprise.items()
    ]
    return pd.concat(tables, ignore_index=True)


def _clip_table(scene: Scene, scored: Sequence[str]) -> pd.DataFrame:
    """How each scored clip was read."""
    records = [
        {
            "clip": clip_id,
            "scene": scene.name,
            "n_frames": read.n_frames,
            "n_sampled": len(read.numbers),
            "fps": float("nan") if read.fps is None else read.fps,
            "height": read.size[0],
            "width": read.size[1],
            "decode": "verified" if read.verified else "unverified",
            "numbers": read.numbers.astype(np.int32),
        }
        for clip_id, read in scene.clips.items()
        if clip_id in scored
    ]
    return pd.DataFrame(records, columns=list(CLIP_TYPES)).astype(CLIP_TYPES)
