"""`mllm:` on a tiny LLaVA with its real processor; Qwen2-VL and SmolVLM in a process of their own.

The processors of Qwen2-VL and SmolVLM need torchvision, and a torchvision beside another build of torch stops
transformers from importing anything. So it lies in a folder of its own (`make test` puts it there), and only
that process sees it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.adapters import tiny_mllm as tiny
from voe.adapters.conformance import failures
from voe.adapters.judge_conformance import check_judge
from voe.adapters.load import load_any
from voe.adapters.messages import first_tokens, message_parts, to_answer
from voe.adapters.mllm import Mllm
from voe.adapters.mllm_inputs import model_inputs
from voe.errors import ModelError
from voe.judging.asking import ask
from voe.judging.plan import Asking
from voe.loaders.load import load_stimuli
from voe.miniature.work import first_scenes

ROOT = Path(__file__).parents[2]
TORCHVISION = Path(sys.prefix) / "torchvision"


@pytest.fixture(scope="module")
def llava(tmp_path_factory: pytest.TempPathFactory) -> Mllm:
    made = load_any(f"mllm:{tiny.save_llava(tmp_path_factory.mktemp('models') / 'llava')}", device="cpu")
    assert isinstance(made, Mllm)
    return made


def test_it_keeps_the_contract(llava: Mllm) -> None:
    results = check_judge(llava)
    assert not failures(results) and len(results) == 5
    assert llava.layout == "images" and llava.spec.snapshot.startswith("sha256:")


def test_probabilities_are_those_of_the_first_token(llava: Mllm) -> None:
    question = tiny.rate(0)
    (answer,) = llava.ask([question])
    assert answer.probabilities is not None and answer.mass is not None
    inputs = model_inputs(llava.processor, [question], llava.layout)
    with torch.inference_mode():
        scores = llava.model(**inputs).logits[0, -1].float().softmax(dim=-1)
    tokens = first_tokens(("yes", "no"), llava._encode)
    assert tokens is not None
    yes, no = (float(scores[list(tokens[word])].sum()) for word in ("yes", "no"))
    assert answer.probabilities["yes"] == pytest.approx(yes / (yes + no), abs=1e-5)
    assert answer.mass == pytest.approx(yes + no, abs=1e-5)
    assert answer.word == ("yes" if yes > no else "no")


def test_what_is_shown_moves_the_answer_and_the_batch_does_not(llava: Mllm) -> None:
    questions = [tiny.rate(seed) for seed in range(5)] + [tiny.choose(0, 1), tiny.choose(1, 0)]
    together = [a.probabilities for a in llava.ask(questions)]
    alone = [a.probabilities for q in questions for a in llava.ask([q])]
    for one, other in zip(together, alone, strict=True):
        assert one is not None and other is not None
        assert all(abs(one[key] - other[key]) < 1e-4 for key in one)
    assert len({round(p["yes"], 5) for p in together[:5] if p}) == 5


def test_answers_in_words(llava: Mllm) -> None:
    worded = load_any(f"{llava.spec.name},answers=text,max_tokens=3", device="cpu")
    (answer,) = worded.ask([tiny.rate(0)])  # type: ignore[union-attr]
    assert answer.probabilities is None and answer.tokens_out is not None and answer.tokens_out <= 3


def test_layout_of_messages() -> None:
    one, two = message_parts(tiny.rate(0)), message_parts(tiny.choose(0, 1))
    assert len(one) == 2 and one[1] == "Could this happen? Answer yes or no."
    assert two[0] == "First video:" and two[2] == "Second video:" and isinstance(two[4], str)
    refusal = to_answer(tiny.rate(0), "I cannot answer this.", {"yes": -0.1, "no": -3.0})
    assert refusal.status == "refused" and refusal.probabilities is None


def test_a_question_that_cannot_be_put_fails_alone(llava: Mllm) -> None:
    broken = replace(
        tiny.rate(1), id="broken", clips=(replace(tiny.clip(1), frames=np.zeros((2, 0, 4, 3), np.uint8)),)
    )
    answers = {a.question: a for a in llava.ask([tiny.rate(0), broken])}
    assert answers["broken"].status == "failed" and answers["broken"].reason
    assert answers[tiny.rate(0).id].status == "answered"


def test_a_whole_run(llava: Mllm, tmp_path: Path) -> None:
    few = first_scenes(load_stimuli("builtin"), 1)
    quad = few.quadruplets[0]
    one = replace(
        few, quadruplets=(quad,), clips=tuple(c for c in few.clips if c.id in quad.clips),
        pairs=tuple(p for p in few.pairs if set(p.clips) <= set(quad.clips)),
    )  # fmt: skip
    run = ask(llava, one, Asking(4, size=56), tmp_path / "run")
    assert run.has_probabilities(run.judgements)
    assert (run.judgements["status"] == "answered").all() and run.judgements["mass"].notna().any()
    assert set(run.quadruplets()["status"]) == {"scored"}


@pytest.mark.parametrize(
    ("options", "words"),
    [(",frames=video", "takes no videos; use frames=images"), (",framess=images", "Did you mean 'frames'")],
)
def test_bad_options(llava: Mllm, options: str, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        load_any(f"{llava.spec.name}{options}")


def test_a_hub_id_that_cannot_be_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    # The hub's library reads its environment when it is imported; without this it tries again for minutes.
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match="no-such/model"):
        load_any("mllm:no-such/model")


@pytest.mark.skipif(not TORCHVISION.is_dir(), reason=f"there is no torchvision in {TORCHVISION} (make test)")
def test_qwen_and_smolvlm_with_their_own_processors(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests/adapters/with_torchvision.py"), str(TORCHVISION), str(tmp_path)],
        capture_output=True, text=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("whole run") == 2, done.stdout
