"""The masked autoencoder of VideoMAE and VideoMAEv2: an encoder of what is seen, a decoder of what is not.

Tong et al. 2022, "VideoMAE: masked autoencoders are data-efficient learners for self-supervised video
pre-training"; Wang et al. 2023 for its second version. Names follow the original checkpoints, but queries,
keys and values share one bias, of which the part of the keys is zero.

Letters in the shape comments: B windows, C frames of the context, N tokens of the whole window, m tokens of
its context, E width of the encoder, D width of the decoder. Tokens run over time first, then rows, then
columns, so those of the first frames come first.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor, nn

from voe.adapters.blocks import Block, PatchEmbedding, StackShape


@dataclass(frozen=True)
class MaeShape:
    """What a masked autoencoder looks like.

    `patch` is in pixels, `tubelet` in frames. `encoder_norm`: whether a layer norm ends the encoder.
    `decoder_epsilon` is that of the layer norm before the decoder's head.
    """

    encoder: StackShape
    decoder: StackShape
    tubelet: int
    patch: int
    encoder_norm: bool = True
    decoder_epsilon: float = 1e-6

    @property
    def values(self) -> int:
        """Numbers a token: RGB values of its tubelet of pixels."""
        return 3 * self.tubelet * self.patch**2


@lru_cache(maxsize=4)
def sinusoid_table(n_tokens: int, width: int) -> Tensor:
    """Fixed positions along the sequence of tokens: float32 [N, width], computed in float64.

    Token p has sin(p / 10000^(2 i / width)) in channel 2 i and the cosine of the same in channel 2 i + 1. A
    row depends on the token's number alone, so the tokens of a context have the same rows in every window.

    >>> sinusoid_table(2, 2)
    tensor([[0.0000, 1.0000],
            [0.8415, 0.5403]])
    """
    frequencies = 10000.0 ** (-2.0 * torch.arange((width + 1) // 2, dtype=torch.float64) / width)
    angles = torch.arange(n_tokens, dtype=torch.float64)[:, None] * frequencies  # [N, width / 2]
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)[:, :width].float()


class MaeEncoder(nn.Module):
    """Tokens of the frames that are seen."""

    def __init__(self, shape: MaeShape) -> None:
        super().__init__()
        width = shape.encoder.width
        self.patch_embed = PatchEmbedding(width, shape.tubelet, shape.patch)
        self.blocks = nn.ModuleList(Block(shape.encoder) for _ in range(shape.encoder.depth))
        self.norm = nn.LayerNorm(width, eps=shape.encoder.epsilon) if shape.encoder_norm else nn.Identity()

    def forward(self, frames: Tensor) -> Tensor:
        """[B, C, 3, H, W] -> [B, m, E]."""
        x = self.patch_embed(frames)  # [B, m, E]
        x = x + sinusoid_table(x.shape[1], x.shape[2]).to(x.device)  # [B, m, E]
        for block in self.blocks:
            x = block(x)  # [B, m, E]
        out: Tensor = self.norm(x)  # [B, m, E]
        return out


class MaeDecoder(nn.Module):
    """All tokens, seen and masked -> pixels, or the features after one of the blocks."""

    def __init__(self, shape: MaeShape) -> None:
        super().__init__()
        width = shape.decoder.width
        self.blocks = nn.ModuleList(Block(shape.decoder) for _ in range(shape.decoder.depth))
        self.norm = nn.LayerNorm(width, eps=shape.decoder_epsilon)
        self.head = nn.Linear(width, shape.values)

    def forward(self, x: Tensor, seen: int, after_block: int | None) -> Tensor:
        """[B, N, D] -> the tokens after the first `seen`: [B, N - seen, values], or D after a block."""
        for block in self.blocks[:after_block]:
            x = block(x)  # [B, N, D]
        wanted = x[:, seen:]  # [B, N - seen, D]
        out: Tensor = wanted if after_block is not None else self.head(self.norm(wanted))
        return out


class MaskedAutoencoder(nn.Module):
    """Context frames -> what the decoder makes of the rest of the window."""

    def __init__(self, shape: MaeShape) -> None:
        super().__init__()
        self.encoder = MaeEncoder(shape)
        self.encoder_to_decoder = nn.Linear(shape.encoder.width, shape.decoder.width, bias=False)
        self.mask_token = nn.Parameter(torch.empty(1, 1, shape.decoder.width))
        self.decoder = MaeDecoder(shape)

    def forward(self, frames: Tensor, grid: tuple[int, int, int], after_block: int | None = None) -> Tensor:
        """The first frames [B, C, 3, H, W] of a window of `grid` -> the tokens after them, [B, N - m, ...].

        Without `after_block`, pixels [B, N - m, values]; with it, features [B, N - m, D] after so many blocks
        of the decoder. If the frames are the whole window, there is nothing after them, and the features of
        all N tokens are given.
        """
        known = self.encoder_to_decoder(self.encoder(frames))  # [B, m, D]
        batch, m, width = known.shape
        n = math.prod(grid)
        blank = self.mask_token.to(known.dtype).expand(batch, n - m, -1)  # [B, N - m, D]
        x = torch.cat([known, blank], dim=1) + sinusoid_table(n, width).to(known.device)  # [B, N, D]
        out: Tensor = self.decoder(x, m if m < n else 0, after_block)
        return out
