"""Frames as PyAV gives them, against what `ffmpeg` shows of the same files (tests/data/video/README.md)."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.video.shown import FOUR_OF_FIVE, VIDEOS, numbers_shown, source
from voe.clips import Source
from voe.errors import VideoError
from voe.video import Decoded, decode, frame_rate, pyav
from voe.video.pyav import _decode

ALL = list(range(100))
NTSC = 30000 / 1001

# file: the numbers that ffmpeg shows, frames a second, and whether the file says how long it is
SHOWN = {
    "whole.mp4": (ALL, 25.0, True),
    "whole.mkv": (ALL, 25.0, True),
    "whole.ts": (ALL, 25.0, False),
    "whole.h264": (ALL, None, False),
    "fragmented.mp4": (ALL, 25.0, False),
    "trimmed.mp4": (ALL[33:], 25.0, True),
    "late.mp4": (ALL, 25.0, True),
    "bframes.avi": (ALL, 25.0, True),
    "copied.avi": (ALL[:20], 25.0, True),
    "open_gop.mp4": (ALL, 25.0, True),
    "long_sound.mkv": (ALL, 25.0, True),
    "variable.mp4": (FOUR_OF_FIVE, None, True),
    "variable.mkv": (FOUR_OF_FIVE, None, True),
}


@pytest.mark.parametrize("name", SHOWN)
def test_every_frame_is_shown_once_and_in_order(name: str) -> None:
    numbers, fps, verified = SHOWN[name]
    decoded = decode(source(name), itertools.count())
    assert numbers_shown(decoded.frames) == numbers
    assert decoded.numbers.tolist() == list(range(len(numbers)))
    assert (decoded.n_frames, decoded.fps, decoded.verified) == (len(numbers), fps, verified)
    assert frame_rate(source(name)) == fps
    assert decoded.frames.dtype == np.uint8
    assert decoded.frames.shape == (len(numbers), 64, 64, 3)


@pytest.mark.parametrize("name", ["whole.mp4", "trimmed.mp4", "whole.ts", "open_gop.mp4"])
def test_wanted_frames_are_picked_by_the_order_in_which_they_are_shown(name: str) -> None:
    numbers = SHOWN[name][0]
    decoded = decode(source(name), itertools.count(3, 4))
    assert numbers_shown(decoded.frames) == numbers[3::4]
    assert decoded.numbers.tolist() == list(range(3, len(numbers), 4))
    assert decoded.n_frames == len(numbers)


def test_wanted_frames_beyond_the_end_do_not_exist() -> None:
    decoded = decode(source("whole.mp4"), [0, 98, 99, 100, 4000])
    assert numbers_shown(decoded.frames) == decoded.numbers.tolist() == [0, 98, 99]


def test_nothing_wanted_still_counts_and_knows_the_size() -> None:
    decoded = decode(source("rotated_90.mp4"), ())
    assert decoded.frames.shape == (0, 64, 48, 3)
    assert (decoded.n_frames, decoded.fps) == (5, 25.0)


@pytest.mark.parametrize("wanted", [[3, 3], [5, 4], [-1, 2]])
def test_wanted_frames_that_do_not_ascend_are_a_mistake_of_the_caller(wanted: list[int]) -> None:
    with pytest.raises(ValueError, match="strictly ascending"):
        decode(source("whole.mp4"), wanted)


def test_rates_that_times_round_are_the_exact_ones() -> None:
    assert decode(source("ntsc.mkv"), ()).fps == NTSC
    assert frame_rate(source("ntsc.mkv")) == NTSC


def test_a_rate_that_is_stated_must_agree_with_the_file() -> None:
    agreed, other = (Source(VIDEOS / "whole.mp4", fps=fps) for fps in (24.9, 12.5))
    assert decode(agreed, ()).fps == frame_rate(agreed) == 25.0
    for reading in (lambda: decode(other, ()), lambda: frame_rate(other)):
        with pytest.raises(VideoError, match=r"12\.5 fps is stated, and its frames come at 25 a second"):
            reading()


@pytest.mark.parametrize("name", ["whole.mp4", "open_gop.mp4", "bt709.mp4", "rgb.mp4", "trimmed.mp4"])
def test_threads_change_no_bit(name: str) -> None:
    with_threads = _decode(VIDEOS / name, itertools.count(), threads=True)
    without = _decode(VIDEOS / name, itertools.count(), threads=False)
    np.testing.assert_array_equal(with_threads.frames, without.frames)


def test_where_threads_find_something_amiss_the_file_is_decoded_without_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def with_trouble(path: Path, wanted: Iterator[int], *, threads: bool) -> Decoded:
        if threads:
            assert list(itertools.islice(wanted, 3)) == [0, 2, 4]
            raise VideoError("an error in a thread")
        return _decode(path, wanted, threads=threads)

    monkeypatch.setattr(pyav, "_decode", with_trouble)
    assert numbers_shown(decode(source("whole.mp4"), itertools.count(0, 2)).frames) == ALL[::2]


# MD5 of the first frame in RGB24, by `ffmpeg -f framemd5`
UPRIGHT = {
    "rgb.mp4": "84cf7e4fa6b4f5e6c037b2f465ce8199",
    "rotated_90.mp4": "b72d756b131c52158d0a2d7f9c1b5677",
    "rotated_180.mp4": "988550bdb642b0ac4e1052a8c2083ec5",
    "mirrored.mp4": "a7c32531d9bb0e7a097b5eb06333c51e",
}


@pytest.mark.parametrize("name", UPRIGHT)
def test_frames_are_turned_as_every_player_turns_them(name: str) -> None:
    frames = decode(source(name), [0]).frames
    assert frames.shape[1:3] == ((64, 48) if name == "rotated_90.mp4" else (48, 64))
    assert hashlib.md5(frames.tobytes(), usedforsecurity=False).hexdigest() == UPRIGHT[name]


def test_a_slanted_frame_is_refused() -> None:
    with pytest.raises(VideoError, match=r"rotated_45\.mp4.*by 45 degrees"):
        decode(source("rotated_45.mp4"), [0])


# Colours of the quarters (upper left, upper right, lower left, lower right), by `ffmpeg -pix_fmt rgb24`
COLOURS = {
    "bt601.mp4": [[199, 58, 98], [29, 59, 99], [200, 219, 99], [29, 218, 100]],
    "bt709.mp4": [[200, 60, 99], [30, 59, 101], [199, 219, 99], [29, 220, 99]],
    "bt709_full.mp4": [[200, 60, 98], [28, 60, 99], [199, 219, 99], [29, 220, 98]],
    "bt709_10bit.mp4": [[198, 58, 100], [27, 59, 100], [197, 218, 97], [28, 218, 100]],
    "grey.mkv": [[106] * 3, [56] * 3, [200] * 3, [150] * 3],
}


@pytest.mark.parametrize("name", COLOURS)
def test_colours_follow_the_matrix_and_the_range_of_the_stream(name: str) -> None:
    quarters = decode(source(name), [0]).frames[0, 16::32, 16::32].reshape(4, 3)
    np.testing.assert_allclose(quarters.astype(int), COLOURS[name], atol=2)
