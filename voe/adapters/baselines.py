"""Predictors that have learned nothing: the last frame again, straight motion of each pixel, and chance.

They are controls, not models. Where one of them is above chance, so might be a model that knows no objects.

- `copy-last-frame` expects that nothing moves. Where the last context frame already shows the screen, it
  cannot tell a possible from an impossible outcome: its interaction over a quadruplet is exactly 0.
- `linear-extrapolation` expects each pixel to go on changing as it did between the last two frames.
- `random` is surprised by numbers that depend on its seed and on the bytes of the frames, and on nothing
  else: every distinct (context, window) has a surprise of its own, so each quadruplet is a fair coin.
"""

from __future__ import annotations

import hashlib

import torch
from torch import Tensor

from voe.adapters.base import Predictor, PredictorSpec
from voe.adapters.placement import Placement
from voe.adapters.specs import ModelSpec
from voe.errors import ModelError, ProtocolError
from voe.protocols import Protocol

PATCH = 8
_DEFAULT_SIZE = 128


def from_spec(spec: ModelSpec, placement: Placement) -> Predictor:
    """The baseline of that name; options `size=` (128, a multiple of 8) and, for `random`, `seed=` (0).

    Raises:
        ModelError: an unknown option, a size that patches of 8 pixels do not fill, or a reference.
    """
    if spec.reference:
        raise ModelError(
            f"model {spec.text!r}: {spec.family} takes no reference; write {spec.family!r} alone"
        )
    kind = {"copy-last-frame": CopyLastFrame, "linear-extrapolation": LinearExtrapolation}.get(spec.family)
    spec.only("size", *(() if kind else ("seed",)))
    size = spec.integer("size", _DEFAULT_SIZE, minimum=PATCH) or _DEFAULT_SIZE
    if size % PATCH:
        raise ModelError(f"model {spec.text!r}: size={size} must be a multiple of {PATCH}")
    if kind is not None:
        return kind(spec.text, size, placement.device)
    return Random(spec.text, size, placement.device, seed=spec.integer("seed", 0) or 0)


def _spec(
    name: str, size: int, stream: str, device: torch.device, min_window: int = 2, **details: object
) -> PredictorSpec:
    """RGB in [0, 1] as it is; always float32, whatever dtype the networks of a run compute in."""
    return PredictorSpec(
        name=name,
        family="baseline",
        size=(size, size),
        streams=(stream,),
        protocol=Protocol(),
        mean=(0.0, 0.0, 0.0),
        std=(1.0, 1.0, 1.0),
        min_window=min_window,
        details={"device": str(device), "dtype": "float32", "parameters": 0, **details},
    )


class CopyLastFrame(Predictor):
    """Expects every coming frame to look like the last context frame. Stream 'pixel', RGB in [0, 1]."""

    # Frames that it must have seen, and one more to predict.
    min_window = 2

    def __init__(self, name: str, size: int, device: torch.device) -> None:
        self.device = device
        self.spec = _spec(name, size, "pixel", device, self.min_window, patch=PATCH)

    def grid(self, n_frames: int) -> tuple[int, int, int]:
        """One token a frame and patch of 8 x 8 pixels."""
        height, width = self.spec.size
        return n_frames, height // PATCH, width // PATCH

    def targets(self, window: Tensor) -> dict[str, Tensor]:
        """The pixels: [B, T, 3, H, W] -> [B, T h w, 192]."""
        return {"pixel": patches(window)}

    def predict(self, context: Tensor, n_frames: int) -> dict[str, Tensor]:
        """The pixels of the coming frames: [B, C, 3, H, W] -> [B, (n_frames - C) h w, 192]."""
        return {"pixel": patches(self._expected(context, n_frames - context.shape[1]))}

    def _expected(self, context: Tensor, n_coming: int) -> Tensor:
        """The coming frames: [B, C, 3, H, W] -> [B, n_coming, 3, H, W]."""
        return context[:, -1:].expand(-1, n_coming, -1, -1, -1)


class LinearExtrapolation(CopyLastFrame):
    """Expects x[C-1] + k (x[C-1] - x[C-2]) for the k-th coming frame, clipped to [0, 1], pixel by pixel.

    It needs two context frames; with one, `predict` raises ProtocolError.
    """

    min_window = 3

    def _expected(self, context: Tensor, n_coming: int) -> Tensor:
        if context.shape[1] < 2:
            raise ProtocolError(
                f"model {self.spec.name!r} needs 2 context frames or more to extrapolate from; set --contexts"
            )
        last, change = context[:, -1:], context[:, -1:] - context[:, -2:-1]
        ahead = torch.arange(1, n_coming + 1, device=context.device, dtype=context.dtype)
        return (last + ahead.view(1, -1, 1, 1, 1) * change).clamp(0.0, 1.0)


class Random(Predictor):
    """Surprise |x - y|: x is normal, drawn for the bytes of the window, y likewise for those of the context.

    Both are seeded by SHA-256 of the seed and the frames, so the same frames always give the same surprise,
    and clips that differ anywhere in a window are ranked by chance.
    """

    def __init__(self, name: str, size: int, device: torch.device, seed: int) -> None:
        self.device = device
        self.seed = seed
        self.spec = _spec(name, size, "noise", device, seed=seed)

    def grid(self, n_frames: int) -> tuple[int, int, int]:
        """A single token."""
        return 1, 1, 1

    def targets(self, window: Tensor) -> dict[str, Tensor]:
        """A number for each window: [B, T, 3, H, W] -> [B, 1, 1]."""
        return {"noise": self._draw("window", window)}

    def predict(self, context: Tensor, n_frames: int) -> dict[str, Tensor]:
        """A number for each context: [B, C, 3, H, W] -> [B, 1, 1]."""
        return {"noise": self._draw(f"context of {n_frames}", context)}

    def _draw(self, role: str, frames: Tensor) -> Tensor:
        numbers = []
        for clip in frames.cpu().contiguous():
            digest = hashlib.sha256(f"{self.seed}|{role}|".encode())
            digest.update(clip.numpy().tobytes())
            generator = torch.Generator().manual_seed(int.from_bytes(digest.digest()[:8], "little") >> 1)
            numbers.append(torch.randn(1, 1, generator=generator))
        return torch.stack(numbers).to(self.device)


def patches(frames: Tensor) -> Tensor:
    """Frames as tokens of 8 x 8 pixels: [B, T, 3, H, W] -> [B, T h w, 192]; time first, then rows."""
    batch, time, colours, height, width = frames.shape
    split = frames.reshape(batch, time, colours, height // PATCH, PATCH, width // PATCH, PATCH)
    tokens = split.permute(0, 1, 3, 5, 2, 4, 6)  # [B, T, h, w, 3, 8, 8]
    return tokens.reshape(batch, -1, colours * PATCH * PATCH)
