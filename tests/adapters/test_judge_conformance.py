"""The suite for judges: planted judges pass, and each fault is found by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import pytest
from click.testing import CliRunner

from voe.adapters.conformance import failures
from voe.adapters.judge import Answer, Judge, JudgeSpec, Question
from voe.adapters.judge_conformance import check_judge
from voe.adapters.planted import CHARACTERS, PlantedJudge
from voe.cli.main import cli


@pytest.mark.parametrize("character", CHARACTERS)
def test_planted_judges_conform(character: str) -> None:
    results = check_judge(PlantedJudge("planted", character))
    assert all(result.passed for result in results) and len(results) == 5


class Faulty(Judge):
    """Spoils what a perfect judge says."""

    def __init__(self, spoil: Callable[[Answer], list[Answer]]) -> None:
        self.spec = JudgeSpec("faulty", "test", kinds=("rate",))
        self.spoil = spoil

    def ask(self, questions: Sequence[Question]) -> Iterator[Answer]:
        for question in questions:
            yield from self.spoil(Answer(question.id, "answered", "yes", "yes", {"yes": 0.75, "no": 0.25}))


@pytest.mark.parametrize(
    ("spoil", "check", "words"),
    [
        (lambda a: [], "one answer each", "every one gets one"),
        (lambda a: [a, a], "one answer each", "every one gets one"),
        (lambda a: [replace(a, word="maybe")], "contents", "none of the choices"),
        (lambda a: [replace(a, probabilities={"yes": 0.9, "no": 0.9})], "contents", "do not add up"),
        (lambda a: [replace(a, probabilities={"yes": 1.0})], "contents", "not of the choices"),
        (lambda a: [replace(a, status="refused")], "contents", "has a word"),
        (lambda a: [replace(a, status="perhaps")], "contents", "is none of"),
    ],
)
def test_faults_are_found(spoil: Callable[[Answer], list[Answer]], check: str, words: str) -> None:
    found = failures(check_judge(Faulty(spoil)))
    assert [result.name for result in found] == [check] and words in found[0].message


class OnlyOnce(Faulty):
    """Raises when it is asked again."""

    def __init__(self) -> None:
        super().__init__(lambda answer: [answer])
        self.asked = False

    def ask(self, questions: Sequence[Question]) -> Iterator[Answer]:
        if self.asked:
            raise RuntimeError("the session is closed")
        self.asked = True
        return super().ask(questions)


class OtherLater(Faulty):
    """Answers soundly once, and spoils what it says afterwards."""

    def __init__(self, spoil: Callable[[Answer], list[Answer]]) -> None:
        super().__init__(lambda answer: [answer])
        self.later = spoil

    def ask(self, questions: Sequence[Question]) -> Iterator[Answer]:
        yield from super().ask(questions)
        self.spoil = self.later


@pytest.mark.parametrize(
    ("spoil", "required", "words"),
    [
        (lambda a: [a, a], True, "asked again: 2 questions, and answers to"),
        (lambda a: [replace(a, probabilities={"yes": float("nan"), "no": 0.5})], True, "do not add up"),
        (lambda a: [replace(a, probabilities=None)], False, "another answer when asked again"),
        (lambda a: [None], True, "asked again, it raised AttributeError"),
    ],
)
def test_later_answers_are_looked_at_as_the_first_ones(
    spoil: Callable[[Answer], list[Answer]], required: bool, words: str
) -> None:
    [found] = [one for one in check_judge(OtherLater(spoil)) if one.name == "determinism"]
    assert not found.passed and found.required == required and words in found.message


def test_a_judge_that_raises_when_it_is_asked_again_fails() -> None:
    found = {result.name: result.message for result in failures(check_judge(OnlyOnce()))}
    assert set(found) == {"determinism", "order"}
    assert "asked again, it raised RuntimeError: the session is closed" in found["determinism"]


def test_the_command_takes_judges() -> None:
    done = CliRunner().invoke(cli, ["check-adapter", "planted:perfect"])
    assert done.exit_code == 0 and "8 questions, as many answers" in done.output
