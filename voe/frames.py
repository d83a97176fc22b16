"""A pool of distinct frames, resized once each.

Frames are told apart by content: two frames are the same if their decoded pixels are. So the clips of a
spliced design, and the separate files of a benchmark whose matched clips agree up to the violation, share
their frames alike, and the engine does the shared work once.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from voe.protocols import Resize
from voe.windows import resize_frames

if TYPE_CHECKING:
    from torch import Tensor


class FramePool:
    """Distinct frames, numbered in order of arrival.

    >>> import numpy as np
    >>> pool = FramePool(size=(4, 4))
    >>> grey, black = np.full((4, 4, 3), 128, np.uint8), np.zeros((4, 4, 3), np.uint8)
    >>> pool.add(np.stack([grey, black, grey])).tolist()
    [0, 1, 0]
    >>> tuple(pool.tensor().shape)
    (2, 3, 4, 4)
    """

    def __init__(self, size: tuple[int, int], resize: Resize = "centre-crop") -> None:
        """`size` (height, width) is what frames are resized to, `resize` how."""
        self._size, self._resize = size, resize
        self._rows: dict[bytes, int] = {}
        self._parts: list[Tensor] = []

    def add(self, frames: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
        """Add uint8 [n, H, W, 3]; returns the row of each frame, int64 [n]."""
        shape = repr(frames.shape[1:]).encode()
        keys = [hashlib.blake2b(frame.tobytes() + shape, digest_size=16).digest() for frame in frames]
        new = []
        for i, key in enumerate(keys):
            if key not in self._rows:
                self._rows[key] = len(self._rows)
                new.append(i)
        if new:
            self._parts.append(resize_frames(frames[new], self._size, self._resize))
        return np.array([self._rows[key] for key in keys], dtype=np.int64)

    def tensor(self) -> Tensor:
        """All distinct frames: float32 [U, 3, h, w] in 0..255."""
        import torch

        return torch.cat(self._parts) if self._parts else torch.zeros((0, 3, *self._size))
