"""V-JEPA 2 (Assran et al. 2025, "V-JEPA 2: Self-Supervised Video Models Enable Understanding, Prediction and
Planning"): transformers' network, fed with the context frames only.

What happened: the encoder's features of the whole window, layer-normed over their channels without affine
parameters, as the training loss of V-JEPA 2 has them (`targets=raw` leaves them as they are). What was
expected: the encoder sees the C context frames alone, and the predictor fills in the tokens after them.
Surprise is mean |predicted - target| over the predicted tokens and channels.

`VJEPA2Model.forward(context_mask=...)` computes something else: its encoder attends to every frame of the
window before the mask is applied, so the "context" has already seen the future. It is not used here.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from voe.adapters import checkpoints
from voe.adapters.base import Predictor, PredictorSpec
from voe.adapters.inputs import input_size, require_frames
from voe.adapters.placement import Placement
from voe.adapters.specs import ModelSpec
from voe.errors import ModelError
from voe.protocols import Protocol

if TYPE_CHECKING:
    from transformers import VJEPA2Model

OPTIONS = ("targets", "mask_token", "size", "attn")
_CHECKPOINT_OPTIONS = ("heads", "predictor_heads")
_ATTENTION = ("sdpa", "eager")
_FILE_ENDINGS = (".pt", ".pth", ".tar")


def from_spec(spec: ModelSpec, placement: Placement) -> Predictor:
    """`vjepa2:REFERENCE`: a transformers folder, a hub id, or a `.pt` file of facebookresearch/vjepa2.

    Options: `targets=` layernorm (default) or raw; `mask_token=` index of the predictor's mask token (1, the
    default of both published implementations); `size=` input height and width; `attn=` sdpa (default) or
    eager; for a `.pt` file also `heads=` and `predictor_heads=` where its widths are not those of a release.

    Raises:
        ModelError: see `voe.adapters.load.load_model`.
    """
    if not spec.reference:
        raise ModelError(
            f"model {spec.text!r}: name a folder, a hub id or a .pt file, such as "
            "vjepa2:facebook/vjepa2-vitl-fpc64-256"
        )
    path = Path(spec.reference).expanduser()
    if path.is_file() or (not path.exists() and path.suffix in _FILE_ENDINGS):
        from voe.adapters.vjepa2_checkpoint import networks_of_checkpoint

        spec.only(*OPTIONS, *_CHECKPOINT_OPTIONS)
        model, target_encoder = networks_of_checkpoint(spec, attention(spec))
        origin = "facebookresearch/vjepa2 checkpoint"
        return assemble(spec, placement, model, origin=origin, target_encoder=target_encoder)
    from transformers import VJEPA2Model

    spec.only(*OPTIONS)
    changes = {"crop_size": size} if (size := spec.integer("size", minimum=1)) else {}
    model = checkpoints.from_transformers(
        spec,
        VJEPA2Model,
        heads_to_leave_out=("pooler.", "classifier."),
        attn_implementation=attention(spec),
        **changes,
    )
    return assemble(spec, placement, model, origin="transformers")


def attention(spec: ModelSpec) -> str:
    """The attention implementation that a spec asks for."""
    return spec.string("attn", "sdpa", _ATTENTION)


def assemble(
    spec: ModelSpec,
    placement: Placement,
    model: VJEPA2Model,
    *,
    origin: str,
    target_encoder: nn.Module | None = None,
    trained: bool = True,
) -> VJepa2:
    """An adapter around networks that exist already; `target_encoder` None means the model's own encoder."""
    config = model.config
    separate = target_encoder is not None
    networks = {"": model} if target_encoder is None else {"": model, "target_encoder.": target_encoder}
    weights = {f"{p}{name}": value for p, net in networks.items() for name, value in net.state_dict().items()}
    mask_token = spec.integer("mask_token", 1)
    if mask_token is None or mask_token >= config.pred_num_mask_tokens:
        raise ModelError(
            f"model {spec.text!r}: mask_token={mask_token} must be below {config.pred_num_mask_tokens}, the "
            "number of mask tokens of its predictor"
        )
    # Rotary positions are counted on the configured grid, so the input must fill it exactly.
    input_size(spec, config.crop_size, config.patch_size)
    details: dict[str, object] = {
        "checkpoint": spec.reference,
        "origin": origin,
        "weights_sha256": checkpoints.weights_hash(weights),
        "parameters": checkpoints.parameter_count(*networks.values()),
        "attention": config._attn_implementation,
        "heads": config.num_attention_heads,
        "predictor_heads": config.pred_num_attention_heads,
        "positions": "rotary",
        "frames_per_clip": config.frames_per_clip,
        "target_encoder": "a separate one (moving average)" if separate else "the context encoder",
        "targets": spec.string("targets", "layernorm", ("layernorm", "raw")),
        "mask_token": mask_token,
        **placement.details(),
    }
    if (revision := getattr(config, "_commit_hash", None)) is not None:
        details["revision"] = revision
    for network in networks.values():
        checkpoints.settle(spec, network, placement)
    return VJepa2(spec.text, model, target_encoder or model.encoder, placement, details, trained=trained)


class VJepa2(Predictor):
    """One stream, 'latent': features of the encoder, predicted from the context frames by the predictor."""

    def __init__(
        self,
        name: str,
        model: VJEPA2Model,
        target_encoder: nn.Module,
        placement: Placement,
        details: dict[str, object],
        *,
        trained: bool,
    ) -> None:
        config = model.config
        self.device = placement.device
        self.placement = placement
        self.encoder, self.predictor, self.target_encoder = model.encoder, model.predictor, target_encoder
        self.patch, self.tubelet = config.patch_size, config.tubelet_size
        self.normalise_targets = details["targets"] == "layernorm"
        self.predictor.embeddings.register_forward_pre_hook(_ask_for(details["mask_token"]), with_kwargs=True)
        self.spec = PredictorSpec(
            name=name,
            family="latent",
            size=(config.crop_size, config.crop_size),
            streams=("latent",),
            protocol=Protocol(window=16, stride=2, contexts=(4, 8, 12)),
            context_multiple=self.tubelet,
            window_multiple=self.tubelet,
            min_window=2 * self.tubelet,
            trained=trained,
            details=details,
        )

    def grid(self, n_frames: int) -> tuple[int, int, int]:
        """Tubelets in time, patches in height and width."""
        height, width = self.spec.size
        return n_frames // self.tubelet, height // self.patch, width // self.patch

    @torch.inference_mode()
    def targets(self, window: Tensor) -> dict[str, Tensor]:
        """Features of the whole window: [B, T, 3, H, W] -> [B, N, D]."""
        require_frames(self.spec, window, window.shape[1])
        features = self._features(self.target_encoder, window)
        if self.normalise_targets:
            features = nn.functional.layer_norm(features, features.shape[-1:])
        return {"latent": features}

    @torch.inference_mode()
    def predict(self, context: Tensor, n_frames: int) -> dict[str, Tensor]:
        """Features expected after the context: [B, C, 3, H, W] -> [B, n, D], the last n of N tokens."""
        require_frames(self.spec, context, n_frames)
        batch = context.shape[0]
        seen = self._features(self.encoder, context)  # [B, m, D]
        t, h, w = self.grid(n_frames)
        ids = torch.arange(t * h * w, device=context.device).expand(batch, -1)  # [B, N]
        m = seen.shape[1]
        with self.placement.autocast():
            expected = self.predictor(
                encoder_hidden_states=seen, context_mask=[ids[:, :m]], target_mask=[ids[:, m:]]
            ).last_hidden_state
        return {"latent": expected.float()}

    def _features(self, encoder: nn.Module, frames: Tensor) -> Tensor:
        """Encoder output in float32: [B, C, 3, H, W] -> [B, m, D]."""
        with self.placement.autocast():
            features: Tensor = encoder(pixel_values_videos=frames).last_hidden_state
        return features.float()


def _ask_for(mask_token: object) -> Any:
    """A hook that tells the predictor's embeddings which mask token to use; nothing else passes it on."""

    def choose(module: nn.Module, args: Any, kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        return args, {**kwargs, "mask_index": mask_token}

    return choose
