from __future__ import annotations

import numpy as np

from tests.conftest import grey
from voe.frames import FramePool


def test_equal_frames_are_held_once_across_clips() -> None:
    pool = FramePool((8, 8))
    assert pool.add(grey([1, 2, 1])).tolist() == [0, 1, 0]
    assert pool.add(grey([3, 2])).tolist() == [2, 1]
    assert pool.tensor()[:, 0, 0, 0].tolist() == [1, 2, 3]


def test_one_changed_pixel_makes_another_frame() -> None:
    frames = grey([9, 9])
    frames[1, 3, 4, 2] += 1
    assert FramePool((8, 8)).add(frames).tolist() == [0, 1]


def test_frames_of_another_shape_are_others_even_with_the_same_bytes() -> None:
    pool = FramePool((4, 4))
    flat = np.zeros((1, 4, 16, 3), np.uint8)
    assert pool.add(flat).tolist() == [0]
    assert pool.add(flat.reshape(1, 16, 4, 3)).tolist() == [1]
