"""Sources into frames: one function, `decode`, behind which all decoders stand.

A frozen, repeated or missing frame is itself a violation of expectation. So a source is decoded completely
and truthfully, or it is refused with a VideoError that says why.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, get_args

from voe.clips import Source
from voe.errors import VideoError, did_you_mean
from voe.video.decoded import Backend, Decoded
from voe.video.lossless import write_lossless

__all__ = ["SAME_RATE", "Backend", "Decoded", "backend_version", "decode", "frame_rate", "write_lossless"]


SAME_RATE: Final = 0.01
"""How far two rates may differ, relatively, and be called the same."""


def frame_rate(source: Source) -> float | None:
    """Frames a second of a source, as `decode` would find it; nothing is decoded.

    Images have the rate that is stated (`source.fps`). A video file's packets are read for their times, since
    headers give one rate even where frames come at irregular times; a rate that is stated must agree.

    Returns:
        None where it is unknown or not constant: such a source cannot be resampled to a rate.

    Raises:
        VideoError: the video file is missing, no video, or cut off, or has another rate than is stated.
    """
    if source.kind != "video":
        return source.fps
    from voe.video.container import survey

    return _agreed(source, survey(source.path).fps)


def _agreed(source: Source, found: float | None) -> float | None:
    """The rate of a video file, which what is stated of it must not contradict.

    Raises:
        VideoError: it does.
    """
    stated = source.fps
    if stated is not None and (found is None or abs(stated - found) > SAME_RATE * found):
        its_own = "have no even rate" if found is None else f"come at {found:g} a second"
        raise VideoError(
            f"decoding {source.path}: {stated:g} fps is stated, and its frames {its_own}; leave `fps` of a "
            "video file out, and sample one without an even rate by frame number (--frame-step)"
        )
    return found


def decode(source: Source, wanted: Iterable[int], backend: Backend = "pyav") -> Decoded:
    """Decode a source from its first frame to its last, and return the wanted frames that exist.

    Args:
        source: a video file or a folder of images.
        wanted: frame numbers, 0 or more, strictly ascending; may be infinite (`itertools.count(0, 2)`).
        backend: the decoder of video files. 'pyav' decodes in sequence. 'decord' and 'torchcodec' are held
            against it, and refused where they do not show the same number of frames, where the file's length
            cannot be verified, or where its frames must be turned. Images are read with Pillow.

    Raises:
        VideoError: the source is missing, damaged, cut off, has another rate than is stated, or cannot be
            decoded truthfully by this backend.
        ValueError: `wanted` is not ascending.
    """
    if backend not in get_args(Backend):
        raise VideoError(
            f"decoding {source.path}: there is no decoder {backend!r}; choose one of "
            f"{', '.join(get_args(Backend))}.{did_you_mean(backend, get_args(Backend))}"
        )
    if source.kind == "images":
        from voe.video.images import decode_images

        return decode_images(source.path, wanted, source.fps)
    if source.kind == "record":
        from voe.video.records import decode_record

        return decode_record(source.path, source.part, wanted, source.fps)
    if backend == "pyav":
        from voe.video.pyav import decode_video

        decoded = decode_video(source.path, wanted)
    else:
        from voe.video.others import decode_with

        decoded = decode_with(backend, source.path, wanted)
    _agreed(source, decoded.fps)
    return decoded


def backend_version(backend: Backend) -> str:
    """The version of a decoder, and of the libavcodec behind it where it says: what a run records.

    Raises:
        VideoError: it is not installed.
    """
    if backend == "pyav":
        import av

        libavcodec = ".".join(str(number) for number in av.library_versions["libavcodec"])
        return f"pyav {av.__version__} (libavcodec {libavcodec})"
    from voe.video.others import load_backend

    return f"{backend} {load_backend(backend).__version__}"
