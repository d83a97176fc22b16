"""One clip of a world to watch, from its seed and number alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, get_args

import numpy as np
import numpy.typing as npt

from voe.errors import CardError
from voe.worlds.render import Renderer
from voe.worlds.room import camera, lamp, room
from voe.worlds.simulate import simulate
from voe.worlds.stage import Stage
from voe.worlds.watch import events, looks

GENERATOR: Final = "2"
"""Version of the worlds: it changes when the same seed gives other clips."""
FRAME_STEP: Final = 2
"""Every second frame is shown: 12 a second, as the probes are sampled."""
LENGTH: Final = events.N_FRAMES // FRAME_STEP


@dataclass(frozen=True)
class World:
    """A kind of world: what is drawn, and from which seed.

    `occluders` False: no panel ever stands before anything. `complexity`: plain surfaces, textured ones, or
    textured ones under unpredictable noise in every pixel and frame.
    """

    seed: int = 0
    occluders: bool = True
    complexity: looks.Complexity = "textured"

    def __post_init__(self) -> None:
        if self.complexity not in get_args(looks.Complexity) or self.seed < 0:
            raise CardError(
                f"world: seed is {self.seed}, complexity {self.complexity!r}; the seed must not be negative, "
                f"the complexity one of {', '.join(get_args(looks.Complexity))}"
            )


def watch(world: World, number: int, size: int = 64) -> npt.NDArray[np.uint8]:
    """Clip `number` of a world: uint8 [LENGTH, size, size, 3], possible from the first frame to the last."""
    generator = np.random.default_rng([world.seed, number])
    look = looks.draw_look(generator, world.complexity)
    view = looks.VIEWS[int(generator.integers(len(looks.VIEWS)))]
    event = events.EVENTS[int(generator.integers(len(events.EVENTS)))](generator, view)
    boards, paths = events.panels(generator, view, world.complexity, event.focus)
    if not world.occluders:
        boards, paths = (), {}
    stage = Stage((*room(look, view), *event.parts, *boards), camera(look, view), lamp(look))
    poses = simulate(stage, {**event.paths, **paths}, events.N_FRAMES, events.FPS, elastic=event.elastic)
    light = events.lights(generator)
    renderer = Renderer(stage, size)
    frames = np.stack([renderer.frame(poses[t], light[t]) for t in range(0, events.N_FRAMES, FRAME_STEP)])
    return _noisy(frames, generator) if world.complexity == "noisy" else frames


def _noisy(frames: npt.NDArray[np.uint8], generator: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Detail that nothing predicts: noise in every pixel, and a flicker of the whole frame."""
    noise = generator.normal(0.0, 12.0, frames.shape) + generator.normal(0.0, 8.0, (len(frames), 1, 1, 1))
    return np.clip(frames + noise, 0, 255).astype(np.uint8)
