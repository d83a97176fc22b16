"""`clip:` on tiny CLIP, SigLIP and X-CLIP models, by their own processors, against models called by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.adapters import tiny_clip, tiny_mllm
from voe.adapters.clip import Contrastive
from voe.adapters.conformance import failures
from voe.adapters.judge import Question
from voe.adapters.judge_conformance import check_judge
from voe.adapters.load import load_any
from voe.errors import ModelError
from voe.judging.asking import ask
from voe.judging.plan import Asking
from voe.loaders.load import load_stimuli
from voe.miniature.work import first_scenes

SAVED: dict[str, Callable[[Path], Path]] = {
    "clip": tiny_clip.save_clip,
    "siglip": tiny_clip.save_siglip,
    "xclip": tiny_clip.save_xclip,
}
CAPTIONS = ("a video that could happen", "a video of an impossible event")


@pytest.fixture(scope="module", params=SAVED)
def judge(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Contrastive:
    folder = SAVED[request.param](tmp_path_factory.mktemp("models") / request.param)
    made = load_any(f"clip:{folder}", device="cpu")
    assert isinstance(made, Contrastive)
    return made


def test_it_keeps_the_contract(judge: Contrastive) -> None:
    results = check_judge(judge)
    assert not failures(results) and all(result.passed for result in results)
    assert judge.spec.kinds == ("caption",) and judge.spec.snapshot.startswith("sha256:")


def test_the_judgement_is_the_difference_of_similarities(judge: Contrastive) -> None:
    clip = tiny_mllm.clip(0, n_frames=4, size=40)
    (answer,) = judge.ask([Question("q", "caption", "", CAPTIONS, (clip,))])
    assert answer.probabilities is not None
    pictures = [Image.fromarray(frame) for frame in clip.frames]
    kind = judge.model.config.model_type
    words = judge.processor.tokenizer(
        list(CAPTIONS), padding="max_length" if kind == "siglip" else True, return_tensors="pt"
    )
    pixels = judge.processor.image_processor(pictures, return_tensors="pt")["pixel_values"]
    with torch.inference_mode():
        if kind == "xclip":
            logits = judge.model(**words, pixel_values=pixels[None]).logits_per_video
        else:
            logits = judge.model(**words, pixel_values=pixels).logits_per_image
    wanted = (logits[:, 0] - logits[:, 1]).mean().item()
    p = answer.probabilities[CAPTIONS[0]]
    assert np.log(p / (1 - p)) == pytest.approx(wanted, abs=1e-4) and abs(wanted) > 1e-3
    assert answer.word == CAPTIONS[0 if wanted > 0 else 1]


def test_a_whole_run(judge: Contrastive, tmp_path: Path) -> None:
    few = first_scenes(load_stimuli("builtin"), 1)
    quad = few.quadruplets[0]
    one = replace(
        few, quadruplets=(quad,), clips=tuple(c for c in few.clips if c.id in quad.clips),
        pairs=tuple(p for p in few.pairs if set(p.clips) <= set(quad.clips)),
    )  # fmt: skip
    run = ask(judge, one, Asking(8), tmp_path / "run")
    assert run.lock["measure"]["stream"] == "caption"
    table = run.quadruplets().set_index("stream")
    assert set(table.index) == {"caption", "caption, names the concept"}
    assert (table["status"] == "scored").all() and np.isfinite(table["contrast"]).all()


def test_other_models_are_refused(tmp_path: Path) -> None:
    folder = tiny_mllm.save_llava(tmp_path / "llava")
    with pytest.raises(ModelError, match="it is a 'llava' model; contrastive ones here are"):
        load_any(f"clip:{folder}")
    with pytest.raises(ModelError, match="name a folder or a hub id"):
        load_any("clip:")
