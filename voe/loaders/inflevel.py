"""InfLevel-lab (Weihs et al., TMLR 2022): real laboratory videos of continuity, gravity and solidity.

    inflevel_lab/{continuity,gravity,solidity}/<camera>__<category>__<cover>__<object>__<type>[__LR|__RL].mp4

as in the README of allenai/inflevel; types and their pairing are those of its evaluator.py. Continuity: vv
and ii are possible, vi and iv are not; gravity and solidity: ui and cv are possible, uv and ci are not.
Pairs are vv-vi, ii-iv, ui-uv, cv-ci, as facebookresearch/jepa-intuitive-physics lists them.

Whether the cover is closed (c) or not (u) is shown only before the trial proper, in the *priming*. Without it
the c rows of gravity and solidity have no right answer. Where priming ends stands in tables of that
repository, {continuity,gravity,solidity}.csv, which the user puts into the root; nothing of them ships here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from voe.cards import StimuliCard
from voe.clips import Clip, Label, Pair, Segment, Source, StimulusSet
from voe.errors import CardError
from voe.loaders.folders import concepts_of, layout_of, read_csv, require_root

POSSIBLE_OF = {"vi": "vv", "iv": "ii", "uv": "ui", "ci": "cv"}
"""Type of an impossible clip -> that of the possible one it is compared with."""
TYPES = {
    "continuity": ("vv", "ii", "vi", "iv"),
    "gravity": ("ui", "cv", "uv", "ci"),
    "solidity": ("ui", "cv", "uv", "ci"),
}
_NAME = re.compile(r"(left|center|right)__(.+)__([^_].*)__([^_].*)__([a-z]{2})(?:__(LR|RL))?")


@dataclass(frozen=True)
class _Trial:
    path: Path
    block: str
    camera: str
    category: str
    cover: str
    thing: str
    kind: str
    direction: str

    @property
    def setup(self) -> str:
        """What was filmed once, by three cameras: the cluster of the statistics."""
        return "/".join(filter(None, (self.block, self.category, self.cover, self.thing, self.direction)))

    @property
    def group(self) -> str:
        """The clips of one set-up by one camera."""
        return f"{self.setup}/{self.camera}"


def load(card: StimuliCard, root: Path | None) -> StimulusSet:
    """All pairs, as the card's `[layout]` says: `priming` (shown or not), `covered` (the c rows, or not).

    Incomplete pairs are left out (a few trials were never filmed), and without priming pairs that the
    tables do not list; `voe stimuli check` counts what is left.

    Raises:
        CardError: a folder that is not InfLevel-lab, a file name of another form, or without priming a table
            that is missing, or lists one video of a pair and not the other.
    """
    layout = layout_of(card, "priming", "covered")
    folder = require_root(card, root, *TYPES)
    clips: list[Clip] = []
    pairs: list[Pair] = []
    for block in TYPES:
        trials = {(t.group, t.kind): t for t in _trials(folder / block, block)}
        starts = {} if layout["priming"] else _priming_ends(_table(folder, block))
        for (group, kind), trial in trials.items():
            possible = trials.get((group, POSSIBLE_OF.get(kind, "")))
            if possible is None or (trial.kind.startswith("c") and not layout["covered"]):
                continue
            if not layout["priming"] and _unlisted(possible, trial, starts):
                continue
            both = [_clip(t, starts, bool(layout["priming"]), kind) for t in (possible, trial)]
            clips += both
            pairs.append(
                Pair(
                    both[0].id, both[1].id, trial.setup, concepts_of(card, block),
                    conditions={"block": block, "camera": trial.camera, "types": f"{possible.kind}-{kind}"},
                )
            )  # fmt: skip
    if not pairs:
        raise CardError(f"{folder}: no pair of videos is complete; is the download?")
    return StimulusSet(card.name, tuple(clips), tuple(pairs), align="end", root=folder)


def _trials(folder: Path, block: str) -> Iterator[_Trial]:
    for path in sorted(folder.glob("*.mp4")):
        found = _NAME.fullmatch(path.stem)
        if found is None or found.group(5) not in TYPES[block]:
            raise CardError(
                f"{path}: the name is not <camera>__<category>__<cover>__<object>__<type>, with a type of "
                f"{', '.join(TYPES[block])}; was it renamed?"
            )
        camera, category, cover, thing, kind, direction = found.groups()
        yield _Trial(path, block, camera, category, cover, thing, kind, direction or "")


def _table(folder: Path, block: str) -> Path:
    """The table of priming offsets that the user supplied."""
    for place in (folder, folder.parent):
        if (place / f"{block}.csv").is_file():
            return place / f"{block}.csv"
    raise CardError(
        f"{folder}: without priming, {block}.csv must lie here: it says where priming ends. It comes with "
        "facebookresearch/jepa-intuitive-physics (auxiliary_data_loading_files/inflevel). Or show the "
        "priming: the card inflevel-priming needs no table"
    )


def _priming_ends(path: Path) -> dict[str, int]:
    """File name -> the last frame of priming."""
    ends: dict[str, int] = {}
    columns = [f"vid{k}_{name}" for k in (1, 2) for name in ("path", "end_priming_2")]
    for line, cells in read_csv(path, columns):
        for k in (1, 2):
            end = cells[f"vid{k}_end_priming_2"]
            if not end.isdecimal():
                raise CardError(f"{path}, line {line}: vid{k}_end_priming_2 is {end!r}, no frame number")
            ends[Path(cells[f"vid{k}_path"]).name] = int(end)
    return ends


def _unlisted(possible: _Trial, impossible: _Trial, starts: Mapping[str, int]) -> bool:
    """Whether the table lists neither video of a pair: the reference evaluation leaves some set-ups out."""
    listed = [trial.path.name in starts for trial in (possible, impossible)]
    if any(listed) and not all(listed):
        lacking = impossible if listed[0] else possible
        raise CardError(
            f"{lacking.path}: {lacking.block}.csv has no row for this video, but one for its counterpart; "
            "use the table that belongs to this download"
        )
    return not any(listed)


def _clip(trial: _Trial, starts: Mapping[str, int], priming: bool, pair: str) -> Clip:
    """A clip of one pair; the two clips of a pair are aligned at their ends, without the other pair's."""
    start = 0 if priming else starts[trial.path.name] + 1
    tags = {"block": trial.block, "trial_type": trial.kind, "camera": trial.camera, "cover": trial.cover,
            "obj": trial.thing, "dir": trial.direction, "group": trial.group}  # fmt: skip
    label = Label.IMPOSSIBLE if trial.kind in POSSIBLE_OF else Label.POSSIBLE
    name = f"{trial.block}/{trial.path.stem}"
    segments = (Segment(Source(trial.path), start),)
    return Clip(name, trial.group, label, segments, tags=tags, aligned_with=pair)
