"""Sets that come as videos and a table of annotations: JSON, JSON lines, CSV or Parquet, mapped by a card.

    [annotations]
    files = ["**/*.jsonl"]     # all of one kind; every row is a clip
    video = "video_path"       # the field with the video's path, relative to `videos`
    videos = "videos"
    id = "video_id"            # the clip's id; by default the path without its ending
    pair = '(.*)_[^_]*'        # of the id: clips that agree in the group are one scene
    label = "kind"             # optional, with possible = [...] and impossible = [...]
    question = "question"      # optional: kept with the clip, for `voe stimuli answers`
    choices = "candidates"
    answer = "answer"
    block = "source"

Minimal Video Pairs (facebookresearch/minimal_video_pairs:tasks/mvp/utils.py says which fields its rows
have) and ImplausiBench are read by it.
"""

from __future__ import annotations

import ast
import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from voe.cards import StimuliCard
from voe.clips import Clip, Label, Pair, Segment, Source, StimulusSet
from voe.errors import CardError, did_you_mean
from voe.loaders.folders import concepts_of, require_root

_FIELDS = (
    "files", "video", "videos", "id", "pair", "label", "possible", "impossible", "question", "choices",
    "answer", "block",
)  # fmt: skip


def load(card: StimuliCard, root: Path | None) -> StimulusSet:
    """Clips of the card's tables; pairs where they have labels, questions where they have answers.

    Raises:
        CardError: no table, a row without a field that the card maps, a video that is not there, a label that
            the card does not list, or a scene that is not two clips.
    """
    mapping = _mapping(card)
    folder = require_root(card, root)
    rows = list(_rows(card, mapping, folder))
    clips = [_clip(card, mapping, folder, place, row) for place, row in rows]
    scenes: dict[str, list[Clip]] = {}
    for clip in clips:
        scenes.setdefault(clip.scene, []).append(clip)
    for scene, members in scenes.items():
        if len(members) != 2:
            raise CardError(
                f"{members[0].id!r} of {card.name!r}: its pair {scene!r} has {len(members)} clips and not "
                "two; the table is incomplete, or [annotations] pair does not fit its ids"
            )
    pairs = _pairs(card, scenes) if "label" in mapping else []
    return StimulusSet(
        card.name,
        tuple(clips),
        tuple(pairs),
        align=card.align,
        root=folder,
        unlabelled="label" not in mapping,
    )


def _mapping(card: StimuliCard) -> Mapping[str, Any]:
    table = card.extra.get("annotations")
    if not isinstance(table, dict):
        raise CardError(f"{card.path}: loader 'annotations' needs an [annotations] table")
    for key in table:
        if key not in _FIELDS:
            raise CardError(
                f"{card.path}: [annotations] has an unknown field {key!r}.{did_you_mean(key, _FIELDS)}"
            )
    for key in ("files", "video", "pair"):
        if key not in table:
            raise CardError(f"{card.path}: [annotations] lacks the field {key!r}")
    return table


def _rows(
    card: StimuliCard, mapping: Mapping[str, Any], folder: Path
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(where it stands, row) of every table."""
    paths = sorted({path for pattern in mapping["files"] for path in folder.glob(pattern) if path.is_file()})
    if not paths:
        raise CardError(
            f"{folder}: no table matches {', '.join(mapping['files'])} of {card.path}; is it the right "
            f"folder?"
        )
    fields = [
        mapping[key]
        for key in ("video", "id", "label", "question", "choices", "answer", "block")
        if key in mapping
    ]
    for path in paths:
        for number, row in enumerate(_read(path), start=1):
            place = f"{path}, row {number}"
            for field in fields:
                if not isinstance(row, Mapping) or row.get(field) in (None, ""):
                    known = row if isinstance(row, Mapping) else {}
                    raise CardError(
                        f"{place}: there is no {field!r} in it.{did_you_mean(field, known)} It has: "
                        f"{', '.join(map(str, known)) or type(row).__name__}; correct [annotations] of "
                        f"{card.path}"
                    )
            yield place, row


def _read(path: Path) -> list[Any]:
    """All rows of a table."""
    try:
        match path.suffix.lower():
            case ".jsonl":
                text = path.read_text(encoding="utf-8")
                return [json.loads(line) for line in text.splitlines() if line.strip()]
            case ".json":
                found = json.loads(path.read_text(encoding="utf-8"))
                return list(found.values()) if isinstance(found, dict) else list(found)
            case ".csv":
                with path.open(encoding="utf-8-sig", newline="") as file:
                    return list(csv.DictReader(file))
            case ".parquet":
                import pandas as pd

                return pd.read_parquet(path).to_dict("records")
    except (ValueError, TypeError) as error:
        raise CardError(f"reading {path}: {error}; it is damaged, fetch it again") from error
    raise CardError(f"reading {path}: a table must end in .json, .jsonl, .csv or .parquet")


def _clip(
    card: StimuliCard, mapping: Mapping[str, Any], folder: Path, place: str, row: Mapping[str, Any]
) -> Clip:
    relative = str(row[mapping["video"]])
    path = folder / mapping.get("videos", "") / relative
    if not path.is_file():
        raise CardError(f"{place}: there is no video {path}; fetch it, or correct `videos` in {card.path}")
    name = str(row[mapping["id"]]) if "id" in mapping else Path(relative).with_suffix("").as_posix()
    matched = re.fullmatch(mapping["pair"], name)
    if matched is None or not matched.groups():
        raise CardError(
            f"{place}: the id {name!r} does not match [annotations] pair of {card.path}, with one group"
        )
    tags = {"block": str(row[mapping["block"]])} if "block" in mapping else {}
    if "question" in mapping:
        tags |= {"question": str(row[mapping["question"]]), "answer": str(row[mapping["answer"]])}
        tags["choices"] = json.dumps(_choices(place, row[mapping["choices"]], tags["answer"]))
    label = _label(card, mapping, place, row)
    return Clip(name, matched.group(1), label, (Segment(Source(path)),), tags=tags)


def _label(card: StimuliCard, mapping: Mapping[str, Any], place: str, row: Mapping[str, Any]) -> Label | None:
    if "label" not in mapping:
        return None
    word = str(row[mapping["label"]])
    for label, words in ((Label.POSSIBLE, mapping["possible"]), (Label.IMPOSSIBLE, mapping["impossible"])):
        if word in words:
            return label
    raise CardError(f"{place}: its label is {word!r}, which [annotations] of {card.path} does not list")


def _choices(place: str, given: object, answer: str) -> Sequence[str]:
    """The choices as a list of texts, of which one is the answer."""
    try:
        found: Any = ast.literal_eval(given) if isinstance(given, str) else given
        choices = [str(choice) for choice in (found.values() if isinstance(found, dict) else found)]
    except (SyntaxError, TypeError, ValueError) as error:
        raise CardError(f"{place}: its choices {given!r} are no list; fetch the table again") from error
    if answer not in choices:
        raise CardError(f"{place}: the answer {answer!r} is none of the choices {', '.join(choices)}")
    return choices


def _pairs(card: StimuliCard, scenes: Mapping[str, Sequence[Clip]]) -> list[Pair]:
    pairs = []
    for scene, (one, other) in scenes.items():
        if one.possible == other.possible:
            raise CardError(
                f"pair {scene!r} of {card.name!r}: both clips are {one.label.value if one.label else ''}"
            )
        real, magic = (one, other) if one.possible else (other, one)
        blocks = {clip.tags["block"] for clip in (one, other) if "block" in clip.tags}
        shared = {"block": blocks.pop()} if len(blocks) == 1 else {}
        concepts = concepts_of(card, shared["block"]) if shared else ()
        pairs.append(Pair(real.id, magic.id, scene, concepts, conditions=shared))
    return pairs
