"""How fast scenes are rendered: frames a second on one core, at several sizes.

Run with `OMP_NUM_THREADS=1 python benchmarks/rendering.py [CARD ...]`. Both takes of one scene of each card
are drawn, all 96 frames, antialiased and with soft shadows; planning, checking and writing are not counted.
'afresh' draws every frame from nothing, which is what the saving of untouched rays is compared with.
"""

from __future__ import annotations

import argparse
import time

from voe.cards import read_probe_card
from voe.worlds.draws import draw
from voe.worlds.render import Renderer
from voe.worlds.scenes import render_take, stager
from voe.worlds.takes import Scene

SIZES = (64, 128, 224)
CARDS = ("object-permanence", "gravity", "collision")
AFRESH_FRAMES = 6


def staged(card: str) -> Scene:
    """The first scene of a card, simulated and not rendered."""
    drawn = draw(read_probe_card(card), count=12, seed=1, scene=0)
    return stager(drawn.card)(drawn, drawn.count("occlusion"))


def rate(scene: Scene, size: int) -> float:
    """Frames a second over both takes."""
    start = time.perf_counter()
    renderer = Renderer(scene.stage, size)
    frames = sum(len(render_take(renderer, take)[0]) for take in (scene.a, scene.b))
    return frames / (time.perf_counter() - start)


def rate_afresh(scene: Scene, size: int) -> float:
    """Frames a second when nothing is kept from one frame to the next."""
    start = time.perf_counter()
    for frame in range(0, AFRESH_FRAMES * 10, 10):
        Renderer(scene.stage, size).frame(scene.a.poses[frame], scene.a.light[frame])
    return AFRESH_FRAMES / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cards", nargs="*", default=CARDS)
    print(f"{'card':20} {'pixels':>6} {'frames/s':>9} {'afresh':>7}")
    for card in parser.parse_args().cards:
        scene = staged(card)
        for size in SIZES:
            print(f"{card:20} {size:6} {rate(scene, size):9.0f} {rate_afresh(scene, size):7.1f}")


if __name__ == "__main__":
    main()
