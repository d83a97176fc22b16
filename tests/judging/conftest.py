"""One scene of each concept of the set that ships."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from voe.adapters.judge import Answer, Judge, JudgeSpec, Question
from voe.clips import StimulusSet
from voe.judging.plan import Asking
from voe.loaders.load import load_stimuli
from voe.miniature.work import first_scenes

FEW = Asking(frames=6, size=32)


class Stubborn(Judge):
    """Answers what it is asked, but fails for some questions; remembers what was asked."""

    def __init__(self, failing: str = "", stop_after: int = 10**9) -> None:
        self.spec = JudgeSpec("stubborn", "test", "2026-01-01", kinds=("rate",))
        # Of trouble on the way no judge is another one: names with '_' are no part of who it is.
        self._failing, self._stop_after, self.asked = failing, stop_after, list[str]()

    def ask(self, questions: Sequence[Question]) -> Iterator[Answer]:
        for question in questions:
            if len(self.asked) >= self._stop_after:
                raise KeyboardInterrupt
            self.asked.append(question.id)
            if self._failing and self._failing in question.id:
                yield Answer(question.id, "failed", reason="the server hung up")
            else:
                yield Answer(question.id, "answered", "yes", "yes", {"yes": 0.75, "no": 0.25}, mass=0.5)


@pytest.fixture(scope="session")
def one_each() -> StimulusSet:
    """Nine quadruplets, 36 clips."""
    stimuli = load_stimuli("builtin")
    few = first_scenes(stimuli, 1)
    scenes = {quad.scene for quad in few.quadruplets}
    return replace(
        few,
        clips=tuple(c for c in stimuli.clips if c.scene in scenes),
        pairs=tuple(p for p in stimuli.pairs if p.scene in scenes),
    )
