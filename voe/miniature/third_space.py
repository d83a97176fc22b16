"""Both predictors in one frozen third space, so that neither is judged by its own.

Surprise in a model's own space mixes what it expected with what its space can tell apart. Here the tokens
that a predictor expects are read out linearly into features that belong to neither, and surprise is measured
there. The readout is fitted on worlds to watch, never on a probe.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from torch import Tensor

from voe.adapters.base import Predictor
from voe.errors import VoeError
from voe.training.footage import Footage
from voe.training.learners import FRAMES, normalised

CELLS: Final = 4
"""Cells along each side of a token whose mean colours are told apart."""
CONTEXT: Final = 8
PENALTIES: Final = (1e-6, 1e-4, 1e-2, 1.0)
"""Ridge penalties that are tried, as shares of the mean variance of what is read."""
_BATCH: Final = 32

Features = Callable[[Tensor], Tensor]
"""A window [B, T, 3, H, W], normalised -> features [B, N, F], tokens time first."""


def cell_colours(grid: Callable[[int], tuple[int, int, int]]) -> Features:
    """The mean colour of each of 4 x 4 cells of every token and frame: 96 features a token of 2 frames.

    Args:
        grid: tokens (time, height, width) of a window of so many frames.
    """

    def features(window: Tensor) -> Tensor:
        batch, n_frames = window.shape[:2]
        t, h, w = grid(n_frames)
        cells = torch.nn.functional.adaptive_avg_pool2d(window.flatten(0, 1), (h * CELLS, w * CELLS))
        split = cells.view(batch, t, n_frames // t, 3, h, CELLS, w, CELLS)
        return split.permute(0, 1, 4, 6, 2, 3, 5, 7).reshape(batch, t * h * w, -1)

    return features


def latents_of(encoder: Predictor) -> Features:
    """What a network that takes no part encodes of the whole window."""
    stream = encoder.spec.streams[0]
    return lambda window: encoder.targets(window)[stream]


@dataclass(frozen=True)
class Readout:
    """features = tokens @ weight + bias; `r2`: the share of their variance explained on other clips."""

    weight: Tensor
    bias: Tensor
    r2: float
    penalty: float


def fit_readout(model: Predictor, features: Features, watched: Footage, *, seed: int = 0) -> Readout:
    """Ridge from the tokens that a model predicts to the features of what comes.

    One window a clip, from a random frame on; the first half of it is given. Two thirds of the clips fit, the
    others choose the penalty and give r2.

    Raises:
        VoeError: fewer than 6 clips.
    """
    if watched.count < 6:
        raise VoeError(f"fitting a readout: {watched.count} clips are too few; 6 are needed")
    generator = np.random.default_rng(seed)
    starts = generator.integers(0, watched.length - FRAMES + 1, watched.count)
    fitted = np.arange(watched.count) % 3 != 0
    moments = _Moments.of(model, features, watched, np.flatnonzero(fitted), starts)
    held = _Moments.of(model, features, watched, np.flatnonzero(~fitted), starts)
    found = [_ridge(moments, penalty) for penalty in PENALTIES]
    scored = [(held.explained(weight, bias), weight, bias) for weight, bias in found]
    best = int(np.argmax([r2 for r2, _, _ in scored]))
    r2, weight, bias = scored[best]
    return Readout(weight.float(), bias.float(), r2, PENALTIES[best])


@dataclass(frozen=True)
class _Moments:
    """Sums over tokens of 1, x, y, xx', xy', y^2: all that ridge and r2 need."""

    n: int
    x: Tensor
    y: Tensor
    xx: Tensor
    xy: Tensor
    yy: Tensor

    @classmethod
    def of(
        cls, model: Predictor, features: Features, watched: Footage, clips: np.ndarray, starts: np.ndarray
    ) -> _Moments:
        n, sums = 0, [torch.zeros(())] * 5
        for first in range(0, len(clips), _BATCH):
            numbers = clips[first : first + _BATCH]
            shown = watched.clips(numbers)
            cut = [clip[s : s + FRAMES] for clip, s in zip(shown, starts[numbers].tolist(), strict=True)]
            window = normalised(torch.from_numpy(np.ascontiguousarray(np.stack(cut)))).to(model.device)
            with torch.inference_mode():
                x = model.predict(window[:, :CONTEXT], FRAMES)[model.spec.streams[0]]
                y = features(window)[:, -x.shape[1] :]
            a, b = (value.flatten(0, 1).double() for value in (x, y))
            n += len(a)
            parts = (a.sum(0), b.sum(0), a.T @ a, a.T @ b, (b * b).sum(0))
            sums = [old + new for old, new in zip(sums, parts, strict=True)]
        return cls(n, *sums)

    def explained(self, weight: Tensor, bias: Tensor) -> float:
        """1 - residual / total variance, summed over features."""
        product = (weight * (self.xx @ weight)).sum(0)
        cross = (weight * self.xy).sum(0)
        residual = (
            self.yy
            - 2 * cross
            - 2 * bias * self.y
            + product
            + 2 * bias * (self.x @ weight)
            + self.n * bias**2
        )
        total = self.yy - self.y**2 / self.n
        return float(1 - residual.sum() / total.sum())


def _ridge(moments: _Moments, penalty: float) -> tuple[Tensor, Tensor]:
    """Weight [D, F] and bias [F] of ridge regression on centred tokens."""
    mean_x, mean_y = moments.x / moments.n, moments.y / moments.n
    covariance = moments.xx / moments.n - torch.outer(mean_x, mean_x)
    cross = moments.xy / moments.n - torch.outer(mean_x, mean_y)
    ridge = penalty * covariance.diagonal().mean() * torch.eye(len(mean_x), dtype=torch.float64)
    weight = torch.linalg.solve(covariance + ridge.to(covariance.device), cross)
    return weight, mean_y - mean_x @ weight


class InThirdSpace(Predictor):
    """A predictor whose expectations are read out into features that are not its own."""

    def __init__(self, model: Predictor, features: Features, readout: Readout, space: str) -> None:
        self.spec = replace(
            model.spec, streams=(space,), details={**model.spec.details, "space": space, "r2": readout.r2}
        )
        self.device = model.device
        self._model, self._features, self._readout = model, features, readout

    def grid(self, n_frames: int) -> tuple[int, int, int]:
        """That of the model."""
        return self._model.grid(n_frames)

    def targets(self, window: Tensor) -> dict[str, Tensor]:
        """The features of the whole window."""
        with torch.inference_mode():
            return {self.spec.streams[0]: self._features(window).float()}

    def predict(self, context: Tensor, n_frames: int) -> dict[str, Tensor]:
        """What the model expects, read out."""
        found = self._model.predict(context, n_frames)[self._model.spec.streams[0]]
        return {self.spec.streams[0]: found @ self._readout.weight + self._readout.bias}
