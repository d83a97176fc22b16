"""Turning frames upright: what a phone's display matrix asks for, and every player does.

The matrix is nine big numbers in row order, [a b u; c d v; x y w], of which a, b, c and d count here: a
point (x, y) of the stored frame is shown at (a x + c y, b x + d y), up to a shift (ISO/IEC 14496-12, 6.2.2).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_ONE = 1 << 16


def upright(
    frame: npt.NDArray[np.uint8], matrix: tuple[int, int, int, int] | None
) -> npt.NDArray[np.uint8] | None:
    """Quarter turns and mirrorings of a frame: uint8 [H, W, 3] -> [H, W, 3] or [W, H, 3].

    `matrix` is (a, b, c, d) in 16.16 fixed point. Returns None where it asks for anything else (a slant, a
    scale): such a frame cannot be turned without inventing pixels.

    >>> image = np.arange(6, dtype=np.uint8).reshape(2, 3, 1)
    >>> upright(image, (0, _ONE, -_ONE, 0))[..., 0]  # a quarter turn clockwise
    array([[3, 0],
           [4, 1],
           [5, 2]], dtype=uint8)
    """
    if matrix is None:
        return frame
    a, b, c, d = matrix
    if abs(a) == abs(d) == _ONE and b == c == 0:
        across, down = a, d
    elif abs(b) == abs(c) == _ONE and a == d == 0:
        frame = frame.transpose(1, 0, 2)
        across, down = c, b
    else:
        return None
    return frame[:: 1 if down > 0 else -1, :: 1 if across > 0 else -1]
