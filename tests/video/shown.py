"""Where the test videos lie, and what they show. How they were made: tests/data/video/README.md."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from voe.clips import Source

VIDEOS = Path(__file__).parent.parent / "data" / "video"
FOUR_OF_FIVE = [number for number in range(100) if number % 5 != 3]


def source(name: str) -> Source:
    return Source(VIDEOS / name)


def numbers_shown(frames: npt.NDArray[np.uint8]) -> list[int]:
    """The numbers that frames [T, 64, 64, 3] carry as blocks of black and white bits."""
    bits = frames[:, 16::32, 8::16, 0].reshape(len(frames), 8) > 128
    return np.packbits(bits, axis=1, bitorder="little")[:, 0].tolist()


def cut(name: str, n_bytes: int | float, folder: Path) -> Source:
    """A copy that ends after so many bytes, or after so large a share of them."""
    data = (VIDEOS / name).read_bytes()
    path = folder / f"cut{Path(name).suffix}"
    path.write_bytes(data[: n_bytes if isinstance(n_bytes, int) else int(len(data) * n_bytes)])
    return Source(path)
