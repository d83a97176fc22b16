"""`videomae:PATH_OR_HUBID`: VideoMAE and VideoMAEv2, which fill in pixels that they have not seen.

Surprise is measured in pixels. Of a window with frames 1..T and a context of its first C frames (Garrido et
al. 2025, methods; Tong et al. 2022 for the targets):

    target      pixels of each token's tubelet in [0, 1], less their mean and divided by their standard
                deviation (unbiased, + 1e-6), for each colour channel by itself
    expected    what the decoder says of the tokens after the context, the encoder having seen frames 1..C
    surprise    mean over tokens and values of |expected - target|

`decoder_blocks=k` measures it in the decoder instead: features after its k-th block, expected from the
context, against those that the same network gives of the whole window.

`reference_zeroed=true` reproduces the released evaluation, which overwrites its predictions with zeros before
it compares them: the number is then mean |target|, and no weight of the model enters it.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from voe.adapters.base import Family, Predictor, PredictorSpec
from voe.adapters.checkpoints import from_transformers, load_strict, settle
from voe.adapters.inputs import input_size, reference_protocol, require_frames
from voe.adapters.videomae_checkpoint import MaeWeights, of_authors, of_transformers
from voe.adapters.videomae_network import MaeShape, MaskedAutoencoder
from voe.errors import ModelError

if TYPE_CHECKING:
    from transformers import VideoMAEForPreTraining

    from voe.adapters.placement import Placement
    from voe.adapters.specs import ModelSpec

OPTIONS = (
    "heads",
    "decoder_heads",
    "decoder_blocks",
    "normalize_targets",
    "reference_zeroed",
    "size",
    "attn",
)

FLAT_RANGE = 1e-5
"""A tubelet whose pixels differ by no more than this, of 1, is flat: 1/400 of a grey level of 8 bits.

Resizing and normalising in float32 err by less than a twentieth of it.
"""

_FILE_ENDINGS = (".pth", ".pt", ".tar", ".bin", ".ckpt")


def from_spec(spec: ModelSpec, placement: Placement) -> VideoMae:
    """Load a transformers folder or hub id, or a `.pth` file in the authors' layout.

    Options: heads and decoder_heads (where a file has other than published widths), decoder_blocks (none),
    normalize_targets (true, or what config.json says), reference_zeroed (false), size, attn (sdpa or eager).

    Raises:
        ModelError: nothing there, broken, incomplete, code in the file, another model, or an unknown option.
    """
    spec.only(*OPTIONS)
    if not spec.reference:
        raise ModelError(
            f"model {spec.text!r}: name a folder, a hub id or a .pth file, such as "
            "videomae:MCG-NJU/videomae-base"
        )
    path = Path(spec.reference).expanduser()
    if path.is_file() or (not path.exists() and path.suffix in _FILE_ENDINGS):
        return VideoMae(spec, placement, of_authors(spec, path), origin="file in the authors' layout")
    from transformers import VideoMAEForPreTraining

    model = from_transformers(spec, VideoMAEForPreTraining)
    return assemble(spec, placement, model, origin="transformers")


def assemble(
    spec: ModelSpec,
    placement: Placement,
    model: VideoMAEForPreTraining,
    *,
    origin: str,
    trained: bool = True,
) -> VideoMae:
    """An adapter with the weights of a transformers network that exists already."""
    return VideoMae(spec, placement, of_transformers(spec, model), origin=origin, trained=trained)


class VideoMae(Predictor):
    """Pixels expected of the frames to come, against the pixels that came."""

    def __init__(
        self,
        spec: ModelSpec,
        placement: Placement,
        weights: MaeWeights,
        *,
        origin: str,
        trained: bool = True,
    ) -> None:
        """Build the network for `weights` and load every one of them."""
        shape = weights.shape
        self.device, self._placement, self._shape = placement.device, placement, shape
        self._zeroed = spec.flag("reference_zeroed", False)
        self._normalize = spec.flag("normalize_targets", weights.normalised)
        self._after_block = _decoder_blocks(spec, shape)
        self._stream = "pixel" if self._after_block is None else f"decoder-{self._after_block}"
        with torch.device("meta"):  # no time is spent on random numbers that are overwritten
            network = MaskedAutoencoder(shape)
        load_strict(spec, network, weights.state, "masked autoencoder")
        settle(spec, network, placement)
        self._network = network
        size = input_size(spec, weights.size, shape.patch)
        family: Family = "pixel" if self._after_block is None else "latent"
        self.spec = PredictorSpec(
            name=f"{spec.text} [predictions zeroed, as released]" if self._zeroed else spec.text,
            family=family,
            size=(size, size),
            streams=(self._stream,),
            protocol=reference_protocol(weights.frames, shape.tubelet),
            context_multiple=shape.tubelet,
            window_multiple=shape.tubelet,
            min_window=2 * shape.tubelet,
            trained=trained,
            details={
                "checkpoint": spec.reference,
                "origin": origin,
                **self._details(weights),
                **placement.details(),
            },
        )

    def grid(self, n_frames: int) -> tuple[int, int, int]:
        """Tokens (time, height, width): frames / tubelet, and side / patch twice."""
        side = self.spec.size[0] // self._shape.patch
        return n_frames // self._shape.tubelet, side, side

    def targets(self, window: Tensor) -> dict[str, Tensor]:
        """The pixels of every token, or the features of the decoder that has seen the whole window."""
        n_frames = window.shape[1]
        require_frames(self.spec, window, n_frames)
        if self._after_block is None:
            return {self._stream: self._pixels(window)}
        with torch.inference_mode(), self._placement.autocast():
            features = self._network(window, self.grid(n_frames), self._after_block).float()  # [B, N, D]
        return {self._stream: features}

    def predict(self, context: Tensor, n_frames: int) -> dict[str, Tensor]:
        """What the decoder says of the tokens after the context (zeros if the release is reproduced)."""
        require_frames(self.spec, context, n_frames)
        grid = self.grid(n_frames)
        if self._zeroed:
            n = math.prod(grid) - math.prod(self.grid(context.shape[1]))
            channels = self._shape.values if self._after_block is None else self._shape.decoder.width
            return {self._stream: context.new_zeros((context.shape[0], n, channels))}
        with torch.inference_mode(), self._placement.autocast():
            expected = self._network(context, grid, self._after_block).float()  # [B, N - m, values or D]
        return {self._stream: expected}

    def _pixels(self, window: Tensor) -> Tensor:
        """Normalised ImageNet-fashion [B, T, 3, H, W] -> targets [B, N, values]."""
        mean = window.new_tensor(self.spec.mean).view(3, 1, 1)
        std = window.new_tensor(self.spec.std).view(3, 1, 1)
        patches = tubelet_pixels(window * std + mean, self._shape.tubelet, self._shape.patch)  # [B, N, P, 3]
        if self._normalize:
            # The release has no rule for flat tubelets; its arithmetic is kept where it is reproduced.
            patches = normalise_tubelets(patches, flat_range=0.0 if self._zeroed else FLAT_RANGE)
        return patches.flatten(2)  # [B, N, P * 3]

    def _details(self, weights: MaeWeights) -> dict[str, object]:
        """What a run records of the network."""
        encoder, decoder = self._shape.encoder, self._shape.decoder
        details: dict[str, object] = {
            "architecture": f"encoder {encoder.depth} x {encoder.width}, decoder {decoder.depth} x "
            f"{decoder.width}, patch {self._shape.patch}, tubelet {self._shape.tubelet}",
            "heads": encoder.heads,
            "decoder_heads": decoder.heads,
            "heads_from": weights.heads_from,
            "positions": "sinusoid along the tokens",
            "predictions": "overwritten with zeros, as released" if self._zeroed else "the decoder's",
            "attention": "sdpa" if encoder.fused else "eager",
            "parameters": weights.parameters,
            "weights_sha256": weights.sha256,
        }
        if self._after_block is None:
            details["targets"] = "pixels, normalised by tubelet" if self._normalize else "pixels in [0, 1]"
        else:
            details["targets"] = f"features after block {self._after_block} of the decoder, all frames seen"
        return details


def tubelet_pixels(frames: Tensor, tubelet: int, patch: int) -> Tensor:
    """Pixels by token: [B, T, 3, H, W] -> [B, N, P, 3] with P = tubelet * patch * patch.

    Tokens run over time, rows and columns; the pixels of one over its own time, rows and columns.
    """
    batch, n_frames, _, height, width = frames.shape
    t, h, w = n_frames // tubelet, height // patch, width // patch
    split = frames.reshape(batch, t, tubelet, 3, h, patch, w, patch)
    return split.permute(0, 1, 4, 6, 2, 5, 7, 3).reshape(batch, t * h * w, tubelet * patch * patch, 3)


def normalise_tubelets(pixels: Tensor, flat_range: float = FLAT_RANGE) -> Tensor:
    """(x - mean) / (std + 1e-6) over the pixels of each token and channel: [B, N, P, 3], same shape out.

    The standard deviation is the unbiased one. Where the pixels differ by no more than `flat_range` there is
    nothing to predict but rounding, which the division would blow up (to 0.06 in the released arithmetic);
    such a tubelet is zero.

    >>> normalise_tubelets(torch.tensor([0.0, 1.0, 2.0]).view(1, 1, 3, 1).expand(-1, -1, -1, 3))[0, 0, :, 0]
    tensor([-1.0000,  0.0000,  1.0000])
    """
    mean = pixels.mean(dim=-2, keepdim=True)
    normalised = (pixels - mean) / (pixels.std(dim=-2, keepdim=True) + 1e-6)
    flat = pixels.amax(dim=-2, keepdim=True) - pixels.amin(dim=-2, keepdim=True) <= flat_range
    return normalised.masked_fill(flat, 0.0) if flat_range else normalised


def _decoder_blocks(spec: ModelSpec, shape: MaeShape) -> int | None:
    """After how many blocks of the decoder its features are compared; None for pixels."""
    blocks = spec.integer("decoder_blocks", minimum=1)
    if blocks is not None and blocks > shape.decoder.depth:
        raise ModelError(
            f"model {spec.text!r}: decoder_blocks={blocks}, but its decoder has {shape.decoder.depth}"
        )
    return blocks
