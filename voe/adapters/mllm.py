"""`mllm:` multimodal language models of transformers as judges, by their own processor and chat template.

The frames of a clip are one video where the processor takes videos, else a series of images. An answer is
read from the scores of its first token (see `voe.adapters.messages`) or from its text, decoded greedily.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

import torch

from voe.adapters import checkpoints
from voe.adapters.judge import Answer, Judge, JudgeSpec, Question
from voe.adapters.messages import first_tokens, to_answer
from voe.adapters.mllm_inputs import Layout, load_processor, model_inputs
from voe.adapters.placement import Placement
from voe.adapters.snapshots import snapshot_of
from voe.adapters.specs import ModelSpec
from voe.errors import ModelError

if TYPE_CHECKING:
    from torch import Tensor

OPTIONS = (
    "frames", "answers", "batch", "max_frames", "max_tokens", "size", "revision", "attn", "unused_weights",
)  # fmt: skip
# What a processor or a network raises for one question: a clip too small, too many tokens, too little memory.
_ONE_QUESTION = (
    RuntimeError, ValueError, TypeError, AttributeError, LookupError, ArithmeticError, MemoryError,
)  # fmt: skip


def from_spec(spec: ModelSpec, placement: Placement) -> Mllm:
    """`mllm:REFERENCE`: a transformers folder or a hub id of an image-or-video-text-to-text model.

    Options: `frames=` video or images (video where the processor takes one); `answers=` logits (default) or
    text; `batch=` questions at a time (4); `max_frames=` of one clip (16); `size=` longer side of a frame in
    pixels (512); `max_tokens=` of an answer (16); `revision=` of a hub id; `attn=` sdpa (default) or eager;
    `unused_weights=` refuse (default) or allow weights that the architecture has no place for.

    Raises:
        ModelError: an unknown option, no such model, a package that its processor needs is not installed, no
            chat template, weights that do not fit.
    """
    spec.only(*OPTIONS)
    if not spec.reference:
        raise ModelError(
            f"model {spec.text!r}: name a folder or a hub id, such as mllm:Qwen/Qwen2.5-VL-7B-Instruct"
        )
    revision = spec.options.get("revision")
    processor, layout = load_processor(spec, revision)
    from transformers import AutoModelForImageTextToText

    allow = spec.string("unused_weights", "refuse", ("refuse", "allow")) == "allow"
    model = checkpoints.complete_model(
        spec,
        AutoModelForImageTextToText,
        ("",) if allow else (),
        dtype=placement.dtype,
        attn_implementation=spec.string("attn", "sdpa", ("sdpa", "eager")),
        **({"revision": revision} if revision else {}),
    )
    checkpoints.settle(spec, model, placement)
    return Mllm(spec, model, processor, layout, placement)


class Mllm(Judge):
    """A multimodal language model; greedy, so repeats of a question get the same answer."""

    def __init__(
        self, spec: ModelSpec, model: Any, processor: Any, layout: Layout, placement: Placement
    ) -> None:
        self.model, self.processor, self.layout = model, processor, layout
        self.device, self.dtype = placement.device, placement.dtype
        self.logits = spec.string("answers", "logits", ("logits", "text")) == "logits"
        self.batch = spec.integer("batch", 4, minimum=1) or 4
        self.max_tokens = spec.integer("max_tokens", 16, minimum=1) or 16
        self.spec = JudgeSpec(
            name=spec.text,
            family="mllm",
            snapshot=snapshot_of(spec, model.config),
            max_frames=spec.integer("max_frames", 16, minimum=1) or 16,
            size=spec.integer("size", 512, minimum=1),
            details={
                "checkpoint": spec.reference,
                "architecture": type(model).__name__,
                "processor": type(processor).__name__,
                "parameters": checkpoints.parameter_count(model),
                "frames_as": layout,
                "answers": "logits" if self.logits else "text",
                "max_tokens": self.max_tokens,
                "decoding": "greedy",
                **placement.details(),
            },
        )

    def ask(self, questions: Sequence[Question]) -> Iterator[Answer]:
        """Answer in the given order, `batch` questions at a time; clips of one shape go together."""
        for _, alike in groupby(questions, key=_shapes):
            group = list(alike)
            for start in range(0, len(group), self.batch):
                yield from self._batch(group[start : start + self.batch])

    def _batch(self, questions: Sequence[Question]) -> Sequence[Answer]:
        """Answers of one batch; where it fails as a whole, every question is tried alone."""
        try:
            return self._answers(questions)
        except _ONE_QUESTION as error:
            if len(questions) > 1:
                return [answer for question in questions for answer in self._batch([question])]
            reason = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
            return [Answer(questions[0].id, "failed", reason=reason)]

    @torch.inference_mode()
    def _answers(self, questions: Sequence[Question]) -> list[Answer]:
        with checkpoints.quiet_transformers():
            inputs = model_inputs(self.processor, questions, self.layout).to(self.device, dtype=self.dtype)
            made = self.model.generate(**inputs, **self._decoding())
        start = inputs["input_ids"].shape[1]
        written = made.sequences[:, start:]  # [B, new tokens]
        scores = torch.log_softmax(made.logits[0].float(), dim=-1).cpu()  # [B, V], natural log
        if not torch.isfinite(made.logits[0]).any(dim=-1).all() or scores.isnan().any():
            raise ValueError("the model's scores are not finite; try dtype=float32 or dtype=bfloat16")
        texts = self.processor.tokenizer.batch_decode(written, skip_special_tokens=True)
        tokens_in = inputs["attention_mask"].sum(dim=1).tolist()
        return [
            to_answer(q, texts[i], self._logs(q, scores[i]), int(tokens_in[i]), self._length(written[i]))
            for i, q in enumerate(questions)
        ]

    def _logs(self, question: Question, scores: Tensor) -> dict[str, float] | None:
        """Log probability of every choice at the first token of the answer, [V] -> by choice."""
        if not self.logits or not question.choices:
            return None
        tokens = first_tokens(question.choices, self._encode)
        if tokens is None:
            return None
        return {choice: float(scores[list(ids)].logsumexp(dim=0)) for choice, ids in tokens.items()}

    def _encode(self, text: str) -> Sequence[int]:
        ids: Sequence[int] = self.processor.tokenizer.encode(text, add_special_tokens=False)
        return ids

    def _decoding(self) -> dict[str, object]:
        """Greedy decoding, whatever the checkpoint's own settings are; only its end tokens are kept."""
        from transformers import GenerationConfig

        own, tokenizer = self.model.generation_config, self.processor.tokenizer
        ends = own.eos_token_id if own.eos_token_id is not None else tokenizer.eos_token_id
        settings = GenerationConfig(
            max_new_tokens=self.max_tokens,
            do_sample=False,
            num_beams=1,
            repetition_penalty=1.0,
            no_repeat_ngram_size=0,
            eos_token_id=ends,
            pad_token_id=tokenizer.pad_token_id,
            return_dict_in_generate=True,
            output_logits=True,
        )
        return {"generation_config": settings}

    def _length(self, written: Tensor) -> int:
        """Tokens written before the end token and the padding."""
        tokenizer, own = self.processor.tokenizer, self.model.generation_config.eos_token_id
        ends = {tokenizer.eos_token_id, tokenizer.pad_token_id, *(own if isinstance(own, list) else [own])}
        for n, token in enumerate(written.tolist()):
            if token in ends:
                return n
        return len(written)


def _shapes(question: Question) -> tuple[tuple[int, ...], ...]:
    return tuple(clip.frames.shape for clip in question.clips)
