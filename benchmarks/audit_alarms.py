"""How often `voe audit` cries wolf, and how often it finds a wolf, on simulated sets.

    python benchmarks/audit_alarms.py                 # 200 clean sets of pairs, then spoilt ones
    python benchmarks/audit_alarms.py --sets 20       # a quick look

A clean set has pairs whose two clips come from one distribution, the label being the toss of a coin: moving
squares over a noisy background, in files of unlike sizes. Each spoilt set moves one thing in the impossible
clips. Frames go through the detectors as decoded frames do; nothing is written to disk.
"""

from __future__ import annotations

import argparse
import os
import time
from collections import Counter
from collections.abc import Callable

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch

from voe.audit.comparisons import Comparison
from voe.audit.files import ClipFile, read_files
from voe.audit.findings import Marginal
from voe.audit.judge import groups_of, judge
from voe.audit.marginal import Reading, read_pictures
from voe.audit.pictures import SIZE, ScenePictures
from voe.audit.words import frame_names, score_names, vector_names
from voe.scenes import ClipFrames, Scene

N_FRAMES, N_SCENES, SEED = 16, 24, 20_260
Spoil = Callable[[np.ndarray], np.ndarray]


def clip(rng: np.random.Generator, background: np.ndarray) -> np.ndarray:
    """A square that crosses a scene's background: float32 [T, 3, SIZE, SIZE]."""
    frames = np.repeat(background[None], N_FRAMES, axis=0) + rng.normal(0, 3)
    side, y, x = rng.integers(8, 24), *rng.integers(0, SIZE - 24, 2)
    velocity, colour = rng.integers(-3, 4, 2), rng.uniform(0, 255, (3, 1, 1))
    for t in range(N_FRAMES):
        top, left = np.clip((y + velocity[0] * t, x + velocity[1] * t), 0, SIZE - side)
        frames[t, :, top : top + side, left : left + side] = colour
    return np.clip(frames + rng.normal(0, 1, frames.shape), 0, 255).astype(np.float32)


def scene(rng: np.random.Generator, number: int, spoil: Spoil) -> tuple[Comparison, ScenePictures]:
    """One pair, decoded."""
    shade = rng.uniform(40, 200, (3, 1, 1))
    background = shade + np.linspace(0, rng.uniform(-30, 30), SIZE)[None, :, None] * np.ones((3, 1, SIZE))
    names = (f"{number}-ok", f"{number}-not")
    clips = [clip(rng, background), spoil(clip(rng, background))]
    frames = torch.from_numpy(np.concatenate(clips))
    keys = np.arange(len(frames)).reshape(2, -1)
    read = {
        name: ClipFrames(np.arange(N_FRAMES), row, N_FRAMES, 24.0, True)
        for name, row in zip(names, keys, strict=True)
    }
    concept = "odd" if number % 2 else "even"
    comparison = Comparison(
        " | ".join(names), f"s{number}", (concept,), names[:1], names[1:], (names,), (), 8, 8, (8,), False
    )
    decoded = Scene(f"s{number}", frames, read, {})
    return comparison, ScenePictures(decoded, frames.numpy())


def audited(seed: int, spoil: Spoil, n_scenes: int) -> tuple[Marginal, ...]:
    """The marginal detectors on one set."""
    rng = np.random.default_rng((SEED, seed))
    readings: dict[str, list[Reading]] = {}
    comparisons, files = [], {}
    for number in range(n_scenes):
        comparison, pictures = scene(rng, number, spoil)
        comparisons.append(comparison)
        for name, reading in read_pictures(comparison, pictures).items():
            readings.setdefault(name, []).append(reading)
        for name in comparison.clips:
            size = float(rng.integers(10_000, 20_000))
            files[name] = ClipFile(size, 12 * size, N_FRAMES, 24.0, SIZE, SIZE, {"h264": 1.0})
    readings |= read_files(comparisons, files)[0]
    frames = frame_names([list(range(N_FRAMES))])
    scores = {name: score_names(name, frames, len(rows[0].scores)) for name, rows in readings.items()}
    vectors = {name: vector_names(name, frames) for name in readings}
    return judge(readings, groups_of(comparisons), scores, vectors)


def brighter(by: float, frames: slice) -> Spoil:
    def spoil(clip: np.ndarray) -> np.ndarray:
        clip = clip.copy()
        clip[frames] = np.clip(clip[frames] + by, 0, 255)
        return clip

    return spoil


def blurred(clip: np.ndarray) -> np.ndarray:
    """What a codec at low quality does to fine detail."""
    return np.asarray((clip + np.roll(clip, 1, axis=3) + np.roll(clip, 1, axis=2)) / 3, dtype=np.float32)


def slower(clip: np.ndarray) -> np.ndarray:
    """Nothing moves after the middle."""
    clip = clip.copy()
    clip[9:] = clip[8]
    return clip


SPOILS: dict[str, Spoil] = {
    "all frames 2 grey levels brighter": brighter(2, slice(None)),
    "all frames 8 grey levels brighter": brighter(8, slice(None)),
    "last frame 8 grey levels brighter": brighter(8, slice(-1, None)),
    "blurred": blurred,
    "frozen in the second half": slower,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", type=int, default=200)
    parser.add_argument("--scenes", type=int, default=N_SCENES)
    arguments = parser.parse_args()
    started = time.monotonic()
    alarms, small, seen, verdicts = 0, Counter(), Counter(), Counter()
    for seed in range(arguments.sets):
        found = audited(seed, lambda clip: clip, arguments.scenes)
        alarms += any(m.verdict == "SHORTCUT" for m in found)
        verdicts.update(m.verdict for m in found)
        for m in found:
            if np.isfinite(m.p_value):
                small[m.detector, m.form] += m.p_value <= 0.05
                seen[m.detector, m.form] += 1
    n = arguments.sets
    error = 100 * np.sqrt(0.05 * 0.95 / n)
    print(f"{n} clean sets of {arguments.scenes} pairs ({(time.monotonic() - started) / n:.1f} s each)")
    print(f"a shortcut is reported in {100 * alarms / n:.1f} % (allowed: 5 % +- {error:.1f})")
    listed = ", ".join(f"{v} {100 * k / verdicts.total():.1f} %" for v, k in verdicts.most_common())
    print(f"verdicts: {listed}")
    print("p <= .05 before Holm's correction:")
    for key, count in sorted(seen.items()):
        print(f"  {key[0]:22s} {key[1]:11s} {100 * small[key] / count:5.1f} %")
    for name, spoil in SPOILS.items():
        hits: Counter[str] = Counter()
        repeats = max(1, n // 10)
        for seed in range(repeats):
            found = audited(1_000_000 + seed, spoil, arguments.scenes)
            hits.update({m.detector for m in found if m.verdict == "SHORTCUT"} or {"nothing"})
        listed = ", ".join(
            f"{detector} {100 * count / repeats:.0f} %" for detector, count in hits.most_common()
        )
        print(f"{name}, {repeats} sets: {listed}")


if __name__ == "__main__":
    main()
