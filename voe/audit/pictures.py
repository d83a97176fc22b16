"""What is measured on the pictures of a scene: one number or small array a distinct frame, or a step.

All of it is computed once for each distinct frame (a row of the scene's pool) and each distinct step (two
rows, one after the other), so what two clips share has the same numbers to the bit, and cancels exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from voe.audit.comparisons import Ints
from voe.scenes import Scene

SIZE = 128
"""Height and width, in pixels, to which frames are brought before they are measured."""
SMALL = 64
"""The same for motion and for the relational detectors."""

Floats = npt.NDArray[np.float64]
Pixels = npt.NDArray[np.float32]

_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)


@dataclass(frozen=True)
class FrameMeasures:
    """U distinct frames: float64, grey levels in 0..255.

    `brightness` [U] is the mean of luma (ITU-R BT.601), `contrast` [U] its standard deviation, `sharpness`
    [U] the mean absolute Laplacian (lossy coding takes it away, or adds edges of blocks), `patches`
    [U, 4, 4] mean luma and `thumbnails` [U, 8, 8, 3] mean colour of equal parts of the frame.
    """

    brightness: Floats
    contrast: Floats
    sharpness: Floats
    patches: Floats
    thumbnails: Floats


@dataclass(frozen=True)
class StepMeasures:
    """P distinct steps from a frame to the next: float64.

    `amount` [P] is the mean absolute change in grey levels, `direction` [P, 2] the one translation (x to the
    right, y down, in shares of the picture) that explains the change best by least squares (Lucas and Kanade
    1981, IJCAI, over the whole frame), `energy` [P, SMALL, SMALL] the absolute change by place (float32).
    """

    amount: Floats
    direction: Floats
    energy: Pixels


@dataclass(frozen=True)
class ScenePictures:
    """A decoded scene and its measures. `pixels` float32 [U, 3, SIZE, SIZE], 0..255."""

    scene: Scene
    pixels: Pixels

    @cached_property
    def luma(self) -> Pixels:
        """float32 [U, SIZE, SIZE]."""
        return np.asarray(np.einsum("c,ucyx->uyx", _LUMA, self.pixels))

    @cached_property
    def small(self) -> Pixels:
        """float32 [U, 3, SMALL, SMALL]."""
        return _averaged(self.pixels, SMALL)

    @cached_property
    def frames(self) -> FrameMeasures:
        """The measures of each distinct frame."""
        luma = self.luma
        laplacian = (
            4 * luma[:, 1:-1, 1:-1]
            - luma[:, :-2, 1:-1]
            - luma[:, 2:, 1:-1]
            - luma[:, 1:-1, :-2]
            - luma[:, 1:-1, 2:]
        )
        return FrameMeasures(
            luma.mean(axis=(1, 2), dtype=np.float64),
            luma.std(axis=(1, 2), dtype=np.float64),
            np.abs(laplacian).mean(axis=(1, 2), dtype=np.float64),
            _averaged(luma, 4).astype(np.float64),
            np.moveaxis(_averaged(self.pixels, 8), 1, 3).astype(np.float64),
        )

    @cached_property
    def _step_rows(self) -> Mapping[tuple[int, int], int]:
        found: dict[tuple[int, int], int] = {}
        for clip in self.scene.clips.values():
            for step in zip(clip.keys[:-1].tolist(), clip.keys[1:].tolist(), strict=True):
                found.setdefault(step, len(found))
        return found

    @cached_property
    def steps(self) -> StepMeasures:
        """The measures of each distinct step."""
        rows = np.array(list(self._step_rows), dtype=np.int64).reshape(-1, 2)
        change = self.small[rows[:, 1]] - self.small[rows[:, 0]]
        energy = np.abs(change).mean(axis=1)
        grey = np.einsum("c,ucyx->uyx", _LUMA, self.small)
        return StepMeasures(
            energy.mean(axis=(1, 2), dtype=np.float64),
            _translation(grey[rows[:, 0]], grey[rows[:, 1]]),
            energy,
        )

    def steps_of(self, keys: Ints) -> Ints:
        """Rows of `steps` of a clip: its T keys -> int64 [T - 1]."""
        pairs = zip(keys[:-1].tolist(), keys[1:].tolist(), strict=True)
        return np.array([self._step_rows[pair] for pair in pairs], dtype=np.int64)


def _averaged(values: Pixels, size: int) -> Pixels:
    """Means over equal square parts: [..., S, S] -> [..., size, size]."""
    part = values.shape[-1] // size
    split = values.reshape(*values.shape[:-2], size, part, size, part)
    return np.asarray(split.mean(axis=(-3, -1)))


def _translation(before: Pixels, after: Pixels) -> Floats:
    """The translation of each picture that explains the next: [P, S, S] twice -> [P, 2] in shares of S."""
    middle = (before + after).astype(np.float64) / 2
    change = (after - before).astype(np.float64)
    down, right = np.gradient(middle, axis=(1, 2)) if len(middle) else (middle, middle)
    xx, xy, yy = ((a * b).sum(axis=(1, 2)) for a, b in ((right, right), (right, down), (down, down)))
    x, y = (-(a * change).sum(axis=(1, 2)) for a in (right, down))
    # One grey level squared keeps flat pictures solvable, and moves no other.
    xx, yy = xx + 1, yy + 1
    determinant = xx * yy - xy**2
    flow = np.stack([(yy * x - xy * y), (xx * y - xy * x)], axis=-1) / determinant[:, None]
    return np.asarray(flow / before.shape[-1])
