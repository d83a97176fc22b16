"""Controls that rescore a set: what is left when a model's predictions cannot know what a clip showed.

*Context swap*: every clip of a scene is scored with one and the same prediction, made from the context of a
clip of another scene of the same concept. The prediction cannot tell the clips apart any more. Contrasts
that are still not zero sit in the targets, which are encoded from the whole window and so hold some of its
context.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from voe.clips import Pair, Quadruplet, StimulusSet
from voe.errors import ProtocolError

Control = Literal["context-swap"]
CONTROLS: Final[Mapping[str, str]] = {
    "context-swap": "CONTROL, context swap: predictions are made from another scene's context, the same for "
    "all clips of a scene. What is not at chance here is what the targets hold of the context, and not what "
    "is predicted.",
}
"""Name -> what stands above every table of its results."""


def donors(stimuli: StimulusSet) -> dict[str, str]:
    """Scene -> the clip whose context takes the place of those of the scene's own clips.

    It is the first possible clip of the next scene with the same concepts, in the order of the set; the last
    scene takes that of the first.

    Raises:
        ProtocolError: a scene is the only one with its concepts.
    """
    groups: dict[tuple[str, ...], dict[str, str]] = {}
    designs: tuple[Quadruplet | Pair, ...] = stimuli.quadruplets or stimuli.pairs
    for design in designs:
        scene = stimuli.clip(design.clips[0]).scene
        groups.setdefault(design.concepts, {}).setdefault(scene, _possible(design))
    found: dict[str, str] = {}
    for concepts, clips in groups.items():
        scenes = list(clips)
        if len(scenes) < 2:
            raise ProtocolError(
                f"context swap on {stimuli.name!r}: scene {scenes[0]!r} is the only one of "
                f"{', '.join(concepts) or 'its kind'}; the control needs two scenes or more of each"
            )
        for scene, following in zip(scenes, scenes[1:] + scenes[:1], strict=True):
            found.setdefault(scene, clips[following])
    return found


def _possible(design: Quadruplet | Pair) -> str:
    """The first possible clip of a comparison."""
    return design.aa if isinstance(design, Quadruplet) else design.possible
