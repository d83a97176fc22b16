"""The contract between a judging run and a model that is asked in words: `Judge`, `Question`, `Answer`.

A judge decodes nothing and opens no video: the frames of a question come with it. What is asked, in which
order and how often is the run's business; how it is put to a model, and what came back, is the judge's.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

QuestionKind = Literal["rate", "choose", "comprehension", "caption"]
AnswerStatus = Literal["answered", "unparsable", "refused", "failed"]


@dataclass(frozen=True, eq=False)
class ShownClip:
    """What a judge sees of one clip: T frames at `fps`, uint8 [T, H, W, 3], and their numbers in the clip."""

    clip: str
    frames: npt.NDArray[np.uint8]
    fps: float
    numbers: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Question:
    """One thing asked of a judge.

    `id` is unique within a run and says all that varies (kind, clips in order, prompt, repeat, control).
    `prompt` is the text that follows the clips; `choices` are the words of which one is to be answered, the
    first being the one whose probability is wanted (`yes`, `first`, ...), empty for a free answer.
    `clips` holds one clip, or two in the order in which they are shown. A question of kind 'caption' has no
    prompt: its choices are the captions of a possible and of an impossible event. Repeats differ in `seed`.
    """

    id: str
    kind: QuestionKind
    prompt: str
    choices: tuple[str, ...]
    clips: tuple[ShownClip, ...]
    seed: int = 0


@dataclass(frozen=True)
class Answer:
    """What came back for the question of that id.

    `word` is the choice that was parsed from `text`, None where none was. `probabilities` maps every choice
    to its probability, renormalised over the choices, and is None where the model gives none. An answer whose
    `status` is not 'answered' has neither, and is never scored as if it were right or wrong. `mass` is the
    probability that the model gave to all choices together, before they were renormalised: a small one says
    that it would rather have answered in other words.
    """

    question: str
    status: AnswerStatus
    text: str = ""
    word: str | None = None
    probabilities: Mapping[str, float] | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    reason: str = ""
    mass: float | None = None


@dataclass(frozen=True)
class Estimate:
    """What asking would send: requests (and answers known already), images and their bytes, tokens, cost.

    Tokens are an estimate, and None with the cost where nothing is sent anywhere. `sample` is the first
    question as it would be sent, with its images described.
    """

    requests: int
    known: int = 0
    images: int = 0
    image_bytes: int = 0
    tokens_in: int | None = None
    tokens_out: int | None = None
    cost: float | None = None
    sample: str = ""

    def text(self) -> str:
        """A few lines for a person.

        >>> found = Estimate(10, known=2, images=80, image_bytes=1_500_000, tokens_in=9000, tokens_out=640)
        >>> print(found.text())
        would send 10 requests with 80 images (1.5 MB); 2 answers are known already
        tokens, about: 9,000 in, at most 640 out; give price_in= and price_out= for the cost
        """
        known = f"; {self.known:,} answers are known already" if self.known else ""
        size = f"{self.image_bytes / 1e6:.1f} MB"
        lines = [f"would send {self.requests:,} requests with {self.images:,} images ({size}){known}"]
        if self.tokens_in is not None:
            price = (
                "give price_in= and price_out= for the cost" if self.cost is None else f"cost {self.cost:.4g}"
            )
            lines.append(
                f"tokens, about: {self.tokens_in:,} in, at most {self.tokens_out or 0:,} out; {price}"
            )
        return "\n".join([*lines, *([self.sample] if self.sample else [])])


@dataclass(frozen=True)
class JudgeSpec:
    """What a judging run must know of a model before it asks.

    `snapshot` dates or names the very weights (a commit, a dated model name), '' where it is unknown.
    `max_frames` is the most frames of one clip; frames are handed over at most `size` pixels along the longer
    side (None: as they are). `kinds` are the questions that make sense to it.
    """

    name: str
    family: str
    snapshot: str = ""
    max_frames: int = 16
    size: int | None = None
    kinds: tuple[QuestionKind, ...] = ("rate", "choose", "comprehension")
    details: Mapping[str, object] = field(default_factory=dict)


class Judge(ABC):
    """A model that is asked about clips. It keeps no state between questions but a cache of answers.

    Its networks and its plain attributes are part of who it is: with others a run is another run. What it
    counts while it answers belongs in a name that begins with '_', or in a list or a dictionary.
    """

    spec: JudgeSpec
    loaded_from: str = ""
    """The spec, precision and device that `load_any` was given; '' for an object of one's own."""

    @abstractmethod
    def ask(self, questions: Sequence[Question]) -> Iterator[Answer]:
        """Answer questions, in any order, as answers become known.

        Every question gets exactly one answer; what failed is an answer of status 'failed' with its reason,
        not an exception. Only what makes every further question pointless (no such model, no key, no server)
        raises `ModelError`.
        """

    def estimate(self, questions: Sequence[Question]) -> Estimate:
        """What `ask` would send, and sends nothing."""
        images = sum(len(clip.frames) for question in questions for clip in question.clips)
        size = sum(clip.frames.nbytes for question in questions for clip in question.clips)
        return Estimate(len(questions), images=images, image_bytes=size)
