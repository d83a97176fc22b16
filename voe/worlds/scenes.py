"""One scene, from its card to its frames: draw, stage, render, measure, check, and draw again if it fails."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from voe.cards import ProbeCard
from voe.errors import CardError, did_you_mean
from voe.worlds import design
from voe.worlds.concepts import CONCEPTS
from voe.worlds.design import DesignError, Frames, Spans
from voe.worlds.draws import Draw, DrawRejectedError, draw
from voe.worlds.render import Renderer
from voe.worlds.takes import N_FRAMES, Scene, Take

MAX_DRAWS: Final = 20
"""After so many unsound draws the card is to blame, not chance."""
_TUNINGS: Final = 6

Stager = Callable[[Draw, int], Scene]
Masks = Mapping[str, npt.NDArray[np.bool_]]
"""Object -> bool [T, H, W]: the pixels that show it, at least in one of their rays."""
_Rendered = tuple[dict[str, Frames], dict[str, Masks]]


@dataclass(frozen=True)
class RenderedScene:
    """The takes of a sound scene, uint8 [T, H, W, 3], and where they differ.

    `takes` holds 'a' and 'b', of which the four clips are edit lists: aa = a, bb = b, ab = a[:k] + b[k:],
    ba = b[:k] + a[k:], with k = spans.splice. In variants in which the contexts stay in view it holds 'ab'
    and 'ba' as well. `masks` says for each take where its objects can be seen.
    """

    draw: Draw
    scene: Scene
    takes: Mapping[str, Frames]
    spans: Spans
    masks: Mapping[str, Masks] = field(default_factory=dict)

    @property
    def concept(self) -> str:
        """The concept that the scene measures."""
        return self.draw.card.name

    @property
    def a(self) -> Frames:
        """Context a with outcome a."""
        return self.takes["a"]

    @property
    def b(self) -> Frames:
        """Context b with outcome b."""
        return self.takes["b"]

    def edits(self, context: str, outcome: str) -> list[tuple[str, int, int]]:
        """The edit list of a clip: (take, start, stop), half-open; context and outcome 'a' or 'b'."""
        end, k = len(self.a), self.spans.splice
        if context == outcome:
            return [(context, 0, end)]
        if context + outcome in self.takes:
            return [(context + outcome, 0, end)]
        return [(context, 0, k), (outcome, k, end)]

    def clip(self, context: str, outcome: str) -> Frames:
        """The frames of a clip."""
        return np.concatenate([self.takes[t][i:j] for t, i, j in self.edits(context, outcome)])


def render_scene(
    card: ProbeCard,
    *,
    count: int,
    seed: int,
    scene: int,
    size: int,
    variant: str = design.OCCLUDED,
    occlusion: int | None = None,
) -> RenderedScene:
    """Render scene number `scene` of a set of `count`, at `size` x `size` pixels.

    A variant takes the values that the occluded scene of the same number takes. With `occlusion` the scene
    is hidden for that many frames, and not for as many as were drawn.

    Raises:
        CardError: the card names no known concept, or lacks a range.
        DesignError, DrawRejectedError: no draw of `MAX_DRAWS` made a sound scene; the last one's fault.
    """
    stage_scene = stager(card)
    _check_variant(card, variant)
    for attempt in range(MAX_DRAWS):
        drawn = draw(card, count=count, seed=seed, scene=scene, attempt=attempt, variant=variant)
        if occlusion is not None:
            drawn = replace(drawn, values={**drawn.values, "occlusion": occlusion})
        try:
            return _sound(drawn, stage_scene, size)
        except (DrawRejectedError, DesignError) as error:
            last = error
    raise type(last)(f"{last}\n(no sound scene in {MAX_DRAWS} draws; narrow the [ranges] of {card.path})")


def stager(card: ProbeCard) -> Stager:
    """The function that stages a card's concept.

    Raises:
        CardError: no concept of that name can be staged.
    """
    concept = card.table.get("concept", card.name)
    if concept not in CONCEPTS:
        raise CardError(
            f"{card.path}: nothing can be staged for {concept!r}.{did_you_mean(str(concept), CONCEPTS)} "
            f"Known: {', '.join(CONCEPTS)}; set the field 'concept'"
        )
    module = importlib.import_module(f"voe.worlds.concepts.{concept.replace('-', '_')}")
    stage_scene: Stager = module.stage_scene
    return stage_scene


def render_take(renderer: Renderer, take: Take, objects: Sequence[str] = ()) -> tuple[Frames, Masks]:
    """All frames of one take, and where each of the objects can be seen in them."""
    frames: list[Frames] = []
    seen: dict[str, list[npt.NDArray[np.bool_]]] = {name: [] for name in objects}
    for poses, light in zip(take.poses, take.light, strict=True):
        frames.append(renderer.frame(poses, light))
        for name in objects:
            seen[name].append(renderer.seen(name))
    return np.stack(frames), {name: np.stack(masks) for name, masks in seen.items()}


def _render_takes(renderer: Renderer, takes: Mapping[str, Take], objects: Sequence[str]) -> _Rendered:
    made = {name: render_take(renderer, take, objects) for name, take in takes.items()}
    frames = {name: pictures for name, (pictures, _) in made.items()}
    return frames, {name: masks for name, (_, masks) in made.items()}


def _check_variant(card: ProbeCard, variant: str) -> None:
    """Refuse a variant that the card's [design] does not list."""
    variants = card.table.get("design", {}).get("variants", [design.OCCLUDED])
    if variant not in variants:
        raise CardError(
            f"{card.path}: there is no variant {variant!r}.{did_you_mean(variant, variants)} "
            f"[design] lists: {', '.join(variants)}"
        )


def _sound(drawn: Draw, stage_scene: Stager, size: int) -> RenderedScene:
    """A scene hidden for exactly as long as drawn: its plan is corrected by what the frames show."""
    wanted = drawn.count("occlusion")
    planned = wanted
    for _ in range(_TUNINGS):
        scene = stage_scene(drawn, planned)
        design.check_in_picture(scene, str(drawn))
        renderer = Renderer(scene.stage, size)
        if scene.visible:
            return _visible(drawn, scene, renderer)
        hidden = _hidden_frames(renderer, scene, str(drawn))
        if hidden == wanted:
            takes, masks = _render_takes(renderer, {"a": scene.a, "b": scene.b}, scene.objects)
            spans = design.measure(takes["a"], takes["b"], scene.middle, str(drawn))
            design.check(takes["a"], takes["b"], spans, str(drawn), disjoint=not scene.everywhere)
            return RenderedScene(drawn, scene, takes, spans, masks)
        planned += wanted - hidden
    raise DrawRejectedError(f"{drawn}: hidden for {hidden} frames and not for the {wanted} that were drawn")


def _visible(drawn: Draw, scene: Scene, renderer: Renderer) -> RenderedScene:
    """A scene that hides nothing."""
    staged = {"a": scene.a, "b": scene.b}
    if scene.crossed is not None:
        staged |= dict(zip(("ab", "ba"), scene.crossed, strict=True))
    takes, masks = _render_takes(renderer, staged, scene.objects)
    nowhere = Spans(0, 0, 0, 0, splice=scene.middle)
    made = RenderedScene(drawn, scene, takes, nowhere, masks)
    clips = {x + y: made.clip(x, y) for x in "ab" for y in "ab"}
    return replace(made, spans=design.measure_visible(clips, scene.middle, str(drawn)))


def _hidden_frames(renderer: Renderer, scene: Scene, who: str) -> int:
    """For how many frames around the middle both takes are the same, without rendering the others."""
    ends = []
    for step in (-1, 1):
        frame = scene.middle if step > 0 else scene.middle - 1
        while 0 <= frame < N_FRAMES and _same(renderer, scene, frame):
            frame += step
        ends.append(frame)
    if ends[1] - ends[0] - 1 < 1:
        raise DesignError(f"{who}, frame {scene.middle}: what should be hidden can be seen")
    return ends[1] - ends[0] - 1


def _same(renderer: Renderer, scene: Scene, frame: int) -> bool:
    a, b = (renderer.frame(take.poses[frame], take.light[frame]) for take in (scene.a, scene.b))
    return np.array_equal(a, b)
