"""Judges whose answers are known beforehand, to see that what is counted comes out as it must.

`planted:perfect`, `planted:reversed` (perfect, but the other way round), `planted:always-yes` (the first
choice of every question about one clip, right choices between two), `planted:always-first` (the first of two
clips, right answers about one), `planted:coin`, `planted:refuses`. They look at no frame: the run tells them
the right answers, as it tells no other judge.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from voe.adapters.judge import Answer, Judge, JudgeSpec, Question
from voe.adapters.placement import Placement
from voe.adapters.specs import ModelSpec
from voe.errors import ModelError, did_you_mean

CHARACTERS: Final = ("perfect", "reversed", "always-yes", "always-first", "coin", "refuses")
_SURE: Final = 0.9


def from_spec(spec: ModelSpec, placement: Placement) -> PlantedJudge:
    """`planted:CHARACTER[,seed=N][,logprobs=false]`.

    Raises:
        ModelError: no such character, or an unknown option.
    """
    spec.only("seed", "logprobs")
    if spec.reference not in CHARACTERS:
        raise ModelError(
            f"model {spec.text!r}: there is no planted judge {spec.reference!r}."
            f"{did_you_mean(spec.reference, CHARACTERS)} There are {', '.join(CHARACTERS)}"
        )
    return PlantedJudge(spec.text, spec.reference, spec.integer("seed", 0) or 0, spec.flag("logprobs", True))


class PlantedJudge(Judge):
    """Answers by its character; with `logprobs` its answer gets .9, and the others share the rest."""

    def __init__(self, name: str, character: str, seed: int = 0, logprobs: bool = True) -> None:
        self.character, self.seed, self.logprobs = character, seed, logprobs
        self.right: Mapping[str, tuple[str, tuple[str, ...]]] = {}
        self.spec = JudgeSpec(
            name, "planted", snapshot="planted", kinds=("rate", "choose", "comprehension", "caption"),
            details={"character": character, "seed": seed},
        )  # fmt: skip

    def learn(self, right: Mapping[str, tuple[str, tuple[str, ...]]]) -> None:
        """Question -> (the right choice, all choices)."""
        self.right = right

    def ask(self, questions: Sequence[Question]) -> Iterator[Answer]:
        """One answer each, at once."""
        for question in questions:
            if self.character == "refuses":
                yield Answer(question.id, "refused", "I cannot answer this.")
                continue
            word = self._word(question)
            share = (1 - _SURE) / (len(question.choices) - 1)
            given = {choice: _SURE if choice == word else share for choice in question.choices}
            yield Answer(question.id, "answered", word, word, given if self.logprobs else None)

    def _word(self, question: Question) -> str:
        right = self.right[question.id][0]
        wrong = next(choice for choice in question.choices if choice != right)
        if self.character == "reversed" and question.kind != "comprehension":
            return wrong
        if self.character == "always-yes" and question.kind in ("rate", "caption"):
            return question.choices[0]
        if self.character == "always-first" and question.kind == "choose":
            return question.choices[0]
        if self.character == "coin":
            generator = np.random.default_rng([self.seed, zlib.crc32(question.id.encode())])
            return question.choices[int(generator.integers(len(question.choices)))]
        return right
