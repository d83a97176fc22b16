"""Clips inside TFRecord files, read without TensorFlow: framing, `tf.train.Example`, serialized tensors.

A file is a sequence of records: length (uint64), its masked CRC-32C, the data, their masked CRC-32C, all
little-endian (tensorflow/core/lib/io/record_writer.h), here compressed with GZIP, whose own checksum covers
every byte. Records are found by reading from the front, so readers that go forward keep their place.
"""

from __future__ import annotations

import gzip
import struct
import threading
import zlib
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from voe.errors import VideoError
from voe.video.decoded import Decoded

_DTYPES: Final = {1: "<f4", 3: "<i4", 4: "u1", 9: "<i8"}
"""TensorFlow's numbers of types (tensorflow/core/framework/types.proto)."""
_CASTAGNOLI: Final = 0x82F63B78


def decode_record(path: Path, part: str, wanted: Iterable[int], fps: float | None) -> Decoded:
    """The wanted frames of one clip of a TFRecord file.

    Args:
        part: 'RECORD:FEATURE[:INDEX]:SHAPE', such as '12:possible_image:0:15x64x64x3': the record's number,
            the feature, which of several clips in it, and the shape of one clip. Without a shape the feature
            is a serialized tensor, and brings its own.
        wanted: frame numbers, ascending.

    Raises:
        VideoError: no such file, record or feature, a damaged file, or bytes that do not have that shape.
    """
    number, feature, *rest = part.split(":")
    data = _READERS.feature(path, int(number), feature)
    frames: npt.NDArray[Any] = _raw(path, part, data, *rest) if rest else _tensor(path, part, data)
    if frames.ndim != 4 or frames.shape[-1] != 3 or frames.dtype != np.uint8:
        raise VideoError(
            f"{path}, {part}: it holds {frames.dtype} {list(frames.shape)}, not frames [T, H, W, 3]"
        )
    numbers = []
    for frame in wanted:
        if frame >= len(frames):
            break
        numbers.append(frame)
    chosen = np.array(numbers, dtype=np.int64)
    return Decoded(frames[chosen], chosen, len(frames), fps, verified=True)


def count_records(path: Path) -> int:
    """How many records a file holds; it is read whole, and its checksum verified.

    Raises:
        VideoError: no such file, or a damaged one.
    """
    stat = path.stat() if path.is_file() else None
    if stat is None:
        raise VideoError(f"{path}: there is no such file")
    return _counted(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=256)
def _counted(path: Path, _size: int, _time: int) -> int:
    with _opened(path) as file:
        return sum(1 for _ in _records(path, file))


def _opened(path: Path) -> gzip.GzipFile:
    try:
        return gzip.open(path, "rb")
    except OSError as error:
        raise VideoError(f"{path}: {error.strerror or error}; is it there?") from error


def _records(path: Path, file: gzip.GzipFile) -> Iterator[bytes]:
    """Every record from where the file stands."""
    try:
        while head := file.read(12):
            if len(head) < 12 or _masked_crc(head[:8]) != struct.unpack("<I", head[8:])[0]:
                raise VideoError(f"{path}: no TFRecord file, or a damaged one; fetch it again")
            length = struct.unpack("<Q", head[:8])[0]
            data = file.read(length)
            if len(data) < length or len(file.read(4)) < 4:
                raise VideoError(f"{path}: it is cut off in the middle of a record; fetch it again")
            yield data
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise VideoError(f"{path}: {error}; it is damaged, fetch it again") from error


class _Readers:
    """The file that was read last, at the record where it stands: sets are read forward."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._path: Path | None = None
        self._records: Iterator[bytes] = iter(())
        self._at = -1
        self._current: dict[str, bytes] = {}

    def feature(self, path: Path, number: int, name: str) -> bytes:
        with self._lock:
            if self._path != path or number < self._at:
                self._path, self._at = path, -1
                self._records = _records(path, _opened(path))
            try:
                while self._at < number:
                    record = next(self._records, None)
                    if record is None:
                        raise VideoError(f"{path}: it has {self._at + 1} records, and not number {number}")
                    self._at += 1
                    if self._at == number:
                        self._current = _features(path, record)
            except VideoError:
                self._path = None
                raise
            if name not in self._current:
                raise VideoError(
                    f"{path}, record {number}: there is no feature {name!r}; it has "
                    f"{', '.join(self._current)}"
                )
            return self._current[name]


_READERS = _Readers()


def _masked_crc(data: bytes) -> int:
    """CRC-32C (Castagnoli), rotated and shifted as TFRecord files store it."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (_CASTAGNOLI if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def _features(path: Path, record: bytes) -> dict[str, bytes]:
    """A `tf.train.Example`: feature -> the first value of its bytes list."""
    found: dict[str, bytes] = {}
    for features in _fields(path, record, 1):
        for entry in _fields(path, features, 1):
            name = next(_fields(path, entry, 1), b"").decode("utf-8", "replace")
            for feature in _fields(path, entry, 2):
                for values in _fields(path, feature, 1):
                    found[name] = next(_fields(path, values, 1), b"")
    return found


def _fields(path: Path, message: bytes, wanted: int) -> Iterator[bytes]:
    """The length-delimited fields of that number in a protocol-buffers message."""
    at = 0
    while at < len(message):
        key, at = _varint(path, message, at)
        kind = key & 7
        if kind == 2:
            length, at = _varint(path, message, at)
            if at + length > len(message):
                raise VideoError(f"{path}: a record is no tf.train.Example; fetch the file again")
            if key >> 3 == wanted:
                yield message[at : at + length]
            at += length
        elif kind == 0:
            _, at = _varint(path, message, at)
        elif kind in (1, 5):
            at += 8 if kind == 1 else 4
        else:
            raise VideoError(f"{path}: a record is no tf.train.Example; fetch the file again")


def _varint(path: Path, message: bytes, at: int) -> tuple[int, int]:
    """A number in base 128, and where it ends."""
    value = shift = 0
    while at < len(message) and shift < 70:
        byte = message[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
    raise VideoError(f"{path}: a record is no tf.train.Example; fetch the file again")


def _raw(path: Path, part: str, data: bytes, *rest: str) -> npt.NDArray[np.uint8]:
    """Bytes of one or several clips of a stated shape."""
    shape = tuple(int(n) for n in rest[-1].split("x"))
    size, index = int(np.prod(shape)), int(rest[0]) if len(rest) > 1 else 0
    if len(data) % size or (index + 1) * size > len(data):
        raise VideoError(f"{path}, {part}: {len(data)} bytes are no whole number of clips of {rest[-1]}")
    return np.frombuffer(data, np.uint8)[index * size : (index + 1) * size].reshape(shape)


def _tensor(path: Path, part: str, data: bytes) -> npt.NDArray[np.generic]:
    """A serialized `TensorProto`: dtype = 1, shape = 2 (dim = 2, size = 1), content = 4."""
    kind = _number(path, data, 1)
    dims = [dim for tensor_shape in _fields(path, data, 2) for dim in _fields(path, tensor_shape, 2)]
    shape = [_number(path, dim, 1) for dim in dims]
    content = next(_fields(path, data, 4), b"")
    if kind not in _DTYPES or len(content) != int(np.prod(shape)) * np.dtype(_DTYPES[kind]).itemsize:
        raise VideoError(
            f"{path}, {part}: no serialized tensor that can be read (type {kind}, shape {shape})"
        )
    values: npt.NDArray[np.generic] = np.frombuffer(content, np.dtype(_DTYPES[kind])).reshape(shape)
    if values.dtype.kind == "f" and values.size and values.min() >= 0 and values.max() <= 1:
        return np.rint(values.astype(np.float64) * 255).astype(np.uint8)
    return values


def _number(path: Path, message: bytes, wanted: int) -> int:
    """The first varint field of that number, 0 without one."""
    at = 0
    while at < len(message):
        key, at = _varint(path, message, at)
        if key & 7 == 0:
            value, at = _varint(path, message, at)
            if key >> 3 == wanted:
                return value
        elif key & 7 == 2:
            length, at = _varint(path, message, at)
            at += length
        else:
            at += 8 if key & 7 == 1 else 4
    return 0
