"""decord and torchcodec, on request: held against PyAV, and refused where they do not agree with it.

decord repeats the last frame of a trimmed MP4, starts an MPEG-TS somewhere in its middle, and says nothing of
damaged packets; both land on wrong frames where they seek in a trimmed MP4 or an AVI with B-frames. So a file
is first decoded by PyAV, which finds damage, and must be of a length that can be verified; and neither is
asked to seek. This costs time: the reason to use them is to have the decoder of a published evaluation.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from voe.errors import VideoError
from voe.video.decoded import Backend, Decoded, Picker
from voe.video.pyav import decode_video, is_stored_upright


def decode_with(backend: Backend, path: Path, wanted: Iterable[int]) -> Decoded:
    """The wanted frames as 'decord' or 'torchcodec' decodes them.

    Raises:
        VideoError: it is not installed, or PyAV finds the file damaged or cut off, or it cannot be verified
            that this decoder shows the right frames.
    """
    module = load_backend(backend)
    truth = decode_video(path, ())
    if not truth.verified:
        raise _refusal(backend, path, "nothing in the file tells how long it should be")
    if not is_stored_upright(path):
        raise _refusal(backend, path, "its frames must be turned or mirrored to be upright")
    picker = Picker(wanted)
    if backend == "decord":
        _decode_decord(module, path, picker, truth.n_frames)
    else:
        _decode_torchcodec(path, picker, truth.n_frames)
    size = (truth.frames.shape[1], truth.frames.shape[2])
    return picker.result(size, truth.n_frames, truth.fps, verified=True)


def load_backend(backend: Backend) -> ModuleType:
    """Import decord or torchcodec.

    Raises:
        VideoError: it is not installed, or does not find the libraries that it needs.
    """
    try:
        module = importlib.import_module(backend)
        if backend == "torchcodec":
            importlib.import_module("torchcodec.decoders")
    except (ImportError, OSError, RuntimeError) as error:
        more = " (x86_64 only)" if backend == "decord" else ", and FFmpeg, which it does not bring along"
        raise VideoError(
            f"decoding with {backend}: it cannot be loaded ({str(error).strip().splitlines()[0]}). Install "
            f"it{more}, or use the default, pyav"
        ) from error
    return module


def _decode_decord(decord: Any, path: Path, picker: Picker, n_frames: int) -> None:
    """Decode all frames one after the other: asked for some, decord seeks."""
    previous = getattr(decord.bridge._CURRENT_BRIDGE, "type", "native")
    decord.bridge.set_bridge("native")
    try:
        reader = decord.VideoReader(str(path), num_threads=1)
        if len(reader) != n_frames:
            raise _refusal("decord", path, f"it shows {len(reader)} frames of a file that has {n_frames}")
        for number in range(n_frames):
            frame = reader.next()
            if picker.wants(number):
                picker.add(number, frame.asnumpy())
    except (decord.DECORDError, AssertionError, StopIteration) as error:
        raise _refusal("decord", path, f"it fails ({_first_line(error)})") from error
    finally:
        decord.bridge.set_bridge(previous)


def _decode_torchcodec(path: Path, picker: Picker, n_frames: int) -> None:
    """Decode all frames one after the other: asked for some, torchcodec seeks."""
    from torchcodec.decoders import VideoDecoder

    try:
        decoder = VideoDecoder(str(path), dimension_order="NHWC", seek_mode="exact", num_ffmpeg_threads=1)
        if len(decoder) != n_frames:
            raise _refusal(
                "torchcodec", path, f"it shows {len(decoder)} frames of a file that has {n_frames}"
            )
        for number in range(n_frames):
            frame = decoder[number]
            if picker.wants(number):
                picker.add(number, np.asarray(frame, dtype=np.uint8))
    except (RuntimeError, ValueError, IndexError) as error:
        raise _refusal("torchcodec", path, f"it fails ({_first_line(error)})") from error


def _refusal(backend: str, path: Path, why: str) -> VideoError:
    return VideoError(
        f"reading the video {path} with {backend}: {why}, so its frames cannot be trusted to be the right "
        "ones; use the default decoder, pyav"
    )


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
