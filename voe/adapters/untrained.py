"""Networks with random weights: the second yardstick. Chance is 50 %, an untrained network need not be.

An architecture with random weights already has a bias: towards what moves little, towards what resembles the
context. A trained model is compared with several of these (`seed=`) as well as with chance. Weights come from
transformers' own initialisation, drawn from the seed alone.
"""

from __future__ import annotations

import importlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from voe.adapters import checkpoints
from voe.adapters.base import Predictor
from voe.adapters.placement import Placement
from voe.adapters.specs import ModelSpec
from voe.errors import ModelError, did_you_mean
from voe.protocols import Protocol

if TYPE_CHECKING:
    from transformers import PreTrainedConfig

# 64 x 64 pixels, 16 frames, patches of 16 x 16 pixels and 2 frames: 8 x 4 x 4 = 128 tokens.
PRESETS: dict[str, tuple[str, dict[str, int]]] = {
    "vjepa2-tiny": (
        "vjepa2",
        {
            "crop_size": 64,
            "frames_per_clip": 16,
            "hidden_size": 128,
            "num_hidden_layers": 4,
            "num_attention_heads": 4,
            "pred_hidden_size": 96,
            "pred_num_hidden_layers": 4,
            "pred_num_attention_heads": 4,
        },
    ),
    "videomae-tiny": (
        "videomae",
        {
            "image_size": 64,
            "num_frames": 16,
            "hidden_size": 128,
            "num_hidden_layers": 4,
            "num_attention_heads": 4,
            "intermediate_size": 512,
            "decoder_hidden_size": 96,
            "decoder_num_hidden_layers": 4,
            "decoder_num_attention_heads": 4,
            "decoder_intermediate_size": 384,
        },
    ),
}
PRESET_PROTOCOL = Protocol(window=16, stride=2, contexts=(4, 8, 12))
_SIZE_FIELD = {"vjepa2": "crop_size", "videomae": "image_size"}


def from_spec(spec: ModelSpec, placement: Placement) -> Predictor:
    """`untrained:vjepa2-tiny`, `untrained:videomae-tiny`, or the architecture of a transformers folder.

    Options: `seed=` (0), and those of the family (`vjepa2` or `videomae`) whose network it is.

    Raises:
        ModelError: no such architecture, or an option that its family does not have.
    """
    family, config = _architecture(spec)
    adapter: Any = importlib.import_module(f"voe.adapters.{family}")
    spec.only("seed", *dict.fromkeys(("size", *adapter.OPTIONS)))
    seed = spec.integer("seed", 0) or 0
    size = spec.integer("size", minimum=1)
    if size is not None:
        setattr(config, _SIZE_FIELD[family], size)
    if family == "vjepa2":
        config._attn_implementation = adapter.attention(spec)
    origin = f"random weights, transformers' initialisation, seed {seed}"
    try:
        model = random_network(family, config, seed)
    except ValueError as error:
        raise ModelError(f"model {spec.text!r}: its configuration describes no network: {error}") from error
    predictor: Predictor = adapter.assemble(spec, placement, model, origin=origin, trained=False)
    if spec.reference in PRESETS:
        predictor.spec = replace(predictor.spec, protocol=PRESET_PROTOCOL)
    return predictor


def random_network(family: str, config: PreTrainedConfig, seed: int) -> Any:
    """A network of that configuration, its weights drawn from `seed`; global generators stay untouched."""
    from transformers import VideoMAEForPreTraining, VJEPA2Model

    network_class = {"vjepa2": VJEPA2Model, "videomae": VideoMAEForPreTraining}[family]
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return network_class(config).eval()


def _architecture(spec: ModelSpec) -> tuple[str, Any]:
    """Family and configuration: a preset's, or those of the config.json of a folder."""
    from transformers import VideoMAEConfig, VJEPA2Config

    config_classes: dict[str, Any] = {"vjepa2": VJEPA2Config, "videomae": VideoMAEConfig}
    if spec.reference in PRESETS:
        family, values = PRESETS[spec.reference]
        return family, config_classes[family](**values)
    if not Path(spec.reference).is_dir() or not spec.reference:
        raise ModelError(
            f"model {spec.text!r}: unknown architecture {spec.reference!r}."
            f"{did_you_mean(spec.reference, PRESETS)} There are {', '.join(PRESETS)}, or the folder of a "
            "transformers model (its config.json is read, its weights are not)"
        )
    content = checkpoints.read_config(spec)
    family = str(content.get("model_type"))
    if family not in config_classes:
        raise ModelError(
            f"model {spec.text!r}: its config.json describes a {family!r} model; random weights can be drawn "
            f"for {', '.join(config_classes)}"
        )
    return family, checkpoints.checked_config(spec, config_classes[family], content)
