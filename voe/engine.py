"""Frames and windows -> surprise. The engine knows no model and no data set.

Surprise of a window is the mean absolute difference, over the predicted tokens and their channels, between
what an adapter predicted from the context frames and what it encoded of the whole window (Garrido et al.
2025, the measure of their section on violation of expectation). Each distinct window is encoded once and
each distinct context predicted once; matched clips agree up to the violation, so much of the work is shared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from voe.adapters.base import Predictor, future_tokens
from voe.adapters.own_files import foreign
from voe.errors import ClipError, ModelError, ProtocolError
from voe.frames import FramePool
from voe.protocols import Protocol
from voe.windows import check_windows, normalise, window_starts

if TYPE_CHECKING:
    from torch import Tensor


class NotFiniteError(ModelError):
    """A surprise that is not finite; `window` is the first of the windows that has one."""

    def __init__(self, message: str, window: int) -> None:
        super().__init__(message)
        self.window = window


Surprise = Mapping[str, npt.NDArray[np.float32]]

# Windows whose targets are held at once, in batches: larger blocks share more predictions between batches.
BLOCK_BATCHES = 4


def window_surprise(
    model: Predictor,
    frames: Tensor,
    windows: npt.NDArray[np.int64],
    contexts: Sequence[int],
    batch_size: int = 8,
    *,
    seen: npt.NDArray[np.int64] | None = None,
) -> Surprise:
    """Surprise of many windows over a pool of frames.

    Args:
        model: an adapter.
        frames: float32 [U, 3, h, w] in 0..255, of the model's size.
        windows: int64 [n, F], rows of `frames`.
        contexts: context lengths, in frames, each below F.
        batch_size: windows handed to the model at once.
        seen: int64 [n, F], rows of `frames`: windows whose first frames the model is shown, where these are
            not the windows' own (a control).

    Returns:
        stream -> float32 [n, contexts].

    Raises:
        ModelError: the model returns other streams or token counts than it states.
        NotFiniteError: it returns numbers that are not finite.
    """
    import torch

    n_frames = windows.shape[1]
    joined = windows if seen is None else np.concatenate([windows, seen], axis=1)
    unique, inverse = np.unique(joined, axis=0, return_inverse=True)
    # np.unique sorts, so windows with the same first frames lie side by side and share a block.
    result = {stream: np.empty((len(unique), len(contexts)), np.float32) for stream in model.spec.streams}
    block = batch_size * BLOCK_BATCHES
    with torch.inference_mode():
        for first in range(0, len(unique), block):
            rows = unique[first : first + block]
            windows_here, shown = rows[:, :n_frames], rows[:, -n_frames:]
            found = _block_surprise(model, frames, windows_here, contexts, batch_size, shown=shown)
            for stream, values in found.items():
                result[stream][first : first + block] = values.cpu().numpy()
    in_order = {stream: surprise[inverse.reshape(-1)] for stream, surprise in result.items()}
    for stream, surprise in in_order.items():
        if len(bad := np.flatnonzero(~np.isfinite(surprise).all(axis=1))):
            raise NotFiniteError(
                f"model {model.spec.name!r}: its surprise in stream {stream!r} is not finite; if it runs in "
                "reduced precision, try dtype=float32",
                int(bad[0]),
            )
    return in_order


def _block_surprise(
    model: Predictor,
    frames: Tensor,
    windows: npt.NDArray[np.int64],
    contexts: Sequence[int],
    batch_size: int,
    *,
    shown: npt.NDArray[np.int64],
) -> dict[str, Tensor]:
    """Surprise of windows [m, F] after the first frames of `shown` [m, F]: stream -> [m, contexts]."""
    import torch

    n_frames = windows.shape[1]
    grid = model.grid(n_frames)
    targets = in_batches(model, frames, windows, batch_size, None)
    for stream, tokens in targets.items():
        if tokens.shape[1] != prod(grid):
            raise _broken(
                model,
                f"encodes a window as {tokens.shape[1]} tokens in stream {stream!r}; its grid {grid} has "
                f"{prod(grid)}",
            )
    columns: dict[str, list[Tensor]] = {stream: [] for stream in model.spec.streams}
    for context in contexts:
        prefixes, which = np.unique(shown[:, :context], axis=0, return_inverse=True)
        predictions = in_batches(model, frames, prefixes, batch_size, n_frames)
        most = future_tokens(grid, context, n_frames)
        for stream in model.spec.streams:
            if (n := predictions[stream].shape[1]) > most:
                raise _broken(
                    model,
                    f"predicts {n} tokens in stream {stream!r} from {context} of {n_frames} frames, after "
                    f"which only {most} are to come",
                )
            difference = [
                _difference(model, predictions[stream][k], targets[stream][i])
                for i, k in enumerate(which.reshape(-1).tolist())
            ]
            columns[stream].append(torch.stack(difference))
    return {stream: torch.stack(column, dim=1) for stream, column in columns.items()}


def _difference(model: Predictor, predicted: Tensor, target: Tensor) -> Tensor:
    """Mean |predicted - target| over the last n of N tokens and all channels: [n, D], [N, D] -> scalar."""
    n, channels = predicted.shape
    if n > target.shape[0] or channels != target.shape[1]:
        raise _broken(
            model,
            f"predicts {n} tokens of {channels} channels where the window has {target.shape[0]} of "
            f"{target.shape[1]}",
        )
    return (predicted.float() - target[-n:].float()).abs().mean()


def in_batches(
    model: Predictor,
    frames: Tensor,
    rows: npt.NDArray[np.int64],
    batch_size: int,
    n_frames: int | None,
) -> dict[str, Tensor]:
    """Targets of windows (`n_frames` None) or predictions from contexts, for all rows [m, C].

    Returns:
        stream -> [m, tokens, channels], on the model's device.

    Raises:
        ModelError: the model raises something, or returns other streams than it states, or no tensors of that
            shape.
    """
    import torch

    parts: dict[str, list[Tensor]] = {stream: [] for stream in model.spec.streams}
    for first in range(0, len(rows), batch_size):
        batch = frames[torch.from_numpy(rows[first : first + batch_size])]
        pixels = normalise(batch, model.spec.mean, model.spec.std).to(model.device)
        with foreign(f"model {model.spec.name!r}: {'targets' if n_frames is None else 'predict'}"):
            output = model.targets(pixels) if n_frames is None else model.predict(pixels, n_frames)
        if not isinstance(output, Mapping):
            raise _broken(model, f"returns {type(output).__name__}, not stream -> tensor")
        if set(output) != set(parts):
            raise _broken(model, f"returns the streams {sorted(output)} and states {sorted(parts)}")
        for stream, tensor in output.items():
            _require_tokens(model, stream, tensor, len(batch))
            parts[stream].append(tensor.clone())  # a model may use its buffer again
    return {stream: torch.cat(tensors) for stream, tensors in parts.items()}


def _require_tokens(model: Predictor, stream: str, tensor: object, batch: int) -> None:
    """Refuse anything but real tokens [B, n, D] of as many windows as were handed over.

    Raises:
        ModelError: it is something else.
    """
    import torch

    if not isinstance(tensor, torch.Tensor):
        found = type(tensor).__name__
    elif tensor.ndim != 3 or tensor.shape[0] != batch or 0 in tensor.shape:
        found = f"a tensor of shape {tuple(tensor.shape)}"
    elif not tensor.is_floating_point():
        found = f"a tensor of {str(tensor.dtype).removeprefix('torch.')}"
    else:
        return
    raise _broken(
        model,
        f"returns {found} in stream {stream!r} for {batch} windows, not floating tokens "
        f"[{batch}, n, channels]",
    )


def _broken(model: Predictor, what: str) -> ModelError:
    return ModelError(
        f"model {model.spec.name!r} {what}; its adapter breaks the contract (voe check-adapter)"
    )


def clip_windows(keys: npt.NDArray[np.int64], window: int, stride: int) -> npt.NDArray[np.int64]:
    """Windows over the T sampled frames of one clip: int64 [T] -> int64 [W, window].

    Raises:
        ClipError: the clip is shorter than one window.
    """
    starts = window_starts(len(keys), window, stride)
    return np.asarray(keys[starts[:, None] + np.arange(window)])


def surprise_curves(
    model: Predictor,
    frames: npt.NDArray[np.uint8] | Sequence[npt.NDArray[np.uint8]],
    *,
    window: int,
    stride: int,
    contexts: Sequence[int],
    stream: str | None = None,
    batch_size: int = 8,
) -> npt.NDArray[np.float32]:
    """Surprise over time, straight from arrays of frames that are already sampled.

    Args:
        model: an adapter (`voe.load_model`).
        frames: uint8 RGB [clips, T, H, W, 3], or one [T_i, H, W, 3] a clip. They are cropped in the centre
            and resized to the model's size where they have another.
        window, stride: in frames.
        contexts: context lengths in frames, ascending.
        stream: the space in which surprise is measured; by default the model's first.
        batch_size: windows handed to the model at once.

    Returns:
        float32 [clips, contexts, windows]; where clips differ in length, the windows that the shorter ones
        lack are NaN, at the end.

    Raises:
        ClipError: frames of another shape or type, or a clip shorter than the window.
        ModelError: a network of the model is in training mode.
        ProtocolError: a window or context that the model cannot take, or an unknown stream.
    """
    from voe.adapters.identity import require_evaluation

    require_evaluation(model)
    protocol = Protocol(window=window, stride=stride, contexts=tuple(contexts))
    check_windows(model.spec, protocol)
    chosen = model.spec.streams[0] if stream is None else stream
    if chosen not in model.spec.streams:
        raise ProtocolError(
            f"stream {chosen!r}: model {model.spec.name!r} has {', '.join(model.spec.streams)}"
        )
    pool, windows = FramePool(model.spec.size), []
    for number, clip in enumerate(frames):
        array = np.asarray(clip)
        if array.dtype != np.uint8 or array.ndim != 4 or array.shape[-1] != 3:
            raise ClipError(
                f"clip {number}: frames must be uint8 [T, H, W, 3] (RGB); this is {array.dtype} {array.shape}"
            )
        windows.append(clip_windows(pool.add(array), window, stride))
    if not windows:
        raise ClipError("surprise_curves: there is no clip in `frames`")
    scored = window_surprise(model, pool.tensor(), np.concatenate(windows), contexts, batch_size)
    surprise = scored[chosen]
    curves = np.full((len(windows), len(contexts), max(map(len, windows))), np.nan, np.float32)
    start = 0
    for number, rows in enumerate(windows):
        curves[number, :, : len(rows)] = surprise[start : start + len(rows)].T
        start += len(rows)
    return curves


def rebatch_difference(model: Predictor, protocol: Protocol, batch_size: int = 8) -> float:
    """How much the surprise of a window depends on the windows that share its batch.

    Two windows of seeded noise are scored together and one by one; the largest absolute difference over
    streams and contexts is returned. It enters the tolerance below which a contrast counts as a tie.
    """
    import torch

    generator = torch.Generator().manual_seed(0)
    frames = torch.rand((2 * protocol.window, 3, *model.spec.size), generator=generator) * 255
    windows = np.arange(2 * protocol.window).reshape(2, -1)
    contexts = protocol.contexts
    together = window_surprise(model, frames, windows, contexts, batch_size)
    alone = [window_surprise(model, frames, row[None], contexts, batch_size) for row in windows]
    return float(
        max(
            np.abs(together[stream][i] - alone[i][stream][0]).max()
            for stream in model.spec.streams
            for i in range(2)
        )
    )
