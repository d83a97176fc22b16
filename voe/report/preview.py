"""Exactly the frames that a model is fed, as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from voe.adapters.base import PredictorSpec
from voe.clips import Label, StimulusSet
from voe.errors import ClipError
from voe.protocols import Protocol
from voe.report.sheet import Strip, contact_sheet, evenly
from voe.scenes import read_scene
from voe.video import Backend

if TYPE_CHECKING:
    from PIL import Image


def preview_scene(
    spec: PredictorSpec,
    stimuli: StimulusSet,
    protocol: Protocol,
    scene: str,
    *,
    columns: int = 12,
    backend: Backend = "pyav",
) -> Image.Image:
    """The clips of a scene as sampled, cropped and resized for a model; `columns` frames of each.

    Raises:
        ClipError: no clip of the scene can be read.
    """
    clips = {clip.id: clip for clip in stimuli.scenes[scene]}
    read = read_scene(scene, tuple(clips.values()), protocol, spec.size, align=stimuli.align, backend=backend)
    if not read.clips:
        raise ClipError(f"scene {scene!r}: no clip can be read: {next(iter(read.failures.values()))}")
    pixels = read.frames.round().clamp(0, 255).byte().permute(0, 2, 3, 1).numpy()
    strips = []
    for clip_id, frames in read.clips.items():
        shown = evenly(len(frames.numbers), columns)
        label = clips[clip_id].label
        strips.append(
            Strip(
                clip_id,
                None if label is None else label is Label.POSSIBLE,
                np.ascontiguousarray(pixels[frames.keys[shown]]),
                frames.numbers[shown].tolist(),
                clips[clip_id].violation_frame,
            )
        )
    title = (
        f"{stimuli.name}, scene {scene}, as fed to {spec.name}: {spec.size[0]} x {spec.size[1]}, "
        f"{protocol.resize}; {len(frames.numbers)} sampled frames, {len(strips[0].numbers)} shown"
    )
    return contact_sheet(title, strips, zoom=max(1, round(96 / spec.size[0])))
