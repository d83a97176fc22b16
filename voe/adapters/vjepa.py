"""`vjepa:PATH`: the original V-JEPA checkpoints, and the rotary models of the intuitive-physics paper.

Surprise is measured in the latent space of the target encoder, the moving average of the encoder. Of a window
with frames 1..T and a context of its first C frames (Garrido et al. 2025, methods):

    target      h = layer_norm(target_encoder(frames 1..T)), restricted to the tokens after the context
    expected    p = predictor(encoder(frames 1..C), one mask token at each place to come)
    surprise    mean over tokens and channels of |p - h|

A checkpoint holds the three networks under `encoder`, `target_encoder` and `predictor`. Depths, widths,
patch, tubelet, positions and feed-forwards are read from its tensors; the number of heads leaves no trace in
a sin-cos checkpoint, so it is an option, or a preset for the published widths.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn.functional import layer_norm

from voe.adapters.base import Predictor, PredictorSpec
from voe.adapters.blocks import StackShape, axis_width, rotary_frequencies
from voe.adapters.checkpoints import (
    load_strict,
    read_torch_file,
    section,
    settle,
    weights_hash,
)
from voe.adapters.inputs import input_size, reference_protocol, require_frames
from voe.adapters.vjepa_network import Encoder, Grid, MaskedPredictor, TableLayout, sincos_table
from voe.errors import ModelError

if TYPE_CHECKING:
    from voe.adapters.placement import Placement
    from voe.adapters.specs import ModelSpec

HEADS_BY_WIDTH = {192: 3, 384: 6, 768: 12, 1024: 16, 1280: 16, 1408: 16, 1664: 16}
"""Heads of the published vision transformers (ViT-T, S, B, L, H, g, G)."""

ROTARY_SIZE, ROTARY_FRAMES = 224, 16
"""Input of the published rotary models; their checkpoints do not say."""

OPTIONS = ("heads", "normalize_targets", "normalize_context", "mask_token", "size", "attn")

_NETWORKS = ("encoder", "target_encoder", "predictor")
_FIXED = ("pos_embed", "rotary_emb.freqs")  # tensors that training left as they were
_PREFIXES = ("module.", "_orig_mod.", "backbone.")
# A table stored in bfloat16 is off by up to 0.004; the tables of two layouts differ by more than 1.
_TABLE_TOLERANCE = 1e-2


@dataclass(frozen=True)
class Architecture:
    """Everything that is needed to build the networks of a checkpoint."""

    encoder: StackShape
    predictor: StackShape
    layout: TableLayout | None
    """Of the sin-cos position tables; None for rotary positions."""
    tubelet: int
    patch: int
    mask_tokens: int
    heads_from: str

    @property
    def frames(self) -> int:
        """Frames of a window that the checkpoint was made for."""
        return ROTARY_FRAMES if self.layout is None else self.layout.grid[0] * self.tubelet

    @property
    def size(self) -> int:
        """Height and width that the checkpoint was made for, in pixels."""
        return ROTARY_SIZE if self.layout is None else self.layout.grid[1] * self.patch


def from_spec(spec: ModelSpec, placement: Placement) -> VJepa:
    """Load a checkpoint in the original layout (`.pth.tar`).

    Options: heads, normalize_targets (true), normalize_context (false), mask_token (0), size, attn (sdpa or
    eager).

    Raises:
        ModelError: the file is missing, broken, holds code or is of another model, the heads are unknown or
            contradict the checkpoint, or an option is not one of these.
    """
    spec.only(*OPTIONS)
    if not spec.reference:
        raise ModelError(f"model {spec.text!r}: give the checkpoint, as in vjepa:path/to/vitl16.pth.tar")
    content = read_torch_file(spec, Path(spec.reference).expanduser())
    states = {name: section(spec, content, name, _PREFIXES) for name in _NETWORKS}
    architecture = read_architecture(spec, states)
    return VJepa(spec, placement, architecture, states)


class VJepa(Predictor):
    """Expected features of the frames to come, against those of the target encoder."""

    def __init__(
        self,
        spec: ModelSpec,
        placement: Placement,
        architecture: Architecture,
        states: Mapping[str, Mapping[str, Tensor]],
    ) -> None:
        """`states` holds the three networks' weights by name, without prefixes."""
        self.device, self._placement, self._architecture = placement.device, placement, architecture
        self._normalize_targets = spec.flag("normalize_targets", True)
        self._normalize_context = spec.flag("normalize_context", False)
        self._mask_token = _mask_token(spec, architecture.mask_tokens)
        size = input_size(spec, architecture.size, architecture.patch)
        self._encoder, self._target_encoder, self._predictor = _networks(
            spec, placement, architecture, states
        )
        tubelet, frames = architecture.tubelet, architecture.frames
        self.spec = PredictorSpec(
            name=spec.text,
            family="latent",
            size=(size, size),
            streams=("latent",),
            protocol=reference_protocol(frames, tubelet),
            context_multiple=tubelet,
            window_multiple=tubelet,
            min_window=2 * tubelet,
            details={**self._details(states), "checkpoint": spec.reference, **placement.details()},
        )

    def grid(self, n_frames: int) -> Grid:
        """Tokens (time, height, width): frames / tubelet, and side / patch twice."""
        side = self.spec.size[0] // self._architecture.patch
        return n_frames // self._architecture.tubelet, side, side

    def targets(self, window: Tensor) -> dict[str, Tensor]:
        """Features that the target encoder gives of the whole window, layer-normed unless told otherwise."""
        n_frames = window.shape[1]
        require_frames(self.spec, window, n_frames)
        with torch.inference_mode(), self._placement.autocast():
            features = self._target_encoder(window, self.grid(n_frames)).float()  # [B, N, W]
        return {"latent": _unit(features) if self._normalize_targets else features}

    def predict(self, context: Tensor, n_frames: int) -> dict[str, Tensor]:
        """Features that the predictor expects after the context, in places that no frame has been seen of."""
        require_frames(self.spec, context, n_frames)
        grid = self.grid(n_frames)
        with torch.inference_mode(), self._placement.autocast():
            known = self._encoder(context, grid)  # [B, m, W]
            if self._normalize_context:
                known = _unit(known)
            expected = self._predictor(known, grid, self._mask_token).float()  # [B, N - m, W]
        return {"latent": expected}

    def _details(self, states: Mapping[str, Mapping[str, Tensor]]) -> dict[str, object]:
        """What a run records of the network."""
        architecture = self._architecture
        encoder, predictor, layout = architecture.encoder, architecture.predictor, architecture.layout
        tensors = {f"{name}.{key}": value for name in _NETWORKS for key, value in states[name].items()}
        return {
            "architecture": f"encoder {encoder.depth} x {encoder.width}, predictor {predictor.depth} x "
            f"{predictor.width}, patch {architecture.patch}, tubelet {architecture.tubelet}",
            "heads": encoder.heads,
            "heads_from": architecture.heads_from,
            "positions": "rotary" if layout is None else f"sin-cos, {layout.grid}, uniform {layout.uniform}",
            "feed_forward": "SwiGLU" if encoder.gated else "GELU",
            "target_encoder": "target_encoder (moving average)",
            "targets": "layer-normed" if self._normalize_targets else "raw",
            "context": "layer-normed" if self._normalize_context else "raw",
            "mask_token": self._mask_token,
            "attention": "sdpa" if encoder.fused else "eager",
            "parameters": sum(v.numel() for k, v in tensors.items() if not k.endswith(_FIXED)),
            "weights_sha256": weights_hash(tensors),
        }


def _unit(features: Tensor) -> Tensor:
    """Layer norm over the channels, without weights (epsilon 1e-5)."""
    return layer_norm(features, features.shape[-1:])


def _networks(
    spec: ModelSpec,
    placement: Placement,
    architecture: Architecture,
    states: Mapping[str, Mapping[str, Tensor]],
) -> tuple[Encoder, Encoder, MaskedPredictor]:
    """Build the three networks, load every weight of them, and put them in their place."""
    with torch.device("meta"):  # no time is spent on random numbers that are overwritten
        encoder, target_encoder = (
            Encoder(architecture.encoder, architecture.layout, architecture.tubelet, architecture.patch)
            for _ in range(2)
        )
        predictor = MaskedPredictor(
            architecture.predictor, architecture.layout, architecture.encoder.width, architecture.mask_tokens
        )
    for name, network in zip(_NETWORKS, (encoder, target_encoder, predictor), strict=True):
        load_strict(spec, network, states[name], name)
        settle(spec, network, placement)
    return encoder, target_encoder, predictor


def _mask_token(spec: ModelSpec, count: int) -> int:
    chosen = spec.integer("mask_token", 0)
    assert chosen is not None
    if chosen >= count:
        raise ModelError(f"model {spec.text!r}: mask_token={chosen}, but the checkpoint has {count} (from 0)")
    return chosen


def read_architecture(spec: ModelSpec, states: Mapping[str, Mapping[str, Tensor]]) -> Architecture:
    """Read the shape of the networks off the tensors of a checkpoint.

    Raises:
        ModelError: the tensors are not those of V-JEPA 1, or the number of heads cannot be told.
    """
    encoder, predictor = states["encoder"], states["predictor"]
    width, _, tubelet, patch, _ = _tensor(spec, encoder, "encoder", "patch_embed.proj.weight", 5).shape
    predictor_width, _ = _tensor(spec, predictor, "predictor", "predictor_embed.weight", 2).shape
    rotary = any("rotary_emb" in name for name in encoder)
    layout = _layout(spec, encoder.get("pos_embed"), "encoder")
    if layout != _layout(spec, predictor.get("predictor_pos_embed"), "predictor"):
        raise ModelError(
            f"model {spec.text!r}: the positions of encoder and predictor are of different kinds"
        )
    if layout is None and not rotary:
        raise ModelError(
            f"model {spec.text!r}: the checkpoint has neither a position table nor rotary frequencies, so "
            "it is not of V-JEPA 1; for V-JEPA 2 use vjepa2:PATH"
        )
    heads, heads_from = _heads(spec, states, width, predictor_width)
    shapes = {}
    for network, blocks, own_width in (
        ("encoder", "blocks", width),
        ("predictor", "predictor_blocks", predictor_width),
    ):
        state = states[network]
        shapes[network] = StackShape(
            width=own_width,
            depth=sum(re.fullmatch(rf"{blocks}\.\d+\.norm1\.weight", name) is not None for name in state),
            heads=heads,
            hidden=_tensor(spec, state, network, f"{blocks}.0.mlp.fc1.weight", 2).shape[0],
            gated=f"{blocks}.0.mlp.fc3.weight" in state,
            rotary=rotary,
            fused=spec.string("attn", "sdpa", ("sdpa", "eager")) == "sdpa",
        )
    mask_tokens = sum(name.startswith("mask_tokens.") for name in predictor)
    return Architecture(
        **shapes, layout=layout, tubelet=tubelet, patch=patch, mask_tokens=mask_tokens, heads_from=heads_from
    )


def _tensor(spec: ModelSpec, state: Mapping[str, Tensor], network: str, name: str, ndim: int) -> Tensor:
    """A tensor that every V-JEPA checkpoint has, or an error that says that this is none."""
    value = state.get(name)
    if value is None or value.ndim != ndim:
        held = ", ".join(list(state)[:3]) or "nothing"
        raise ModelError(
            f"model {spec.text!r}: its {network} has no {ndim}-dimensional {name!r}, so this is not a V-JEPA "
            f"checkpoint for video; it begins with {held}"
        )
    return value


def _layout(spec: ModelSpec, table: Tensor | None, network: str) -> TableLayout | None:
    """Find the grid and the split of a stored sin-cos table [1, N, W] by making the candidates anew."""
    if table is None:
        return None
    n, width = table.shape[-2:]
    sides = [side for side in range(1, math.isqrt(n) + 1) if n % side**2 == 0]
    for side in reversed(sides):
        for uniform in (True, False):
            layout = TableLayout((n // side**2, side, side), uniform)
            try:
                candidate = sincos_table(width, layout)
            except ValueError:
                continue
            if torch.allclose(candidate, table[0].float(), rtol=0, atol=_TABLE_TOLERANCE):
                return layout
    raise ModelError(
        f"model {spec.text!r}: the position table of its {network} ({n} tokens) is not the sin-cos table of "
        "any square grid, so which token stands where cannot be told"
    )


def _heads(
    spec: ModelSpec, states: Mapping[str, Mapping[str, Tensor]], width: int, predictor_width: int
) -> tuple[int, str]:
    """The number of heads, and where it is from: the option, rotary frequencies, or the published width.

    The predictor has as many heads as the encoder. A rotary checkpoint holds the frequencies of a head, from
    which its width follows up to the two channels that do not turn.
    """
    possible = {heads for heads in range(1, width + 1) if width % heads == 0 and predictor_width % heads == 0}
    for network, own_width in (("encoder", width), ("predictor", predictor_width)):
        frequencies = next((v for k, v in states[network].items() if k.endswith("rotary_emb.freqs")), None)
        if frequencies is not None:
            possible = {h for h in possible if _fits(frequencies, own_width // h)}
    asked = spec.integer("heads", minimum=1)
    if asked is not None:
        if asked not in possible:
            raise ModelError(
                f"model {spec.text!r}: heads={asked} does not fit widths of {width} and {predictor_width}"
                f"{' with these rotary frequencies' if len(possible) < 2 else ''}; possible: "
                f"{', '.join(map(str, sorted(possible))) or 'none'}"
            )
        return asked, "option"
    if len(possible) == 1:
        return possible.pop(), "rotary frequencies"
    if HEADS_BY_WIDTH.get(width) in possible:
        return HEADS_BY_WIDTH[width], f"preset for width {width}"
    raise ModelError(
        f"model {spec.text!r}: the number of attention heads cannot be read from this checkpoint; give it, "
        f"as in vjepa:{spec.reference},heads=4. Possible: {', '.join(map(str, sorted(possible))) or 'none'}"
    )


def _fits(frequencies: Tensor, head_width: int) -> bool:
    """Whether a head of that width has these rotary frequencies."""
    expected = rotary_frequencies(axis_width(head_width))
    return len(frequencies) == len(expected) and torch.allclose(frequencies.float(), expected, rtol=0.02)
