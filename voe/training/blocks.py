"""V-JEPA 2's blocks for training: transformers' weights and function, with fewer passes over memory.

Rotations are worked out once a step for the tokens of a mask, and not in every block for every clip; query,
key and value are one product. A test holds these blocks to transformers' own, values and gradients, in
float32.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import linear


class Rotation(NamedTuple):
    """Rotary position embedding of n tokens: `x * cosine + swap(x) * sine`, channels swapped in pairs.

    Both float32 [2, 1, 1, n, D], for queries (with the scale of attention) and for keys.
    """

    cosine: Tensor
    sine: Tensor


def rotation_of(attention: Any, tokens: Tensor) -> Rotation:
    """The rotation that an attention of transformers applies at these tokens (int64 [n]).

    It is asked for what it does to each basis vector, so its own frequencies and their order count.
    """
    width = int(attention.attention_head_size)
    basis = torch.eye(width, device=tokens.device)[:, None, None].expand(-1, 1, len(tokens), -1)
    at = attention.get_position_ids(basis[:, 0], masks=tokens[None])
    turned = attention.apply_rotary_embeddings(basis, tuple(ids[:, :1] for ids in at))[:, 0]
    cosine = torch.diagonal(turned, dim1=0, dim2=2)
    sine = torch.diagonal(turned[_swapped(width, tokens.device)], dim1=0, dim2=2)
    # A channel beyond the last rotated one has a cosine of 1, and nothing of its neighbour.
    scales = torch.tensor([attention.scaling, 1.0], device=tokens.device).view(2, 1, 1, 1, 1)
    return Rotation(cosine * scales, sine * scales)


def through(blocks: Iterable[Any], states: Tensor, tokens: Tensor) -> Tensor:
    """States [B, n, W] of these tokens (int64 [n], the same in each clip) after all blocks: [B, n, W]."""
    rotation: Rotation | None = None
    for block in blocks:
        rotation = rotation or rotation_of(block.attention, tokens)
        states = states + _attend(block.attention, block.norm1(states), rotation)
        states = states + block.mlp(block.norm2(states))
    return states


def _attend(attention: Any, states: Tensor, rotation: Rotation) -> Tensor:
    """Self-attention of [B, n, W]; no dropout, as V-JEPA 2 is trained without."""
    n, tokens, width = states.shape
    parts = (attention.query, attention.key, attention.value)
    weight, bias = torch.cat([part.weight for part in parts]), torch.cat([part.bias for part in parts])
    together = linear(states, weight, bias).view(n, tokens, 3, attention.num_attention_heads, -1)
    apart = together.permute(2, 0, 3, 1, 4)
    query, key = _rotated(apart[:2], rotation)
    likeness = torch.softmax((query @ key.transpose(-1, -2)).float(), dim=-1).to(query.dtype)
    mixed = (likeness @ apart[2]).transpose(1, 2).reshape(n, tokens, width)
    out: Tensor = attention.proj(mixed)
    return out


def _rotated(x: Tensor, rotation: Rotation) -> Tensor:
    swapped = x.reshape(*x.shape[:-1], -1, 2).flip(-1).flatten(-2)
    return x * rotation.cosine.to(x.dtype) + swapped * rotation.sine.to(x.dtype)


def _swapped(width: int, device: torch.device) -> Tensor:
    """Each channel's partner in its pair: 1, 0, 3, 2, ..."""
    return torch.arange(width, device=device).view(-1, 2).flip(-1).flatten()
