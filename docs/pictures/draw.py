"""The picture of the README: `python docs/pictures/draw.py RUN`, RUN being what `voe score` made.

One quadruplet of object permanence, and how often the model that ships is right, by concept.
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from voe.protocols import Protocol
from voe.report.figures import accuracy_by_concept, style
from voe.results import Run
from voe.scenes import read_scene

QUADRUPLET, FRAMES, LEAD = "object-permanence-003", 7, 12
GAP = ((0, 0), (0, 0), (1, 1), (0, 0))
POSSIBLE, IMPOSSIBLE = "#0072B2", "#D55E00"
SAID = {
    "aa": "went in, is there",
    "bb": "nothing went in, nothing there",
    "ab": "went in, gone: impossible",
    "ba": "nothing went in, is there: impossible",
}


def main(folder: str) -> None:
    """Write `quadruplet.png` beside this file."""
    run = Run.open(Path(folder))
    quad = next(q for q in run.stimuli.quadruplets if q.id == QUADRUPLET)
    clips = [run.stimuli.clip(name) for name in (quad.aa, quad.bb, quad.ab, quad.ba)]
    scene = read_scene(quad.scene, clips, Protocol(frame_step=1), (128, 128))
    pixels = scene.frames.round().clamp(0, 255).byte().permute(0, 2, 3, 1).numpy()
    with style():
        figure = plt.figure(figsize=(12, 4.6), layout="none")
        for row, (clip, cell) in enumerate(zip(clips, SAID, strict=True)):
            colour = IMPOSSIBLE if row > 1 else POSSIBLE
            numbers = scene.clips[clip.id].numbers
            shown = np.linspace(LEAD, len(numbers) - LEAD, FRAMES).astype(int)
            frames = np.pad(pixels[scene.clips[clip.id].keys[shown]], GAP, constant_values=255)
            strip = np.concatenate(list(frames), axis=1)
            ax = figure.add_axes((0.01, 0.765 - 0.245 * row, 0.55, 0.185))
            ax.imshow(strip, aspect="auto")
            ax.set(xticks=[], yticks=[])
            ax.set_title(SAID[cell], loc="left", fontsize=10, color=colour, pad=3)
            for spine in ax.spines.values():
                spine.set(visible=True, edgecolor=colour, linewidth=1.6)
        ax = figure.add_axes((0.70, 0.12, 0.28, 0.80))
        table = run.summary()
        table = table[table["primary"] & (table["measure"] == run.lock["measure"]["headline"])]
        accuracy_by_concept(ax, table)
        ax.set_title(run.lock["model"]["name"], loc="left", fontsize=10)
        figure.savefig(Path(__file__).with_name("quadruplet.png"), dpi=110)


if __name__ == "__main__":
    main(sys.argv[1])
