"""Leanings of a comparison, by hand."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from voe.clips import Pair, Quadruplet
from voe.judging.scene_answers import SceneAnswers

QUAD = Quadruplet("q", "s", ("gravity",), "aa", "ab", "ba", "bb", 0, 10, 20, 30)
PAIR = Pair("aa", "ab", "s", ("gravity",))


def rows(*answers: tuple[str, str, str, float], numbers: tuple[int, ...] = (5, 25)) -> pd.DataFrame:
    """Prompt, clip, other clip, leaning; one repeat."""
    table = pd.DataFrame(answers, columns=["prompt", "clip", "other", "leaning"])
    return table.assign(repeat=0, numbers=[numbers] * len(answers))


def test_ratings_are_the_interaction_of_prompts_that_were_answered_for_all_clips() -> None:
    levels = {"aa": 4.0, "ab": 1.0, "ba": 0.5, "bb": 2.0}
    whole = [("one", clip, "", level) for clip, level in levels.items()]
    lost = [("two", clip, "", math.nan if clip == "bb" else 9.0) for clip in levels]
    answers = SceneAnswers(rows(*whole, *lost))
    assert answers.balanced(QUAD).tolist() == [4.0 + 2.0 - 1.0 - 0.5]
    assert answers.balanced(PAIR).tolist() == [3.0, 0.0]
    assert answers.balanced(Pair("aa", "elsewhere", "s", ("gravity",))).size == 0


def test_a_choice_counts_in_both_orders_or_not_at_all() -> None:
    both = [("one", "aa", "ab", 3.0), ("one", "ab", "aa", -1.0)]
    one_order = [("one", "bb", "ba", 5.0), ("one", "ba", "bb", math.nan), ("two", "aa", "ab", 7.0)]
    answers = SceneAnswers(rows(*both, *one_order))
    assert answers.chosen(QUAD).tolist() == [1.0]
    assert answers.chosen(Pair("bb", "ba", "s", ("gravity",))).size == 0


@pytest.mark.parametrize(("numbers", "shown"), [((5, 25), True), ((5, 15), False), ((25, 28), False)])
def test_the_frames_must_hold_context_and_outcome(numbers: tuple[int, ...], shown: bool) -> None:
    answers = SceneAnswers(rows(("one", "aa", "", 1.0), numbers=numbers))
    assert answers.show_both(QUAD) is shown
