"""An adapter in 60 lines: a predictor that expects every picture to fade to grey.

    voe score --model fading,speed=0.2

What happened is the mean colour of each patch of 16 x 16 pixels. What was expected, k frames after the last
context frame, is that patch's last colour c, faded: grey + (c - grey) exp(-speed k).
"""

from __future__ import annotations

import torch
from torch import Tensor

from voe.adapters.base import Predictor, PredictorSpec
from voe.adapters.placement import Placement
from voe.adapters.specs import ModelSpec
from voe.errors import ModelError
from voe.protocols import Protocol

PATCH, SIZE, GREY = 16, 64, 0.5


def from_spec(spec: ModelSpec, placement: Placement) -> Predictor:
    """Fades every picture to grey (an example plugin); option `speed=` per frame (0.1)."""
    spec.only("speed")
    text = spec.string("speed", "0.1")
    try:
        speed = float(text)
    except ValueError as error:
        raise ModelError(f"model {spec.text!r}: speed={text} must be a number") from error
    return Fading(spec.text, speed, placement)


class Fading(Predictor):
    """Mean colours of patches, which it expects to turn grey."""

    def __init__(self, name: str, speed: float, placement: Placement) -> None:
        self.speed, self.device = speed, placement.device
        self.spec = PredictorSpec(
            name=name,
            family="pixel",
            size=(SIZE, SIZE),
            streams=("pixel",),
            protocol=Protocol(window=16, stride=2, contexts=(4, 8, 12)),
            mean=(0.0, 0.0, 0.0),  # RGB in [0, 1] as it is
            std=(1.0, 1.0, 1.0),
            details={"speed": speed, "device": str(placement.device), "dtype": "float32"},
        )

    def grid(self, n_frames: int) -> tuple[int, int, int]:
        return n_frames, SIZE // PATCH, SIZE // PATCH

    def targets(self, window: Tensor) -> dict[str, Tensor]:
        pooled = torch.nn.functional.avg_pool2d(window.flatten(0, 1), PATCH)  # [B T, 3, h, w]
        colours = pooled.unflatten(0, window.shape[:2]).movedim(2, -1)  # [B, T, h, w, 3]
        return {"pixel": colours.flatten(1, 3)}  # [B, T h w, 3]

    def predict(self, context: Tensor, n_frames: int) -> dict[str, Tensor]:
        last = self.targets(context[:, -1:])["pixel"]  # [B, h w, 3]
        ahead = torch.arange(1, n_frames - context.shape[1] + 1, device=context.device)
        faded = GREY + (last[:, None] - GREY) * torch.exp(-self.speed * ahead)[None, :, None, None]
        return {"pixel": faded.flatten(1, 2)}  # [B, n h w, 3]
