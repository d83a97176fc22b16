"""What an answer in words says: cases written by hand, each with the answer that a reader would give."""

from __future__ import annotations

import pytest

from voe.judging.parsing import parse_answer

YES_NO, ORDER = ("yes", "no"), ("first", "second")


@pytest.mark.parametrize(
    ("text", "choices", "word"),
    [
        ("yes", YES_NO, "yes"),
        (" No.\n", YES_NO, "no"),
        ("YES!", YES_NO, "yes"),
        ("**No**, there is a door.", YES_NO, "no"),
        ("Answer: no", YES_NO, "no"),
        ('{"answer": "yes"}', YES_NO, "yes"),
        ("I would say no.", YES_NO, "no"),
        ("Yes. I cannot see anything that speaks against it.", YES_NO, "yes"),
        ("<think>No, wait. It is fine? No.</think>\n\nYes", YES_NO, "yes"),
        ("The ball rolls through the door, which is shut. Answer: no", YES_NO, "no"),
        ("The first video", ORDER, "first"),
        ("Second, since the first one is ordinary", ORDER, "second"),
        ("It’s the second", ORDER, "second"),
        ("second" + " because" * 1_000_000, ORDER, "second"),
        ("No, it is not.", ("no", "not at all"), "no"),
    ],
)
def test_answers(text: str, choices: tuple[str, ...], word: str) -> None:
    assert parse_answer(text, choices) == ("answered", word)


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with that.",
        "As an AI, I do not see videos.",
        "No idea.",
        "No way to tell from these frames",
        "Impossible to say.",
        "I cannot determine whether it is yes or no",
        "It cannot be determined.",
    ],
)
def test_refusals(text: str) -> None:
    assert parse_answer(text, YES_NO) == ("refused", None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  \n ",
        "...",
        "Possibly.",
        "Nothing unusual happens",  # begins with the letters of 'no'
        "Yesterday",
        "There is no violation",
        "The answer is yes at first. Then the answer is no",
        "<think>yes",
    ],
)
def test_what_cannot_be_read(text: str) -> None:
    assert parse_answer(text, YES_NO) == ("unparsable", None)


def test_after_opening_words_the_other_choice_must_not_follow() -> None:
    assert parse_answer("The first is fine and so is the second", ORDER) == ("unparsable", None)


def test_free_answers() -> None:
    assert parse_answer("Two balls", ()) == ("answered", None)
    assert parse_answer("", ()) == ("unparsable", None)
    assert parse_answer("I cannot answer this", ()) == ("refused", None)


@pytest.mark.parametrize(
    ("text", "choices", "word"),
    [
        ("First, let me describe both clips. Answer: second", ORDER, "second"),
        ("No violation is visible. Answer: yes", YES_NO, "yes"),
        ("Second thoughts aside, the answer is first.", ORDER, "first"),
        ("First.", ORDER, "first"),
        ("First video", ORDER, "first"),
    ],
)
def test_an_announced_answer_outweighs_a_leading_word(text: str, choices: tuple[str, ...], word: str) -> None:
    assert parse_answer(text, choices) == ("answered", word)


@pytest.mark.parametrize(
    ("text", "choices"),
    [
        ("First, let me look at both of them", ORDER),
        ("No object disappears at any time, so yes.", YES_NO),
        ("No violation is visible", YES_NO),
        ("Yes and no", YES_NO),
    ],
)
def test_a_leading_word_that_is_no_answer(text: str, choices: tuple[str, ...]) -> None:
    assert parse_answer(text, choices) == ("unparsable", None)
