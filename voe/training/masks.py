"""Which tokens are given and which are to be predicted: one mask a batch, tokens time first."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from voe.training.recipes import Masking

Tokens = npt.NDArray[np.int64]
CONTEXTS: Final = (4, 8, 12)
"""Given frames of causal masks: the contexts that the card of the built-in probes names."""
HIDDEN_SHARE: Final = 0.55
"""Share of the picture that blocks hide, at least; and of tokens that random masks hide."""


def draw_mask(
    generator: np.random.Generator, masking: Masking, grid: tuple[int, int, int], tubelet: int = 2
) -> tuple[Tokens, Tokens]:
    """Given and hidden tokens, both ascending, together all of them.

    Args:
        grid: tokens (time, height, width) of a window.
        tubelet: frames a token spans.

    >>> given, hidden = draw_mask(np.random.default_rng(0), "causal", (8, 1, 1))
    >>> given.tolist(), hidden.tolist()
    ([0, 1, 2, 3, 4, 5], [6, 7])
    """
    kind = masking
    if kind == "mixed":
        kind = "causal" if generator.random() < 0.5 else "block"
    hidden = np.zeros(grid, dtype=bool)
    if kind == "causal":
        hidden[int(generator.choice(CONTEXTS)) // tubelet :] = True
    elif kind == "half":
        hidden[grid[0] // 2 :] = True
    elif kind == "block":
        hidden[:] = _blocks(generator, grid[1], grid[2])
    else:
        n = hidden.size
        hidden.reshape(-1)[generator.choice(n, int(np.ceil(HIDDEN_SHARE * n)), replace=False)] = True
    flat = hidden.reshape(-1)
    return np.flatnonzero(~flat), np.flatnonzero(flat)


def _blocks(generator: np.random.Generator, height: int, width: int) -> npt.NDArray[np.bool_]:
    """Rectangles until more than `HIDDEN_SHARE` is hidden, and something is given: bool [height, width]."""
    hidden = np.zeros((height, width), dtype=bool)
    while hidden.mean() < HIDDEN_SHARE:
        h = int(generator.integers(max(height // 4, 1), max(height // 2, 1) + 1))
        w = int(generator.integers(max(width // 4, 1), max(width // 2, 1) + 1))
        y, x = int(generator.integers(height - h + 1)), int(generator.integers(width - w + 1))
        hidden[y : y + h, x : x + w] = True
    if hidden.all():
        hidden[int(generator.integers(height)), int(generator.integers(width))] = False
    return hidden
