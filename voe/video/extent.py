"""How long a file should be in bytes, by the outermost elements of its container.

An end that is missing does not always show in the times: the frames of a group are stored in another order
than they are shown, and the header of a fragmented MP4 promises no more than the fragments that are there.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

MP4, MATROSKA, AVI = "mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "avi"
"""FFmpeg's names of the containers that state how long they are."""

_UNKNOWN_RIFF = {0, 0xFFFFFFFF}


@dataclass(frozen=True)
class Extent:
    """Bytes that a file has, and bytes that it should have at least.

    `fragmented`: an MP4 whose frames are described piece by piece rather than in one index.
    """

    present: int
    stated: int
    fragmented: bool = False


def file_extent(path: Path, container: str) -> Extent:
    """Add up the outermost elements of a file of one of the three containers above.

    MP4 and QuickTime: boxes (ISO/IEC 14496-12, section 4.2). Matroska and WebM: EBML elements (RFC 8794,
    sections 4 and 5). AVI: RIFF chunks. Elements of unknown length, and what is no element, end the sum.
    """
    present = path.stat().st_size
    step = {MP4: _box, MATROSKA: _ebml_element, AVI: _riff_chunk}[container]
    start, fragmented = 0, False
    with path.open("rb") as file:
        while start < present:
            file.seek(start)
            kind, length = step(file)
            fragmented |= kind == b"moof"
            if length is None:
                break
            start += length
    return Extent(present, start, fragmented)


def _box(file: BinaryIO) -> tuple[bytes, int | None]:
    """Type and length in bytes of the box at hand (None: to the end of the file, or no box)."""
    header = file.read(16)
    if len(header) < 8:
        return b"", 8
    size, kind = struct.unpack(">I4s", header[:8])
    if size == 1 and len(header) == 16:
        size = struct.unpack(">Q", header[8:])[0]
    return kind, size if size >= 8 and kind.isalnum() else None


def _ebml_element(file: BinaryIO) -> tuple[bytes, int | None]:
    """Identifier and length of the EBML element at hand; both are numbers of variable width."""
    kind = _variable_width(file)
    size = _variable_width(file)
    if not kind or not size:
        return kind, None
    bits = 7 * len(size)
    value = int.from_bytes(size) & ((1 << bits) - 1)
    return kind, None if value == (1 << bits) - 1 else len(kind) + len(size) + value


def _variable_width(file: BinaryIO) -> bytes:
    """The bytes of a number whose leading zero bits tell how many more bytes it has; empty where none is."""
    first = file.read(1)
    if first in {b"", b"\0"}:
        return b""
    return first + file.read(8 - first[0].bit_length())


def _riff_chunk(file: BinaryIO) -> tuple[bytes, int | None]:
    """Type and length of the RIFF chunk at hand; writers that cannot go back leave it 0 or all ones."""
    header = file.read(8)
    if len(header) < 8 or header[:4] != b"RIFF":
        return header[:4], None
    size = struct.unpack("<I", header[4:])[0]
    return b"RIFF", None if size in _UNKNOWN_RIFF else 8 + size + size % 2
