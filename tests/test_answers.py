"""Answers that were given elsewhere, planted: right, wrong, coin, unparsable."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.loaders import layouts
from tests.loaders.benchmarks import voe
from voe.answers import choice_of, score_answers, yes_or_no
from voe.clips import Clip
from voe.errors import CardError
from voe.loaders.load import load_stimuli


def answered(path: Path, clips: tuple[Clip, ...], answer: Callable[[Clip], str]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["clip", "answer"])
        writer.writerows([clip.id, answer(clip)] for clip in clips)
    return path


@pytest.mark.parametrize(
    ("answer", "share", "unparsable"),
    [
        (lambda clip: "Yes." if clip.possible else "no, it cannot", 1.0, 0),
        (lambda clip: "no" if clip.possible else "yes", 0.0, 0),
        (lambda clip: "Yes", 0.5, 0),
        (lambda clip: "I think so" if clip.possible else "No", 0.5, 4),
    ],
)
def test_grasp_counts_first_words(
    answer: Callable[[Clip], str], share: float, unparsable: int, tmp_path: Path
) -> None:
    root = layouts.grasp(tmp_path / "data")
    stimuli = load_stimuli("grasp", root)
    path = answered(tmp_path / "answers.csv", stimuli.clips, answer)
    output = voe("stimuli", "answers", "grasp", str(path), "--root", str(root), "--json").output
    found = {row["block"]: row for row in json.loads(output)}
    assert list(found) == ["Gravity", "Inertia2", "all"]
    assert (found["all"]["value"], found["all"]["n"], found["all"]["unparsable"]) == (share, 8, unparsable)
    assert found["all"]["chance"] == 0.5


@pytest.mark.parametrize(
    ("answer", "share"),
    [
        (lambda clip: {"stays": "A", "changes": "(B) changes"}[clip.tags["answer"]], 1.0),
        (lambda clip: clip.tags["answer"].upper(), 1.0),
        (lambda clip: "A", 0.0),  # right in one of two of every pair, and so in none
        (lambda clip: "hard to say", 0.0),
    ],
)
def test_a_pair_of_mvp_needs_both_answers(
    answer: Callable[[Clip], str], share: float, tmp_path: Path
) -> None:
    root = layouts.mvp(tmp_path / "data")
    stimuli = load_stimuli("mvp-intuitive-physics", root)
    found = score_answers(stimuli, {clip.id: answer(clip) for clip in stimuli.clips})
    assert [(score.block, score.value, score.n, score.chance) for score in found] == [("all", share, 6, 0.25)]
    path = answered(tmp_path / "answers.csv", stimuli.clips, answer)
    text = voe("stimuli", "answers", "mvp-intuitive-physics", str(path), "--root", str(root)).output
    assert "pair accuracy of the answers" in text and "25.0 %" in text


def test_what_was_not_asked_is_refused_and_not_called_wrong(tmp_path: Path) -> None:
    stimuli = load_stimuli("grasp", layouts.grasp(tmp_path / "data"))
    answers = {clip.id: "yes" for clip in stimuli.clips}
    with pytest.raises(CardError, match="1 clip without one, the first 'P_Gravity/000'"):
        score_answers(stimuli, {k: v for k, v in answers.items() if k != "P_Gravity/000"})
    with pytest.raises(CardError, match="no clip 'P_Gravty/000'"):
        score_answers(stimuli, {**answers, "P_Gravty/000": "yes"})


@pytest.mark.parametrize(
    ("text", "word"),
    [("yes", "yes"), (" NO!", "no"), ("**Yes**", "yes"), ("yesterday", None), ("", None), ("maybe", None)],
)
def test_first_words(text: str, word: str | None) -> None:
    assert yes_or_no(text) == word


@pytest.mark.parametrize(
    ("text", "choice"),
    [("A", "left"), ("b.", "right"), ("Answer: B", "right"), ("(A) left", "left"), ("Right", "right"),
     ("a left turn", "left"), ("C", None), ("because", None), ("", None)],
)  # fmt: skip
def test_choices(text: str, choice: str | None) -> None:
    assert choice_of(text, ["left", "right"]) == choice
