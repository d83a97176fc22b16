"""Pairs by file name, from patterns in a card: the loader for the next benchmark, without code.

    [stimuli]
    loader = "pattern"

    [pattern]
    files = "**/*.mp4"
    name = '(?P<block>\\w+)/(?P<scene>\\d+)_(?P<label>ok|bad)'
    possible = ["ok"]
    impossible = ["bad"]

`name` must match whole paths, relative to the root, without their ending and with / on all systems. The group
`label` says which kind a clip is, `scene` (or the groups in `scene = ["block", "number"]`) what it belongs
to. Within a scene every possible clip is compared with every impossible one, or only those that agree in the
groups of `pair`. `concepts` are those of the group `block`, by the card's [concepts], where there is such a
group. Files whose whole name `ignore` matches are passed over. Other groups are conditions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from voe.cards import StimuliCard
from voe.clips import RESERVED, Clip, Label, Pair, Segment, Source, StimulusSet
from voe.errors import CardError, did_you_mean
from voe.loaders.folders import concepts_of, require_root

_FIELDS = ("files", "name", "possible", "impossible", "scene", "pair", "ignore")


def load(card: StimuliCard, root: Path | None) -> StimulusSet:
    """Clips and pairs of the files that the card's `[pattern]` describes.

    Raises:
        CardError: a pattern that is none, a file that it does not match, or a scene without a possible or
            without an impossible clip.
    """
    table = _table(card)
    folder = require_root(card, root)
    found = _matches(card, table, folder)
    scenes: dict[str, list[tuple[Clip, Mapping[str, str]]]] = {}
    for path, groups in found:
        clip = _clip(card, table, folder, path, groups)
        scenes.setdefault(clip.scene, []).append((clip, groups))
    clips = tuple(clip for members in scenes.values() for clip, _ in members)
    pairs = tuple(pair for scene, members in scenes.items() for pair in _pairs(card, table, scene, members))
    return StimulusSet(card.name, clips, pairs, align=card.align, root=folder)


def _table(card: StimuliCard) -> Mapping[str, Any]:
    table = card.extra.get("pattern")
    if not isinstance(table, dict):
        raise CardError(f"{card.path}: loader 'pattern' needs a [pattern] table")
    for key in table:
        if key not in _FIELDS:
            raise CardError(
                f"{card.path}: [pattern] has an unknown field {key!r}.{did_you_mean(key, _FIELDS)}"
            )
    for key in ("files", "name", "possible", "impossible"):
        if key not in table:
            raise CardError(f"{card.path}: [pattern] lacks the field {key!r}")
    return table


def _matches(
    card: StimuliCard, table: Mapping[str, Any], folder: Path
) -> list[tuple[Path, Mapping[str, str]]]:
    """Every file with the groups of its name."""
    try:
        name = re.compile(table["name"])
        ignore = re.compile(table.get("ignore", r"(?!)"))
    except re.error as error:
        raise CardError(f"{card.path}: [pattern] is no regular expression: {error}") from error
    if "label" not in name.groupindex:
        raise CardError(f"{card.path}: [pattern] name has no group (?P<label>...), so no clip has a label")
    found: list[tuple[Path, Mapping[str, str]]] = []
    for path in sorted(p for p in folder.glob(table["files"]) if not p.name.startswith(".")):
        relative = path.relative_to(folder).with_suffix("").as_posix()
        if ignore.fullmatch(relative):
            continue
        matched = name.fullmatch(relative)
        if matched is None:
            raise CardError(
                f"{path}: the name {relative!r} does not match [pattern] name of {card.path}; correct the "
                "pattern, or let `ignore` match it"
            )
        found.append((path, {k: v for k, v in matched.groupdict().items() if v is not None}))
    if not found:
        raise CardError(
            f"{folder}: no file matches {table['files']!r} of {card.path}; is it the right folder?"
        )
    return found


def _clip(
    card: StimuliCard, table: Mapping[str, Any], folder: Path, path: Path, groups: Mapping[str, str]
) -> Clip:
    labels = {word: Label.POSSIBLE for word in table["possible"]}
    labels |= {word: Label.IMPOSSIBLE for word in table["impossible"]}
    word = groups.get("label", "")
    if word not in labels:
        raise CardError(
            f"{path}: its label is {word!r}, which [pattern] of {card.path} lists neither as possible nor "
            f"as impossible"
        )
    keys: Sequence[str] = table.get("scene", ["scene"])
    missing = [key for key in keys if key not in groups]
    if missing:
        raise CardError(f"{card.path}: [pattern] name has no group {missing[0]!r}, which `scene` asks for")
    source = Source(path, kind="images" if path.is_dir() else "video")
    name = path.relative_to(folder).with_suffix("").as_posix()
    scene = "/".join(groups[key] for key in keys)
    return Clip(name, scene, labels[word], (Segment(source),), tags=dict(groups))


def _pairs(
    card: StimuliCard,
    table: Mapping[str, Any],
    scene: str,
    members: Sequence[tuple[Clip, Mapping[str, str]]],
) -> list[Pair]:
    """The comparisons of one scene."""
    keys = table.get("pair", [])
    pairs = []
    for clip, groups in members:
        for other, theirs in members:
            alike = all(groups.get(key) == theirs.get(key) for key in keys)
            if clip.possible and not other.possible and alike:
                shared = {
                    k: v for k, v in groups.items() if theirs.get(k) == v and k not in ("label", "scene")
                }
                conditions = {k: v for k, v in shared.items() if k not in RESERVED}
                concepts = concepts_of(card, shared["block"]) if "block" in shared else ()
                pairs.append(Pair(clip.id, other.id, scene, concepts, conditions=conditions))
    if not pairs:
        paths = ", ".join(clip.id for clip, _ in members)
        raise CardError(
            f"scene {scene!r} of {card.name!r} has no possible and impossible clip to compare (it holds "
            f"{paths}); a file is missing, or the pattern puts it into another scene"
        )
    return pairs
