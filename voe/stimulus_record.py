"""A `StimulusSet` as plain values and back, so that a run folder can be read without the data set."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from voe.clips import Clip, Label, Match, Pair, Quadruplet, Segment, Source, StimulusSet

Record = dict[str, Any]

_SAMPLE = 64 * 1024
_WHOLE = 64 * 1024 * 1024
"""Files up to this size, as single clips are, are hashed whole: 64 MiB."""


def as_record(stimuli: StimulusSet) -> Record:
    """Plain values (str, int, float, None, list, dict) that `from_record` turns into the same set again.

    Paths are relative to `stimuli.root` where they lie inside it.
    """
    return {
        "name": stimuli.name,
        "root": str(stimuli.root.absolute()),
        "align": stimuli.align,
        "card_hash": stimuli.card_hash,
        "clips": [_clip_record(clip, stimuli.root) for clip in stimuli.clips],
        "pairs": [
            {**asdict(p), "match": p.match.name, "conditions": dict(p.conditions)} for p in stimuli.pairs
        ],
        "quadruplets": [{**asdict(q), "conditions": dict(q.conditions)} for q in stimuli.quadruplets],
        **_where_stated(
            block=stimuli.block, own_metrics=list(stimuli.own_metrics), unlabelled=stimuli.unlabelled
        ),
    }


def _clip_record(clip: Clip, root: Path) -> Record:
    segments = [
        {
            "path": _relative(segment.source.path, root),
            "kind": segment.source.kind,
            "fps": segment.source.fps,
            "start": segment.start,
            "stop": segment.stop,
            **_where_stated(part=segment.source.part),
        }
        for segment in clip.segments
    ]
    return {
        "id": clip.id,
        "scene": clip.scene,
        "label": None if clip.label is None else clip.label.value,
        "violation_frame": clip.violation_frame,
        "tags": dict(clip.tags),
        "segments": segments,
        **_where_stated(aligned_with=clip.aligned_with),
    }


def _where_stated(**fields: object) -> Record:
    """The fields that are not empty: what a set does not use does not change its fingerprint."""
    return {name: value for name, value in fields.items() if value}


def _relative(path: Path, root: Path) -> str:
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)


def from_record(record: Mapping[str, Any]) -> StimulusSet:
    """The set that `as_record` described; no file is looked at."""
    root = Path(record["root"])
    return StimulusSet(
        name=record["name"],
        clips=tuple(_clip(clip, root) for clip in record["clips"]),
        pairs=tuple(_pair(pair) for pair in record["pairs"]),
        quadruplets=tuple(
            Quadruplet(**{**quad, "concepts": tuple(quad["concepts"])}) for quad in record["quadruplets"]
        ),
        align=record["align"],
        card_hash=record["card_hash"],
        root=root,
        block=record.get("block", ""),
        own_metrics=tuple(record.get("own_metrics", ())),
        unlabelled=record.get("unlabelled", False),
    )


def _clip(record: Mapping[str, Any], root: Path) -> Clip:
    segments = tuple(
        Segment(
            Source(root / s["path"], kind=s["kind"], fps=s["fps"], part=s.get("part", "")),
            s["start"],
            s["stop"],
        )
        for s in record["segments"]
    )
    label = None if record["label"] is None else Label(record["label"])
    return Clip(
        record["id"], record["scene"], label, segments, record["violation_frame"], record["tags"],
        record.get("aligned_with", ""),
    )  # fmt: skip


def _pair(record: Mapping[str, Any]) -> Pair:
    return Pair(
        **{**record, "concepts": tuple(record["concepts"]), "match": Match[record["match"]]},
    )


def fingerprint(stimuli: StimulusSet) -> str:
    """SHA-256 of the set's design and of every file that it shows: its size, and its bytes by samples.

    Of a file of up to 64 MiB all bytes count, of a larger one 64 KiB at its start, middle and end: a data set
    may hold terabytes. Of a folder every file counts, by name. A file that is missing counts as such.
    """
    record = {key: value for key, value in as_record(stimuli).items() if key != "root"}
    paths = sorted({s.source.path for clip in stimuli.clips for s in clip.segments})
    files = [(_relative(path, stimuli.root), _content(path)) for path in paths]
    text = json.dumps([record, files], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _content(path: Path) -> list[object]:
    """What is hashed of a file or a folder."""
    if path.is_dir():
        entries = sorted(entry for entry in path.iterdir() if entry.is_file())
        return [[entry.name, *_content(entry)] for entry in entries]
    if not path.is_file():
        return [None]
    size = path.stat().st_size
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for start in (0,) if size <= _WHOLE else (0, size // 2, size - _SAMPLE):
            file.seek(start)
            digest.update(file.read(_WHOLE if size <= _WHOLE else _SAMPLE))
    return [size, digest.hexdigest()]
