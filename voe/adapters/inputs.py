"""What networks of tubelets and patches can be handed, and the windows of the reference evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voe.errors import ModelError, ProtocolError
from voe.protocols import Protocol

if TYPE_CHECKING:
    from torch import Tensor

    from voe.adapters.base import PredictorSpec
    from voe.adapters.specs import ModelSpec


def require_frames(spec: PredictorSpec, frames: Tensor, n_frames: int) -> None:
    """Refuse frames that a patch embedding would silently cut off.

    `frames` are a whole window of `n_frames` or its context: [B, C, 3, H, W].

    Raises:
        ProtocolError: their size, their number or the window is not what the model takes.
    """
    height, width = spec.size
    if (
        frames.ndim == 5
        and tuple(frames.shape[2:]) == (3, height, width)
        and 0 < frames.shape[1] <= n_frames
        and frames.shape[1] % spec.context_multiple == 0
        and spec.window_is_legal(n_frames)
    ):
        return
    raise ProtocolError(
        f"model {spec.name!r} was handed frames of shape {tuple(frames.shape)} for a window of {n_frames} "
        f"frames; it takes [batch, frames, 3, {height}, {width}], frames in multiples of "
        f"{spec.context_multiple} and windows of at least {spec.min_window}"
    )


def input_size(spec: ModelSpec, default: int, patch: int) -> int:
    """The option `size` (height and width in pixels), or the model's own.

    Raises:
        ModelError: it is no multiple of the patch.
    """
    size = spec.integer("size", default, minimum=1)
    assert size is not None
    if size % patch:
        raise ModelError(
            f"model {spec.text!r}: an input of {size} pixels is no multiple of the model's patch of {patch}; "
            f"give size={max(round(size / patch), 1) * patch}"
        )
    return size


def reference_protocol(frames: int, tubelet: int) -> Protocol:
    """Stride 2 and five contexts, as in Garrido et al. 2025: 2 to 10 of 16 frames, 4 to 20 of 32.

    >>> reference_protocol(16, 2).contexts, reference_protocol(32, 2).contexts
    ((2, 4, 6, 8, 10), (4, 8, 12, 16, 20))
    """
    window = max(frames, 2 * tubelet)
    step = max(window // 16, 1) * 2
    contexts = tuple(c for c in range(step, 5 * step + 1, step) if c < window and c % tubelet == 0)
    return Protocol(window=window, stride=2, contexts=contexts or (window - tubelet,))
