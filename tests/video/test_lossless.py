from __future__ import annotations

import itertools
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from voe.clips import Source
from voe.errors import VideoError
from voe.video import decode, lossless, write_lossless

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize("shape", [(30, 48, 64), (7, 47, 63), (1, 32, 32), (2, 2, 2)])
@pytest.mark.parametrize("fps", [24, Fraction(30000, 1001)])
def test_noise_comes_back_bit_for_bit(
    suffix: str, shape: tuple[int, int, int], fps: Fraction | int, tmp_path: Path
) -> None:
    frames = RNG.integers(0, 256, (*shape, 3), dtype=np.uint8)
    path = tmp_path / f"noise{suffix}"
    write_lossless(path, frames, fps)
    decoded = decode(Source(path), itertools.count())
    np.testing.assert_array_equal(decoded.frames, frames)
    assert (decoded.n_frames, decoded.fps, decoded.verified) == (shape[0], float(fps), True)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_another_decoder_reads_the_same(tmp_path: Path) -> None:
    decord = pytest.importorskip("decord")
    frames = RNG.integers(0, 256, (20, 48, 64, 3), dtype=np.uint8)
    write_lossless(tmp_path / "noise.mp4", frames, 25)
    reader = decord.VideoReader(str(tmp_path / "noise.mp4"), num_threads=1)
    np.testing.assert_array_equal(np.stack([reader.next().asnumpy() for _ in range(20)]), frames)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_the_same_frames_give_the_same_bytes(suffix: str, tmp_path: Path) -> None:
    frames = RNG.integers(0, 256, (20, 48, 64, 3), dtype=np.uint8)
    for name in ("one", "two"):
        write_lossless(tmp_path / f"{name}{suffix}", frames, 25)
    assert (tmp_path / f"one{suffix}").read_bytes() == (tmp_path / f"two{suffix}").read_bytes()


def test_the_bytes_do_not_depend_on_the_number_of_cores(tmp_path: Path) -> None:
    write_lossless(tmp_path / "clip.mp4", np.zeros((2, 512, 64, 3), np.uint8), 25)
    assert b" threads=1 " in (tmp_path / "clip.mp4").read_bytes()  # x264 writes its settings into the stream


def test_a_file_that_exists_is_replaced_by_a_complete_one_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def disk_full(path: Path, *_: object) -> None:
        path.write_bytes(b"half a video")
        raise OSError(28, "No space left on device")

    path = tmp_path / "clip.mp4"
    path.write_bytes(b"what was there")
    monkeypatch.setattr(lossless, "_encode", disk_full)
    with pytest.raises(VideoError, match=r"clip\.mp4: No space left"):
        write_lossless(path, np.zeros((2, 8, 8, 3), np.uint8), 25)
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [b"what was there"]


def test_what_cannot_be_written_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    good = np.zeros((2, 8, 8, 3), np.uint8)
    for frames in (good[0], good.astype(np.float32), good[..., :1], good[:0]):
        with pytest.raises(VideoError, match="uint8"):
            write_lossless(tmp_path / "clip.mp4", frames, 25)
    with pytest.raises(VideoError, match="fps is 0"):
        write_lossless(tmp_path / "clip.mp4", good, 0)
    with pytest.raises(VideoError, match=r"must end in \.mp4"):
        write_lossless(tmp_path / "clip.avi", good, 25)
    with pytest.raises(VideoError, match="nowhere"):
        write_lossless(tmp_path / "nowhere" / "clip.mp4", good, 25)
    assert not list(tmp_path.iterdir())
