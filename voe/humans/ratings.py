"""Tables of ratings that people sent back -> one table, or an error that names the line."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import pandas as pd

from voe.clips import StimulusSet
from voe.errors import VoeError
from voe.humans.experiment import SCALE, code_of
from voe.stimulus_record import fingerprint

COLUMNS: Final = (
    "participant", "clip", "trial", "rating", "response_ms", "plays", "practice", "fingerprint", "started",
)  # fmt: skip


def read_ratings(paths: Sequence[Path], stimuli: StimulusSet) -> pd.DataFrame:
    """Ratings of several people, practice left out.

    Returns:
        One row a rating: participant, clip (its id), trial, rating (1 to 7), response_ms, plays.

    Raises:
        VoeError: a file that is missing or no such table, ratings of another set, a rating out of range, a
            clip that the set has not, or a clip that a person rated twice.
    """
    sha256 = fingerprint(stimuli)
    clips = {code_of(clip.id, sha256): clip.id for clip in stimuli.clips}
    rows: list[dict[str, object]] = []
    seen: dict[tuple[str, str], str] = {}
    for path in paths:
        for line, cells in _lines(path):
            where = f"{path}, line {line}"
            if cells["fingerprint"] != sha256:
                raise VoeError(
                    f"{where}: these ratings are of another set of stimuli than {stimuli.name!r} (or its "
                    "files have changed since); name the set that the page was made from with --stimuli"
                )
            if cells["practice"] != "0":
                continue
            if cells["clip"] not in clips:
                raise VoeError(f"{where}: the set {stimuli.name!r} has no clip {cells['clip']!r}")
            rating = _number(cells, "rating", where)
            if not 1 <= rating <= SCALE:
                raise VoeError(f"{where}: the rating is {rating}; it must lie between 1 and {SCALE}")
            key = (cells["participant"], cells["clip"])
            if key in seen:
                raise VoeError(
                    f"{where}: {cells['participant']!r} rated this clip already ({seen[key]}); remove one of "
                    "the two, or give the people different codes"
                )
            seen[key] = where
            rows.append(
                {
                    "participant": cells["participant"], "clip": clips[cells["clip"]],
                    "trial": _number(cells, "trial", where), "rating": rating,
                    "response_ms": _number(cells, "response_ms", where),
                    "plays": _number(cells, "plays", where),
                }
            )  # fmt: skip
    if not rows:
        raise VoeError(f"reading ratings in {', '.join(map(str, paths))}: there is none")
    order = {clip.id: rank for rank, clip in enumerate(stimuli.clips)}
    table = pd.DataFrame(rows)
    table["_rank"] = table["clip"].map(order)
    return table.sort_values(["participant", "_rank"], ignore_index=True).drop(columns="_rank")


def _lines(path: Path) -> Iterable[tuple[int, Mapping[str, str]]]:
    if not path.is_file():
        raise VoeError(f"reading ratings: there is no file {path}")
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        if missing := [column for column in COLUMNS if column not in (reader.fieldnames or ())]:
            raise VoeError(
                f"{path}: the column(s) {', '.join(missing)} are missing; it is not a table that the page of "
                "`voe humans` saved"
            )
        for line, row in enumerate(reader, 2):
            if None in row or None in row.values():
                raise VoeError(f"{path}, line {line}: it has not as many cells as the first line")
            yield line, row


def _number(cells: Mapping[str, str], column: str, where: str) -> int:
    text = cells[column]
    if not text.lstrip("-").isdecimal():
        raise VoeError(f"{where}: {column} is {text!r}; it must be a whole number")
    return int(text)
