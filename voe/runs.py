"""The run folder: written by whole files, killed at any moment, continued, read back.

    protocol.lock     what was fixed before the first score (compared when a run is continued)
    run.json          what was run: model, stimuli, versions, decoder, command line
    stimuli.json      the clips and the comparisons between them
    clips/            one Parquet file a part: how each clip was read
    latents/          one Parquet file a part: a sample of the model's latents, for their health
    surprise/         one Parquet file a part: clip, window_start, context, stream, surprise
    failures.jsonl    clips and comparisons that could not be scored, and why
    summary.json      the table

A part holds whole scenes. It is written aside and renamed, its clips and latents before its surprise, so a
part counts when its surprise file is there. Files that were being written when the run was killed are cleared
away.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from voe.clips import StimulusSet
from voe.errors import RunError
from voe.held import HOLD, HeldError, held
from voe.stimulus_record import as_record, from_record

LOCK, RECORD, STIMULI = "protocol.lock", "run.json", "stimuli.json"
FAILURES, SUMMARY = "failures.jsonl", "summary.json"

COMPUTING = ("voe", "torch", "numpy", "transformers")
"""The packages whose versions may not change within a run: their arithmetic makes the numbers."""

ROW_TYPES = {
    "clip": "string", "window_start": "int32", "context": "int32", "stream": "string", "surprise": "float32",
}  # fmt: skip
CLIP_TYPES = {
    "clip": "string", "scene": "string", "n_frames": "int32", "n_sampled": "int32", "fps": "float64",
    "height": "int32", "width": "int32", "decode": "string", "numbers": "object",
}  # fmt: skip


JOINED = " | "
"""Between the clips of a comparison, in the record of its failure."""


@dataclass(frozen=True)
class Failure:
    """Something that could not be scored: a clip, or a comparison between clips."""

    scene: str
    clip: str
    """Clip id, or the ids of a comparison joined by ' | '."""
    kind: str
    """'clip' or 'comparison'."""
    reason: str


def versions() -> dict[str, str]:
    """Versions of what the numbers of a run depend on: of `COMPUTING`, Python and the platform."""
    import torch

    import voe

    # What torch says of itself names the build too, its CUDA for instance.
    own = {"voe": voe.__version__, "torch": torch.__version__}
    packages = {name: own.get(name) or version(name) for name in COMPUTING}
    return {**packages, "python": platform.python_version(), "platform": platform.platform()}


# What a run that was killed before its lock was written may have left.
_BEFORE_LOCK = {
    HOLD,
    "clips",
    "judgements",
    "latents",
    "surprise",
    STIMULI,
    RECORD,
    *(f"{n}.partial" for n in (STIMULI, RECORD, LOCK)),
}


class RunFolder:
    """The files of one run. `create` makes or continues one, `open` only reads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stimuli: StimulusSet | None = None

    @classmethod
    def made(cls, path: Path) -> RunFolder:
        """The folder itself, made if it is not there.

        Raises:
            RunError: it cannot be made.
        """
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(
                f"run folder {path}: it cannot be made ({error.strerror}); choose another with --out"
            ) from error
        return cls(path)

    @classmethod
    def create(
        cls,
        path: Path,
        lock: Mapping[str, Any],
        record: Mapping[str, Any],
        stimuli: StimulusSet,
        *,
        again: bool = False,
    ) -> RunFolder:
        """Start a run, or continue the one that lies there if it is the same run.

        `again` says that more is to be tried again than the clips that failed: answers of a judge.

        Raises:
            RunError: the folder holds other files, or a run with another lock, model or data set, or one
                that is not finished and was begun with another version of what computes.
        """
        folder = cls(path)
        if folder.exists:
            folder._require_same(lock, record, again)
        elif path.is_dir() and any(p.name not in _BEFORE_LOCK for p in path.iterdir()):
            raise RunError(f"run folder {path}: it is not empty and holds no run; choose another with --out")
        for part in ("surprise", "latents", "clips"):
            (path / part).mkdir(parents=True, exist_ok=True)
        for leftover in path.glob("**/*.partial"):
            leftover.unlink()
        if not folder.exists:
            _write_json(path / STIMULI, as_record(stimuli))
            _write_json(path / RECORD, record)
            _write_json(path / LOCK, lock)
        return folder

    @classmethod
    def open(cls, path: Path) -> RunFolder:
        """An existing run.

        Raises:
            RunError: there is none at that path.
        """
        if not cls(path).exists:
            raise RunError(f"run folder {path}: there is no run (no {LOCK} in it)")
        return cls(path)

    def _require_same(self, lock: Mapping[str, Any], record: Mapping[str, Any], again: bool) -> None:
        was_locked, was = self.lock, self.record
        compared = [
            # Of the lock also what this call leaves out: a control.
            (LOCK, was_locked, lock, (*lock, *was_locked)),
            (RECORD, was, record, ("model", "stimuli", "engine")),
        ]
        # A finished run adds nothing, so it may be read with what is installed now.
        if again or not self._finished:
            compared.append((RECORD, was.get("versions", {}), record.get("versions", {}), COMPUTING))
        for name, before, now, keys in compared:
            for key in keys:
                if before.get(key) != json.loads(json.dumps(now.get(key))):
                    raise RunError(
                        f"run folder {self.path}: it was begun with another {key}"
                        f"{_apart(before.get(key), now.get(key))} ({name} says "
                        f"{_short(before.get(key))}, now {_short(now.get(key))}); a run never mixes the two. "
                        "Choose another folder with --out, or remove this one"
                    )

    @property
    def _finished(self) -> bool:
        """Whether nothing is left to do: a clip that failed is tried again."""
        return (self.path / SUMMARY).is_file() and not any(f.kind == "clip" for f in self.failures())

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the folder for this process; the hold ends with the process, however that ends.

        Raises:
            RunError: another process is scoring into the folder.
        """
        try:
            with held(self.path):
                yield
        except HeldError as error:
            raise RunError(
                f"run folder {self.path}: another process is scoring into it; wait for it, or choose "
                "another folder with --out"
            ) from error

    @property
    def exists(self) -> bool:
        """Whether a run was begun here."""
        return (self.path / LOCK).is_file()

    @property
    def lock(self) -> dict[str, Any]:
        """What was fixed before the first score."""
        return _read_json(self.path / LOCK)

    @property
    def record(self) -> dict[str, Any]:
        """What was run, on what, with what."""
        return _read_json(self.path / RECORD)

    def stimuli(self) -> StimulusSet:
        """The clips and comparisons of the run, read once: they never change."""
        if self._stimuli is None:
            self._stimuli = from_record(_read_json(self.path / STIMULI))
        return self._stimuli

    def append(
        self, name: str, clips: pd.DataFrame, rows: pd.DataFrame, latents: pd.DataFrame | None = None
    ) -> None:
        """Add one part: columns as in `CLIP_TYPES`, `ROW_TYPES` and `LATENT_TYPES`; `name` is the part's."""
        _write_parquet(self.path / "clips" / f"{name}.parquet", clips)
        if latents is not None:
            _write_parquet(self.path / "latents" / f"{name}.parquet", latents)
        _write_parquet(self.path / "surprise" / f"{name}.parquet", rows)

    def write_failures(self, failures: Iterable[Failure]) -> None:
        """Replace the list of failures."""
        lines = [json.dumps(asdict(failure), ensure_ascii=False) for failure in failures]
        _write_text(self.path / FAILURES, "".join(line + "\n" for line in lines))

    def failures(self) -> tuple[Failure, ...]:
        """Everything that could not be scored so far."""
        path = self.path / FAILURES
        if not path.is_file():
            return ()
        return tuple(
            Failure(**json.loads(line)) for line in path.read_text(encoding="utf-8").split("\n") if line
        )

    def clips(self) -> pd.DataFrame:
        """How each scored clip was read, in the order of the set."""
        return self._parts("clips", tuple(CLIP_TYPES)).reset_index(drop=True)

    def rows(self) -> pd.DataFrame:
        """All surprise rows, ordered by clip (as in the set), stream, context and window.

        The order, and so everything computed from it, does not depend on how the run was cut into parts.
        """
        return self._parts("surprise", ("clip", "stream", "context", "window_start"), list(ROW_TYPES))

    def latents(self) -> pd.DataFrame | None:
        """The sample of latents, in the order of the set; None where the run took none."""
        names = sorted(path.name for path in (self.path / "surprise").glob("*.parquet"))
        places = [self.path / "latents" / name for name in names]
        if not names or not all(place.is_file() for place in places):
            return None
        table = pd.concat([pd.read_parquet(place) for place in places], ignore_index=True)
        ranks = {scene: rank for rank, scene in enumerate(self.stimuli().scenes)}
        return table.sort_values(
            "scene", key=lambda scenes: scenes.map(ranks), kind="stable", ignore_index=True
        )

    def _parts(self, kind: str, order: Sequence[str], columns: Sequence[str] | None = None) -> pd.DataFrame:
        names = sorted(path.name for path in (self.path / "surprise").glob("*.parquet"))
        try:
            tables = [pd.read_parquet(self.path / kind / name) for name in names]
        except (OSError, ValueError) as error:
            raise RunError(
                f"run folder {self.path}: a part in {kind}/ is missing or damaged ({error}); remove the part "
                "of that name from clips/ and surprise/ and run the same command again"
            ) from error
        if not tables:
            types = ROW_TYPES if kind == "surprise" else CLIP_TYPES
            return pd.DataFrame({column: pd.Series(dtype=t) for column, t in types.items()})
        table = pd.concat(tables, ignore_index=True)
        unique = ["clip", *(c for c in ("stream", "context", "window_start") if c in table)]
        if table.duplicated(unique).any():
            raise RunError(
                f"run folder {self.path}: {kind}/ holds the same rows twice, so two processes have written "
                "into it; remove the folder and score again"
            )
        ranks = {clip.id: rank for rank, clip in enumerate(self.stimuli().clips)}
        table["_rank"] = table["clip"].map(ranks)
        keys = ["_rank", *(column for column in order if column in ("stream", "context", "window_start"))]
        table = table.sort_values(keys, kind="stable", ignore_index=True).drop(columns="_rank")
        return table if columns is None else table[list(columns)]

    def write_summary(self, summary: Mapping[str, Any]) -> None:
        """Write `summary.json`: the same bytes for the same content."""
        _write_json(self.path / SUMMARY, summary)


def _apart(before: object, now: object) -> str:
    """Where what a model was differs from what it is: the names, where only its identity does."""
    if not (isinstance(before, Mapping) and isinstance(now, Mapping)):
        return ""
    was, is_now = (one.get("identity") or {} for one in (before, now))
    names = [name for name in {**was, **is_now} if was.get(name) != is_now.get(name)]
    return f", which differs in {', '.join(names)}" if names else ""


def _short(value: object) -> str:
    text = json.dumps(value, sort_keys=True, default=str)
    return text if len(text) <= 200 else text[:200] + "..."


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise RunError(f"reading {path}: {error}; the run folder is damaged, so remove it") from error
    return content


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    _write_text(
        path, json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"
    )


def _write_text(path: Path, text: str) -> None:
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)


def _write_parquet(path: Path, table: pd.DataFrame) -> None:
    partial = path.with_name(path.name + ".partial")
    table.to_parquet(partial, index=False)
    os.replace(partial, path)
