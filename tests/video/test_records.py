"""TFRecord files, written here byte by byte from the format's description, and read without TensorFlow."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from tests.video.tfrecords import example, masked_crc, tensor_proto, write_records
from voe.clips import Source
from voe.errors import VideoError
from voe.video import decode
from voe.video.records import _masked_crc, count_records

RNG = np.random.default_rng(8)
CLIPS = RNG.integers(0, 256, (3, 2, 5, 4, 4, 3), dtype=np.uint8)  # records, clips, frames, ...


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """Three records of two clips of five frames, with a feature before and one after."""
    records = [
        example({"a_mask": [b"\x00" * 7], "possible_image": [clip.tobytes()], "pose": [1.5, 2.5]})
        for clip in CLIPS
    ]
    return write_records(tmp_path / "x.tfrecord", records)


def source(path: Path, part: str) -> Source:
    return Source(path, kind="record", part=part)


def test_checksums_are_castagnolis() -> None:
    # RFC 3720, B.4: 32 bytes of zeros, and 0..31.
    for data, published in ((b"\0" * 32, 0x8A9136AA), (bytes(range(32)), 0x46DD794E)):
        turned = (masked_crc(data) - 0xA282EAD8) & 0xFFFFFFFF
        assert (turned >> 17 | turned << 15) & 0xFFFFFFFF == published
        assert _masked_crc(data) == masked_crc(data)


def test_a_clip_of_a_record_comes_back_to_the_bit(raw: Path) -> None:
    for record in (0, 2, 1):  # forwards, and back
        for index in (0, 1):
            found = decode(source(raw, f"{record}:possible_image:{index}:5x4x4x3"), range(0, 9, 2))
            assert found.numbers.tolist() == [0, 2, 4] and found.n_frames == 5 and found.verified
            assert np.array_equal(found.frames, CLIPS[record, index, ::2])


def test_a_serialized_tensor_brings_its_own_shape(tmp_path: Path) -> None:
    whole, shares = CLIPS[0, 0], (CLIPS[1, 0] / 255).astype("<f4")
    path = write_records(tmp_path / "x", [example({"raw_image": [tensor_proto(v)]}) for v in (whole, shares)])
    assert np.array_equal(decode(source(path, "0:raw_image"), range(5)).frames, whole)
    assert np.array_equal(decode(source(path, "1:raw_image"), range(5)).frames, CLIPS[1, 0])
    assert count_records(path) == 2


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("3:possible_image:0:5x4x4x3", "it has 3 records, and not number 3"),
        ("0:impossible_image:0:5x4x4x3", "no feature 'impossible_image'; it has a_mask, possible_image"),
        ("0:possible_image:2:5x4x4x3", "no whole number of clips"),
        ("0:possible_image:0:7x4x4x3", "no whole number of clips"),
        ("0:possible_image", r"no serialized tensor|no tf\.train\.Example"),
    ],
)
def test_what_is_not_there_is_named(raw: Path, part: str, words: str) -> None:
    with pytest.raises(VideoError, match=words):
        decode(source(raw, part), range(5))


def test_damaged_files_are_refused(raw: Path, tmp_path: Path) -> None:
    data = raw.read_bytes()
    (tmp_path / "cut").write_bytes(data[: len(data) // 2])
    content = bytearray(gzip.decompress(data))
    content[3] ^= 1
    (tmp_path / "flipped").write_bytes(gzip.compress(bytes(content)))
    (tmp_path / "plain").write_bytes(gzip.compress(b"hello, this is no record at all"))
    (tmp_path / "text").write_bytes(b"hello")
    for name in ("cut", "flipped", "plain", "text", "nowhere"):
        with pytest.raises(VideoError, match=name):
            count_records(tmp_path / name)
    whole = gzip.decompress(data)
    (tmp_path / "short").write_bytes(gzip.compress(whole[:-30]))
    with pytest.raises(VideoError, match="cut off in the middle of a record"):
        count_records(tmp_path / "short")


def test_a_record_that_is_no_example_is_refused(tmp_path: Path) -> None:
    path = write_records(tmp_path / "x", [b"\x0b" + struct.pack("<Q", 9)])
    with pytest.raises(VideoError, match=r"no tf\.train\.Example"):
        decode(source(path, "0:a:0:1x1x1x3"), range(1))
