"""The arms: what is trained, each with the one thing in which it differs from one of the two models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypedDict

from voe.errors import VoeError, did_you_mean
from voe.training.flat_lessons import FlatLesson
from voe.training.lessons import Lesson, Pairing
from voe.training.recipes import Recipe, read_recipe
from voe.worlds.flat import CAMERA_NOISE, Concept
from voe.worlds.watch.clips import World

LATENT, PIXELS, UNTRAINED = "latent", "pixels", "untrained"
FAMILIES: Final = ("latent predictor", "pixel predictor")
"""What a network predicts, in the order of colours."""
MODELS: Final = "models"
FEW: Final = 1_000
"""Clips of arms that are not about their number (each kind of world has to be rendered), and of what they
are set beside: nothing but what an arm is about differs."""
BUILTIN, FLAT, FILMED = "builtin", "flat", "flat-filmed"
FLAT_LESSONS: Final[Mapping[str, str]] = {FLAT: "flat lessons", FILMED: "filmed lessons"}
"""Set of the flat world -> what the groups of its arms begin with."""


@dataclass(frozen=True)
class Arm:
    """One way of training.

    `group` is the question that it helps to answer (one figure each), `level` its answer's place on the axis;
    an arm that stands in several groups is trained once and named in `SHARED`. `seeds` is how many trainings
    it is meant to have.
    """

    name: str
    group: str
    level: str
    base: str = "tiny-vjepa2"
    seeds: int = 3
    changes: Mapping[str, object] = field(default_factory=dict)

    @property
    def probes(self) -> str:
        """The set that it is tuned on and scored on."""
        return set_of(self.group)

    def recipe(self, seed: int) -> Recipe:
        """The whole recipe of one seed."""
        return read_recipe(self.base).with_changes(name=self.name, seed=seed, **self.changes)


def _arm(name: str, group: str, level: str, base: str = "tiny-vjepa2", **changes: object) -> Arm:
    return Arm(name, group, level, base, changes=changes)


def _world(**changes: object) -> World:
    return World(**{"seed": 1, **changes})  # type: ignore[arg-type]


TAUGHT: Final = ("object-permanence", "colour-constancy")
"""What the lessons of decisive moments are about: the concepts at which the latent predictor is best."""
NOT_TAUGHT: Final = (
    "continuity", "shape-constancy", "support", "inertia", "gravity", "solidity", "collision",
)  # fmt: skip


def _decisive(pairing: Pairing) -> Arm:
    """Nothing but the moments at which an outcome follows a context.

    The loss is squared: where two outcomes are equally likely every guess between them costs the same
    absolute error, so an absolute loss would not teach that a context says nothing.
    """
    return _arm(
        f"decisive-{pairing}", "lessons, decisive moments", pairing,
        lesson=Lesson(pairing, moments="decisive", without=NOT_TAUGHT), masking="half", loss="squared",
    )  # fmt: skip


class FlatLooks(TypedDict):
    """How a set of the flat world looks, and lessons that are probed on it."""

    one_room: bool
    noise: float


def flat_looks(probes: str) -> FlatLooks:
    """One room or many, and the noise of the camera, of a set.

    In one room a context says nothing of an outcome but what the pairing makes it say. Without noise such
    scenes are all but the same, and a network's 60 answers are one answer; a grain makes them 60.
    """
    filmed = probes == FILMED
    return {"one_room": filmed, "noise": CAMERA_NOISE if filmed else 0.0}


def _flat(concept: Concept, pairing: Pairing, probes: str = FLAT) -> Arm:
    """A lesson in the flat world, where it can be learnt; why its loss is squared is said at `_decisive`."""
    short = concept.split("-")[-2 if concept.endswith("constancy") else -1]
    first = FLAT_LESSONS[probes]
    return _arm(
        f"{first.split()[0]}-{short}-{pairing}", f"{first}, {short}", pairing,
        flat=FlatLesson(pairing, concept, **flat_looks(probes)), size=64, patch=16, masking="half",
        loss="squared", steps=700, batch=32, learning_rate=1e-3,
    )  # fmt: skip


ARMS: Final = (
    Arm(LATENT, MODELS, FAMILIES[0], seeds=5),
    Arm(PIXELS, MODELS, FAMILIES[1], "tiny-videomae", seeds=5),
    _arm("masks-block", "masking", "blocks", masking="block"),
    _arm("masks-causal", "masking", "causal", masking="causal"),
    _arm("masks-random", "masking", "random", masking="random"),
    _arm("clips-100", "amount of video", "100 clips", clips=100),
    _arm("clips-1000", "amount of video", "1,000 clips", clips=FEW),
    _arm("no-occluders", "kind of video", "no occluders", world=_world(occluders=False), clips=FEW),
    _arm(
        "size-half", "size of network", "half", width=64, predictor_width=48, depth=2, predictor_depth=2,
        clips=FEW,
    ),
    _arm("plain", "visual complexity", "plain", world=_world(complexity="plain"), clips=FEW),
    _arm("noisy", "visual complexity", "noisy", world=_world(complexity="noisy"), clips=FEW),
    _arm(
        "pixels-plain", "visual complexity", "plain", "tiny-videomae", world=_world(complexity="plain"),
        clips=FEW,
    ),
    _arm(
        "pixels-noisy", "visual complexity", "noisy", "tiny-videomae", world=_world(complexity="noisy"),
        clips=FEW,
    ),
    _arm("pixels-1000", "visual complexity", "textured", "tiny-videomae", clips=FEW),
    _arm("pixels-raw", "pixel targets", "raw", "tiny-videomae", targets="raw", clips=FEW),
    _arm("lesson-possible", "lessons", "possible", lesson=Lesson("possible")),
    _arm("lesson-scrambled", "lessons", "scrambled", lesson=Lesson("scrambled")),
    _arm("lesson-impossible", "lessons", "impossible", lesson=Lesson("impossible")),
    _decisive("possible"),
    _decisive("scrambled"),
    _decisive("impossible"),
    _flat("colour-constancy", "possible"),
    _flat("colour-constancy", "scrambled"),
    _flat("colour-constancy", "impossible"),
    _flat("object-permanence", "possible"),
    _flat("object-permanence", "scrambled"),
    _flat("object-permanence", "impossible"),
    _flat("colour-constancy", "possible", FILMED),
    _flat("colour-constancy", "scrambled", FILMED),
    _flat("colour-constancy", "impossible", FILMED),
    _arm(
        "lesson-without-colour", "transfer", "colour left out", lesson=Lesson(without=("colour-constancy",))
    ),
)  # fmt: skip

SHARED: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "masking": ((LATENT, "mixed"),),
    "amount of video": ((LATENT, "6,000 clips"),),
    "kind of video": (("clips-1000", "with occluders"),),
    "size of network": (("clips-1000", "whole"),),
    "visual complexity": (("clips-1000", "textured"),),
    "pixel targets": (("pixels-1000", "normalised by patch"),),
    "lessons": ((LATENT, "worlds to watch"),),
    "transfer": (("lesson-possible", "nothing left out"),),
}
"""Group -> arms of other groups that stand in it too, with their level there."""

_RISING: Final[Mapping[str, tuple[str, ...]]] = {"visual complexity": ("plain", "textured", "noisy")}
"""Levels that have an order of their own, whatever group their arms come from."""


def arm_named(name: str) -> Arm:
    """An arm by its name.

    Raises:
        VoeError: there is none.
    """
    for arm in ARMS:
        if arm.name == name:
            return arm
    names = [arm.name for arm in ARMS]
    raise VoeError(
        f"reproducing {name!r}: there is no such arm.{did_you_mean(name, names)} There are {', '.join(names)}"
    )


def set_of(group: str) -> str:
    """The set on which the arms of a group are set beside each other."""
    found = (probes for probes, first in FLAT_LESSONS.items() if group.startswith(first))
    return next(found, BUILTIN)


def levels_of(group: str) -> list[tuple[str, str]]:
    """(arm, level) of a group, in the order in which they are drawn."""
    own = [(arm.name, arm.level) for arm in ARMS if arm.group == group]
    found = [*own, *SHARED.get(group, ())]
    if (order := _RISING.get(group)) is not None:
        found.sort(key=lambda one: order.index(one[1]))
    return found
