"""The contract between the engine and a model: `Predictor`, and the `PredictorSpec` that describes it.

An adapter decodes nothing and opens no video. It is given windows of frames that are already resized and
normalised with its own mean and standard deviation, and it says what happened (`targets`) and what was to be
expected from the first frames alone (`predict`). The difference between the two is the engine's business.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from voe.protocols import Protocol

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Family = Literal["latent", "pixel", "baseline"]

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class PredictorSpec:
    """What the engine must know of a model before it sees a frame.

    `window_multiple`, `min_window` and `max_window` (None: no upper limit) give the legal window lengths,
    `context_multiple` the legal context lengths, all in sampled frames. `streams` names the spaces in which
    surprise is measured; the first is the primary one. `mean` and `std` apply to RGB in [0, 1].
    `trained` is False for networks with random weights: tables say so. `details` is recorded in the run
    (checkpoint, target encoder, mask token, attention implementation, dtype and device, ...).
    """

    name: str
    family: Family
    size: tuple[int, int]
    streams: tuple[str, ...]
    protocol: Protocol
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD
    context_multiple: int = 1
    window_multiple: int = 1
    min_window: int = 2
    max_window: int | None = None
    trained: bool = True
    details: dict[str, object] = field(default_factory=dict)

    def window_is_legal(self, n_frames: int) -> bool:
        """Whether the model can take a window of so many sampled frames."""
        return (
            n_frames >= self.min_window
            and n_frames % self.window_multiple == 0
            and (self.max_window is None or n_frames <= self.max_window)
        )


class Predictor(ABC):
    """A model that can be surprised. B windows, T frames a window, C context frames, N tokens, D channels.

    Subclasses set `spec` and `device`, and keep no state between calls: the same frames give the same
    numbers, whatever was seen before and whatever else is in the batch.
    """

    spec: PredictorSpec
    device: torch.device
    loaded_from: str = ""
    """The spec, precision and device that `voe.load_model` was given; '' for an object of one's own."""
    loaded_weights: Mapping[str, str] | None = None
    """Of built-in families the hash of each network's weights as they were loaded."""

    @abstractmethod
    def grid(self, n_frames: int) -> tuple[int, int, int]:
        """Tokens (time, height, width) of a window of `n_frames`; their product is N."""

    @abstractmethod
    def targets(self, window: Tensor) -> dict[str, Tensor]:
        """What happened: float32 [B, T, 3, H, W] on `device` -> stream -> [B, N, D], tokens time first."""

    @abstractmethod
    def predict(self, context: Tensor, n_frames: int) -> dict[str, Tensor]:
        """What was expected: the first frames [B, C, 3, H, W] -> stream -> [B, n, D].

        The n tokens are the last n of the N that a window of `n_frames` has. The frames after the context
        are not handed over, so they cannot leak.
        """


def future_tokens(grid: tuple[int, int, int], context: int, n_frames: int) -> int:
    """The most tokens that a prediction may have: those of a window that do not lie wholly in its context.

    With tokens (t, h, w) over `n_frames` frames, the first context * t // n_frames of the t in time are
    known when the context is; to predict them is no prediction. Tokens are taken to be spread evenly over
    the frames; of others, say with a first frame by itself, some that are known may pass.

    >>> future_tokens((8, 4, 4), 8, 16)
    64
    >>> future_tokens((1, 1, 1), 8, 16)
    1
    """
    time, height, width = grid
    return (time - context * time // n_frames) * height * width
