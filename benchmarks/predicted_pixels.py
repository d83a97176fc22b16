"""What predictors of raw pixels expect where two outcomes differ, and where they do not.

    python benchmarks/predicted_pixels.py MODEL [MODEL ...] --stimuli builtin --concept support
    python benchmarks/predicted_pixels.py MODEL [MODEL ...] --concept support --take-away box --take-away arm
    python benchmarks/predicted_pixels.py MODEL --picture predicted.png --scene support-003

MODEL is a spec such as videomae:out/pixels-raw/seed-0/model. Shares are of the way from what the one outcome
shows to what the other shows (`voe.miniature.tone`). With --take-away the contexts are rendered again without
those parts, and the outcomes stay: what is still right then does not need them.
"""

from __future__ import annotations

import argparse
import os
import sys

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch

from voe.adapters.base import Predictor
from voe.adapters.load import load_model
from voe.cards import read_probe_card, read_stimuli_card
from voe.clips import StimulusSet
from voe.errors import VoeError, did_you_mean
from voe.loaders.load import load_stimuli
from voe.miniature.measure import informative_rows
from voe.miniature.tone import tones
from voe.miniature.work import PROTOCOL, heldout_stimuli
from voe.report.figures.style import style
from voe.scenes import read_scene
from voe.stats.measure import informative_windows
from voe.windows import normalise, resize_frames, window_starts
from voe.worlds.heldout import held_out
from voe.worlds.ondemand import plan_of
from voe.worlds.render import Renderer
from voe.worlds.scenes import RenderedScene, render_scene
from voe.worlds.stage import ABSENT

CONTEXT, STEP = PROTOCOL.headline_context, PROTOCOL.frame_step or 1
AMPLIFIED = 20


def without(made: RenderedScene, size: int, parts: list[str]) -> dict[str, np.ndarray]:
    """Every second frame of both takes, in which parts whose names begin so are not there."""
    stage, renderer = made.scene.stage, Renderer(made.scene.stage, size)
    gone = [stage.index(part.name) for part in stage.parts if part.name.startswith(tuple(parts))]
    if not gone:
        raise SystemExit(f"no part begins so; there are {', '.join(part.name for part in stage.parts)}")
    takes = {}
    for name, take in (("a", made.scene.a), ("b", made.scene.b)):
        poses = take.poses.copy()
        poses[:, gone] = ABSENT
        takes[name] = np.stack(
            [renderer.frame(*one) for one in zip(poses[::STEP], take.light[::STEP], strict=True)]
        )
    return takes


def contrasts(model: Predictor, made: RenderedScene, takes: dict[str, np.ndarray]) -> tuple[float, float]:
    """The contrast of one quadruplet with its contexts as they are, and with those of `takes`."""
    ready = {
        name: normalise(resize_frames(frames, model.spec.size), model.spec.mean, model.spec.std)
        for name, frames in {c + o: made.clip(c, o)[::STEP] for c in "ab" for o in "ab"}.items()
    }
    splice = -(-made.spans.splice // STEP)
    bare = {
        name: normalise(resize_frames(frames, model.spec.size), model.spec.mean, model.spec.std)
        for name, frames in takes.items()
    }
    less = {c + o: torch.cat([bare[c][:splice], bare[o][splice:]]) for c in "ab" for o in "ab"}
    starts = window_starts(len(ready["aa"]), PROTOCOL.window, PROTOCOL.stride)
    numbers = STEP * (starts[:, None] + np.arange(PROTOCOL.window))
    spans = made.spans
    kept = informative_windows(
        numbers,
        CONTEXT,
        (spans.context_starts, spans.context_ends),
        (spans.outcome_starts, spans.outcome_ends),
    )
    found = []
    for start in starts[kept]:
        errors: dict[str, list[float]] = {}
        for clip in ready:
            window = ready[clip][None, start : start + PROTOCOL.window]
            bare_context = less[clip][None, start : start + CONTEXT]
            stream = model.spec.streams[0]
            with torch.inference_mode():
                happened = model.targets(window)[stream]
                expected = [
                    model.predict(x, PROTOCOL.window)[stream] for x in (window[:, :CONTEXT], bare_context)
                ]
            errors[clip] = [float((e - happened[:, -e.shape[1] :]).double().abs().mean()) for e in expected]
        found.append([errors["ab"][k] + errors["ba"][k] - errors["aa"][k] - errors["bb"][k] for k in (0, 1)])
    whole, less_of_it = np.mean(found, axis=0)
    return float(whole), float(less_of_it)


def print_tones(models: list[Predictor], stimuli: StimulusSet, concept: str) -> None:
    """A line a model."""
    print(
        f"{'model':<48} {'n':>3} {'above 0':>8} {'tone':>6} {'median':>7} {'rest above 0':>13} {'moves':>7}"
    )
    for model in models:
        table = tones(model, stimuli, PROTOCOL, concept)
        usable = table[table["windows"] > 0]
        whole, rows = usable["in_place"], usable["from_rows"]
        numbers = 100 * np.array(
            [(table["contrast"] > 0).mean(), rows.sum() / whole.sum(), (rows / whole).median()]
        )
        rest, moves = 100 * ((whole - rows) > 0).mean(), 100 * usable["share"].median()
        left = f", {len(table) - len(usable)} without" if len(usable) < len(table) else ""
        print(
            f"{model.spec.name[-48:]:<48} {len(table):>3} {numbers[0]:>6.0f} % {numbers[1]:>4.0f} % "
            f"{numbers[2]:>5.0f} % {rest:>11.0f} % {moves:>5.2f} %{left}"
        )
    print(
        "above 0: contrasts, ties not recognised. tone: the part of the summed contrasts that there would\n"
        "be, had the predictions moved in the place as in the tokens beside it; median: of that part over\n"
        "quadruplets. rest above 0: contrasts less that part. moves: in the place, of the way from outcome\n"
        "to outcome (median)."
    )


def print_without(models: list[Predictor], name: str, concept: str, parts: list[str], count: int) -> None:
    """A line a model: right with the contexts as they are, and without the parts."""
    plan, card = plan_of(read_stimuli_card(name)), read_probe_card(concept)
    card = held_out(card) if plan.heldout else card
    found: list[list[tuple[float, float]]] = [[] for _ in models]
    for scene in range(min(count, plan.count)):
        made = render_scene(card, count=plan.count, seed=plan.seed, scene=scene, size=plan.size)
        takes = without(made, plan.size, parts)
        for row, model in zip(found, models, strict=True):
            row.append(contrasts(model, made, takes))
    print(f"{'model':<48} {'n':>3} {'right':>7} {'without':>8}")
    for model, row in zip(models, found, strict=True):
        whole, less = 100 * (np.array(row) > 0).mean(axis=0)
        print(f"{model.spec.name[-48:]:<48} {len(row):>3} {whole:>5.0f} % {less:>6.0f} %")


def pictures_of(tokens: torch.Tensor, grid: tuple[int, int, int], tubelet: int) -> np.ndarray:
    """Pixels by token as pictures: [N, P * 3] -> float [T, H, W, 3]."""
    time, rows, columns = grid
    side = round((tokens.shape[1] / 3 / tubelet) ** 0.5)
    split = tokens.reshape(time, rows, columns, tubelet, side, side, 3).permute(0, 3, 1, 4, 2, 5, 6)
    return split.reshape(time * tubelet, rows * side, columns * side, 3).numpy()


def draw(model: Predictor, stimuli: StimulusSet, scene: str, path: str) -> None:
    """Outcomes and predictions of the window in which the contexts move the prediction most."""
    import matplotlib.pyplot as plt

    quad = next((q for q in stimuli.quadruplets if q.scene == scene), None)
    if quad is None:
        raise VoeError(
            f"there is no scene {scene!r}.{did_you_mean(scene, [q.scene for q in stimuli.quadruplets])}"
        )
    read = read_scene(scene, [stimuli.clip(name) for name in quad.clips], PROTOCOL, model.spec.size)
    stream, best = model.spec.streams[0], None
    for rows in informative_rows(read, quad, PROTOCOL).transpose(1, 0, 2):
        pixels = read.frames[torch.from_numpy(np.ascontiguousarray(rows[[0, 3]]))]
        window = normalise(pixels, model.spec.mean, model.spec.std)
        with torch.inference_mode():
            expected = model.predict(window[:, :CONTEXT], PROTOCOL.window)[stream]
        size = float((expected[0] - expected[1]).abs().max())
        if best is None or size > best[0]:
            best = (size, pixels, expected)
    assert best is not None, "no informative window"
    _, pixels, expected = best
    time, high, wide = model.grid(PROTOCOL.window)
    grid = (expected.shape[1] // (high * wide), high, wide)
    told = [pictures_of(one, grid, PROTOCOL.window // time) for one in expected]
    happened = pixels.permute(0, 1, 3, 4, 2).numpy() / 255
    came = happened[:, CONTEXT:]
    lines = [
        ("context a, outcome a", happened[0]),
        ("expected of it", told[0]),
        ("context b, outcome b", happened[1]),
        ("expected of it", told[1]),
        (f"expected, a - b, x {AMPLIFIED}", 0.5 + AMPLIFIED * (told[0] - told[1])),
        ("outcome, a - b", 0.5 + (came[0] - came[1]) / 2),
    ]
    with style():
        figure, axes = plt.subplots(len(lines), PROTOCOL.window, figsize=(11.0, 4.5))
        for row, (name, frames) in zip(axes, lines, strict=True):
            for place, ax in enumerate(row):
                ax.set_axis_off()
                at = place - (PROTOCOL.window - len(frames))
                if at >= 0:
                    ax.imshow(np.clip(frames[at], 0, 1))
            row[0].text(-0.1, 0.5, name, transform=row[0].transAxes, ha="right", va="center", fontsize=8)
        figure.savefig(path, dpi=110)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--stimuli", default="builtin", choices=("builtin", "builtin-heldout"))
    parser.add_argument("--concept", default="support")
    parser.add_argument("--take-away", action="append", default=[], help="the beginning of a part's name")
    parser.add_argument(
        "--first", type=int, default=30, help="scenes of a concept (held-out, or --take-away)"
    )
    parser.add_argument("--picture", help="draw what the first model expects of --scene")
    parser.add_argument("--scene", default="support-003")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    models = [load_model(spec, device="cpu") for spec in asked.models]
    if asked.take_away:
        print_without(models, asked.stimuli, asked.concept, asked.take_away, asked.first)
        return
    whole = asked.stimuli == "builtin"
    stimuli = load_stimuli("builtin") if whole else heldout_stimuli(asked.first)
    if asked.picture:
        draw(models[0], stimuli, asked.scene, asked.picture)
        return
    print_tones(models, stimuli, asked.concept)


if __name__ == "__main__":
    try:
        main()
    except VoeError as error:
        sys.exit(str(error))
