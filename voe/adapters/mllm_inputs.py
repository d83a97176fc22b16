"""Questions -> the inputs of a multimodal language model, by its own processor and chat template."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Sequence
from typing import Any, Literal

from voe.adapters.checkpoints import loading
from voe.adapters.judge import Question, ShownClip
from voe.adapters.messages import message_parts
from voe.adapters.specs import ModelSpec
from voe.errors import ModelError

Layout = Literal["video", "images"]

_EXTRA = 'pip install "voe-toolkit[mllm]"'


def load_processor(spec: ModelSpec, revision: str | None) -> tuple[Any, Layout]:
    """A model's processor, set to padding on the left, and whether a clip is one video or several images.

    Raises:
        ModelError: not found, a package that it needs is missing or broken, no chat template, or
            `frames=video` for a processor without videos.
    """
    from transformers import AutoProcessor

    with loading(spec):
        try:
            processor = AutoProcessor.from_pretrained(
                spec.reference, **({"revision": revision} if revision else {})
            )
        except ImportError as error:
            raise ModelError(_what_is_missing(spec, error)) from error
        except RuntimeError as error:
            if "torchvision" not in str(error):
                raise
            raise ModelError(
                f"model {spec.text!r}: torchvision is installed, but was built for another torch than the "
                f"one here, so its processor cannot be imported ({error}). Install two that belong together"
            ) from error
    if not hasattr(processor, "tokenizer") or not getattr(processor, "chat_template", None):
        raise ModelError(
            f"model {spec.text!r}: its {type(processor).__name__} has no chat template, so it cannot be "
            "asked in its own format; choose an instruction-tuned model"
        )
    videos = getattr(processor, "video_processor", None) is not None
    layout = spec.string("frames", "video" if videos else "images", ("video", "images"))
    if layout == "video" and not videos:
        raise ModelError(f"model {spec.text!r}: its processor takes no videos; use frames=images")
    tokenizer = processor.tokenizer
    tokenizer.padding_side = "left"  # the answer must follow the prompt at once, in every row of a batch
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return processor, "video" if layout == "video" else "images"


def _what_is_missing(spec: ModelSpec, error: ImportError) -> str:
    """Which package a processor lacks, and which extra brings it."""
    lacking = [name for name in ("torchvision", "num2words") if importlib.util.find_spec(name) is None]
    named = [name for name in lacking if name in str(error)] or lacking
    if not named:
        return f"model {spec.text!r}: its processor cannot be imported: {' '.join(str(error).split())}"
    return (
        f"model {spec.text!r}: its processor needs {' and '.join(named)}, not installed here; {_EXTRA}, with "
        "a torchvision that was built for your torch"
    )


def model_inputs(processor: Any, questions: Sequence[Question], layout: Layout) -> Any:
    """A batch of questions as the processor's BatchFeature of torch tensors.

    Frames are handed over as they are: nothing is sampled again, and the rate of the frames shown goes along
    as the rate of the video, for processors that write times into the prompt.

    Raises:
        ValueError: the two clips of a question differ in length, where the processor would fill up the
            shorter one with black frames.
    """
    settings: dict[str, object] = {"padding": True}
    if layout == "video":
        _refuse_filling(processor, questions)
        clips = [clip for question in questions for clip in question.clips]
        settings |= {"do_sample_frames": False, "video_metadata": [_metadata(clip) for clip in clips]}
    return processor.apply_chat_template(
        [_conversation(question, layout) for question in questions],
        add_generation_prompt=True,
        tokenize=True,
        return_dict=True,
        return_tensors="pt",
        processor_kwargs=settings,
    )


def _conversation(question: Question, layout: Layout) -> list[dict[str, object]]:
    content: list[dict[str, object]] = []
    for part in message_parts(question):
        if isinstance(part, str):
            content.append({"type": "text", "text": part})
        elif layout == "video":
            content.append({"type": "video", "video": part.frames})
        else:
            content.extend({"type": "image", "image": frame} for frame in _pictures(part))
    return [{"role": "user", "content": content}]


def _pictures(clip: ShownClip) -> list[Any]:
    from PIL import Image

    return [Image.fromarray(frame) for frame in clip.frames]


def _metadata(clip: ShownClip) -> Any:
    from transformers.video_utils import VideoMetadata

    n, height, width, _ = clip.frames.shape
    return VideoMetadata(
        total_num_frames=n,
        fps=clip.fps,
        width=width,
        height=height,
        duration=n / clip.fps,
        frames_indices=list(range(n)),
    )


def _refuse_filling(processor: Any, questions: Sequence[Question]) -> None:
    lengths = {len(clip.frames) for question in questions for clip in question.clips}
    if len(lengths) > 1 and getattr(processor.video_processor, "do_pad", False):
        shown = " and ".join(map(str, sorted(lengths)))
        raise ValueError(
            f"the clips show {shown} frames, and this processor would fill up the shorter ones with black "
            "frames; show equally many, or use frames=images"
        )
