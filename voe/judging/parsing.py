"""The text of an answer -> the word that was chosen, a refusal, or neither.

An answer is read by its first word, or by an explicit 'Answer: WORD'. A word anywhere else in a sentence is
not taken ('there is no way to tell' is not a 'no'): what cannot be read is unparsable, and never scored.
"""

from __future__ import annotations

import re

from voe.adapters.judge import AnswerStatus

# Far more than any answer of one word needs; an essay is read at its start and at its end.
_READ = 2_000

# Words that may stand before the answer: "The first video", "Answer: yes", "I would say no".
_OPENING = re.compile(
    r"(?:(?:final|my|the|answer|is|it's|its|it|option|choice|video|clip|number|would|be|say|i'd|i)\b[^\w']*)*"
)
_REFUSALS = re.compile(
    r"\b(?:i(?:'m| am)? (?:can't|cannot|can not|won't|will not|do not know|don't know|not able|unable|sorry)"
    r"|as an ai|unable to|not able to|cannot (?:be )?(?:determined?|tell|say|answer|assist|help)"
    r"|(?:not|don't have) enough (?:information|context)|can't (?:tell|say|answer|help|assist))\b"
)
# Refusals that begin with a word which may also be a choice.
_REFUSED_AT_ONCE = re.compile(
    r"no (?:idea|clue|comment|answer|way (?:to|of) (?:tell|know|say)\w*)\b"
    r"|(?:impossible|not possible) to (?:tell|say|know|determine|judge)\b"
)


def parse_answer(text: str, choices: tuple[str, ...]) -> tuple[AnswerStatus, str | None]:
    """What an answer in words says.

    Args:
        text: as it came from the model.
        choices: the words of which one was to be answered; empty for a free answer.

    Returns:
        ('answered', the choice), ('refused', None) or ('unparsable', None). Without choices, any text that is
        neither empty nor a refusal is ('answered', None).

    >>> parse_answer("**Yes.** The ball rolls on.", ("yes", "no"))
    ('answered', 'yes')
    >>> parse_answer("The second video.", ("first", "second"))
    ('answered', 'second')
    >>> parse_answer("I'm sorry, I cannot judge this.", ("yes", "no"))
    ('refused', None)
    >>> parse_answer("There is no way that it passes.", ("yes", "no"))
    ('unparsable', None)
    """
    said = _plain(text)
    if not said:
        return "unparsable", None
    start, end = said[:_READ], said[-_READ:]
    if _REFUSED_AT_ONCE.match(start):
        return "refused", None
    word = _announced(end, choices) or _first_word(start, choices)
    if word is not None:
        return "answered", word
    if _REFUSALS.search(start):
        return "refused", None
    return ("unparsable", None) if choices else ("answered", None)


def _plain(text: str) -> str:
    """Small letters, plain apostrophes, without a model's thoughts and the marks before its first word."""
    spoken = text.rpartition("</think>")[2]
    # Only what is read: the ends of a text of many megabytes.
    spoken = spoken if len(spoken) <= 2 * _READ else f"{spoken[:_READ]} ... {spoken[-_READ:]}"
    return re.sub(r"^[\W_]+", "", spoken.casefold().replace("\u2019", "'")).strip()


def _first_word(said: str, choices: tuple[str, ...]) -> str | None:
    """The choice that the answer begins with, if need be after some opening words.

    After opening words only where no other choice follows: 'the first is fine, the second is not' says
    nothing.
    """
    for choice in choices:
        if _begins(said, choice):
            return choice if _stands_alone(said[len(choice) :], choice, choices) else None
    rest = said[_OPENING.match(said).end() :]  # type: ignore[union-attr]  # matches the empty text too
    for choice in choices:
        others = [other for other in choices if other != choice]
        if _begins(rest, choice) and not any(_holds(rest, other) for other in others):
            return choice
    return None


def _stands_alone(rest: str, choice: str, choices: tuple[str, ...]) -> bool:
    """Whether a leading word is the answer: it ends its clause, or no other choice follows it.

    'First, let me look' orders what is said, and 'no violation' denies the wrong thing: neither is an answer.
    """
    after = rest.lstrip("*_\"'`)} ")
    if not after or after[0] in ".!;:\n" or (after[0] == "," and choice.casefold() != "first"):
        return True
    if choice.casefold() in ("first", "no"):
        return choice.casefold() == "first" and re.match(r"(?:video|clip|one)\b", after) is not None
    return not any(_holds(rest, other) for other in choices if other != choice)


def _announced(said: str, choices: tuple[str, ...]) -> str | None:
    """The choice after 'answer:' or 'answer is', where every such announcement names the same one."""
    found = {
        choice
        for choice in choices
        if re.search(rf"\banswer(?: is)?\s*[:=]?\W*{re.escape(choice.casefold())}\b", said)
    }
    return found.pop() if len(found) == 1 else None


def _begins(said: str, choice: str) -> bool:
    return re.match(rf"{re.escape(choice.casefold())}(?!\w)", said) is not None


def _holds(said: str, choice: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(choice.casefold())}(?!\w)", said) is not None
