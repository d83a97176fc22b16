"""Frame numbers of samples and windows, and the resizing of frames. Nothing else.

Windows are laid as in Garrido et al. 2025: over T sampled frames, window w holds samples
[w * stride, w * stride + window), for w = 0 .. floor((T - window) / stride); trailing samples are dropped.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from voe.errors import ClipError, ProtocolError

if TYPE_CHECKING:
    from torch import Tensor

    from voe.adapters.base import PredictorSpec
    from voe.protocols import Protocol, Resize


def sample_stream(protocol: Protocol, clip_fps: float | None = None) -> Iterator[int]:
    """Frame numbers, on a clip's own timeline, that a protocol looks at, ascending and without an end.

    With `frame_step` s: 0, s, 2s, ... With `fps` r: the frame that is on screen at time k / r, that is
    floor(k * clip_fps / r).

    Raises:
        ClipError: `fps` is asked of a clip whose own rate is unknown or lower.

    >>> from itertools import islice
    >>> from voe.protocols import Protocol
    >>> list(islice(sample_stream(Protocol(frame_step=None, fps=12), clip_fps=30), 5))
    [0, 2, 5, 7, 10]
    """
    if protocol.frame_step is not None:
        return itertools.count(0, protocol.frame_step)
    assert protocol.fps is not None
    if clip_fps is None:
        raise ClipError(
            f"sampling at {protocol.fps:g} fps: the clip's own frame rate is unknown or not constant. Use "
            "--frame-step, or, for a folder of images, give `fps` in the manifest"
        )
    if protocol.fps > clip_fps * (1 + 1e-6):
        raise ClipError(
            f"sampling at {protocol.fps:g} fps: the clip has only {clip_fps:g}; frames are never invented. "
            "Use a lower --fps, or --frame-step 1"
        )
    # The 1e-6 of a frame keeps 29.97 against 30 / 1.001 and the like from falling one frame short.
    ratio = clip_fps / protocol.fps
    return (math.floor(k * ratio + 1e-6) for k in itertools.count())


def sampled_frames(n_frames: int, protocol: Protocol, clip_fps: float | None = None) -> npt.NDArray[np.int64]:
    """The numbers of `sample_stream` that a clip of `n_frames` has: int64 [T] (errors as there)."""
    stream = sample_stream(protocol, clip_fps)
    return np.fromiter(itertools.takewhile(lambda k: k < n_frames, stream), dtype=np.int64)


def window_starts(n_samples: int, window: int, stride: int) -> npt.NDArray[np.int64]:
    """First sample of each window: int64 [W].

    Raises:
        ClipError: fewer samples than one window holds.
    """
    if n_samples < window:
        raise ClipError(
            f"only {n_samples} sampled frames, fewer than the window of {window}; use a smaller --window or "
            "--frame-step (or a higher --fps), or leave the clip out"
        )
    return np.arange(0, n_samples - window + 1, stride, dtype=np.int64)


def check_windows(spec: PredictorSpec, protocol: Protocol) -> None:
    """Raise ProtocolError where the model cannot take the protocol's window or contexts."""
    if not spec.window_is_legal(protocol.window):
        upper = "" if spec.max_window is None else f", at most {spec.max_window}"
        raise ProtocolError(
            f"model {spec.name!r} cannot take windows of {protocol.window} frames: it needs a multiple of "
            f"{spec.window_multiple}, at least {spec.min_window}{upper}; set --window"
        )
    wrong = [c for c in protocol.contexts if c % spec.context_multiple]
    if wrong:
        raise ProtocolError(
            f"model {spec.name!r} cannot take contexts of {wrong} frames: they must be multiples of "
            f"{spec.context_multiple}; set --contexts"
        )


def resize_frames(
    frames: npt.NDArray[np.uint8], size: tuple[int, int], resize: Resize = "centre-crop"
) -> Tensor:
    """Crop and resize: uint8 [T, H, W, 3] -> float32 [T, 3, h, w] in 0..255.

    'centre-crop' takes the largest centred rectangle of the wanted aspect, 'squash' the whole frame (but at
    most 2 : 1, beyond which the longer side is cropped in the centre first, as the reference does for
    InfLevel). Bilinear, corners not aligned, no antialiasing: the arithmetic of the reference evaluations.
    A frame that already has the wanted size is returned as it is, to the bit.
    """
    import torch

    top, left, height, width = _crop_box(frames.shape[1], frames.shape[2], size, resize)
    cropped = np.ascontiguousarray(frames[:, top : top + height, left : left + width])
    tensor = torch.from_numpy(cropped).permute(0, 3, 1, 2).float()
    if (height, width) == size:
        return tensor
    return torch.nn.functional.interpolate(tensor, size=size, mode="bilinear", align_corners=False)


def _crop_box(height: int, width: int, size: tuple[int, int], resize: Resize) -> tuple[int, int, int, int]:
    """Top, left, height and width of the part of a frame that is kept."""
    aspect = size[1] / size[0]
    low, high = (aspect, aspect) if resize == "centre-crop" else (aspect / 2, aspect * 2)
    kept_height, kept_width = height, width
    if width / height > high:
        kept_width = round(height * high)
    elif width / height < low:
        kept_height = round(width / low)
    return (height - kept_height) // 2, (width - kept_width) // 2, kept_height, kept_width


def normalise(frames: Tensor, mean: tuple[float, float, float], std: tuple[float, float, float]) -> Tensor:
    """(x - 255 mean) / (255 std) by channel: float32 [..., 3, H, W] in 0..255, same shape out."""
    import torch

    shape = (3, 1, 1)
    shift = torch.tensor(mean, dtype=torch.float32, device=frames.device).mul(255).view(shape)
    scale = torch.tensor(std, dtype=torch.float32, device=frames.device).mul(255).view(shape)
    return (frames - shift) / scale
