"""Writing videos that come back bit for bit."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt

from voe.errors import VideoError
from voe.video.container import reason


def write_lossless(path: Path, frames: npt.NDArray[np.uint8], fps: Fraction | int) -> None:
    """Write RGB frames as lossless H.264 in RGB (`libx264rgb`, quantiser 0): uint8 [T, H, W, 3].

    The same frames give the same bytes on every machine (one thread; no dates, no versions), as long as the
    version of x264 is the same. An existing file is replaced, but only by a complete one.

    Args:
        path: ends in .mp4 or .mkv; its folder exists.
        fps: frames a second, above 0.

    Raises:
        VideoError: frames of another shape or type, or a file that cannot be written.
    """
    import av

    if frames.ndim != 4 or frames.shape[3] != 3 or frames.dtype != np.uint8 or frames.size == 0:
        raise VideoError(
            f"writing the video {path}: frames must be uint8 [T, H, W, 3], none of them 0, but they are "
            f"{frames.dtype} {list(frames.shape)}"
        )
    if fps <= 0:
        raise VideoError(f"writing the video {path}: fps is {fps}; it must be above 0")
    if path.suffix not in {".mp4", ".mkv"}:
        raise VideoError(f"writing the video {path}: the name must end in .mp4 or .mkv")
    aside = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        _encode(aside, frames, Fraction(fps))
        aside.replace(path)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise VideoError(f"writing the video {path}: {reason(error)}; check its folder and space") from error
    finally:
        aside.unlink(missing_ok=True)


def _encode(path: Path, frames: npt.NDArray[np.uint8], fps: Fraction) -> None:
    import av

    with av.open(f"file:{path}", "w", container_options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("libx264rgb", rate=fps, options={"qp": "0", "preset": "slow"})
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "rgb24"
        stream.codec_context.thread_count = 1
        for number, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
            frame.pts, frame.time_base = number, 1 / fps
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
