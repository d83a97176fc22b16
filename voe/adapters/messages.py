"""How a question is laid out for a model that is asked in words, and what its answer in words becomes.

One clip comes before the prompt. Of two clips each is introduced by a line of text, 'First video:' and
'Second video:', so prompts can speak of the first and the second video.

What a model says of its next token is read as follows. A choice is counted in each of its usual spellings:
as it is, capitalised and in capitals, each with and without a space before it. Its probability is the sum
over the first tokens of those spellings; a token that could begin two of the choices counts for neither.
Probabilities are then renormalised over the choices, and the sum before that is kept as the answer's mass.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from voe.adapters.judge import Answer, Question, ShownClip
from voe.judging.parsing import parse_answer

Part = str | ShownClip

_LABELS = ("First video:", "Second video:")


def message_parts(question: Question) -> tuple[Part, ...]:
    """Texts and clips of a question in the order in which they are shown; the prompt comes last."""
    if len(question.clips) == 1:
        return (question.clips[0], question.prompt)
    labelled = [part for pair in zip(_LABELS, question.clips, strict=True) for part in pair]
    return (*labelled, question.prompt)


def spellings(choice: str) -> tuple[str, ...]:
    """The forms in which an answer word may begin an answer.

    >>> spellings("yes")
    ('yes', 'Yes', 'YES', ' yes', ' Yes', ' YES')
    """
    forms = dict.fromkeys((choice, choice.capitalize(), choice.upper()))
    return (*forms, *(f" {form}" for form in forms))


def first_tokens(
    choices: Sequence[str], encode: Callable[[str], Sequence[int]]
) -> dict[str, tuple[int, ...]] | None:
    """The tokens with which each choice may begin; None where a choice has no token of its own.

    >>> first_tokens(["yes", "no"], lambda text: [ord(text[0])])
    {'yes': (121, 89), 'no': (110, 78)}
    >>> first_tokens(["left", "lower"], lambda text: [ord(text[0])]) is None
    True
    """
    found = {c: {tokens[0] for form in spellings(c) if (tokens := encode(form))} for c in choices}
    own = {
        choice: ids.difference(*(other for name, other in found.items() if name != choice))
        for choice, ids in found.items()
    }
    if not choices or not all(own.values()):
        return None
    ordered = {c: dict.fromkeys(encode(form)[0] for form in spellings(c) if encode(form)) for c in choices}
    return {choice: tuple(i for i in ordered[choice] if i in own[choice]) for choice in choices}


def normalised(logs: Mapping[str, float]) -> tuple[dict[str, float], float]:
    """Natural log probabilities of the choices -> their probabilities over the choices alone, and the mass.

    >>> probabilities, mass = normalised({"yes": math.log(0.3), "no": math.log(0.1)})
    >>> round(probabilities["yes"], 6), round(mass, 6)
    (0.75, 0.4)
    """
    highest = max(logs.values())
    weights = {choice: math.exp(value - highest) for choice, value in logs.items()}
    total = sum(weights.values())
    probabilities = {choice: weight / total for choice, weight in weights.items()}
    return probabilities, min(1.0, total * math.exp(highest))


def log_sum(logs: Sequence[float]) -> float:
    """log(sum(exp(x))), exactly enough for log probabilities of any size.

    >>> round(log_sum([-1000.0, -1000.0]) + 1000, 6) == round(math.log(2), 6)
    True
    """
    highest = max(logs)
    return highest + math.log(sum(math.exp(value - highest) for value in logs))


def to_answer(
    question: Question,
    text: str,
    logs: Mapping[str, float] | None = None,
    tokens_in: int | None = None,
    tokens_out: int | None = None,
) -> Answer:
    """An answer from its text, and from the log probabilities of the choices where there are some.

    With log probabilities the word is the most probable choice (in a tie, what the text says), whatever else
    the text holds; only a refusal stays a refusal. Without them the text decides.
    """
    status, word = parse_answer(text, question.choices)
    if logs is None or status == "refused":
        return Answer(question.id, status, text, word, tokens_in=tokens_in, tokens_out=tokens_out)
    probabilities, mass = normalised(logs)
    best = max(probabilities.values())
    leading = [choice for choice, value in probabilities.items() if value == best]
    chosen = leading[0] if len(leading) == 1 else word
    return Answer(question.id, "answered", text, chosen, probabilities, tokens_in, tokens_out, mass=mass)
