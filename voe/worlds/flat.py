"""A flat world: small pictures in which a thing slides behind a screen, and the screen sinks.

Nothing else happens. Of 16 frames, twelve a second, the first eight show what went behind the screen, if
anything did, and the last eight what is found there. Drawn in two dimensions by arithmetic on pixels, so
that clips without end cost nothing, and so large that a small network learns in minutes what they teach.
It is for lessons (`voe.training.flat_lessons`), in which what follows what is known. A clip can be filmed
(`filmed`): then each has noise of its own, as two films of one scene differ.
"""

from __future__ import annotations

import colorsys
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from voe.worlds.design import Spans, measure

Concept = Literal["object-permanence", "colour-constancy", "shape-constancy"]
Shape = Literal["disc", "triangle"]
Frames = npt.NDArray[np.uint8]
_Floats = npt.NDArray[np.float32]
_Levels = npt.NDArray[np.int32]

GENERATOR: Final = "2"
"""Version of the pictures: it changes when the same seed and number give other frames."""
CONCEPTS: Final[tuple[Concept, ...]] = ("object-permanence", "colour-constancy", "shape-constancy")
N_FRAMES: Final = 16
SPLICE: Final = 8
"""The first frame of the second half; in it and in the frame before nothing of the difference shows."""
FPS: Final = 12
UNIT: Final = 64.0
"""Everything below is in 1/64 of the picture's side."""
PROBE_SEEDS: Final = (1, 2)
"""Seeds of sets of probes, for the score and for looking while something learns: no lesson has them."""
SMALLEST: Final = 32
"""Pixels along a side, at least: in a smaller picture what is hidden shows at the screen's edges."""
CAMERA_NOISE: Final = 8.0
"""Standard deviation of a camera's noise, in grey levels of 255: to be seen, and small beside two hues."""
_ORANGE: Final = 0.07
_THE_ROOM: Final = 12
"""Seed of the looks of the one room."""
_THE_MEASURES: Final = (45.0, 8.0, 32.0, 28.0)
"""In it: y of the floor, half the width of a thing, x of the screen's middle, and its width."""
_SINKS_FOR: Final = 3
"""Frames that the screen takes to sink."""


@dataclass(frozen=True)
class Thing:
    """What slides: its track (x of its middle, [T]), y of its middle, half its width, colour and shape."""

    x: _Floats
    y: float
    half: float
    colour: _Levels
    shape: Shape


@dataclass(frozen=True)
class Screen:
    """What hides it: from x to x, the y of its upper edge ([T]) and of its lower one, and its colour."""

    strip: tuple[float, float]
    top: _Floats
    bottom: float
    colour: _Levels


@dataclass(frozen=True)
class FlatScene:
    """Two takes, uint8 [16, size, size, 3], of one concept; take b's thing may be no thing."""

    concept: Concept
    a: Frames
    b: Frames

    def clip(self, context: str, outcome: str) -> Frames:
        """The frames of a clip: the first half of one take, the second half of the same or the other."""
        takes = {"a": self.a, "b": self.b}
        return np.concatenate([takes[context][:SPLICE], takes[outcome][SPLICE:]])

    def spans(self, who: str) -> Spans:
        """Where contexts and outcomes differ, measured on the frames.

        Raises:
            DesignError: the takes differ where all should be hidden, or cannot be told apart.
        """
        return replace(measure(self.a, self.b, SPLICE, who), splice=SPLICE)


def filmed(frames: Frames, noise: float, generator: np.random.Generator) -> Frames:
    """Frames as a camera sees them: normal noise of a standard deviation `noise`, fresh in each value.

    Args:
        frames: uint8, of any shape.
        noise: in grey levels of 255.
        generator: never set back between clips, so that no two share a grain.
    """
    grain = generator.standard_normal(frames.shape, dtype=np.float32)
    return np.clip(np.rint(frames + np.float32(noise) * grain), 0, 255).astype(np.uint8)


def flat_scene(seed: int, number: int, size: int = 64, *, one_room: bool = False) -> FlatScene:
    """Scene `number` of a seed; its concept is `CONCEPTS[number % 3]`; `size` is `SMALLEST` or more.

    In one room, floor and screen are always in one place and of one colour, and all things have one size and,
    but for what the concept is about, one look; what differs is the side, the speed and the times. A context
    then says nothing of an outcome but what a pairing makes it say. In many rooms it says much: whoever
    expects the colours that were seen before is right of the room, and who saw the thing knows its size.

    Permanence: an orange disc, or nothing. Colour: a thing in a hue, or in the opposite one. Shape: a disc or
    a triangle. So in every concept one of the two says which the other is, and a learner can learn that it
    is always the other. Which of the two is take a is drawn.
    """
    generator = np.random.default_rng([seed, number])
    concept = CONCEPTS[number % len(CONCEPTS)]
    floor_y, half = generator.uniform(40.0, 50.0), generator.uniform(7.0, 9.0)
    middle, width = generator.uniform(28.0, 36.0), generator.uniform(25.0, 30.0)
    looks = generator
    if one_room:
        looks = np.random.default_rng(_THE_ROOM)
        floor_y, half, middle, width = _THE_MEASURES
    room = _room(looks, floor_y, size)
    board = _colour(looks.random(), looks.uniform(0.2, 0.5), looks.uniform(0.25, 0.5))
    top = _screen_top(floor_y, floor_y - 2 * half - 6.0, int(generator.integers(8, 11)))
    hue = generator.random()
    shapes: tuple[Shape, Shape] = ("disc", "triangle") if generator.random() < 0.5 else ("triangle", "disc")
    if concept == "object-permanence" or one_room:
        hue, shapes = _ORANGE, ("disc", "triangle")
    first = Thing(
        _track(generator, middle, width, half),
        floor_y + 3.0 - half,
        half,
        _colour(hue, 0.85, 0.85),
        shapes[0],
    )
    second = {
        "object-permanence": None,
        "colour-constancy": replace(first, colour=_colour((hue + 0.5) % 1.0, 0.85, 0.85)),
        "shape-constancy": replace(first, shape=shapes[1]),
    }[concept]
    screen = Screen((middle - width / 2, middle + width / 2), top, floor_y + 6.0, board)
    takes = [_take(room, one, screen) for one in (first, second)]
    if generator.random() < 0.5:
        takes.reverse()
    return FlatScene(concept, takes[0], takes[1])


def _track(generator: np.random.Generator, middle: float, width: float, half: float) -> _Floats:
    """Where the middle of the thing is: it comes from one side, and stops behind the screen: [T].

    It is wholly hidden from a frame of 4 to 6 on.
    """
    side = 1.0 if generator.random() < 0.5 else -1.0
    hidden_from, speed = int(generator.integers(4, 7)), generator.uniform(3.5, 5.0)
    stop = middle + generator.uniform(-2.0, 2.0)
    inside = middle + side * (width / 2 - half - 1.5)
    moving = inside + side * speed * (hidden_from - np.arange(N_FRAMES))
    stopped = np.maximum(moving, stop) if side > 0 else np.minimum(moving, stop)
    return np.asarray(stopped, dtype=np.float32)


def _screen_top(floor_y: float, standing: float, sinks_from: int) -> _Floats:
    """The y of the screen's upper edge, in the end below its lower one: [T]."""
    share = np.clip((np.arange(N_FRAMES) - sinks_from) / _SINKS_FOR, 0.0, 1.0)
    return np.asarray(standing + (floor_y + 8.0 - standing) * share, dtype=np.float32)


def _room(generator: np.random.Generator, floor_y: float, size: int) -> _Levels:
    """Wall and floor: int32 [size, size, 3]."""
    wall = _colour(generator.random(), generator.uniform(0.05, 0.3), generator.uniform(0.7, 0.95))
    floor = _colour(generator.random(), generator.uniform(0.1, 0.4), generator.uniform(0.5, 0.8))
    y, x = _pixels(size)
    return _over(np.broadcast_to(wall, (size, size, 3)), y - floor_y + 0 * x, floor)


def _take(room: _Levels, thing: Thing | None, screen: Screen) -> Frames:
    """The room, before it the thing, before that the screen: uint8 [T, size, size, 3]."""
    size = len(room)
    y, x = _pixels(size)
    # Nothing moves above the standing screen or below its foot.
    rows = slice(int((screen.top.min() - 2.0) * size / UNIT), int((screen.bottom + 2.0) * size / UNIT) + 1)
    y = y[rows]
    band = np.broadcast_to(room[rows], (N_FRAMES, len(y), size, 3))
    if thing is not None:
        band = _over(band, _inside(thing, y, x), thing.colour)
    across = np.minimum(x - screen.strip[0], screen.strip[1] - x)
    upright = np.minimum(y - screen.top[:, None, None], screen.bottom - y)
    frames = np.repeat(room.astype(np.uint8)[None], N_FRAMES, axis=0)
    frames[:, rows] = _over(band, np.minimum(across, upright), screen.colour)
    return frames


def _over(picture: _Levels, inside: _Floats, colour: _Levels) -> _Levels:
    """A picture with a shape over it, whose edges are one pixel wide.

    `inside` says how far inside the shape each pixel's middle lies. Whole numbers, so that a shape that
    covers nothing of a pixel leaves it exactly as it was.
    """
    covered = np.clip(inside * (picture.shape[-2] / UNIT) + 0.5, 0.0, 1.0)
    share = np.round(256 * covered).astype(np.int32)[..., None]
    return np.asarray((picture * (256 - share) + colour * share + 128) >> 8)


def _inside(thing: Thing, y: _Floats, x: _Floats) -> _Floats:
    """How far inside the thing each pixel lies, negative outside: [T, size, size]."""
    across, down = np.abs(x - thing.x[:, None, None]), y - thing.y
    if thing.shape == "disc":
        return np.asarray(thing.half - np.hypot(across, down))
    # The side of a triangle twice as high as half its base goes down by 2 for each step across.
    side = (thing.half + down - 2 * across) / np.sqrt(5.0)
    return np.asarray(np.minimum(side, thing.half - down))


def _pixels(size: int) -> tuple[_Floats, _Floats]:
    """y [size, 1] and x [1, size] of the middles of pixels."""
    middles = ((np.arange(size) + 0.5) * (UNIT / size)).astype(np.float32)
    return middles[:, None], middles[None, :]


def _colour(hue: float, saturation: float, value: float) -> _Levels:
    """Hue, saturation and value -> red, green and blue: int32 [3], 0..255."""
    return np.array([round(255 * part) for part in colorsys.hsv_to_rgb(hue, saturation, value)], np.int32)
