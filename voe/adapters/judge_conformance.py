"""Does a judge keep the contract of `voe.adapters.judge`? A few questions about noise, asked three times."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final, get_args

import numpy as np

from voe.adapters.conformance import CheckResult
from voe.adapters.judge import Answer, AnswerStatus, Judge, Question, QuestionKind, ShownClip
from voe.adapters.own_files import FOREIGN_ERRORS, describe
from voe.adapters.planted import PlantedJudge

_SUM_LIMIT: Final = 1e-6
_SAME_LIMIT: Final = 1e-4


def check_judge(judge: Judge, *, seed: int = 0) -> list[CheckResult]:
    """Every check on a judge; nothing is raised for what it does wrong.

    A few questions of each kind that it answers are asked together, again, and in the reverse order.

    Returns:
        One result a check: spec, one answer each, contents, determinism and order. That answers are others
        when it is asked again is advice, since a server may sample; that they are unsound is a failure.
    """
    results = [_spec(judge)]
    if not results[0].passed:
        return results
    questions = probe_questions(judge, seed)
    if isinstance(judge, PlantedJudge):
        judge.learn({q.id: (q.choices[0] if q.choices else "", q.choices) for q in questions})
    try:
        answers = list(judge.ask(questions))
        results.append(_one_each(questions, answers))
        results.append(_contents(questions, answers))
    except FOREIGN_ERRORS as error:
        return [*results, CheckResult("one answer each", False, f"raised {describe(error)}")]
    if all(result.passed for result in results):
        results.append(_again("determinism", judge, questions, answers, "asked again"))
        results.append(_again("order", judge, questions[::-1], answers, "asked in reverse order"))
    return results


def _again(
    name: str, judge: Judge, questions: Sequence[Question], first: Sequence[Answer], how: str
) -> CheckResult:
    """The same questions once more: other sound answers are advice, unsound ones and errors are failures."""
    try:
        second = list(judge.ask(questions))
        for check in (_one_each, _contents):
            if not (found := check(questions, second)).passed:
                return CheckResult(name, False, f"{how}: {found.message}")
        return _same(name, first, second, how)
    except FOREIGN_ERRORS as error:
        return CheckResult(name, False, f"{how}, it raised {describe(error)}")


def probe_questions(judge: Judge, seed: int = 0) -> list[Question]:
    """Two questions of each kind that the judge answers, about clips of noise."""
    generator = np.random.default_rng(seed)
    size = min(judge.spec.size or 64, 64)
    n = min(judge.spec.max_frames, 4)

    def clip(name: str) -> ShownClip:
        frames = generator.integers(0, 256, (n, size, size, 3), dtype=np.uint8)
        return ShownClip(name, frames, 4.0, tuple(range(n)))

    choices: Mapping[str, tuple[str, ...]] = {
        "rate": ("yes", "no"), "choose": ("first", "second"), "comprehension": ("left", "right"),
        "caption": ("a video of grey noise", "a video of a red ball"),
    }  # fmt: skip
    prompts = {
        "rate": "Is this video noisy? Answer yes or no.",
        "choose": "Which video is noisier, the first or the second? Answer first or second.",
        "comprehension": "Is it lighter on the left or on the right? Answer left or right.",
        "caption": "",
    }
    return [
        Question(
            f"{kind}-{number}", kind, prompts[kind], choices[kind],
            (clip("a"), clip("b")) if kind == "choose" else (clip("a"),),
        )
        for kind in judge.spec.kinds
        for number in range(2)
    ]  # fmt: skip


def _spec(judge: Judge) -> CheckResult:
    spec = judge.spec
    wrong = [kind for kind in spec.kinds if kind not in get_args(QuestionKind)]
    if wrong or not spec.kinds or spec.max_frames < 2:
        return CheckResult("spec", False, f"kinds {spec.kinds}, max_frames {spec.max_frames}: see JudgeSpec")
    return CheckResult("spec", True, f"answers {', '.join(spec.kinds)}; at most {spec.max_frames} frames")


def _one_each(questions: Sequence[Question], answers: Sequence[Answer]) -> CheckResult:
    asked, given = sorted(q.id for q in questions), sorted(a.question for a in answers)
    if asked != given:
        return CheckResult(
            "one answer each", False, f"{len(asked)} questions, and answers to {given}; every one gets one"
        )
    return CheckResult("one answer each", True, f"{len(asked)} questions, as many answers")


def _contents(questions: Sequence[Question], answers: Sequence[Answer]) -> CheckResult:
    choices = {q.id: q.choices for q in questions}
    for answer in answers:
        if fault := fault_of(answer, choices.get(answer.question, ())):
            return CheckResult("contents", False, f"answer to {answer.question!r}: {fault}")
    counts = {s: sum(a.status == s for a in answers) for s in get_args(AnswerStatus)}
    told = ", ".join(f"{n} {status}" for status, n in counts.items() if n)
    return CheckResult("contents", True, told)


def fault_of(answer: Answer, choices: tuple[str, ...]) -> str:
    """What keeps an answer to a question with these choices from being used; empty where it is sound."""
    if answer.status not in get_args(AnswerStatus):
        return f"status {answer.status!r} is none of {', '.join(get_args(AnswerStatus))}"
    if answer.status != "answered":
        return "has a word or probabilities" if answer.word or answer.probabilities else ""
    if choices and answer.word not in choices:
        return f"its word {answer.word!r} is none of the choices {choices}"
    if answer.probabilities is not None:
        values = list(answer.probabilities.values())
        if set(answer.probabilities) != set(choices):
            return f"its probabilities are of {sorted(answer.probabilities)}, not of the choices"
        if not all(math.isfinite(p) and p >= 0 for p in values) or abs(sum(values) - 1) > _SUM_LIMIT:
            return f"its probabilities {values} do not add up to 1"
    return ""


def _same(name: str, first: Sequence[Answer], second: Sequence[Answer], when: str) -> CheckResult:
    others = {answer.question: answer for answer in second}
    worst = 0.0
    for answer in first:
        other = others.get(answer.question)
        if (
            other is None
            or (other.status, other.word) != (answer.status, answer.word)
            or (bool(other.probabilities) != bool(answer.probabilities))
        ):
            return CheckResult(
                name, False, f"{answer.question!r}: another answer when {when}", required=False
            )
        if answer.probabilities and other.probabilities:
            for choice, p in answer.probabilities.items():
                worst = max(worst, abs(p - other.probabilities[choice]))
    return CheckResult(
        name, worst <= _SAME_LIMIT, f"probabilities differ by {worst:.1g} when {when}", worst, _SAME_LIMIT,
        required=False,
    )  # fmt: skip
