"""Clips as small videos and strips, for a page: text that a browser can show without fetching anything."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from voe.clips import Clip
from voe.errors import ClipError
from voe.judging.frames import read_clips
from voe.judging.plan import Asking

SIDE: Final = 128
"""Longer side of a video, pixels."""
_FRAMES: Final = 96
_STRIP: Final = 8
_STRIP_SIDE: Final = 72


@dataclass(frozen=True)
class Pictures:
    """A clip as a WebM video and a strip of frames, both `data:` addresses, and its size; the numbers of the
    strip's frames in the clip, and the seconds that the video lasts.
    """

    video: str
    strip: str
    width: int
    height: int
    numbers: tuple[int, ...]
    duration_s: float


def pictures_of(clips: Sequence[Clip]) -> tuple[dict[str, Pictures], dict[str, str]]:
    """Pictures of the clips of one scene, and what could not be read, each with the reason."""
    read = read_clips(clips, Asking(frames=_FRAMES, size=SIDE))
    made = {}
    for name, clip in read.shown.items():
        frames = clip.frames[:, : clip.frames.shape[1] // 2 * 2, : clip.frames.shape[2] // 2 * 2]
        fps = min(max(clip.fps, 1.0), 60.0)
        chosen = np.rint(np.linspace(0, len(frames) - 1, min(_STRIP, len(frames)))).astype(int)
        made[name] = Pictures(
            data_address("video/webm", webm(frames, fps)),
            data_address("image/webp", strip(frames[chosen])),
            frames.shape[2],
            frames.shape[1],
            tuple(clip.numbers[i] for i in chosen.tolist()),
            len(frames) / fps,
        )
    return made, {name: _reason(error) for name, error in read.failures.items()}


def _reason(error: ClipError) -> str:
    return str(error)


def webm(frames: npt.NDArray[np.uint8], fps: float, *, crf: int = 38) -> bytes:
    """A VP9 video of uint8 [T, H, W, 3] with even sides; `crf` from 0 (large) to 63 (small)."""
    import av

    buffer = io.BytesIO()
    with av.open(buffer, "w", format="webm") as container:
        stream = container.add_stream("libvpx-vp9", rate=round(fps))
        stream.width, stream.height = frames.shape[2], frames.shape[1]
        stream.pix_fmt = "yuv420p"
        stream.bit_rate = 0
        stream.options = {"crf": str(crf), "deadline": "realtime", "cpu-used": "8", "threads": "1"}
        for frame in frames:
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return buffer.getvalue()


def strip(frames: npt.NDArray[np.uint8], side: int = _STRIP_SIDE) -> bytes:
    """Frames side by side as one WebP picture."""
    from PIL import Image

    height, width = frames.shape[1:3]
    scale = side / max(height, width)
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    sheet = Image.new("RGB", (size[0] * len(frames), size[1]))
    for number, frame in enumerate(frames):
        sheet.paste(Image.fromarray(frame).resize(size, Image.Resampling.LANCZOS), (number * size[0], 0))
    buffer = io.BytesIO()
    sheet.save(buffer, "WEBP", quality=72, method=4)
    return buffer.getvalue()


def data_address(kind: str, data: bytes | None) -> str:
    """A `data:` address; empty without data."""
    if data is None:
        return ""
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"
