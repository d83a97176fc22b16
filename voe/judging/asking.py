"""The loop: a judge, a set, prompts -> a run folder with `judgements/`. What is answered is not asked again.

Answers are written in parts as they come. An answer that failed is kept with its reason, and asked again by
the next run; a later answer to the same question takes the place of an earlier one.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pandas as pd

from voe.adapters.identity import identity
from voe.adapters.judge import Answer, Estimate, Judge, Question, ShownClip
from voe.adapters.judge_conformance import fault_of
from voe.adapters.own_files import foreign
from voe.adapters.planted import PlantedJudge
from voe.clips import StimulusSet
from voe.comparable import unequal
from voe.errors import ModelError, ProtocolError
from voe.judging.frames import read_clips
from voe.judging.plan import Asking, Item, items, judge_lock, right_answers
from voe.judging.questions import QuestionSet, read_questions
from voe.judging.refusals import Refusals
from voe.judging.results import JUDGEMENT_TYPES, JUDGEMENTS, JudgeRun, read_judgements
from voe.runs import Failure, RunFolder, versions
from voe.scoring import default_folder
from voe.video import Backend, backend_version

PART_SECONDS: Final = 5.0
AT_ONCE: Final = 64
"""Questions handed to a judge at once, at least: room for those that ask several at a time."""
_TEXT: Final = 4_000
"""Characters of an answer that are kept."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class _Job:
    judge: Judge
    stimuli: StimulusSet
    asking: Asking
    backend: Backend


def ask(
    judge: Judge,
    stimuli: StimulusSet,
    asking: Asking | None = None,
    out: str | Path | None = None,
    *,
    questions: QuestionSet | None = None,
    backend: Backend = "pyav",
    progress: Progress | None = None,
    command: Sequence[str] = (),
) -> JudgeRun:
    """Ask a judge about a set of stimuli; continue the run if it was begun before.

    Args:
        judge: a model that is asked in words.
        stimuli: a set with pairs or quadruplets.
        asking: frames, kinds of questions, repeats, control.
        out: the run folder; by default named as `voe.score` names it.
        questions: the prompts; by default those that ship.
        backend: the video decoder.
        progress: called with (questions done, questions in all).
        command: the command line, for the record.

    Raises:
        VoeError: nothing that could be compared, or a folder that holds another run.
        ModelError: the model cannot be asked at all.
    """
    prompts = read_questions() if questions is None else questions
    settled = (asking or Asking()).settled(judge.spec)
    plan = items(stimuli, prompts, settled)
    lock = judge_lock(judge.spec, stimuli, prompts, settled)
    if isinstance(judge, PlantedJudge):
        judge.learn(right_answers(plan))
    path = default_folder(lock, identity(judge)) if out is None else Path(out)
    job = _Job(judge, stimuli, settled, backend)
    with RunFolder.made(path).held():
        again = bool((read_judgements(path)["status"] == "failed").any())
        folder = RunFolder.create(path, lock, _record(job, command, len(plan)), stimuli, again=again)
        (path / JUDGEMENTS).mkdir(exist_ok=True)
        _ask_all(job, folder, plan, progress or (lambda done, total: None))
        run = JudgeRun(folder)
        run.write_summary()
    return run


def estimate(
    judge: Judge, stimuli: StimulusSet, asking: Asking | None = None, questions: QuestionSet | None = None
) -> Estimate:
    """What `ask` would send. The frames of the first scene that can be asked about stand for all others, so
    that questions about clips that cannot be read or compared are counted too.

    Raises:
        VoeError: what `ask` raises before it asks; nothing that could be asked about.
    """
    settled = (asking or Asking()).settled(judge.spec)
    prompts = read_questions() if questions is None else questions
    judge_lock(judge.spec, stimuli, prompts, settled)  # what `ask` would refuse is refused here
    plan = items(stimuli, prompts, settled)
    job = _Job(judge, stimuli, settled, "pyav")
    for scene in dict.fromkeys(item.scene for item in plan):
        asked, failures = _questions(job, [item for item in plan if item.scene == scene])
        if asked:
            break
    else:
        reason = next(iter(failures.values())).reason
        raise ProtocolError(f"stimuli {stimuli.name!r}: nothing of it can be asked about: {reason}")
    one = judge.estimate(asked)
    times = len(plan) / len(asked)

    def scaled(value: float | None) -> float | None:
        return None if value is None else value * times

    return Estimate(
        len(plan), round(one.known * times), round(one.images * times), round(one.image_bytes * times),
        None if one.tokens_in is None else round(one.tokens_in * times),
        None if one.tokens_out is None else round(one.tokens_out * times),
        scaled(one.cost), one.sample,
    )  # fmt: skip


def _record(job: _Job, command: Sequence[str], planned: int) -> dict[str, object]:
    spec = job.judge.spec
    return {
        "model": {
            "name": spec.name, "family": spec.family, "snapshot": spec.snapshot,
            "details": dict(spec.details),
            **({"identity": who} if (who := identity(job.judge)) else {}),
        },
        "stimuli": {"name": job.stimuli.name, "clips": len(job.stimuli.clips)},
        "engine": {"decoder": backend_version(job.backend), "compared": "clips of equal size, rate, length"},
        "rebatch_difference": 0.0,
        "questions_planned": planned,
        "versions": versions(),
        "command": list(command),
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }  # fmt: skip


def _ask_all(job: _Job, folder: RunFolder, plan: Sequence[Item], progress: Progress) -> None:
    """Ask what is missing, some scenes at a time."""
    known = read_judgements(folder.path)
    done = set(known.loc[known["status"] != "failed", "id"])
    todo = [item for item in plan if item.id not in done]
    again = {item.scene for item in todo}
    failures = {failure.clip: failure for failure in folder.failures() if failure.scene not in again}
    count = len(plan) - len(todo)
    progress(count, len(plan))
    for group in _groups(todo):
        by_id = {item.id: item for item in group}
        questions, broken = _questions(job, group)
        failures |= broken
        rows: list[dict[str, object]] = []
        numbers = {q.id: q.clips[0].numbers for q in questions}
        written = time.monotonic()
        try:
            for answer in _answers(job.judge, questions):
                item = by_id[answer.question]
                rows.append(_row(item, _sound(item, answer), numbers[answer.question]))
                count += 1
                progress(count, len(plan))
                if time.monotonic() - written > PART_SECONDS:
                    _write(folder.path, rows)
                    rows, written = [], time.monotonic()
        finally:  # whatever ends the run, what was answered is kept
            _write(folder.path, rows)
            folder.write_failures(failures.values())


def _answers(judge: Judge, questions: Sequence[Question]) -> Iterator[Answer]:
    """The judge's answers, each to a question that was asked.

    Raises:
        ModelError: the judge raises something, or answers what was not asked.
    """
    asked = {question.id for question in questions}
    with foreign(f"model {judge.spec.name!r}: ask"):
        for answer in judge.ask(questions):
            if not isinstance(answer, Answer) or answer.question not in asked:
                raise ModelError(
                    f"model {judge.spec.name!r}: ask gave {str(answer)[:80]!r}, which is no voe Answer to a "
                    "question that was asked (voe check-adapter)"
                )
            yield answer


def _groups(todo: Sequence[Item]) -> Iterator[list[Item]]:
    """Whole scenes, at least `AT_ONCE` questions together."""
    group: list[Item] = []
    for item in todo:
        if len(group) >= AT_ONCE and item.scene != group[-1].scene:
            yield group
            group = []
        group.append(item)
    if group:
        yield group


def _questions(job: _Job, group: Sequence[Item]) -> tuple[list[Question], dict[str, Failure]]:
    """The questions with their frames, and the clips that cannot be read, or not be compared: what would be
    asked only for them is not asked.
    """
    by_id = {clip.id: clip for clip in job.stimuli.clips}
    shown: dict[str, ShownClip] = {}
    failures: dict[str, Failure] = {}
    for scene in dict.fromkeys(item.scene for item in group):
        # All of a scene, also what was answered before: comparisons are refused for any of their clips.
        names = dict.fromkeys(clip for design in job.stimuli.designs_of(scene) for clip in design.clips)
        names |= dict.fromkeys(clip for item in group if item.scene == scene for clip in item.clips)
        read = read_clips([by_id[name] for name in names], job.asking, job.backend)
        shown |= read.shown
        failures |= {name: Failure(scene, name, "clip", str(error)) for name, error in read.failures.items()}
        failures |= {failure.clip: failure for failure in unequal(job.stimuli, scene, read.facts, every=True)}
    refusals = Refusals(job.stimuli, failures.values())
    questions = [
        Question(
            item.id, item.prompt.kind, item.prompt.prompt, item.prompt.choices,  # type: ignore[arg-type]
            tuple(shown[clip] for clip in item.clips), seed=item.repeat,
        )
        for item in group
        if not refusals.cover(item)
    ]  # fmt: skip
    return questions, failures


def _sound(item: Item, answer: Answer) -> Answer:
    """The answer, or a failure that says what is wrong with it: a word that is no choice is not the other."""
    fault = fault_of(answer, tuple(item.prompt.choices))
    if not fault:
        return answer
    reason = f"the judge's answer cannot be used: {fault}"
    return replace(answer, status="failed", word=None, probabilities=None, reason=reason)


def _row(item: Item, answer: Answer, numbers: Sequence[int]) -> dict[str, object]:
    first = item.prompt.choices[0]
    probability = None if answer.probabilities is None else answer.probabilities.get(first)
    return {
        "id": item.id, "kind": item.prompt.kind, "prompt": item.prompt.name, "asks": item.prompt.asks,
        "concept": item.prompt.concept, "scene": item.scene, "comparison": item.comparison,
        "clip": item.clips[0], "other": item.clips[1] if len(item.clips) > 1 else "",
        "repeat": item.repeat, "choices": json.dumps(item.prompt.choices), "right": item.right,
        "status": answer.status, "word": answer.word or "", "probability": probability,
        "mass": answer.mass, "text": answer.text[:_TEXT], "reason": answer.reason[:_TEXT],
        "tokens_in": answer.tokens_in, "tokens_out": answer.tokens_out,
        "numbers": list(numbers),
    }  # fmt: skip


def _write(path: Path, rows: Sequence[dict[str, object]]) -> None:
    """One part more, written aside and renamed."""
    if not rows:
        return
    table = pd.DataFrame(rows, columns=list(JUDGEMENT_TYPES)).astype(JUDGEMENT_TYPES)
    # After the last one, not by their number: a damaged part may have been removed.
    number = max((int(part.stem) for part in (path / JUDGEMENTS).glob("*.parquet")), default=-1) + 1
    part = path / JUDGEMENTS / f"{number:05d}.parquet"
    aside = part.with_name(part.name + ".partial")
    table.to_parquet(aside, index=False)
    aside.replace(part)
