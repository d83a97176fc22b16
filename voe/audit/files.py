"""Marginal detectors that look at files, not at pictures: size, bitrate, encoding, length, rate, resolution.

What a file tells is attributed to the clips that show it by their edit lists: a clip that shows half of a
file's frames has half of its bytes. Files that possible and impossible clips share alike cancel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from voe.audit.comparisons import Comparison
from voe.audit.marginal import Reading, contrast
from voe.clips import Clip, Source
from voe.errors import VideoError
from voe.scenes import ClipFrames


@dataclass(frozen=True)
class FileFacts:
    """One source: bytes on disk, frames shown, size of its pictures in pixels, and how it is encoded."""

    n_bytes: int
    n_frames: int
    height: int
    width: int
    encoding: str


@dataclass(frozen=True)
class ClipFile:
    """What the files of one clip come to.

    `n_bytes` are those of the frames that it shows, `bitrate` is in bits a second (a frame, where the rate
    is unknown), `encodings` maps each encoding to the share of frames that have it.
    """

    n_bytes: float
    bitrate: float
    n_frames: int
    fps: float
    height: int
    width: int
    encodings: Mapping[str, float]


def file_facts(source: Source) -> FileFacts:
    """Facts of a video file, a folder of images or a record; no picture of a file is decoded.

    Raises:
        VideoError: it cannot be read.
    """
    if source.kind == "images":
        return _image_facts(source)
    if source.kind == "record":
        return _record_facts(source)
    from voe.video.container import opened, survey

    with opened(source.path) as video:
        context = video.stream.codec_context
        kind = video.container.format.name.split(",")[0]
        encoding = f"{kind}, {context.name}, {context.pix_fmt}"
        if context.profile:
            encoding += f", {context.profile}"
        height, width = context.height, context.width
    return FileFacts(source.path.stat().st_size, survey(source.path).n_frames, height, width, encoding)


def _record_facts(source: Source) -> FileFacts:
    """A clip in a container of raw frames: it has no codec, and as many bytes as it has pixels."""
    from itertools import count

    from voe.video import decode

    frames = decode(source, count()).frames
    return FileFacts(frames.nbytes, len(frames), frames.shape[1], frames.shape[2], "raw frames")


def _image_facts(source: Source) -> FileFacts:
    from PIL import Image

    from voe.video.images import image_files

    files = image_files(source.path)
    try:
        with Image.open(files[0]) as image:
            width, height, encoding = image.width, image.height, f"{image.format}, {image.mode}"
    except OSError as error:
        raise VideoError(f"reading the image {files[0]}: Pillow cannot read it ({error})") from error
    n_bytes = sum(file.stat().st_size for file in files)
    return FileFacts(n_bytes, len(files), height, width, encoding)


def clip_file(clip: Clip, read: ClipFrames, facts: Mapping[Source, FileFacts]) -> ClipFile:
    """Attribute the facts of its sources to a clip."""
    shown: dict[Source, int] = {}
    for segment in clip.segments:
        stop = facts[segment.source].n_frames if segment.stop is None else segment.stop
        shown[segment.source] = shown.get(segment.source, 0) + stop - segment.start
    n_bytes = sum(facts[source].n_bytes / facts[source].n_frames * n for source, n in shown.items())
    encodings: dict[str, float] = {}
    for source, n in shown.items():
        name = facts[source].encoding
        encodings[name] = encodings.get(name, 0.0) + n / sum(shown.values())
    first = facts[clip.segments[0].source]
    rate = read.fps or 0.0
    bitrate = 8 * n_bytes / sum(shown.values()) * (rate or 1.0)
    return ClipFile(n_bytes, bitrate, read.n_frames, rate, first.height, first.width, encodings)


def read_files(
    comparisons: Sequence[Comparison], clips: Mapping[str, ClipFile]
) -> tuple[dict[str, list[Reading]], list[str]]:
    """The detectors that look at files, on every comparison; and the encodings that occur, sorted."""
    encodings = sorted({name for clip in clips.values() for name in clip.encodings})
    readings: dict[str, list[Reading]] = {}
    for comparison in comparisons:
        of = {name: clips[name] for name in comparison.clips}
        numbers: dict[str, dict[str, list[float]]] = {
            "file size": {name: [clip.n_bytes] for name, clip in of.items()},
            "bitrate": {name: [clip.bitrate] for name, clip in of.items()},
            "encoding": {n: [clip.encodings.get(e, 0.0) for e in encodings] for n, clip in of.items()},
            "number of frames": {name: [clip.n_frames] for name, clip in of.items()},
            "frame rate": {name: [clip.fps] for name, clip in of.items()},
            "resolution": {name: [clip.height, clip.width] for name, clip in of.items()},
        }
        for detector, values in numbers.items():
            found = contrast(comparison, {n: np.array(v, dtype=np.float64) for n, v in values.items()})
            readings.setdefault(detector, []).append(Reading(found, (found,)))
    return readings, encodings
