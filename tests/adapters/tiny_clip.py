"""Tiny contrastive models with random weights, saved as large ones are, with their real processors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from tests.adapters.tiny_mllm import louder, tokenizer


def _words(specials: tuple[str, ...]) -> Any:
    """A tokenizer that ends every caption, as those of CLIP do: the text is read off its last token."""
    from tokenizers.processors import TemplateProcessing

    words = tokenizer("", specials)
    words.backend_tokenizer.post_processor = TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", 0)]
    )
    words.model_max_length = 64
    return words


_TEXT = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4}
_VISION = {**_TEXT, "image_size": 28, "patch_size": 14}


def _pictures() -> Any:
    from transformers import CLIPImageProcessorPil

    return CLIPImageProcessorPil(size={"shortest_edge": 28}, crop_size={"height": 28, "width": 28})


def save_clip(folder: Path, seed: int = 0) -> Path:
    """CLIP: a similarity a frame."""
    from transformers import CLIPConfig, CLIPModel, CLIPProcessor

    words = _words(("</s>", "<pad>", "<s>"))
    text = {**_TEXT, "vocab_size": len(words), "eos_token_id": 0, "bos_token_id": 2, "pad_token_id": 1,
            "max_position_embeddings": 64}  # fmt: skip
    torch.manual_seed(seed)
    model = louder(CLIPModel(CLIPConfig(text_config=text, vision_config=_VISION, projection_dim=16)))
    model.save_pretrained(folder)
    CLIPProcessor(_pictures(), words).save_pretrained(folder)
    return folder


def save_siglip(folder: Path, seed: int = 0) -> Path:
    """SigLIP: captions padded to their full length."""
    from transformers import SiglipConfig, SiglipImageProcessorPil, SiglipModel, SiglipProcessor

    words = _words(("</s>", "<pad>"))
    text = {**_TEXT, "vocab_size": len(words), "max_position_embeddings": 64, "pad_token_id": 1,
            "eos_token_id": 0, "bos_token_id": None, "projection_size": 32}  # fmt: skip
    torch.manual_seed(seed)
    model = louder(SiglipModel(SiglipConfig(text_config=text, vision_config=_VISION)))
    model.save_pretrained(folder)
    SiglipProcessor(SiglipImageProcessorPil(size={"height": 28, "width": 28}), words).save_pretrained(folder)
    return folder


def save_xclip(folder: Path, seed: int = 0) -> Path:
    """X-CLIP: a similarity of the whole clip, of four frames."""
    from transformers import XCLIPConfig, XCLIPModel, XCLIPProcessor

    words = _words(("</s>", "<pad>", "<s>"))
    text = {**_TEXT, "vocab_size": len(words), "eos_token_id": 0, "bos_token_id": 2, "pad_token_id": 1,
            "max_position_embeddings": 64}  # fmt: skip
    vision = {**_VISION, "num_frames": 4, "mit_hidden_size": 16, "mit_intermediate_size": 32,
              "mit_num_hidden_layers": 1, "mit_num_attention_heads": 2}  # fmt: skip
    torch.manual_seed(seed)
    config = XCLIPConfig(
        text_config=text,
        vision_config=vision,
        projection_dim=16,
        prompt_layers=1,
        prompt_num_attention_heads=2,
    )
    model = louder(XCLIPModel(config))
    model.save_pretrained(folder)
    XCLIPProcessor(_pictures(), words).save_pretrained(folder)
    return folder
