"""What a decoder hands over, and how it picks the wanted frames. No decoder is imported here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Backend = Literal["pyav", "decord", "torchcodec"]


@dataclass(frozen=True)
class Decoded:
    """The wanted frames of one source, and what the source as a whole turned out to be.

    Attributes:
        frames: uint8 [n, H, W, 3], RGB, upright; the wanted frames that exist, in order.
        numbers: int64 [n], their frame numbers, counted from 0 in the order in which frames are shown.
        n_frames: how many frames the source shows.
        fps: frames a second; None where the source does not say, or where its frames are not evenly spaced
            (variable frame rate), so that no time can be turned into a frame number.
        verified: False where nothing in the source tells how long it should be (MPEG-TS, fragmented MP4, raw
            streams, ...), so that a missing end could go unnoticed.
    """

    frames: npt.NDArray[np.uint8]
    numbers: npt.NDArray[np.int64]
    n_frames: int
    fps: float | None
    verified: bool


class Picker:
    """Collects the wanted ones of frames that are shown one after the other.

    `wanted` is strictly ascending and may be infinite: it is drawn only as far as the source reaches.

    >>> import itertools
    >>> picker = Picker(itertools.count(0, 2))
    >>> [picker.wants(n) for n in range(4)]
    [True, False, True, False]
    """

    def __init__(self, wanted: Iterable[int]) -> None:
        self._wanted: Iterator[int] = iter(wanted)
        self._previous = -1
        self._next: int | None = None
        self._frames: list[npt.NDArray[np.uint8]] = []
        self._numbers: list[int] = []
        self._advance()

    def _advance(self) -> None:
        self._next = next(self._wanted, None)
        if self._next is not None and self._next <= self._previous:
            raise ValueError(
                f"wanted frame numbers must be 0 or more and strictly ascending, but {self._next} comes "
                + (f"after {self._previous}" if self._previous >= 0 else "first")
            )
        self._previous = self._previous if self._next is None else self._next

    def wants(self, number: int) -> bool:
        """Whether frame `number` is wanted. Numbers must be asked for in ascending order, none left out."""
        if self._next != number:
            return False
        self._advance()
        return True

    def add(self, number: int, frame: npt.NDArray[np.uint8]) -> None:
        """Keep a wanted frame: uint8 [H, W, 3], of the same size as those before it."""
        self._numbers.append(number)
        self._frames.append(frame)

    def result(self, size: tuple[int, int], n_frames: int, fps: float | None, verified: bool) -> Decoded:
        """The frames that were kept; `size` (H, W) is their size where there is none."""
        frames = np.stack(self._frames) if self._frames else np.empty((0, *size, 3), dtype=np.uint8)
        return Decoded(frames, np.asarray(self._numbers, dtype=np.int64), n_frames, fps, verified)
