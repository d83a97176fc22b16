"""The two layouts of VideoMAE weights, read into one: that of its authors, and that of transformers.

Authors' files (`.pth`) of VideoMAE and VideoMAEv2 hold `{'model': ...}`; widths, depths, patch and tubelet
are read from the shapes, heads follow from the published widths or from the options `heads=` and
`decoder_heads=`. Positions are fixed and are not in the files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from voe.adapters.blocks import StackShape
from voe.adapters.checkpoints import read_torch_file, section, weights_hash
from voe.adapters.videomae_network import MaeShape
from voe.errors import ModelError

if TYPE_CHECKING:
    from transformers import VideoMAEConfig, VideoMAEForPreTraining

    from voe.adapters.specs import ModelSpec

ENCODER_HEADS = {384: 6, 768: 12, 1024: 16, 1280: 16, 1408: 16}
"""Heads of the published encoders by width (S, B, L, H, g)."""

DECODER_HEADS = {192: 3, 384: 6, 512: 8, 640: 8}
"""Heads of their decoders by width."""

ORIGINAL_SIZE, ORIGINAL_FRAMES = 224, 16
"""Input of the published checkpoints; the authors' files do not say."""

_STATE_KEYS = ("model", "module")

# Names in transformers -> names of the authors, applied in this order.
_NAMES = (
    (r"^videomae\.embeddings\.patch_embeddings\.projection\.", "encoder.patch_embed.proj."),
    (r"^videomae\.layernorm\.", "encoder.norm."),
    (r"^videomae\.encoder\.layer\.", "encoder.blocks."),
    (r"^decoder\.decoder_layers\.", "decoder.blocks."),
    (r"\.layernorm_before\.", ".norm1."),
    (r"\.layernorm_after\.", ".norm2."),
    (r"\.attention\.attention\.", ".attn."),
    (r"\.attention\.output\.dense\.", ".attn.proj."),
    (r"\.intermediate\.dense\.", ".mlp.fc1."),
    (r"\.output\.dense\.", ".mlp.fc2."),
)


@dataclass(frozen=True)
class MaeWeights:
    """A masked autoencoder in one layout: its shape, its tensors, and what it was made for.

    `size` in pixels and `frames` are those of training; `normalised`: whether it was trained on pixels that
    are normalised within each patch. `parameters` and `sha256` are of the tensors as the file has them.
    """

    shape: MaeShape
    state: Mapping[str, Tensor]
    size: int
    frames: int
    normalised: bool
    heads_from: str
    parameters: int
    sha256: str


def of_authors(spec: ModelSpec, path: Path) -> MaeWeights:
    """Read a `.pth` file of VideoMAE or VideoMAEv2.

    Raises:
        ModelError: unreadable, without a decoder, or of unknown heads.
    """
    content = read_torch_file(spec, path)
    if content and all(isinstance(value, Tensor) for value in content.values()):
        content = {"model": content}  # a state dict by itself
    key = next((key for key in _STATE_KEYS if key in content), _STATE_KEYS[0])
    state = section(spec, content, key, ("module.", "_orig_mod."))
    kernel = _tensor(spec, state, "encoder.patch_embed.proj.weight", 5)
    width, _, tubelet, patch, _ = kernel.shape
    decoder_width = _tensor(spec, state, "mask_token", 3).shape[-1]
    heads, heads_from = _heads(spec, "heads", width, ENCODER_HEADS)
    decoder_heads, _ = _heads(spec, "decoder_heads", decoder_width, DECODER_HEADS)
    shape = MaeShape(
        encoder=_stack(spec, state, "encoder", width, heads),
        decoder=_stack(spec, state, "decoder", decoder_width, decoder_heads),
        tubelet=tubelet,
        patch=patch,
    )
    return MaeWeights(
        shape,
        _with_key_bias(state),
        size=ORIGINAL_SIZE,
        frames=ORIGINAL_FRAMES,
        normalised=True,
        heads_from=heads_from,
        parameters=sum(value.numel() for value in state.values()),
        sha256=weights_hash(state),
    )


def of_transformers(spec: ModelSpec, model: VideoMAEForPreTraining) -> MaeWeights:
    """The weights of a transformers network that is complete already.

    Raises:
        ModelError: its configuration describes something that this adapter does not compute.
    """
    config = model.config
    _require_known(spec, config)
    fused = _fused(spec)
    encoder = StackShape(
        width=config.hidden_size,
        depth=config.num_hidden_layers,
        heads=config.num_attention_heads,
        hidden=config.intermediate_size,
        epsilon=config.layer_norm_eps,
        fused=fused,
    )
    decoder = StackShape(
        width=config.decoder_hidden_size,
        depth=config.decoder_num_hidden_layers,
        heads=config.decoder_num_attention_heads,
        hidden=config.decoder_intermediate_size,
        epsilon=config.layer_norm_eps,
        fused=fused,
    )
    shape = MaeShape(
        encoder,
        decoder,
        tubelet=config.tubelet_size,
        patch=_side(spec, "patch_size", config.patch_size),
        encoder_norm=not config.use_mean_pooling,
        decoder_epsilon=model.decoder.norm.eps,
    )
    own = model.state_dict()
    return MaeWeights(
        shape,
        _with_key_bias(_authors_layout(own)),
        size=_side(spec, "image_size", config.image_size),
        frames=config.num_frames,
        normalised=config.norm_pix_loss,
        heads_from="config.json",
        parameters=sum(value.numel() for value in own.values()),
        sha256=weights_hash(own),
    )


def _require_known(spec: ModelSpec, config: VideoMAEConfig) -> None:
    if config.hidden_act != "gelu" or config.num_channels != 3:
        raise ModelError(
            f"model {spec.text!r}: its config.json asks for hidden_act {config.hidden_act!r} and "
            f"{config.num_channels} channels; this adapter computes 'gelu' on 3 channels"
        )
    for option, own in (
        ("heads", config.num_attention_heads),
        ("decoder_heads", config.decoder_num_attention_heads),
    ):
        if spec.integer(option, own) != own:
            raise ModelError(
                f"model {spec.text!r}: {option}={spec.options[option]}, but its configuration says {own}; "
                "leave the option out"
            )


def _side(spec: ModelSpec, name: str, value: int | list[int] | tuple[int, int]) -> int:
    sides = {value} if isinstance(value, int) else set(value)
    if len(sides) != 1:
        raise ModelError(f"model {spec.text!r}: {name} {value} is not square; only square ones are read")
    return sides.pop()


def _tensor(spec: ModelSpec, state: Mapping[str, Tensor], name: str, ndim: int) -> Tensor:
    """A tensor that every pretrained VideoMAE has, or an error that says that this is none."""
    value = state.get(name)
    if value is None or value.ndim != ndim:
        held = ", ".join(list(state)[:3]) or "nothing"
        raise ModelError(
            f"model {spec.text!r}: the checkpoint has no {ndim}-dimensional {name!r}, so it is not a "
            f"pretrained VideoMAE with its decoder (a fine-tuned one predicts nothing); it begins with {held}"
        )
    return value


def _stack(spec: ModelSpec, state: Mapping[str, Tensor], part: str, width: int, heads: int) -> StackShape:
    pattern = re.compile(rf"{part}\.blocks\.\d+\.norm1\.weight")
    return StackShape(
        width=width,
        depth=sum(pattern.fullmatch(name) is not None for name in state),
        heads=heads,
        hidden=_tensor(spec, state, f"{part}.blocks.0.mlp.fc1.weight", 2).shape[0],
        fused=_fused(spec),
    )


def _fused(spec: ModelSpec) -> bool:
    return spec.string("attn", "sdpa", ("sdpa", "eager")) == "sdpa"


def _heads(spec: ModelSpec, option: str, width: int, published: Mapping[int, int]) -> tuple[int, str]:
    asked = spec.integer(option, minimum=1)
    heads = published.get(width) if asked is None else asked
    if heads is None:
        raise ModelError(
            f"model {spec.text!r}: a width of {width} is none of the published ones, so its number of heads "
            f"is unknown; give {option}="
        )
    if width % heads:
        raise ModelError(f"model {spec.text!r}: {option}={heads} does not divide the width of {width}")
    return heads, "option" if asked is not None else f"preset for width {width}"


def _with_key_bias(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """One bias for queries, keys and values: the file's for queries and values, zero for keys.

    Where only one of the two is there it is left alone, and strict loading names it. Networks of some
    versions of transformers have a bias of the keys as well.
    """
    whole = dict(state)
    for name, weight in state.items():
        prefix, found, _ = name.rpartition(".attn.qkv.weight")
        if not found:
            continue
        zeros = weight.new_zeros(weight.shape[0] // 3)
        query_name, value_name = f"{prefix}.attn.q_bias", f"{prefix}.attn.v_bias"
        query_bias, value_bias = zeros, zeros
        if query_name in whole and value_name in whole:
            query_bias, value_bias = whole.pop(query_name), whole.pop(value_name)
        key_bias = whole.pop(f"{prefix}.attn.k_bias", zeros)
        whole[f"{prefix}.attn.qkv.bias"] = torch.cat([query_bias, key_bias, value_bias])
    return whole


def _authors_layout(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of a transformers network under the authors' names: queries, keys and values in one."""
    renamed: dict[str, Tensor] = {}
    for own_name, value in state.items():
        name = own_name
        for pattern, replacement in _NAMES:
            name = re.sub(pattern, replacement, name)
        renamed[name] = value
    for name in [name for name in renamed if name.endswith(".attn.query.weight")]:
        prefix = name.removesuffix("query.weight")
        parts = [renamed.pop(f"{prefix}{part}.weight") for part in ("query", "key", "value")]
        renamed[f"{prefix}qkv.weight"] = torch.cat(parts)
        for part, bias in (("query", "q_bias"), ("key", "k_bias"), ("value", "v_bias")):
            if f"{prefix}{part}.bias" in renamed:
                renamed[f"{prefix}{bias}"] = renamed.pop(f"{prefix}{part}.bias")
    return renamed
