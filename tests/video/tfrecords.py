"""Writing TFRecord files, `tf.train.Example` and `TensorProto` from their descriptions, for tests."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np


def masked_crc(data: bytes) -> int:
    """CRC-32C by a table, masked: another way than the reader's."""
    table = []
    for entry in range(256):
        value = entry
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    crc = 0xFFFFFFFF
    for byte in data:
        crc = table[(crc ^ byte) & 255] ^ crc >> 8
    crc = ~crc & 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def write_records(path: Path, records: Sequence[bytes]) -> Path:
    """A GZIP file of records. The checksum of the data itself is left 0: the reader relies on GZIP's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    parts = []
    for data in records:
        length = struct.pack("<Q", len(data))
        parts += [length, struct.pack("<I", masked_crc(length)), data, struct.pack("<I", 0)]
    path.write_bytes(gzip.compress(b"".join(parts), compresslevel=1))
    return path


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def field(number: int, data: bytes) -> bytes:
    """A length-delimited field."""
    return varint(number << 3 | 2) + varint(len(data)) + data


def example(features: Mapping[str, Sequence[bytes | float]]) -> bytes:
    """A `tf.train.Example` of bytes lists and float lists."""
    entries = b""
    for name, values in features.items():
        if isinstance(values[0], bytes):
            kind = field(1, b"".join(field(1, value) for value in values if isinstance(value, bytes)))
        else:
            kind = field(2, field(1, struct.pack(f"<{len(values)}f", *values)))
        entries += field(1, field(1, name.encode()) + field(2, kind))
    return field(1, entries)


def tensor_proto(values: np.ndarray) -> bytes:
    """A serialized tensor: its type, shape and bytes."""
    kind = {"uint8": 4, "float32": 1}[values.dtype.name]
    shape = b"".join(field(2, varint(1 << 3) + varint(n)) for n in values.shape)
    return varint(1 << 3) + varint(kind) + field(2, shape) + field(4, values.tobytes())
