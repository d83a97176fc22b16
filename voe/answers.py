"""Answers in words that were given elsewhere, scored as a benchmark scores them: GRASP's yes and no, MVP's
pairs.

Every clip of the set must have been asked; an answer that cannot be parsed is wrong, as both benchmarks
say, and counted. Intervals are over pairs, not clips.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from voe.clips import EVERYTHING as ALL
from voe.clips import Clip, StimulusSet
from voe.errors import CardError
from voe.loaders.folders import read_csv
from voe.stats.accuracy import accuracy_of
from voe.stats.benchmarks import mvp_pair_accuracy, yes_no_accuracy
from voe.words import counted

_FIRST_WORD = re.compile(r"[^a-z]*([a-z]+)")
_LETTER = re.compile(r"(?:answer|assistant)?\W*\b([a-z])\b(?!\w)", re.IGNORECASE)


@dataclass(frozen=True)
class AnswerScore:
    """A benchmark's own accuracy of a block: a share of `n` units, its interval, and the unparsable."""

    metric: str
    block: str
    value: float
    low: float
    high: float
    n: int
    unparsable: int
    chance: float


def read_answers(path: Path) -> dict[str, str]:
    """clip -> answer, from a CSV file with these two columns.

    Raises:
        CardError: no such file or column, or two answers for one clip.
    """
    found: dict[str, str] = {}
    for line, cells in read_csv(path, ("clip", "answer")):
        if cells["clip"] in found:
            raise CardError(f"{path}, line {line}: a second answer for {cells['clip']!r}; keep one")
        found[cells["clip"]] = cells["answer"]
    return found


def score_answers(stimuli: StimulusSet, answers: Mapping[str, str]) -> list[AnswerScore]:
    """The benchmark's own accuracy, by block and over all.

    Raises:
        CardError: a clip without an answer, an answer for no clip, or a set that has neither labels nor
        questions.
    """
    known = {clip.id for clip in stimuli.clips}
    if missing := [clip for clip in known if clip not in answers]:
        raise CardError(
            f"answers on {stimuli.name!r}: {counted(len(missing), 'clip')} without one, the first "
            f"{min(missing)!r}; what was not asked is not wrong, so ask them all"
        )
    if strange := sorted(set(answers) - known):
        raise CardError(f"answers on {stimuli.name!r}: there is no clip {strange[0]!r} ({len(strange)} such)")
    if all("choices" in clip.tags for clip in stimuli.clips):
        return _choices(stimuli, answers)
    if stimuli.pairs:
        return _yes_no(stimuli, answers)
    raise CardError(f"answers on {stimuli.name!r}: its clips have neither labels nor questions with choices")


def yes_or_no(text: str) -> str | None:
    """The first word of an answer, where it is yes or no.

    >>> yes_or_no("Yes, it could happen."), yes_or_no("I would say no.")
    ('yes', None)
    """
    found = _FIRST_WORD.match(text.strip().lower())
    return found[1] if found and found[1] in ("yes", "no") else None


def choice_of(text: str, choices: list[str]) -> str | None:
    """The choice that an answer names: by its letter (A, B, ...), or by its own words.

    >>> choice_of("Answer: (B)", ["left", "right"]), choice_of("left", ["left", "right"])
    ('right', 'left')
    """
    said = text.strip()
    for choice in choices:
        if said.lower().strip(" .") == choice.lower().strip(" ."):
            return choice
    found = _LETTER.match(said)
    place = ord(found[1].lower()) - ord("a") if found else len(choices)
    return choices[place] if place < len(choices) else None


def _yes_no(stimuli: StimulusSet, answers: Mapping[str, str]) -> list[AnswerScore]:
    """GRASP: is this plausible? Each clip counts, clips of a pair are one cluster."""
    words = {clip: yes_or_no(text) for clip, text in answers.items()}
    found = []
    for block in [*dict.fromkeys(pair.conditions.get("block", ALL) for pair in stimuli.pairs), ALL]:
        pairs = [pair for pair in stimuli.pairs if block in (ALL, pair.conditions.get("block", ALL))]
        clips = [stimuli.clip(clip) for clip in dict.fromkeys(c for pair in pairs for c in pair.clips)]
        value = yes_no_accuracy([words[clip.id] for clip in clips], [clip.possible for clip in clips])
        right = [float(words[clip.id] == ("yes" if clip.possible else "no")) for clip in clips]
        interval = accuracy_of(np.array(right), np.array([clip.scene for clip in clips]))
        lost = sum(words[clip.id] is None for clip in clips)
        found.append(
            AnswerScore("yes/no accuracy", block, value, interval.low, interval.high, len(clips), lost, 0.5)
        )
    return list({score.block: score for score in found}.values())


def _choices(stimuli: StimulusSet, answers: Mapping[str, str]) -> list[AnswerScore]:
    """Minimal Video Pairs: both questions of a pair must be answered rightly."""
    parsed = {c.id: choice_of(answers[c.id], json.loads(c.tags["choices"])) for c in stimuli.clips}
    blocks: dict[str, list[list[Clip]]] = {}
    for clips in stimuli.scenes.values():
        blocks.setdefault(clips[0].tags.get("block", ALL), []).append(list(clips))
    every = [pair for pairs in blocks.values() for pair in pairs]
    found = {}
    for block, pairs in [*blocks.items(), (ALL, every)]:
        right = [[parsed[clip.id] == clip.tags["answer"] for clip in pair] for pair in pairs]
        both = np.array([float(all(row)) for row in right])
        interval = accuracy_of(both, np.array([pair[0].scene for pair in pairs]))
        lost = sum(parsed[clip.id] is None for pair in pairs for clip in pair)
        chance = float(
            np.mean([np.prod([1 / len(json.loads(c.tags["choices"])) for c in pair]) for pair in pairs])
        )
        found[block] = AnswerScore(
            "pair accuracy",
            block,
            mvp_pair_accuracy(right),
            interval.low,
            interval.high,
            len(pairs),
            lost,
            chance,
        )
    return list(found.values())
