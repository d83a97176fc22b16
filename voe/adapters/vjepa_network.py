"""The three networks of V-JEPA 1: an encoder, its moving average, and a predictor.

Bardes et al. 2024, "Revisiting feature prediction for learning visual representations from video"; the
rotary variant is that of Garrido et al. 2025. Names follow the original checkpoints.

Letters in the shape comments: B windows, C frames of the context, N tokens of the whole window, m tokens of
its context, W width. Tokens run over time first, then rows, then columns, so those of the first frames come
first.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor, nn

from voe.adapters.blocks import Block, PatchEmbedding, StackShape

Grid = tuple[int, int, int]
"""Tokens along time, height and width."""


@dataclass(frozen=True)
class TableLayout:
    """How a sin-cos position table was made: for which grid, and how its channels are split.

    `uniform` gives time, height and width a third of the channels each; otherwise time has a half, height and
    width a quarter each.
    """

    grid: Grid
    uniform: bool


def token_positions(grid: Grid, device: torch.device | None = None) -> Tensor:
    """Time, row and column of every token: int64 [3, N].

    >>> token_positions((2, 1, 2)).tolist()
    [[0, 0, 1, 1], [0, 0, 0, 0], [0, 1, 0, 1]]
    """
    axes = [torch.arange(length, device=device) for length in grid]
    return torch.stack(torch.meshgrid(*axes, indexing="ij")).reshape(3, -1)


def sincos_table(width: int, layout: TableLayout) -> Tensor:
    """The fixed position table of a grid: float32 [N, width], computed in float64.

    For each axis with e channels, position p gives sin(p f_i) for i < e / 2, then cos(p f_i), with
    f_i = 10000^(-2 i / e); time comes first, then height, then width. A uniform split rounds its thirds up to
    even numbers and cuts what is too much.

    Raises:
        ValueError: the width cannot be split into even parts in this layout.
    """
    third = 2 * math.ceil(width / 6)
    parts = (third, third, third) if layout.uniform else (width // 2, width // 4, width // 4)
    if any(part % 2 for part in parts) or sum(parts) < width:
        raise ValueError(f"a width of {width} does not split into {parts}")
    columns = []
    for positions, part in zip(token_positions(layout.grid), parts, strict=True):
        frequencies = 10000.0 ** (-2.0 * torch.arange(part // 2, dtype=torch.float64) / part)
        angles = positions.double()[:, None] * frequencies
        columns += [angles.sin(), angles.cos()]
    return torch.cat(columns, dim=1)[:, :width].float()


_cached_table = lru_cache(maxsize=4)(sincos_table)


def position_table(stored: Tensor, layout: TableLayout, grid: Grid) -> Tensor:
    """The sin-cos table of a window: the checkpoint's own [1, N, W] for its grid, else a fresh one. [N, W].

    Positions are counted, never stretched: token (t, i, j) has the same channels in every grid.
    """
    if grid == layout.grid:
        return stored[0]
    return _cached_table(stored.shape[-1], TableLayout(grid, layout.uniform)).to(stored.device)


class Encoder(nn.Module):
    """The video encoder; the target encoder has the same shape and weights of its own.

    `layout` describes its sin-cos table; None for rotary positions.
    """

    def __init__(self, shape: StackShape, layout: TableLayout | None, tubelet: int, patch: int) -> None:
        super().__init__()
        self.layout = layout
        if layout is not None:
            self.pos_embed = nn.Parameter(torch.empty(1, math.prod(layout.grid), shape.width))
        self.patch_embed = PatchEmbedding(shape.width, tubelet, patch)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.depth))
        self.norm = nn.LayerNorm(shape.width, eps=shape.epsilon)

    def forward(self, frames: Tensor, grid: Grid) -> Tensor:
        """The first frames [B, C, 3, H, W] of a window of `grid` -> [B, m, W]. No other frame is seen."""
        x = self.patch_embed(frames)  # [B, m, W]
        m, positions = x.shape[1], None
        if self.layout is None:
            positions = token_positions(grid, x.device)[:, :m]  # [3, m]
        else:
            x = x + position_table(self.pos_embed, self.layout, grid)[:m]  # [B, m, W]
        for block in self.blocks:
            x = block(x, positions)  # [B, m, W]
        out: Tensor = self.norm(x)  # [B, m, W]
        return out


class MaskedPredictor(nn.Module):
    """Encoded context and one learned mask token at each place to come -> features expected there."""

    def __init__(
        self, shape: StackShape, layout: TableLayout | None, encoder_width: int, mask_tokens: int
    ) -> None:
        super().__init__()
        self.layout = layout
        if layout is not None:
            self.predictor_pos_embed = nn.Parameter(torch.empty(1, math.prod(layout.grid), shape.width))
        self.predictor_embed = nn.Linear(encoder_width, shape.width)
        self.mask_tokens = nn.ParameterList(torch.empty(1, 1, shape.width) for _ in range(mask_tokens))
        self.predictor_blocks = nn.ModuleList(Block(shape) for _ in range(shape.depth))
        self.predictor_norm = nn.LayerNorm(shape.width, eps=shape.epsilon)
        self.predictor_proj = nn.Linear(shape.width, encoder_width)

    def forward(self, context: Tensor, grid: Grid, mask_token: int) -> Tensor:
        """Encoded context [B, m, encoder W] -> the rest of the window of `grid`, [B, N - m, encoder W]."""
        batch, m, _ = context.shape
        known = self.predictor_embed(context)  # [B, m, W]
        blank = self.mask_tokens[mask_token].to(known.dtype)  # [1, 1, W]
        x = torch.cat([known, blank.expand(batch, math.prod(grid) - m, -1)], dim=1)  # [B, N, W]
        positions = None
        if self.layout is None:
            positions = token_positions(grid, x.device)  # [3, N]
        else:
            x = x + position_table(self.predictor_pos_embed, self.layout, grid)  # [B, N, W]
        for block in self.predictor_blocks:
            x = block(x, positions)  # [B, N, W]
        out: Tensor = self.predictor_proj(self.predictor_norm(x[:, m:]))  # [B, N - m, encoder W]
        return out
