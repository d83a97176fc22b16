"""PyAV (FFmpeg), the default: every frame is decoded in sequence, none is sought.

Seeking lands on the wrong frame in files with edit lists, open groups of pictures, or no index. FFmpeg
conceals damage unless told not to; here it is told not to (`err_detect=explode`), and whatever it still
flags as corrupt is refused.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from voe.errors import VideoError
from voe.video.container import Video, is_complete, opened, packets, rate, reason
from voe.video.decoded import Decoded, Picker
from voe.video.orientation import upright

if TYPE_CHECKING:
    from av import VideoFrame
    from av.video.reformatter import VideoReformatter

_THREADS = min(4, os.cpu_count() or 1)


def decode_video(path: Path, wanted: Iterable[int]) -> Decoded:
    """Decode a video file from beginning to end, and keep the wanted frames.

    Threads make it faster and change no bit, but they may swallow an error; so a file with anything amiss is
    decoded once more without them, and that verdict counts.

    Raises:
        VideoError: the file is missing, no video, damaged or cut off, or its frames change size.
    """
    first, again = itertools.tee(wanted)
    try:
        return _decode(path, first, threads=True)
    except VideoError:
        return _decode(path, again, threads=False)


def is_stored_upright(path: Path) -> bool:
    """Whether the frames of a video are shown as they are stored, neither turned nor mirrored.

    Raises:
        VideoError: the file is missing, no video, or its first frame cannot be decoded.
    """
    with opened(path) as video:
        frame = next(_frames(video, threads=False), None)
        return frame is None or _matrix(frame) in (None, (1 << 16, 0, 0, 1 << 16))


def _decode(path: Path, wanted: Iterable[int], *, threads: bool) -> Decoded:
    from av.video.reformatter import VideoReformatter

    picker, converter = Picker(wanted), VideoReformatter()
    size = (0, 0)
    with opened(path) as video:
        for number, frame in enumerate(_frames(video, threads=threads)):
            if number == 0:
                size = _rgb(video, frame, converter).shape[:2]
            if picker.wants(number):
                picker.add(number, _rgb(video, frame, converter))
        complete = is_complete(video)
        return picker.result(size, len(video.frames), rate(video), complete)


def _frames(video: Video, *, threads: bool) -> Iterator[VideoFrame]:
    """All frames that are shown, in presentation order; each must be sound, and of one size."""
    import av

    context = video.stream.codec_context
    context.thread_type = "AUTO" if threads else "NONE"
    context.thread_count = _THREADS if threads else 1
    context.options = {"err_detect": "crccheck+explode"}
    video.decoded = True
    size: tuple[int, int] | None = None
    interlaced = False
    try:
        for packet in packets(video):
            for frame in packet.decode():
                if frame.is_corrupt:
                    raise video.broken("a frame is damaged")
                if size is not None and size != (frame.width, frame.height):
                    raise VideoError(
                        f"reading the video {video.path}: frame {len(video.frames)} has {frame.width} x "
                        f"{frame.height} pixels, those before it {size[0]} x {size[1]}; a clip has one size. "
                        f"Re-encode it: ffmpeg -i OLD -vf scale={size[0]}:{size[1]} NEW.mp4"
                    )
                size, interlaced = (frame.width, frame.height), frame.interlaced_frame
                video.frames.append((frame.pts, frame.duration))
                yield frame
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise video.broken(f"FFmpeg cannot decode it ({reason(error)})") from error
    # Hidden frames (VP8, VP9) and the two fields of a frame are packets without a picture of their own.
    hidden = len(video.packets) - len(video.frames)
    if hidden > 0 and (threads or (context.name == "h264" and not interlaced)):
        raise video.broken(f"{hidden} of {len(video.packets)} packets gave no picture")


def _rgb(video: Video, frame: VideoFrame, converter: VideoReformatter) -> npt.NDArray[np.uint8]:
    """One frame as swscale converts it by default, upright: uint8 [H, W, 3].

    Matrix and range are the stream's own, BT.601 and limited where it says nothing; alpha is dropped, more
    than 8 bits are rounded, and the colour of interlaced frames is interpolated within their fields.
    """
    import av
    from av.video.reformatter import Interpolation

    try:
        converted = converter.reformat(frame, format="rgb24", interpolation=Interpolation.BICUBIC, threads=1)
        pixels = np.asarray(converted.to_ndarray(), dtype=np.uint8)
    except (av.error.FFmpegError, ValueError) as error:
        raise video.broken(f"frames of format {frame.format.name} cannot be turned into RGB") from error
    turned = upright(pixels, _matrix(frame))
    if turned is None:
        raise VideoError(
            f"reading the video {video.path}: its frames are to be turned by {frame.rotation} degrees, which "
            "is no quarter turn, or scaled. Re-encode it as it should be seen: ffmpeg -i OLD NEW.mp4"
        )
    return turned


def _matrix(frame: VideoFrame) -> tuple[int, int, int, int] | None:
    """The part of a frame's display matrix that turns and mirrors, if it has one."""
    from av.buffer import Buffer

    data = frame.side_data.get("DISPLAYMATRIX")
    if not isinstance(data, Buffer):
        return None
    matrix = np.frombuffer(bytes(data), dtype=np.int32)
    return int(matrix[0]), int(matrix[1]), int(matrix[3]), int(matrix[4])
