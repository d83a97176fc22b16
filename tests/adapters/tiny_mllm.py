"""Tiny multimodal models with random weights, saved as large ones are, with their real processors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from voe.adapters.judge import Question, ShownClip

SENTENCES = (
    "Could this happen? Answer yes or no.",
    "Which video shows the impossible event, the first video or the second video? First video: Second video:",
    "Yes. No. yes no first second First Second left right cube cylinder one none",
    "user assistant system You are a helpful assistant. User: Assistant: describe the picture",
)
LLAVA_TEMPLATE = (
    "{% for message in messages %}{{ message['role'] | upper }}: {% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<image>\n{% else %}{{ part['text'] }} {% endif %}{% endfor %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}ASSISTANT:{% endif %}"
)
QWEN_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% elif part['type'] == 'video' %}<|vision_start|><|video_pad|><|vision_end|>"
    "{% else %}{{ part['text'] }}{% endif %}{% endfor %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
SMOL_TEMPLATE = (
    "<|im_start|>{% for message in messages %}{{ message['role'] | capitalize }}: "
    "{% for part in message['content'] %}{% if part['type'] == 'image' %}<image>"
    "{% elif part['type'] == 'video' %}<video>{% else %}{{ part['text'] }}{% endif %}{% endfor %}"
    "<end_of_utterance>\n{% endfor %}{% if add_generation_prompt %}Assistant:{% endif %}"
)
_TEXT = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 4096,
}


def tokenizer(template: str, specials: tuple[str, ...], **named: str) -> Any:
    """A byte-level BPE of some 400 tokens, trained on a few sentences; the first special token ends it."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=420,
        special_tokens=list(specials),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    core.train_from_iterator([*SENTENCES] * 8, trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=core, eos_token=specials[0], pad_token=specials[1], extra_special_tokens=named
    )
    fast.chat_template = template
    return fast


def save_llava(folder: Path, seed: int = 0) -> Path:
    """LLaVA: images only, and a processor that needs no torchvision."""
    from transformers import (
        CLIPImageProcessorPil,
        CLIPVisionConfig,
        LlamaConfig,
        LlavaConfig,
        LlavaForConditionalGeneration,
        LlavaProcessor,
    )

    words = tokenizer(LLAVA_TEMPLATE, ("</s>", "<pad>", "<image>"))
    vision = CLIPVisionConfig(
        hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, image_size=28,
        patch_size=14, projection_dim=32,
    )  # fmt: skip
    text = LlamaConfig(vocab_size=len(words), eos_token_id=0, pad_token_id=1, bos_token_id=None, **_TEXT)
    torch.manual_seed(seed)
    model = LlavaForConditionalGeneration(
        LlavaConfig(vision_config=vision, text_config=text, image_token_index=2, image_seq_length=4)
    )
    pictures = CLIPImageProcessorPil(size={"shortest_edge": 28}, crop_size={"height": 28, "width": 28})
    processor = LlavaProcessor(
        pictures, words, patch_size=14, vision_feature_select_strategy="default",
        chat_template=LLAVA_TEMPLATE, num_additional_image_tokens=1,
    )  # fmt: skip
    return _save(folder, louder(model), processor)


def save_qwen(folder: Path, seed: int = 0) -> Path:
    """Qwen2-VL: videos and images of any size, tubelets of two frames."""
    from transformers import (
        Qwen2VLConfig,
        Qwen2VLForConditionalGeneration,
        Qwen2VLImageProcessor,
        Qwen2VLProcessor,
        Qwen2VLVideoProcessor,
    )

    specials = (
        "<|im_end|>", "<|endoftext|>", "<|im_start|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>",
        "<|video_pad|>",
    )  # fmt: skip
    words = tokenizer(QWEN_TEMPLATE, specials)
    config = Qwen2VLConfig(
        text_config={
            "vocab_size": len(words), "eos_token_id": 0, "pad_token_id": 1, "bos_token_id": None,
            "rope_parameters": {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [2, 1, 1]},
            **_TEXT,
        },
        vision_config={
            "depth": 2, "embed_dim": 32, "hidden_size": 32, "num_heads": 4, "mlp_ratio": 2, "patch_size": 14,
        },
        image_token_id=5, video_token_id=6, vision_start_token_id=3, vision_end_token_id=4,
    )  # fmt: skip
    torch.manual_seed(seed)
    model = Qwen2VLForConditionalGeneration(config)
    size = {"shortest_edge": 56 * 56, "longest_edge": 84 * 84}
    processor = Qwen2VLProcessor(
        Qwen2VLImageProcessor(size=size), words, Qwen2VLVideoProcessor(size=size), chat_template=QWEN_TEMPLATE
    )
    return _save(folder, louder(model), processor)


def save_smolvlm(folder: Path, seed: int = 0) -> Path:
    """SmolVLM: a video is written into the prompt as frames with their times."""
    from transformers import (
        SmolVLMConfig,
        SmolVLMForConditionalGeneration,
        SmolVLMImageProcessor,
        SmolVLMProcessor,
        SmolVLMVideoProcessor,
    )

    specials = (
        "<end_of_utterance>", "<pad>", "<|im_start|>", "<image>", "<video>", "<fake_token_around_image>",
        "<global-img>", *(f"<row_{i}_col_{j}>" for i in (1, 2) for j in (1, 2)),
    )  # fmt: skip
    words = tokenizer(SMOL_TEMPLATE, specials)
    config = SmolVLMConfig(
        text_config={
            "model_type": "llama", "vocab_size": len(words), "eos_token_id": 0, "pad_token_id": 1,
            "bos_token_id": None, **_TEXT,
        },
        vision_config={
            "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4,
            "image_size": 56, "patch_size": 14,
        },
        image_token_id=3, scale_factor=2, pad_token_id=1,
    )  # fmt: skip
    torch.manual_seed(seed)
    model = SmolVLMForConditionalGeneration(config)
    sizes = {"size": {"longest_edge": 56}, "max_image_size": {"longest_edge": 56}}
    videos = SmolVLMVideoProcessor(
        **sizes, video_sampling={"fps": 1, "max_frames": 64, "video_size": {"longest_edge": 56}}
    )
    processor = SmolVLMProcessor(
        SmolVLMImageProcessor(**sizes, do_image_splitting=False), words, videos, image_seq_len=4,
        chat_template=SMOL_TEMPLATE,
    )  # fmt: skip
    return _save(folder, louder(model), processor)


def louder(model: Any) -> Any:
    """The same random network with larger weights, so that what it is shown moves its answers."""
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.mul_(4)
    return model.eval()


def _save(folder: Path, model: Any, processor: Any) -> Path:
    model.generation_config.eos_token_id = 0
    model.generation_config.pad_token_id = 1
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def clip(seed: int = 0, n_frames: int = 4, size: int = 40, fps: float = 4.0) -> ShownClip:
    """Noise, uint8 [T, H, W, 3]."""
    frames = np.random.default_rng(seed).integers(0, 256, (n_frames, size, size, 3), dtype=np.uint8)
    return ShownClip(f"clip-{seed}", frames, fps, tuple(range(n_frames)))


def rate(seed: int = 0, prompt: str = "Could this happen? Answer yes or no.", **shown: Any) -> Question:
    """One clip, yes or no."""
    return Question(f"rate-{seed}-{prompt[:20]}", "rate", prompt, ("yes", "no"), (clip(seed, **shown),))


def choose(first: int = 0, second: int = 1) -> Question:
    """Two clips, first or second."""
    prompt = "Which video shows the impossible event, the first video or the second video?"
    clips = (clip(first), clip(second))
    return Question(f"choose-{first}-{second}", "choose", prompt, ("first", "second"), clips)
