"""Is a download complete and as its card says? `voe stimuli check`."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from voe.cards import read_stimuli_card
from voe.clips import Clip, Pair, Quadruplet, Source, StimulusSet
from voe.errors import CardError, VideoError
from voe.loaders.load import load_stimuli

Level = Literal["error", "warning", "note"]
Progress = Callable[[int, int], None]

_PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".webp")


@dataclass(frozen=True)
class Finding:
    """One thing that was found: how bad, where, what, and what to do about it."""

    level: Level
    where: str
    what: str
    cure: str = ""


@dataclass(frozen=True)
class Checked:
    """What `check_stimuli` found. `sound` is true where no finding is an error."""

    name: str
    root: str
    counts: Mapping[str, int]
    findings: tuple[Finding, ...]

    @property
    def sound(self) -> bool:
        """No finding is an error."""
        return all(finding.level != "error" for finding in self.findings)


def check_stimuli(
    name: str, root: Path | None, *, decode: bool = False, progress: Progress | None = None
) -> Checked:
    """Load a set, and hold it against its card: counts, files, labels, lengths, frames. A manifest expects
    nothing, and is looked through for the rest.

    Args:
        name: name or path of a card, or path of a manifest (.csv).
        root: the folder of the download.
        decode: decode every clip whole, for lengths to the frame, truncation, and (where the card asks for
            it) equal multisets of frames within quadruplets. Without it pictures are counted, and videos are
            judged by what their containers say.
        progress: called with (sources looked at, sources in all).

    Raises:
        CardError: no such card.
    """
    title, expected = _expectations(name)
    try:
        stimuli = load_stimuli(name, root)
    except (CardError, VideoError) as error:
        return Checked(title, str(root or ""), {}, (Finding("error", title, str(error)),))
    findings = [*_counts(title, expected, stimuli), *_strays(stimuli), *_balance(stimuli)]
    looked, found = _look(stimuli, decode, progress or (lambda done, total: None))
    findings += [
        *found,
        *_lengths(expected, stimuli, looked),
        *_duplicates(stimuli, looked),
        *_same_twice(stimuli, looked),
    ]
    if expected.get("multisets"):
        findings += _multisets(stimuli, looked)
    counts = {
        "clips": len(stimuli.clips), "pairs": len(stimuli.pairs), "quadruplets": len(stimuli.quadruplets),
    }  # fmt: skip
    return Checked(title, str(stimuli.root), counts, tuple(findings))


def _expectations(name: str) -> tuple[str, Mapping[str, Any]]:
    """What a set is called, and what its card expects of it."""
    if name.endswith(".csv"):
        return Path(name).name, {}
    card = read_stimuli_card(name)
    return card.name, card.extra.get("expect", {})


def _counts(title: str, expected: Mapping[str, Any], stimuli: StimulusSet) -> Iterator[Finding]:
    """What the card expects, against what is there."""
    cure = "the download is incomplete, or of another release; compare it with the source"
    for what in ("clips", "pairs", "quadruplets"):
        there = len(getattr(stimuli, what))
        if what in expected and there != expected[what]:
            yield Finding("error", title, f"{there} {what} where the card expects {expected[what]}", cure)
    designs: tuple[Quadruplet | Pair, ...] = stimuli.quadruplets or stimuli.pairs
    blocks = Counter(design.conditions.get(stimuli.block, "") for design in designs)
    for block, count in expected.get("blocks", {}).items():
        if blocks[block] != count:
            yield Finding("error", block, f"{blocks[block]} comparisons where the card expects {count}", cure)


def _strays(stimuli: StimulusSet) -> Iterator[Finding]:
    """Videos in the folders of the set that no clip shows."""
    shown = {segment.source.path for clip in stimuli.clips for segment in clip.segments}
    for folder in sorted({path.parent for path in shown}):
        for path in sorted(folder.iterdir()):
            if path.suffix.lower() in (".mp4", ".avi", ".mov", ".mkv", ".webm") and path not in shown:
                yield Finding(
                    "warning",
                    str(path),
                    "no clip of the set shows this video",
                    "its counterpart is missing, or it does not belong here",
                )


def _balance(stimuli: StimulusSet) -> Iterator[Finding]:
    """As many possible as impossible clips in every block."""
    counts: dict[str, Counter[bool]] = {}
    for clip in stimuli.clips:
        if clip.label is not None:
            block = clip.tags.get("block", clip.tags.get("test", ""))
            counts.setdefault(block, Counter())[clip.possible] += 1
    for block, count in counts.items():
        if count[True] != count[False]:
            yield Finding(
                "note", block or stimuli.name, f"{count[True]} possible and {count[False]} impossible clips",
                "single-clip accuracies are not comparable with 50 % here",
            )  # fmt: skip


@dataclass(frozen=True)
class _Look:
    """What is known of a source: frames, and a digest of each (only where it was decoded)."""

    n_frames: int | None
    frames: tuple[str, ...] = ()
    content: str = ""


def _look(
    stimuli: StimulusSet, decode: bool, progress: Progress
) -> tuple[dict[Source, _Look], list[Finding]]:
    sources = list(dict.fromkeys(s.source for clip in stimuli.clips for s in clip.segments))
    looked, findings = {}, []
    for done, source in enumerate(sources, start=1):
        try:
            looked[source] = _decoded(source) if decode else _by_container(source)
        except VideoError as error:
            findings.append(Finding("error", str(source.path), str(error), "fetch this file again"))
        progress(done, len(sources))
    return looked, findings


def _decoded(source: Source) -> _Look:
    import itertools

    from voe.video import decode

    found = decode(source, itertools.count())
    digests = tuple(hashlib.blake2b(frame.tobytes(), digest_size=16).hexdigest() for frame in found.frames)
    return _Look(found.n_frames, digests, hashlib.blake2b("".join(digests).encode()).hexdigest())


def _by_container(source: Source) -> _Look:
    """Without decoding: pictures in a folder, or a file's own account of its frames."""
    if source.kind == "images":
        return _Look(sum(path.suffix.lower() in _PICTURES for path in source.path.iterdir()))
    if source.kind == "record":
        return _Look(None)
    from voe.video.container import survey

    survey(source.path)
    size = source.path.stat().st_size
    with source.path.open("rb") as file:
        digest = hashlib.blake2b(file.read(1 << 20)).hexdigest()
    return _Look(None, content=f"{size} {digest}")


def _frames(clip: Clip, looked: Mapping[Source, _Look]) -> int | None:
    """Length of a clip, None where it is not known."""
    total = 0
    for segment in clip.segments:
        known = looked[segment.source].n_frames if segment.source in looked else None
        if known is None:
            return None
        total += min(known if segment.stop is None else segment.stop, known) - segment.start
    return total


def _lengths(
    expected: Mapping[str, Any], stimuli: StimulusSet, looked: Mapping[Source, _Look]
) -> Iterator[Finding]:
    """Files of a length that the card does not expect, and comparisons of unequal length."""
    files = expected.get("files")
    for source, look in looked.items():
        if files is not None and look.n_frames is not None and look.n_frames != files:
            yield Finding(
                "error", str(source.path), f"{look.n_frames} frames where the card expects {files}",
                "fetch it again",
            )  # fmt: skip
    designs: tuple[Quadruplet | Pair, ...] = (*stimuli.quadruplets, *stimuli.pairs)
    for design in designs:
        lengths = {clip: _frames(stimuli.clip(clip), looked) for clip in design.clips}
        known = {length for length in lengths.values() if length is not None}
        if len(known) > 1 and stimuli.align == "strict":
            listed = ", ".join(f"{clip} {length}" for clip, length in lengths.items())
            yield Finding(
                "error", design.scene, f"clips of unequal length, in frames: {listed}",
                "such a comparison cannot be scored; fetch its files again",
            )  # fmt: skip


def _place(source: Source) -> str:
    """A file, and which of its clips where it holds several."""
    return f"{source.path}, record {source.part}" if source.part else str(source.path)


def _duplicates(stimuli: StimulusSet, looked: Mapping[Source, _Look]) -> Iterator[Finding]:
    """Files that are the same as one of another scene."""
    scenes: dict[str, dict[Source, str]] = {}
    for clip in stimuli.clips:
        for segment in clip.segments:
            content = looked[segment.source].content if segment.source in looked else ""
            if content:
                scenes.setdefault(content, {})[segment.source] = clip.scene
    for sources in scenes.values():
        if len(set(sources.values())) > 1:
            first, second, *_ = sources
            yield Finding(
                "warning", _place(second), f"the same video as {_place(first)}, of another scene",
                "scenes that share a video are not independent",
            )  # fmt: skip


def _same_twice(stimuli: StimulusSet, looked: Mapping[Source, _Look]) -> Iterator[Finding]:
    """Pairs whose clips show the same frames: whatever a model makes of one, it makes of the other."""
    for pair in stimuli.pairs:
        possible, impossible = (_shown(stimuli.clip(clip), looked) for clip in pair.clips)
        if possible and possible == impossible:
            yield Finding(
                "error", pair.scene, f"{pair.possible} and {pair.impossible} show the same video",
                "one of the two was copied over the other; fetch both again",
            )  # fmt: skip


def _shown(clip: Clip, looked: Mapping[Source, _Look]) -> list[tuple[str, int, int | None]]:
    """What a clip shows, as contents and ranges; empty where one of its files was not decoded."""
    looks = [looked.get(segment.source, _Look(None)) for segment in clip.segments]
    if not all(look.frames for look in looks):
        return []
    return [(look.content, s.start, s.stop) for look, s in zip(looks, clip.segments, strict=True)]


def _multisets(stimuli: StimulusSet, looked: Mapping[Source, _Look]) -> Iterator[Finding]:
    """Possible and impossible clips of a quadruplet must hold the same frames, as often."""
    for quad in stimuli.quadruplets:
        counts = {True: Counter[str](), False: Counter[str]()}
        for clip in map(stimuli.clip, quad.clips):
            for segment in clip.segments:
                counts[clip.possible].update(looked.get(segment.source, _Look(None)).frames)
        if counts[True] != counts[False]:
            n = sum((counts[True] - counts[False]).values())
            yield Finding(
                "error", quad.id, f"{n} frames of its possible clips are in no impossible one",
                "the frames were re-encoded or replaced; fetch the original pictures again",
            )  # fmt: skip
