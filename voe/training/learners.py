"""What is trained: a latent predictor with an EMA target encoder, or a pixel predictor. One loss each.

Neither sees what it has to predict: the encoder of V-JEPA 2 is run on the given tokens alone (transformers'
own forward pass encodes every frame before it masks), and VideoMAE drops hidden tokens before its encoder.
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from voe.adapters.base import IMAGENET_MEAN, IMAGENET_STD, Predictor
from voe.adapters.placement import Placement
from voe.adapters.specs import parse_spec
from voe.training.blocks import through
from voe.training.masks import Tokens
from voe.training.recipes import Recipe
from voe.windows import normalise

if TYPE_CHECKING:
    from transformers import VideoMAEForPreTraining, VJEPA2Model

FRAMES, TUBELET = 16, 2
_CPU = torch.device("cpu")
_TRAINING_ATTENTION, _SAVED_ATTENTION = "eager", "sdpa"
"""The same function; eager is 1.4 times faster to train with short sequences on a processor. (V-JEPA 2 is
trained in `voe.training.blocks`, and probed while it learns in what is saved.)"""


class Learner(ABC):
    """A network with a loss. `networks` are all of its state, by name, for checkpoints."""

    networks: dict[str, torch.nn.Module]
    grid: tuple[int, int, int]

    @abstractmethod
    def loss(self, frames: Tensor, given: Tokens, hidden: Tokens) -> tuple[Tensor, Tensor]:
        """Loss of windows [B, 16, H, W, 3] (0 to 255, on the networks' device), and its targets [n, D]."""

    @abstractmethod
    def after_step(self, progress: float) -> None:
        """What follows an optimiser step; `progress` goes from 0 to 1."""

    @abstractmethod
    def network(self) -> Any:
        """The transformers network that is saved and scored."""

    @abstractmethod
    def adapter(self, placement: Placement) -> Predictor:
        """The same network as its adapter, for scoring while it learns."""

    @property
    def parameters(self) -> list[torch.nn.Parameter]:
        """What the optimiser may change."""
        return [p for net in self.networks.values() for p in net.parameters() if p.requires_grad]


def make_learner(recipe: Recipe, device: torch.device = _CPU) -> Learner:
    """A fresh learner; its weights come from the recipe's seed alone, drawn on the processor."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(recipe.seed)
        learner = LatentLearner(recipe) if recipe.family == "vjepa2" else PixelLearner(recipe)
    for network in learner.networks.values():
        network.to(device)
    return learner


class LatentLearner(Learner):
    """V-JEPA 2: mean |predicted - target| (or its square) in the space of an encoder that follows slowly."""

    def __init__(self, recipe: Recipe) -> None:
        from transformers import VJEPA2Config, VJEPA2Model

        config = VJEPA2Config(
            crop_size=recipe.size, frames_per_clip=FRAMES, patch_size=recipe.patch, tubelet_size=TUBELET,
            hidden_size=recipe.width, num_hidden_layers=recipe.depth, num_attention_heads=recipe.heads,
            pred_hidden_size=recipe.predictor_width, pred_num_hidden_layers=recipe.predictor_depth,
            pred_num_attention_heads=recipe.heads,
        )  # fmt: skip
        config._attn_implementation = _TRAINING_ATTENTION
        self.model: VJEPA2Model = VJEPA2Model(config)
        self.target: torch.nn.Module = copy.deepcopy(self.model.encoder)
        self.target.requires_grad_(False)
        self.ema, self.loss_of = recipe.ema, recipe.loss
        side = recipe.size // recipe.patch
        self.grid = (FRAMES // TUBELET, side, side)
        self.networks = {"model": self.model, "target": self.target}

    def loss(self, frames: Tensor, given: Tokens, hidden: Tokens) -> tuple[Tensor, Tensor]:
        """The target is layer-normed over channels, as the adapter does."""
        first, second = (torch.from_numpy(ids).to(frames.device) for ids in (given, hidden))
        patches = patches_of(frames, self.model.config.patch_size)
        with torch.no_grad():
            encoded = encode(self.target, patches).float()
            happened = torch.nn.functional.layer_norm(encoded, encoded.shape[-1:]).index_select(1, second)
        seen = encode(self.model.encoder, patches, first)
        expected = predict(self.model.predictor, seen, first, second)
        difference = expected.float() - happened
        loss = difference.abs() if self.loss_of == "absolute" else difference.square()
        return loss.mean(), happened.reshape(-1, happened.shape[-1])

    @torch.no_grad()
    def after_step(self, progress: float) -> None:
        """target <- m target + (1 - m) encoder, with m going from the first to the second momentum."""
        momentum = self.ema[0] + (self.ema[1] - self.ema[0]) * progress
        for slow, fast in zip(self.target.parameters(), self.model.encoder.parameters(), strict=True):
            slow.lerp_(fast, 1 - momentum)

    def network(self) -> VJEPA2Model:
        """The predictor with the target encoder on both sides: one encoder is all that the format holds."""
        saved = copy.deepcopy(self.model).eval()
        saved.config._attn_implementation = _SAVED_ATTENTION
        saved.encoder.load_state_dict(self.target.state_dict())
        return saved

    def adapter(self, placement: Placement) -> Predictor:
        from voe.adapters.vjepa2 import assemble

        return assemble(parse_spec("vjepa2:training"), placement, self.network(), origin="training")


class PixelLearner(Learner):
    """VideoMAE: mean squared error of the hidden patches, normalised by patch or raw."""

    def __init__(self, recipe: Recipe) -> None:
        from transformers import VideoMAEConfig, VideoMAEForPreTraining

        config = VideoMAEConfig(
            image_size=recipe.size, num_frames=FRAMES, patch_size=recipe.patch, tubelet_size=TUBELET,
            hidden_size=recipe.width, num_hidden_layers=recipe.depth, num_attention_heads=recipe.heads,
            intermediate_size=4 * recipe.width, decoder_hidden_size=recipe.predictor_width,
            decoder_num_hidden_layers=recipe.predictor_depth, decoder_num_attention_heads=recipe.heads,
            decoder_intermediate_size=4 * recipe.predictor_width, norm_pix_loss=recipe.targets ==
            "normalised",
        )  # fmt: skip
        config._attn_implementation = _TRAINING_ATTENTION
        self.model: VideoMAEForPreTraining = VideoMAEForPreTraining(config)
        side = recipe.size // recipe.patch
        self.grid = (FRAMES // TUBELET, side, side)
        self.networks = {"model": self.model}

    def loss(self, frames: Tensor, given: Tokens, hidden: Tokens) -> tuple[Tensor, Tensor]:
        """transformers' own loss; the second value is what was predicted, to see whether it varies."""
        window = normalised(frames)
        mask = torch.zeros(len(window), len(given) + len(hidden), dtype=torch.bool, device=window.device)
        mask[:, torch.from_numpy(hidden).to(window.device)] = True
        found = self.model(window, bool_masked_pos=mask)
        return found.loss, found.logits.detach().float().reshape(-1, found.logits.shape[-1])

    def after_step(self, progress: float) -> None:
        """Nothing follows."""

    def network(self) -> VideoMAEForPreTraining:
        saved = copy.deepcopy(self.model).eval()
        saved.config._attn_implementation = _SAVED_ATTENTION
        return saved

    def adapter(self, placement: Placement) -> Predictor:
        from voe.adapters.videomae import assemble

        return assemble(parse_spec("videomae:training"), placement, self.network(), origin="training")


def patches_of(frames: Tensor, patch: int) -> Tensor:
    """Frames [B, T, H, W, 3] as the patches of their tokens, normalised: [B, n, 2 * patch * patch * 3].

    A row of a patch lies together in a frame, so channels stay last; and frames are cut while they are small.
    """
    n, length, height, width, channels = frames.shape
    cut = frames.reshape(n, length // TUBELET, TUBELET, height // patch, patch, width // patch, -1)
    tokens = cut.permute(0, 1, 3, 5, 2, 4, 6).reshape(n, -1, TUBELET * patch * patch * channels).float()
    mean, deviation = (
        torch.tensor(v, device=frames.device).repeat(TUBELET * patch * patch) * 255
        for v in (IMAGENET_MEAN, IMAGENET_STD)
    )
    return tokens.sub(mean).div_(deviation)


def encode(encoder: Any, patches: Tensor, given: Tensor | None = None) -> Tensor:
    """V-JEPA 2's encoder on all tokens of a window, or on the given ones (int64 [n]) alone: [B, n, D].

    Patches that are cut once do for both encoders.
    """
    tokens = torch.arange(patches.shape[1], device=patches.device) if given is None else given
    if given is not None:
        patches = patches.index_select(1, given)
    out: Tensor = encoder.layernorm(through(encoder.layer, embedded(encoder, patches), tokens))
    return out


def embedded(encoder: Any, patches: Tensor) -> Tensor:
    """V-JEPA 2's patch embedding of `patches_of` frames: [B, n, D].

    The convolution does not overlap, so it is one product; its weight [D, 3, 2, patch, patch] is turned as
    patches lie.
    """
    convolution = encoder.embeddings.patch_embeddings.proj
    weight = convolution.weight.permute(0, 2, 3, 4, 1).flatten(1)
    return torch.nn.functional.linear(patches, weight, convolution.bias)


def predict(predictor: Any, seen: Tensor, given: Tensor, hidden: Tensor) -> Tensor:
    """V-JEPA 2's predictor: latents [B, n, D] of the given tokens -> what is expected of the hidden ones.

    Attention does not ask in which order its tokens stand, so they are not sorted.
    """
    context = predictor.embeddings.predictor_embeddings(seen)
    mask_tokens = predictor.embeddings.mask_tokens
    mask = mask_tokens[1 % len(mask_tokens)].expand(len(seen), len(hidden), -1)
    states = through(predictor.layer, torch.cat([context, mask], dim=1), torch.cat([given, hidden]))
    out: Tensor = predictor.proj(predictor.layernorm(states[:, len(given) :]))
    return out


def normalised(frames: Tensor) -> Tensor:
    """uint8 [B, T, H, W, 3] -> float32 [B, T, 3, H, W], as the engine shows pictures to what is trained."""
    # Turned while it is small: arithmetic on a permuted float tensor takes five times as long.
    return normalise(frames.permute(0, 1, 4, 2, 3).contiguous().float(), IMAGENET_MEAN, IMAGENET_STD)
