"""A CSV manifest -> `StimulusSet`: the loader of the built-in set and of anyone's own clips.

One row a segment. Rows with the same `clip` are its segments, in order, so a spliced clip is two rows.

- `clip`, `path`, `scene`, `possible`: required; `path` is relative to the manifest (or to --root).
- `concepts`: names separated by `;`, empty for none.
- `start`, `stop`: frames of the file, half-open; empty: from the first, to the last.
- `context`, `outcome`: `a` or `b`; the scene is a 2 x 2 quadruplet.
- `context_starts`, `context_ends`, `outcome_starts`, `outcome_ends`: frames of the clip, half-open spans in
  which the contexts and the outcomes differ.
- `violation_frame`: frame of the clip, for impossible clips.
- `pair`: clips of a scene that share it are compared; without it every possible clip of a scene is compared
  with every impossible one.
- `fps`: frame rate of an image folder (a video file has its own, which must agree).
- `masks`: a file that says where the objects are, beside `path`; for other programs, not read here.
- Any other column is a condition, by which results can be split.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from voe.clips import Align, Clip, Label, Match, Pair, Quadruplet, Segment, Source, StimulusSet
from voe.errors import CardError, did_you_mean

REQUIRED = ("clip", "path", "scene", "possible")
SPANS = ("context_starts", "context_ends", "outcome_starts", "outcome_ends")
OPTIONAL = (
    "concepts", "start", "stop", "context", "outcome", *SPANS, "violation_frame", "pair", "fps", "masks",
)  # fmt: skip

_MOST_NAMED = 10

# What the rows of one clip must agree in; the rest describes the segment.
_OF_THE_CLIP = ("scene", "possible", "concepts", "context", "outcome", "pair", *SPANS, "violation_frame")

_LABELS = {
    **dict.fromkeys(("true", "1", "yes", "possible"), Label.POSSIBLE),
    **dict.fromkeys(("false", "0", "no", "impossible"), Label.IMPOSSIBLE),
}


@dataclass(frozen=True)
class _Row:
    """One line of a manifest, with the place to name in an error."""

    file: Path
    line: int
    cells: dict[str, str]

    def text(self, column: str) -> str:
        return self.cells.get(column, "").strip()

    def error(self, message: str) -> CardError:
        return CardError(f"{self.file}, line {self.line}: {message}")

    def number(self, column: str) -> int | None:
        """A frame number, or None for an empty cell."""
        text = self.text(column)
        if not text:
            return None
        if not text.isdecimal():
            raise self.error(f"column {column!r} holds {text!r}; write a frame number (0, 1, 2, ...)")
        return int(text)

    def label(self) -> Label:
        text = self.text("possible").lower()
        if text not in _LABELS:
            raise self.error(f"column 'possible' holds {text!r}; write true or false")
        return _LABELS[text]


def load_manifest(
    path: Path,
    root: Path | None = None,
    *,
    name: str | None = None,
    align: Align = "strict",
) -> StimulusSet:
    """Read a manifest; no video is opened, but every file must be there.

    Args:
        path: the CSV file (UTF-8, comma or semicolon, one header line).
        root: the folder that `path` cells are relative to; by default the manifest's own.

    Raises:
        CardError: a missing or unknown column, a label that is none, a file that is not there, clips of a
            scene that cannot be compared; the message names the line.
    """
    rows = _read_rows(path)
    by_clip: dict[str, list[_Row]] = {}
    for row in rows:
        by_clip.setdefault(row.text("clip"), []).append(row)
    folder = path.parent if root is None else root
    _require_files(rows, folder)
    clips = tuple(_clip(clip_rows, folder) for clip_rows in by_clip.values())
    firsts = {clip_id: clip_rows[0] for clip_id, clip_rows in by_clip.items()}
    pairs: list[Pair] = []
    quadruplets: list[Quadruplet] = []
    for scene_clips in _by_scene(clips).values():
        scene_rows = [firsts[clip.id] for clip in scene_clips]
        if any(row.text("context") or row.text("outcome") for row in scene_rows):
            quad = _quadruplet(scene_clips, scene_rows)
            quadruplets.append(quad)
            pairs.extend(quadruplet_pairs(quad))
        else:
            pairs.extend(_pairs(scene_clips, scene_rows))
    return StimulusSet(
        name=name or path.stem, clips=clips, pairs=tuple(pairs), quadruplets=tuple(quadruplets),
        align=align, root=folder,
    )  # fmt: skip


def quadruplet_pairs(quad: Quadruplet) -> Iterator[Pair]:
    """The four pairs of a 2 x 2, each saying what its clips have in common.

    Outcome-matched: (bb, ab) share outcome B, (aa, ba) share outcome A. Prefix-matched: (aa, ab) share
    context A, (bb, ba) share context B.
    """
    outcome, prefix = Match.OUTCOME, Match.PREFIX
    for possible, impossible, match in (
        (quad.bb, quad.ab, outcome), (quad.aa, quad.ba, outcome),
        (quad.aa, quad.ab, prefix), (quad.bb, quad.ba, prefix),
    ):  # fmt: skip
        yield Pair(possible, impossible, quad.scene, quad.concepts, match, quad.conditions)


def _read_rows(path: Path) -> list[_Row]:
    """All lines of a manifest, header checked."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise CardError(f"reading the manifest {path}: there is no such file") from error
    except UnicodeDecodeError as error:
        raise CardError(f"reading the manifest {path}: not UTF-8 text; save it as 'CSV UTF-8'") from error
    header = text.partition("\n")[0]
    delimiter = ";" if header.count(";") > header.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    columns = [column.strip() for column in next(reader, [])]
    _check_header(columns, path)
    rows = []
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(columns):
            raise CardError(
                f"{path}, line {reader.line_num}: {len(cells)} cells under {len(columns)} columns; "
                "put quotes around a cell that holds a comma"
            )
        rows.append(_Row(path, reader.line_num, dict(zip(columns, cells, strict=True))))
    if not rows:
        raise CardError(f"{path}: the manifest has a header and no clips")
    return rows


def _check_header(columns: list[str], path: Path) -> None:
    known = (*REQUIRED, *OPTIONAL)
    for column in REQUIRED:
        if column not in columns:
            raise CardError(
                f"{path}, line 1: the column {column!r} is missing; the header has: {', '.join(columns)}. "
                f"Required: {', '.join(REQUIRED)}; optional: {', '.join(OPTIONAL)}; others are conditions"
            )
    for column in columns:
        near = did_you_mean(column, known, cutoff=0.85)
        if column not in known and near:
            raise CardError(
                f"{path}, line 1: unknown column {column!r}.{near} A condition needs another name"
            )
    repeated = {column for column in columns if columns.count(column) > 1}
    if repeated or "" in columns:
        raise CardError(f"{path}, line 1: each column needs a name of its own; empty or repeated: {repeated}")


def _clip(rows: list[_Row], folder: Path) -> Clip:
    """One clip from the rows of its segments."""
    first = rows[0]
    for column in ("clip", "scene"):
        if not first.text(column):
            raise first.error(f"column {column!r} is empty")
    for row in rows[1:]:
        for column in _OF_THE_CLIP:
            if row.text(column) != first.text(column):
                raise row.error(
                    f"clip {first.text('clip')!r} has {column} {row.text(column)!r} here and "
                    f"{first.text(column)!r} in line {first.line}; segments of a clip must agree"
                )
    tags = {key: value.strip() for key, value in first.cells.items() if key not in (*REQUIRED, *OPTIONAL)}
    segments = tuple(_segment(row, folder) for row in rows)
    _require_different(rows)
    label, violation_frame = first.label(), first.number("violation_frame")
    try:
        return Clip(first.text("clip"), first.text("scene"), label, segments, violation_frame, tags)
    except CardError as error:
        raise first.error(str(error)) from error


def _require_different(rows: list[_Row]) -> None:
    """Refuse a segment that is written down twice: the clip would be shown longer than it is."""
    lines: dict[tuple[str, str, str], int] = {}
    for row in rows:
        segment = (row.text("path"), row.text("start"), row.text("stop"))
        if segment in lines:
            raise row.error(
                f"clip {row.text('clip')!r}: the same segment as in line {lines[segment]} (path, start and "
                "stop are the same); delete one of the two, or give the clip another name"
            )
        lines[segment] = row.line


def _require_files(rows: list[_Row], folder: Path) -> None:
    """Refuse a manifest that names files that are not there; all of them are said at once."""
    missing = [row for row in rows if not row.text("path") or not (folder / row.text("path")).exists()]
    if not missing:
        return
    first = missing[0]
    message = f"clip {first.text('clip')!r}: there is no file {folder / first.text('path')}"
    if others := list(dict.fromkeys(row.text("path") for row in missing[1:])):
        named = ", ".join(others[:_MOST_NAMED])
        more = f" and {len(others) - _MOST_NAMED} more" if len(others) > _MOST_NAMED else ""
        message += f"; nor are there {named}{more}"
    raise first.error(message)


def _segment(row: _Row, folder: Path) -> Segment:
    path = folder / row.text("path")
    fps = row.text("fps")
    try:
        rate = float(fps) if fps else None
    except ValueError as error:
        raise row.error(f"column 'fps' holds {fps!r}; write a number of frames per second") from error
    if rate is not None and not 0 < rate < math.inf:
        raise row.error(f"column 'fps' holds {fps!r}; write a number of frames per second above 0")
    source = Source(path, kind="images" if path.is_dir() else "video", fps=rate)
    start, stop = row.number("start") or 0, row.number("stop")
    try:
        return Segment(source, start, stop)
    except CardError as error:
        raise row.error(str(error)) from error


def _by_scene(clips: tuple[Clip, ...]) -> dict[str, list[Clip]]:
    scenes: dict[str, list[Clip]] = {}
    for clip in clips:
        scenes.setdefault(clip.scene, []).append(clip)
    return scenes


def _concepts(row: _Row) -> tuple[str, ...]:
    return tuple(name.strip() for name in row.text("concepts").split(";") if name.strip())


def _common_tags(clips: list[Clip]) -> dict[str, str]:
    """The conditions that all the clips share."""
    first, *others = clips
    return {k: v for k, v in first.tags.items() if v and all(c.tags.get(k) == v for c in others)}


def _quadruplet(clips: list[Clip], rows: list[_Row]) -> Quadruplet:
    """The 2 x 2 of a scene whose clips name their context and outcome."""
    scene = clips[0].scene
    cells: dict[str, Clip] = {}
    for clip, row in zip(clips, rows, strict=True):
        cell = row.text("context").lower() + row.text("outcome").lower()
        if cell not in ("aa", "ab", "ba", "bb"):
            raise row.error(f"clip {clip.id!r}: context and outcome must each be a or b")
        if cell in cells:
            raise row.error(f"scene {scene!r} has two clips with context {cell[0]} and outcome {cell[1]}")
        for other in cells.values():
            if other.label is not clip.label:
                first, second = (other, clip) if other.possible else (clip, other)
                _require_apart(first, second, row)
        if clip.possible is not (cell[0] == cell[1]):
            raise row.error(
                f"clip {clip.id!r} has context {cell[0]} and outcome {cell[1]} and is labelled "
                f"{row.text('possible')}; an event is possible exactly when the two agree"
            )
        cells[cell] = clip
        if any(row.text(column) != rows[0].text(column) for column in (*SPANS, "concepts")):
            raise row.error(f"clips of scene {scene!r} must agree in {', '.join(SPANS)} and concepts")
    if len(cells) != 4:
        raise rows[0].error(f"scene {scene!r} has only {sorted(cells)}; a 2 x 2 needs aa, ab, ba, bb")
    for kind in ("context", "outcome"):
        start, stop = rows[0].number(f"{kind}_starts"), rows[0].number(f"{kind}_ends")
        if (start is None) != (stop is None) or (start is not None and stop is not None and stop <= start):
            raise rows[0].error(f"{kind}_starts and {kind}_ends are half-open frames; here {start}, {stop}")
    given = [column for column in SPANS if rows[0].text(column)]
    if given and len(given) < len(SPANS):
        raise rows[0].error(f"scene {scene!r} states only {', '.join(given)}; give all of {', '.join(SPANS)}")
    return Quadruplet(
        id=scene,
        scene=scene,
        concepts=_concepts(rows[0]),
        aa=cells["aa"].id,
        ab=cells["ab"].id,
        ba=cells["ba"].id,
        bb=cells["bb"].id,
        context_starts=rows[0].number("context_starts"),
        context_ends=rows[0].number("context_ends"),
        outcome_starts=rows[0].number("outcome_starts"),
        outcome_ends=rows[0].number("outcome_ends"),
        conditions=_common_tags(clips),
    )


def _require_apart(possible: Clip, impossible: Clip, row: _Row) -> None:
    """Refuse a comparison of a clip with itself: no model can be more surprised by one of the two."""
    if possible.segments == impossible.segments:
        raise row.error(
            f"clip {impossible.id!r} shows the same frames of the same file as {possible.id!r}, and one is "
            "labelled possible, the other impossible; correct path, start or stop"
        )


def _pairs(clips: list[Clip], rows: list[_Row]) -> Iterator[Pair]:
    """Every possible clip against every impossible one, within `pair` where the manifest has it."""
    groups: dict[str, list[tuple[Clip, _Row]]] = {}
    for clip, row in zip(clips, rows, strict=True):
        groups.setdefault(row.text("pair"), []).append((clip, row))
    for group in groups.values():
        possible = [(clip, row) for clip, row in group if clip.possible]
        impossible = [(clip, row) for clip, row in group if not clip.possible]
        if not possible or not impossible:
            which = "impossible" if possible else "possible"
            row = group[0][1]
            raise row.error(
                f"scene {row.text('scene')!r} has no {which} clip to compare {group[0][0].id!r} with; "
                "clips are compared within a scene (and within `pair`, if that column is used)"
            )
        for clip, row in possible:
            for other, other_row in impossible:
                _require_apart(clip, other, other_row)
                if _concepts(row) != _concepts(other_row):
                    raise other_row.error(
                        f"clips {clip.id!r} and {other.id!r} are compared, so they need the same concepts"
                    )
                yield Pair(
                    clip.id, other.id, clip.scene, _concepts(row), conditions=_common_tags([clip, other])
                )
