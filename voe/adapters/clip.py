"""`clip:` contrastive models (CLIP, SigLIP, X-CLIP) as judges: which of two captions fits a clip better?

Similarities are the model's own logits, its temperature included: of CLIP and SigLIP the mean over the
frames, of X-CLIP that of the whole clip. The judgement is the softmax over the captions of the possible and
the impossible event, so its log-odds is the difference of the similarities.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from voe.adapters import checkpoints
from voe.adapters.judge import Answer, Judge, JudgeSpec, Question, ShownClip
from voe.adapters.placement import Placement
from voe.adapters.snapshots import snapshot_of
from voe.adapters.specs import ModelSpec
from voe.errors import ModelError

KINDS: Final = ("clip", "siglip", "siglip2", "xclip")


def from_spec(spec: ModelSpec, placement: Placement) -> Contrastive:
    """`clip:REFERENCE[,max_frames=N]`: a transformers folder or hub id of a CLIP, SigLIP or X-CLIP model.

    Raises:
        ModelError: an unknown option, no such model, another architecture, or weights that do not fit.
    """
    spec.only("max_frames")
    if not spec.reference:
        raise ModelError(
            f"model {spec.text!r}: name a folder or a hub id, such as clip:openai/clip-vit-large-patch14"
        )
    from transformers import AutoConfig, AutoModel, AutoProcessor

    with checkpoints.loading(spec):
        config = AutoConfig.from_pretrained(spec.reference)
        if config.model_type not in KINDS:
            raise ModelError(
                f"model {spec.text!r}: it is a {config.model_type!r} model; contrastive ones here are "
                f"{', '.join(KINDS)}"
            )
        processor = AutoProcessor.from_pretrained(spec.reference)
    model = checkpoints.complete_model(spec, AutoModel, dtype=placement.dtype)
    checkpoints.settle(spec, model, placement)
    return Contrastive(spec, model, processor, placement)


class Contrastive(Judge):
    """Compares a clip with two captions; deterministic, one question at a time."""

    def __init__(self, spec: ModelSpec, model: Any, processor: Any, placement: Placement) -> None:
        self.model, self.processor = model, processor
        self.device, self.dtype = placement.device, placement.dtype
        self.whole_clips = model.config.model_type == "xclip"
        self.frames = int(model.config.vision_config.num_frames) if self.whole_clips else None
        self.spec = JudgeSpec(
            name=spec.text,
            family="contrastive",
            snapshot=snapshot_of(spec, model.config),
            max_frames=self.frames or spec.integer("max_frames", 16, minimum=1) or 16,
            kinds=("caption",),
            details={
                "checkpoint": spec.reference,
                "architecture": type(model).__name__,
                "parameters": checkpoints.parameter_count(model),
                "similarity": "of the whole clip" if self.whole_clips else "mean over frames",
                **placement.details(),
            },
        )

    def ask(self, questions: Sequence[Question]) -> Iterator[Answer]:
        """In the given order."""
        for question in questions:
            try:
                similarities = self._similarities(question.clips[0], question.choices)
            except (RuntimeError, ValueError, TypeError, LookupError) as error:
                reason = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
                yield Answer(question.id, "failed", reason=reason)
                continue
            weights = np.exp(similarities - similarities.max())
            probabilities = dict(zip(question.choices, (weights / weights.sum()).tolist(), strict=True))
            word = max(probabilities, key=lambda choice: probabilities[choice])
            yield Answer(question.id, "answered", word, word, probabilities)

    @torch.inference_mode()
    def _similarities(self, clip: ShownClip, captions: Sequence[str]) -> npt.NDArray[np.float64]:
        """Logits of the captions: float64 [captions]."""
        from PIL import Image

        pictures = [Image.fromarray(frame) for frame in self._chosen(clip)]
        words = self.processor.tokenizer(
            list(captions), padding="max_length" if self._pads_to_the_end else True, truncation=True,
            return_tensors="pt",
        )  # fmt: skip
        pixels: Tensor = self.processor.image_processor(pictures, return_tensors="pt")["pixel_values"]
        if self.whole_clips:
            pixels = pixels[None] if pixels.ndim == 4 else pixels
        found = self.model(
            **{key: value.to(self.device) for key, value in words.items()},
            pixel_values=pixels.to(self.device, dtype=self.dtype),
        )
        logits = (
            found.logits_per_video if self.whole_clips else found.logits_per_image
        )  # [frames or 1, captions]
        means: npt.NDArray[np.float64] = logits.float().mean(dim=0).cpu().numpy().astype(np.float64)
        if not np.isfinite(means).all():
            raise ValueError("similarities are not finite; try dtype=float32")
        return means

    @property
    def _pads_to_the_end(self) -> bool:
        """SigLIP was trained with captions padded to their full length."""
        return str(self.model.config.model_type).startswith("siglip")

    def _chosen(self, clip: ShownClip) -> npt.NDArray[np.uint8]:
        """All frames shown, or of X-CLIP as many as it takes, evenly spread (repeated if there are fewer)."""
        if self.frames is None:
            return clip.frames
        chosen = np.rint(np.linspace(0, len(clip.frames) - 1, self.frames)).astype(int)
        return np.asarray(clip.frames[chosen])
