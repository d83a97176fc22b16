"""The `.pt` files of facebookresearch/vjepa2: three state dicts, mapped onto transformers' V-JEPA 2.

`encoder` sees the context, `target_encoder` is its moving average and makes the targets, `predictor` fills
in. Names are prefixed `module.backbone.`; queries, keys and values are one matrix there and three here.
Widths, depths, patch and tubelet are read from the shapes. Heads cannot be; they follow from the widths of
the released models, or from the options `heads=` and `predictor_heads=`. Nor can the input size: it is 256
unless `size=` says otherwise (384 for the file vitg-384.pt).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from voe.adapters import checkpoints
from voe.adapters.specs import ModelSpec
from voe.errors import ModelError

if TYPE_CHECKING:
    from transformers import VJEPA2Config, VJEPA2Model

_PREFIXES = ("module.", "backbone.")
_HEADS = {1024: 16, 1280: 16, 1408: 22}
_PREDICTOR_HEADS = {384: 12}
_DEFAULT_SIZE = 256

# Names of the original -> names in transformers, applied in this order.
_ENCODER_NAMES = (
    (r"^patch_embed\.", "embeddings.patch_embeddings."),
    (r"^blocks\.", "layer."),
    (r"^norm\.", "layernorm."),
    (r"\.attn\.", ".attention."),
)
_PREDICTOR_NAMES = (
    (r"^predictor_embed\.", "embeddings.predictor_embeddings."),
    (r"^predictor_blocks\.", "layer."),
    (r"^predictor_norm\.", "layernorm."),
    (r"^predictor_proj\.", "proj."),
    (r"\.attn\.", ".attention."),
)


def networks_of_checkpoint(spec: ModelSpec, attention: str) -> tuple[VJEPA2Model, nn.Module]:
    """The context encoder with its predictor, and the target encoder, of a `.pt` file.

    Raises:
        ModelError: unreadable, incomplete, or a network that is not V-JEPA 2's.
    """
    from transformers import VJEPA2Model
    from transformers.models.vjepa2.modeling_vjepa2 import VJEPA2Encoder

    content = checkpoints.read_torch_file(spec, Path(spec.reference).expanduser())
    states = {
        key: checkpoints.section(spec, content, key, _PREFIXES)
        for key in ("encoder", "target_encoder", "predictor")
    }
    predictor = _without_tables(spec, states)
    config = _config(spec, states["encoder"], predictor, attention)
    with torch.device("meta"):  # nothing is drawn at random: every weight comes from the file
        model, target_encoder = VJEPA2Model(config), VJEPA2Encoder(config)
    context_names = _renamed(states["encoder"], _ENCODER_NAMES)
    checkpoints.load_strict(spec, model.encoder, context_names, "encoder")
    target_names = _renamed(states["target_encoder"], _ENCODER_NAMES)
    checkpoints.load_strict(spec, target_encoder, target_names, "target encoder")
    checkpoints.load_strict(spec, model.predictor, _renamed(predictor, _PREDICTOR_NAMES), "predictor")
    return model, target_encoder


def _without_tables(spec: ModelSpec, states: dict[str, dict[str, Tensor]]) -> dict[str, Tensor]:
    """Drop the sin-cos tables that rotary models carry unused, and stack the mask tokens of the predictor.

    V-JEPA (1) has the same layout, needs its tables, and has two mask tokens: it is refused.

    Raises:
        ModelError: a checkpoint of V-JEPA (1) or of V-JEPA 2.1.
    """
    predictor = dict(states["predictor"])
    tokens = {name: predictor.pop(name) for name in list(predictor) if name.startswith("mask_tokens.")}
    tables = [states["encoder"].pop("pos_embed", None), states["target_encoder"].pop("pos_embed", None)]
    tables.append(predictor.pop("predictor_pos_embed", None))
    if any(table is not None for table in tables) and len(tokens) <= 2:
        raise ModelError(
            f"model {spec.text!r}: this checkpoint has sin-cos tables and {len(tokens)} mask tokens, "
            f"so it is V-JEPA (1), not V-JEPA 2; load it as vjepa:{spec.reference}"
        )
    if any("mod_embed" in name for name in (*states["encoder"], *predictor)):
        raise ModelError(
            f"model {spec.text!r}: this is a V-JEPA 2.1 checkpoint (it has modality embeddings), which "
            "transformers does not implement; use a V-JEPA 2 one"
        )
    if tokens:
        order = sorted(tokens, key=lambda name: int(name.rpartition(".")[2]))
        predictor["embeddings.mask_tokens"] = torch.stack([tokens[name] for name in order])
    return predictor


def _config(
    spec: ModelSpec, encoder: Mapping[str, Tensor], predictor: Mapping[str, Tensor], attention: str
) -> VJEPA2Config:
    """The architecture, read from names and shapes."""
    from transformers import VJEPA2Config

    patches = _tensor(spec, encoder, "patch_embed.proj.weight", 5)  # [D, 3, tubelet, p, p]
    width, channels, tubelet, patch, _ = patches.shape
    narrow = _tensor(spec, predictor, "predictor_embed.weight", 2).shape[0]
    if any(".mlp.fc3." in name for name in (*encoder, *predictor)):
        raise ModelError(
            f"model {spec.text!r}: its blocks are SwiGLU, which transformers' V-JEPA 2 does not have; "
            "if this is a model of the intuitive-physics paper, load it as vjepa:"
        )
    hidden = _tensor(spec, encoder, "blocks.0.mlp.fc1.weight", 2).shape[0]
    narrow_hidden = _tensor(spec, predictor, "predictor_blocks.0.mlp.fc1.weight", 2).shape[0]
    tokens = predictor.get("embeddings.mask_tokens")
    return VJEPA2Config(
        patch_size=patch,
        tubelet_size=tubelet,
        in_chans=channels,
        crop_size=spec.integer("size", _DEFAULT_SIZE, minimum=1),
        hidden_size=width,
        num_hidden_layers=_depth(encoder, "blocks"),
        num_attention_heads=_heads(spec, "heads", width, _HEADS),
        mlp_ratio=(hidden + 0.5) / width,  # transformers rounds width * ratio down
        qkv_bias="blocks.0.attn.qkv.bias" in encoder,
        pred_hidden_size=narrow,
        pred_num_hidden_layers=_depth(predictor, "predictor_blocks"),
        pred_num_attention_heads=_heads(spec, "predictor_heads", narrow, _PREDICTOR_HEADS),
        pred_mlp_ratio=(narrow_hidden + 0.5) / narrow,
        pred_num_mask_tokens=0 if tokens is None else tokens.shape[0],
        attn_implementation=attention,
    )


def _tensor(spec: ModelSpec, state: Mapping[str, Tensor], name: str, dimensions: int) -> Tensor:
    """A tensor that the architecture is read from."""
    found = state.get(name)
    if found is None or found.ndim != dimensions:
        raise ModelError(
            f"model {spec.text!r}: the checkpoint has no {name} of {dimensions} dimensions, so it is no "
            "video model of facebookresearch/vjepa2"
        )
    return found


def _depth(state: Mapping[str, Tensor], blocks: str) -> int:
    return 1 + max(int(name.split(".")[1]) for name in state if name.startswith(f"{blocks}."))


def _heads(spec: ModelSpec, option: str, width: int, released: Mapping[int, int]) -> int:
    """Attention heads, which no shape tells."""
    heads = spec.integer(option, released.get(width), minimum=1)
    if heads is None or width % heads:
        known = ", ".join(f"{w} has {n}" for w, n in released.items())
        raise ModelError(
            f"model {spec.text!r}: how many attention heads a width of {width} has cannot be read from the "
            f"checkpoint (known: {known}); give {option}=, a divisor of {width}"
        )
    return heads


def _renamed(state: Mapping[str, Tensor], names: tuple[tuple[str, str], ...]) -> dict[str, Tensor]:
    """The same weights under transformers' names; the rows of each qkv are its query, key and value."""
    renamed: dict[str, Tensor] = {}
    for name, value in state.items():
        new = name
        for pattern, replacement in names:
            new = re.sub(pattern, replacement, new)
        if ".qkv." in new and value.shape[0] % 3 == 0:
            for part, rows in zip(("query", "key", "value"), value.chunk(3), strict=True):
                renamed[new.replace(".qkv.", f".{part}.")] = rows
        else:
            renamed[new] = value
    return renamed
