"""What is asked in a run, item by item, in a fixed order; and what is locked before the first answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, get_args

from voe.adapters.judge import JudgeSpec
from voe.cards import card_names
from voe.clips import Label, Pair, Quadruplet, StimulusSet
from voe.errors import ProtocolError, did_you_mean
from voe.judging.questions import KINDS, Prompt, QuestionSet
from voe.lock import headline_of, stimuli_entry, tests_entry

JudgeControl = Literal["blank", "single-frame", "shuffled"]
CONTROLS: Final[Mapping[str, str]] = {
    "blank": "CONTROL: every frame is grey. Who is not at chance answers without looking.",
    "single-frame": "CONTROL: the last frame alone, over and over. What is not at chance needs no event.",
    "shuffled": "CONTROL: the same frames in another order. What is not at chance needs no course of time.",
}


@dataclass(frozen=True)
class Asking:
    """How clips are shown and how often questions are put.

    `frames` of each clip at most, evenly spread from its first to its last; with `fps` at that rate, as long
    as they are not more. `size`: the longer side in pixels; None leaves it to the model. `kinds`: what is
    asked; empty for everything that the model answers.
    """

    frames: int = 16
    fps: float | None = None
    size: int | None = None
    kinds: tuple[str, ...] = ()
    repeats: int = 1
    control: JudgeControl | None = None

    def __post_init__(self) -> None:
        for kind in self.kinds:
            if kind not in KINDS:
                raise ProtocolError(
                    f"asking for {kind!r}: there is no such question.{did_you_mean(kind, KINDS)} "
                    f"Kinds: {', '.join(KINDS)}"
                )
        if self.frames < 2 or self.repeats < 1 or (self.fps is not None and self.fps <= 0):
            raise ProtocolError("asking: at least 2 frames, 1 repeat and a positive rate are needed")
        if self.control is not None and self.control not in get_args(JudgeControl):
            raise ProtocolError(f"control {self.control!r}: choose one of {', '.join(CONTROLS)}")

    def settled(self, spec: JudgeSpec) -> Asking:
        """With the model's own limits and kinds.

        Raises:
            ProtocolError: none of the kinds makes sense to the model.
        """
        kinds = tuple(kind for kind in dict.fromkeys(self.kinds or spec.kinds) if kind in spec.kinds)
        if not kinds:
            raise ProtocolError(
                f"model {spec.name!r} answers {', '.join(spec.kinds)}, not {', '.join(self.kinds)}"
            )
        frames = min(self.frames, spec.max_frames)
        size = spec.size if self.size is None else self.size
        return Asking(frames, self.fps, size, kinds, self.repeats, self.control)


@dataclass(frozen=True)
class Item:
    """One question before it has frames. `right` is the right choice, '' where there is none to know.

    `comparison` is the quadruplet's id, or 'possible | impossible' of a pair; '' where an item serves
    several (a clip is rated once).
    """

    id: str
    prompt: Prompt
    scene: str
    clips: tuple[str, ...]
    right: str
    comparison: str = ""
    repeat: int = 0


def items(stimuli: StimulusSet, questions: QuestionSet, asking: Asking) -> list[Item]:
    """Everything that is asked, scene by scene."""
    found = [
        item
        for scene in stimuli.scenes
        for kind in asking.kinds
        for prompt in questions.of(kind)
        for item in _of_scene(stimuli, scene, prompt)
    ]
    return [_repeated(item, repeat) for item in found for repeat in range(asking.repeats)]


def _repeated(item: Item, repeat: int) -> Item:
    return Item(
        f"{item.id}|{repeat}", item.prompt, item.scene, item.clips, item.right, item.comparison, repeat
    )


def _of_scene(stimuli: StimulusSet, scene: str, prompt: Prompt) -> Iterator[Item]:
    designs: list[Quadruplet | Pair] = [*stimuli.quadruplets_of(scene)]
    inside = {clip for design in designs for clip in design.clips}
    designs += [pair for pair in stimuli.pairs_of(scene) if not set(pair.clips) <= inside]
    seen: set[str] = set()
    for design in designs:
        if prompt.concept and prompt.concept not in design.concepts:
            continue
        if prompt.kind == "choose":
            yield from _choices(design, scene, prompt)
            continue
        for clip in design.clips:
            if clip not in seen and (right := _right(stimuli, design, clip, prompt)) is not None:
                seen.add(clip)
                yield Item(f"{prompt.kind}|{prompt.name}|{clip}", prompt, scene, (clip,), right)


def _choices(design: Quadruplet | Pair, scene: str, prompt: Prompt) -> Iterator[Item]:
    """Every possible clip against every impossible one, in both orders."""
    if isinstance(design, Quadruplet):
        pairings = [(p, i) for p in (design.aa, design.bb) for i in (design.ab, design.ba)]
        name = design.id
    else:
        pairings, name = [(design.possible, design.impossible)], " | ".join(design.clips)
    for possible, impossible in pairings:
        wanted = possible if prompt.asks == "possible" else impossible
        for order in ((possible, impossible), (impossible, possible)):
            right = prompt.choices[order.index(wanted)]
            key = f"choose|{prompt.name}|{order[0]}|{order[1]}"
            yield Item(key, prompt, scene, order, right, name)


def _right(stimuli: StimulusSet, design: Quadruplet | Pair, clip: str, prompt: Prompt) -> str | None:
    """The right choice; None where the question makes no sense of this clip."""
    if prompt.kind != "comprehension":
        label = stimuli.clip(clip).label
        if label is None:
            return None
        says = (label is Label.POSSIBLE) == (prompt.asks == "possible")
        return prompt.choices[0 if says else 1]
    for condition, levels in prompt.where.items():
        if design.conditions.get(condition) not in levels:
            return None
    level = design.conditions.get(prompt.about)
    if prompt.about in ("context", "outcome"):
        if not isinstance(design, Quadruplet):
            return None
        cells = dict(zip(design.clips, ("aa", "ab", "ba", "bb"), strict=True))
        level = cells[clip][0 if prompt.about == "context" else 1]
    return None if level is None else prompt.answers.get(level)


def judge_lock(
    spec: JudgeSpec, stimuli: StimulusSet, questions: QuestionSet, asking: Asking
) -> dict[str, Any]:
    """The content of `protocol.lock` of a judging run.

    Raises:
        ProtocolError: the set has nothing to compare, nothing is asked that compares, or a prompt is of a
            concept that neither the set nor any probe has.
    """
    known = dict.fromkeys((*stimuli.concepts, *card_names("probes")))
    for prompt in questions.prompts:
        if prompt.concept and prompt.concept not in known:
            raise ProtocolError(
                f"{questions.origin}, [[{prompt.kind}]] {prompt.name!r}: there is no concept "
                f"{prompt.concept!r}.{did_you_mean(prompt.concept, known)}"
            )
    stream = next((kind for kind in ("rate", "caption", "choose") if kind in asking.kinds), None)
    if stream is None or not (stimuli.pairs or stimuli.quadruplets):
        raise ProtocolError(
            f"stimuli {stimuli.name!r}, questions {', '.join(asking.kinds)}: nothing would be compared"
        )
    shown = {key: value for key, value in asdict(asking).items() if key != "control"}
    return {
        **({"control": asking.control} if asking.control else {}),
        "stimuli": stimuli_entry(stimuli),
        "model": {"name": spec.name, "family": spec.family, "trained": True, "snapshot": spec.snapshot},
        "judge": {"questions_sha256": questions.sha256, "questions": questions.origin},
        "protocol": {**shown, "kinds": list(asking.kinds)},
        "protocol_from": {"origin": "judge", "changed": []},
        "measure": {
            "headline": headline_of(stimuli),
            "stream": stream,
            "aggregate": "mean over prompts, polarities and repeats",
            "leaning": "log-odds where every answer has a probability, else +1 and -1",
            "tolerance_relative": 1e-6,
        },
        "tests": tests_entry(stimuli),
    }


def right_answers(plan: Sequence[Item]) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Item -> its right choice and all of its choices: for planted judges, whose answers are known."""
    return {item.id: (item.right, item.prompt.choices) for item in plan}
