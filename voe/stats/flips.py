"""Flips of whole scenes: every one where there are few scenes, random ones otherwise."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Signs = npt.NDArray[np.float32]

_CHUNK = 8_000_000
"""Signs that are held at once."""


def sign_flips(n_scenes: int, flips: int, generator: np.random.Generator | None) -> Iterator[Signs]:
    """Signs in batches, float32 [rows, n_scenes]; the first row is the identity (what was observed).

    All 2^S of them where that is at most `flips`: the share of rows that reach an observed statistic is then
    the exact p-value. Otherwise the identity and `flips` random ones, whose share is the p-value that counts
    the observation (Phipson and Smyth 2010, SAGMB 9:39).

    >>> np.concatenate(list(sign_flips(2, 99, None))).tolist()
    [[1.0, 1.0], [-1.0, 1.0], [1.0, -1.0], [-1.0, -1.0]]
    """
    if n_scenes < 31 and 2**n_scenes <= flips:
        every = np.arange(2**n_scenes)[:, None] >> np.arange(n_scenes)
        yield np.asarray(1 - 2 * (every & 1), dtype=np.float32)
        return
    rng = np.random.default_rng(0) if generator is None else generator
    yield np.ones((1, n_scenes), dtype=np.float32)
    step = max(1, _CHUNK // n_scenes)
    for start in range(0, flips, step):
        yield random_signs(min(step, flips - start), n_scenes, rng)


def random_signs(rows: int, columns: int, generator: np.random.Generator) -> Signs:
    """Independent fair signs, -1 or 1: float32 [rows, columns], one random bit each."""
    width = -(-columns // 8)
    bits = np.frombuffer(generator.bytes(rows * width), dtype=np.uint8).reshape(rows, width)
    signs = np.unpackbits(bits, axis=1, count=columns).astype(np.float32)
    signs *= 2
    signs -= 1
    return signs
