"""The length that a file states in bytes, by hand-made files and by those that ffmpeg wrote."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from tests.video.shown import VIDEOS
from voe.video.extent import AVI, MATROSKA, MP4, Extent, file_extent


@pytest.mark.parametrize(
    ("name", "container"),
    [("whole.mp4", MP4), ("fragmented.mp4", MP4), ("whole.mkv", MATROSKA), ("bframes.avi", AVI)],
)
def test_a_whole_file_states_the_length_that_it_has(name: str, container: str) -> None:
    size = (VIDEOS / name).stat().st_size
    assert file_extent(VIDEOS / name, container) == Extent(size, size, name == "fragmented.mp4")


def box(kind: bytes, content: int, size: int | None = None) -> bytes:
    return struct.pack(">I4s", 8 + content if size is None else size, kind) + bytes(content)


@pytest.mark.parametrize(
    ("data", "stated"),
    [
        (box(b"ftyp", 8) + box(b"mdat", 16), 40),
        (box(b"ftyp", 8) + box(b"mdat", 4, size=30), 46),  # the last box is cut
        (box(b"ftyp", 8) + box(b"mdat", 4, size=0), 16),  # it reaches to the end, wherever that is
        (box(b"ftyp", 8) + struct.pack(">I4sQ", 1, b"mdat", 5_000_000_000), 5_000_000_016),
        (box(b"ftyp", 8) + b"\0\0", 24),  # the header of a box is cut
        (box(b"ftyp", 8) + bytes(40), 16),  # padding is no box
    ],
)
def test_boxes(data: bytes, stated: int, tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(data)
    assert file_extent(tmp_path / "clip.mp4", MP4) == Extent(len(data), stated)


@pytest.mark.parametrize(
    ("data", "stated"),
    [
        (b"\x1a\x45\xdf\xa3\x82ab" + b"\x18\x53\x80\x67\x40\x05abcde", 7 + 11),
        (b"\x1a\x45\xdf\xa3\x82ab" + b"\x18\x53\x80\x67\x40\x09abcde", 7 + 15),
        (b"\x1a\x45\xdf\xa3\x82ab" + b"\x18\x53\x80\x67\xffabcde", 7),  # a live stream: of unknown length
    ],
)
def test_elements(data: bytes, stated: int, tmp_path: Path) -> None:
    (tmp_path / "clip.mkv").write_bytes(data)
    assert file_extent(tmp_path / "clip.mkv", MATROSKA) == Extent(len(data), stated)


@pytest.mark.parametrize(("size", "stated"), [(6, 14), (7, 16), (50, 58), (0, 0), (0xFFFFFFFF, 0)])
def test_chunks(size: int, stated: int, tmp_path: Path) -> None:
    (tmp_path / "clip.avi").write_bytes(b"RIFF" + struct.pack("<I", size) + b"AVI LI")
    assert file_extent(tmp_path / "clip.avi", AVI) == Extent(14, stated)
