"""The transformer blocks that V-JEPA 1 and VideoMAE are made of, in plain torch.

Names follow the original checkpoints, so that a state dict loads as it is. Letters in the shape comments:
B windows, T frames, n tokens, W width, A heads, D = W / A channels a head.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, scaled_dot_product_attention, silu

_THETA = 10000.0


@dataclass(frozen=True)
class StackShape:
    """What one stack of blocks looks like.

    `hidden` is the width inside the feed-forward, which is SwiGLU (three matrices) where `gated`, else GELU
    (two). Where `rotary`, positions enter by turning queries and keys. `epsilon` is that of the layer norms.
    `fused` chooses torch's fused attention; otherwise its products are written out.
    """

    width: int
    depth: int
    heads: int
    hidden: int
    gated: bool = False
    rotary: bool = False
    epsilon: float = 1e-6
    fused: bool = True


def axis_width(head_width: int) -> int:
    """Channels of a head that turn with one of the three axes: a third, rounded down."""
    return head_width // 3


def rotary_frequencies(axis: int) -> Tensor:
    """10000^(-2 i / d) for i < d // 2, with d = `axis` channels: float32 [d // 2].

    >>> rotary_frequencies(5)
    tensor([1.0000, 0.0251])
    """
    return _THETA ** (-2.0 * torch.arange(axis // 2, dtype=torch.float32) / max(axis, 1))


class Frequencies(nn.Module):
    """The rotary frequencies of one axis, as a checkpoint holds them."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.freqs = nn.Parameter(torch.empty(count))


class Attention(nn.Module):
    """Attention of every token to every token."""

    def __init__(self, shape: StackShape) -> None:
        super().__init__()
        self.heads, self.fused = shape.heads, shape.fused
        self.qkv = nn.Linear(shape.width, 3 * shape.width)
        self.proj = nn.Linear(shape.width, shape.width)
        if shape.rotary:
            count = axis_width(shape.width // shape.heads) // 2
            self.d_rotary_emb = Frequencies(count)  # time (depth)
            self.h_rotary_emb = Frequencies(count)  # height
            self.w_rotary_emb = Frequencies(count)  # width

    def forward(self, x: Tensor, positions: Tensor | None = None) -> Tensor:
        """[B, n, W] -> [B, n, W]; `positions` [3, n] (time, row, column) for rotary blocks only."""
        batch, n, width = x.shape
        qkv = self.qkv(x).view(batch, n, 3, self.heads, width // self.heads)  # [B, n, 3, A, D]
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)  # each [B, A, n, D]
        if positions is not None:
            q, k = self._rotated(q, positions), self._rotated(k, positions)  # [B, A, n, D]
        if self.fused:
            mixed = scaled_dot_product_attention(q, k, v)  # [B, A, n, D]
        else:
            mixed = (q @ k.mT / math.sqrt(q.shape[-1])).softmax(-1).to(v.dtype) @ v  # [B, A, n, D]
        out: Tensor = self.proj(mixed.transpose(1, 2).reshape(batch, n, width))  # [B, n, W]
        return out

    def _rotated(self, x: Tensor, positions: Tensor) -> Tensor:
        """Turn neighbouring channels of each axis' block by position times frequency: [B, A, n, D].

        A block is a third of the head, rounded down. The last channel of an odd block stays as it is, and so
        do the channels after the third block.
        """
        block = axis_width(x.shape[-1])
        turning = 2 * (block // 2)
        parts = []
        for axis, frequencies in enumerate((self.d_rotary_emb, self.h_rotary_emb, self.w_rotary_emb)):
            channels = x[..., axis * block : (axis + 1) * block]  # [B, A, n, block]
            even, odd = channels[..., 0:turning:2].float(), channels[..., 1:turning:2].float()
            angle = positions[axis].float()[:, None] * frequencies.freqs  # [n, block // 2]
            cos, sin = angle.cos(), angle.sin()
            pairs = torch.stack([even * cos - odd * sin, odd * cos + even * sin], dim=-1)
            parts += [pairs.flatten(-2).to(x.dtype), channels[..., turning:]]
        return torch.cat([*parts, x[..., 3 * block :]], dim=-1)


class FeedForward(nn.Module):
    """GELU (fc2 after fc1) or SwiGLU (silu(fc1 x) * fc2 x, then fc3)."""

    def __init__(self, shape: StackShape) -> None:
        super().__init__()
        self.gated = shape.gated
        self.fc1 = nn.Linear(shape.width, shape.hidden)
        if shape.gated:
            self.fc2 = nn.Linear(shape.width, shape.hidden)
            self.fc3 = nn.Linear(shape.hidden, shape.width)
        else:
            self.fc2 = nn.Linear(shape.hidden, shape.width)

    def forward(self, x: Tensor) -> Tensor:
        """[B, n, W] -> [B, n, W]."""
        out: Tensor = self.fc3(silu(self.fc1(x)) * self.fc2(x)) if self.gated else self.fc2(gelu(self.fc1(x)))
        return out


class Block(nn.Module):
    """Attention and feed-forward, each after a layer norm and added to its input."""

    def __init__(self, shape: StackShape) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(shape.width, eps=shape.epsilon)
        self.attn = Attention(shape)
        self.norm2 = nn.LayerNorm(shape.width, eps=shape.epsilon)
        self.mlp = FeedForward(shape)

    def forward(self, x: Tensor, positions: Tensor | None = None) -> Tensor:
        """[B, n, W] -> [B, n, W]."""
        x = x + self.attn(self.norm1(x), positions)
        x = x + self.mlp(self.norm2(x))
        return x


class PatchEmbedding(nn.Module):
    """Tubelets of pixels -> tokens: time first, then rows, then columns."""

    def __init__(self, width: int, tubelet: int, patch: int) -> None:
        super().__init__()
        size = (tubelet, patch, patch)
        self.proj = nn.Conv3d(3, width, kernel_size=size, stride=size)

    def forward(self, frames: Tensor) -> Tensor:
        """[B, T, 3, H, W] -> [B, n, width]."""
        volume = self.proj(frames.transpose(1, 2))  # [B, width, t, h, w]
        tokens: Tensor = volume.flatten(2).transpose(1, 2)  # [B, n, width]
        return tokens
