"""What happens in a world to watch: each event is a stage, the path of what is moved, and what is springy.

All events are possible: things move as MuJoCo moves them, and panels pass in front of them without touching.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from voe.worlds.colour import colour
from voe.worlds.materials import Material, Pattern, shaded
from voe.worlds.room import View
from voe.worlds.stage import Part, Poses, turned
from voe.worlds.toys import launched, toy
from voe.worlds.watch import looks

FPS: Final = 24.0
N_FRAMES: Final = 48
"""Two seconds; every second frame is shown."""
FRONT: Final = -0.42
"""Where panels stand, metres: before everything that moves."""


@dataclass(frozen=True)
class Event:
    """The parts of one event, where it happens (x in metres), moved paths [T, 7], and springy pairs."""

    parts: tuple[Part, ...]
    focus: float
    paths: Mapping[str, Poses] = field(default_factory=dict)
    elastic: tuple[tuple[str, str], ...] = ()


Random = np.random.Generator


def thing(generator: Random, name: str, kinds: tuple[str, ...] = looks.SHAPES) -> Part:
    """A toy of random shape, size and colours, standing at the origin."""
    tint, band = looks.pick(generator, looks.OBJECT_COLOURS), looks.pick(generator, looks.BAND_COLOURS)
    size = float(generator.uniform(0.28, 0.58))
    second = colour(band) if generator.random() < 0.7 else None
    return toy(name, looks.pick(generator, kinds), size, colour(tint), second)


def passing(generator: Random, view: View) -> Event:
    """One or two things cross the stage, fast or slow, and some stop on the way."""
    parts = []
    for n in range(int(generator.integers(1, 3))):
        part = thing(generator, f"thing {n}")
        sign = 1.0 if generator.random() < 0.5 else -1.0
        reach = view.half_width - part.half_extents[0] - 0.05
        start = -sign * float(generator.uniform(0.2, 1.0)) * reach
        lane = float(generator.uniform(0.0, 0.35) if n == 0 else generator.uniform(0.75, 0.95))
        speed, slowing = float(generator.uniform(0.3, 1.5)), float(generator.uniform(0.02, 0.9))
        placed = replace(part, position=(start, lane, part.position[2]))
        parts.append(launched(placed, 0.0 if sign > 0 else 180.0, speed, slowing))
    return Event(tuple(parts), float(generator.uniform(-0.4, 0.4)) * view.half_width)


def resting(generator: Random, view: View) -> Event:
    """Things that stay where they are."""
    places = np.linspace(-0.75, 0.75, 3) * view.half_width
    parts = []
    for n in range(int(generator.integers(1, 4))):
        part = thing(generator, f"thing {n}", ("cube", "cylinder"))
        at = (
            float(places[n] + generator.uniform(-0.1, 0.1)),
            float(generator.uniform(0.0, 0.8)),
            part.position[2],
        )
        parts.append(replace(part, position=at, friction=0.8))
    return Event(tuple(parts), parts[int(generator.integers(len(parts)))].position[0])


def falling(generator: Random, view: View) -> Event:
    """Things fall, and bounce if they are springy."""
    parts, elastic = [], []
    for n in range(int(generator.integers(1, 3))):
        part = thing(generator, f"thing {n}")
        x = float(generator.uniform(-0.7, 0.7)) * view.half_width
        at = (x, 0.2 + 0.6 * n, float(generator.uniform(0.8, 1.5)))
        push = (float(generator.uniform(-0.5, 0.5)), 0.0, 0.0)
        release = int(generator.integers(0, 20))
        parts.append(replace(part, position=at, velocity=push, friction=0.5, release_frame=release))
        if part.shape == "sphere" and generator.random() < 0.6:
            elastic.append((part.name, "floor"))
    return Event(tuple(parts), parts[0].position[0], elastic=tuple(elastic))


def colliding(generator: Random, view: View) -> Event:
    """One thing runs into another, which moves on."""
    kind = (looks.pick(generator, looks.SHAPES),)
    striker, target = thing(generator, "striker", kind), thing(generator, "target", kind)
    size = min(striker.half_extents[2], target.half_extents[2])
    striker, target = (
        replace(p, size=_scaled(p, size), position=(0.0, 0.0, size)) for p in (striker, target)
    )
    sign = 1.0 if generator.random() < 0.5 else -1.0
    lane = float(generator.uniform(0.0, 0.6))
    start = -sign * float(generator.uniform(0.5, 0.9)) * view.half_width
    middle = float(generator.uniform(-0.25, 0.25)) * view.half_width
    heading = 0.0 if sign > 0 else 180.0
    striker = launched(
        replace(striker, position=(start, lane, size)), heading, float(generator.uniform(0.8, 2.0)), 0.05
    )
    target = launched(replace(target, position=(middle, lane, size)), heading, 0.0, 0.05)
    return Event((striker, target), middle, elastic=(("striker", "target"),))


def blocked(generator: Random, view: View) -> Event:
    """Something runs into a wall that stands in its way."""
    part = thing(generator, "thing")
    sign = 1.0 if generator.random() < 0.5 else -1.0
    lane = float(generator.uniform(0.0, 0.4))
    start = -sign * float(generator.uniform(0.5, 0.95)) * (view.half_width - part.half_extents[0])
    wall_x = sign * float(generator.uniform(-0.1, 0.6)) * view.half_width
    wood = Material(colour(looks.pick(generator, ("walnut", "oak", "charcoal", "brick"))), gloss=0.1)
    height = float(generator.uniform(0.15, 0.45))
    wall = Part("block", "box", (0.04, 0.32, height), wood, (wall_x, lane, height))
    runner = replace(part, position=(start, lane, part.position[2]))
    runner = launched(runner, 0.0 if sign > 0 else 180.0, float(generator.uniform(0.6, 1.8)), 0.05)
    return Event((wall, runner), wall_x)


def rolling_down(generator: Random, view: View) -> Event:
    """A ball is let go over a tilted plank and rolls down it."""
    ball = thing(generator, "ball", ("ball",))
    radius = float(generator.uniform(0.13, 0.2))
    angle = float(generator.uniform(10.0, 30.0)) * (1 if generator.random() < 0.5 else -1)
    x, lane = float(generator.uniform(-0.3, 0.3)) * view.half_width, float(generator.uniform(0.0, 0.6))
    wood = Material(
        colour(looks.pick(generator, ("walnut", "oak", "charcoal"))), None, "grain", scale=0.5, gloss=0.1
    )
    plank = Part(
        "plank",
        "box",
        (0.45, 0.16, 0.02),
        wood,
        (x, lane, 0.36),
        turned((0.0, 1.0, 0.0), angle),
        friction=0.8,
    )
    at = (x + float(generator.uniform(-0.15, 0.15)), lane, float(generator.uniform(0.75, 1.1)))
    release = int(generator.integers(0, 16))
    ball = replace(ball, size=(radius,), position=at, friction=0.8, rolling=0.003, release_frame=release)
    return Event((plank, ball), x)


def supported(generator: Random, view: View) -> Event:
    """A box is let go over a shelf, or beside it: it stays, tips over, or falls."""
    box = thing(generator, "box", ("cube", "cylinder"))
    lane, x = 0.25, float(generator.uniform(-0.5, 0.5)) * view.half_width
    height = float(generator.uniform(0.12, 0.3))
    wood = Material(colour(looks.pick(generator, ("walnut", "oak", "charcoal"))), gloss=0.1)
    shelf = Part("shelf", "box", (0.26, 0.22, height), wood, (x, lane, height))
    off = float(generator.choice([0.0, generator.uniform(-0.2, 0.2), generator.uniform(0.55, 0.8)]))
    off *= 1 if generator.random() < 0.5 else -1
    release = int(generator.integers(4, 24))
    at = (x + off, lane, 2 * height + box.half_extents[2] + 0.005)
    return Event((shelf, replace(box, position=at, friction=0.6, release_frame=release)), x + off)


EVENTS: Final[tuple[Callable[[Random, View], Event], ...]] = (
    passing, passing, passing, resting, falling, colliding, blocked, rolling_down, supported,
)  # fmt: skip
"""What may happen; passing is drawn three times as often."""


def panels(
    generator: Random, view: View, complexity: looks.Complexity, focus: float
) -> tuple[tuple[Part, ...], dict[str, Poses]]:
    """Up to two panels in front of everything: they stand, slide away, cross, or rise and sink.

    The first stands before `focus` in seven clips of ten, so that much of what happens is hidden for a while.
    """
    parts, paths = [], {}
    for n in range(int(generator.choice([0, 1, 1, 1, 2]))):
        width, height = float(generator.uniform(0.35, 0.9)), float(generator.uniform(0.6, 1.2))
        pattern: Pattern = looks.pick(generator, looks.PATTERNS[complexity])  # type: ignore[assignment]
        tint = colour(looks.pick(generator, looks.PANEL_COLOURS))
        material = Material(
            tint, shaded(tint, 0.78), pattern, scale=0.13 if pattern == "stripes" else 0.06, gloss=0.05
        )
        x = float(generator.uniform(-0.6, 0.6)) * view.half_width
        if n == 0 and generator.random() < 0.7:
            x = focus + float(generator.uniform(-0.15, 0.15))
        at = (x, FRONT - 0.12 * n, height / 2)
        part = Part(
            f"panel {n}", "box", (width / 2, 0.02, height / 2), material, at, motion="moved", solid=False
        )
        parts.append(part)
        paths[part.name] = _panel_path(generator, part, view)
    return tuple(parts), paths


def _panel_path(generator: Random, part: Part, view: View) -> Poses:
    """Where a panel is in every frame."""
    path = np.repeat(np.array([part.pose]), N_FRAMES, axis=0)
    how = generator.choice(["stands", "slides", "rises", "crosses", "crosses"])
    start, takes = int(generator.integers(0, 24)), int(generator.integers(10, 30))
    share = np.clip((np.arange(N_FRAMES) - start) / takes, 0.0, 1.0)
    eased = share**2 * (3 - 2 * share)
    if generator.random() < 0.5:
        eased = 1 - eased
    if how == "slides":
        away = view.half_width + part.half_extents[0] + 0.2
        path[:, 0] += eased * (away if generator.random() < 0.5 else -away)
    if how == "crosses":  # whatever it covers it uncovers again
        ahead = np.linspace(-1.0, 1.0, N_FRAMES) * float(generator.uniform(0.5, 1.1))
        path[:, 0] += ahead if generator.random() < 0.5 else -ahead
    if how == "rises":
        path[:, 2] -= eased * (2 * part.half_extents[2] + 0.02)
    return path


def _scaled(part: Part, half: float) -> tuple[float, ...]:
    """The size of a toy whose half-height is `half`."""
    if part.shape == "sphere":
        return (half,)
    return (half, half, half) if part.shape == "box" else (half, half)


def lights(generator: Random) -> npt.NDArray[np.float64]:
    """Light factors [T, 2, 3]: constant, or in one clip of five one slow change."""
    constant = np.ones((N_FRAMES, 2, 3)) * generator.uniform(0.85, 1.05)
    if generator.random() < 0.8:
        return constant
    share = np.clip((np.arange(N_FRAMES) - int(generator.integers(0, 30))) / 8, 0.0, 1.0)[:, None, None]
    after = generator.uniform(0.65, 1.0, size=(1, 2, 3)) ** np.array([1.0, 0.6, 1.0])
    return np.asarray(constant * (1 + share * (after - 1)))
