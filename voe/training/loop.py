"""`voe train`: a recipe -> a transformers folder, a log, and checkpoints from which it goes on.

Everything random is drawn from the recipe's seed and the step's number, so a training that was cut off and
continued sees what an uninterrupted one sees.
"""

from __future__ import annotations

import csv
import json
import math
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, get_args

import numpy as np
import torch

from voe.adapters.checkpoints import quiet_transformers
from voe.adapters.placement import Placement, has_bfloat16
from voe.errors import VoeError
from voe.stats.health import effective_rank
from voe.training.flat_lessons import FlatLesson
from voe.training.footage import Footage
from voe.training.learners import FRAMES, Learner, make_learner
from voe.training.lessons import Lesson
from voe.training.masks import draw_mask
from voe.training.recipes import Precision, Recipe
from voe.worlds import build, flat
from voe.worlds.watch import clips as watch_clips
from voe.worlds.watch.clips import World

LOG: Final = "log.csv"
CHECKPOINT: Final = "checkpoint.pt"
DEVELOPMENT: Final = "development.csv"
RECIPE: Final = "recipe.json"
GENERATOR: Final = "generator"
COMPUTED_IN: Final = "computed_in"
COMPUTED_ON: Final = "computed_on"
FINISHED: Final = "model"
COLUMNS: Final = (
    "step",
    "loss",
    "learning_rate",
    "target_deviation",
    "effective_rank",
    "seconds",
    "probe_accuracy",
)
SAVE_EVERY: Final = 50
LOG_EVERY: Final = 25

DEVELOPMENT_COLUMNS: Final = ("step", "concept", "estimate")

Line = dict[str, float | int | None]
Look = dict[str, float | int | str]


@dataclass
class Diary:
    """What was written down so far: `log.csv`, and accuracy by concept (`development.csv`)."""

    lines: list[Line] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)


Probe = Callable[[Learner], Mapping[str, float]]
"""Concept (and 'all') -> accuracy of the learner as it is now."""


def train(
    recipe: Recipe,
    watched: Footage,
    out: Path,
    *,
    probe: Probe | None = None,
    probe_every: int = 500,
    said: Callable[[Line], None] | None = None,
    device: str | None = None,
) -> Path:
    """Train, or go on; the finished model is `out/model`, in transformers' own format.

    Args:
        recipe: what and how.
        watched: its clips (`voe.training.footage.footage`).
        out: the folder of this training.
        probe: accuracy by concept while it learns; recorded in `development.csv`, never trained on.
        probe_every: after how many steps.
        said: called with each line of the log.
        device: 'cpu', 'cuda', 'cuda:1' or 'mps'; without one: cuda if it is there, else cpu. It has no part
            in the recipe: other devices give the same but for rounding, which grows over a training.

    A recipe of bfloat16 is computed in float32 where the device has no such instructions; `recipe.json` says
    in which (`computed_in`), and a training goes on in the one that it was begun in. It also says on which
    devices (`computed_on`).

    Raises:
        VoeError: the folder holds a training with another recipe, or the loss is not finite.
        ModelError: there is no such device.
    """
    placement = placed(recipe, device)
    out.mkdir(parents=True, exist_ok=True)
    placement = _same_recipe(recipe, out, placement)
    finished = out / FINISHED
    if (finished / "config.json").is_file():
        return finished
    learner = make_learner(recipe, placement.device)
    optimiser = torch.optim.AdamW(
        learner.parameters, lr=recipe.learning_rate, betas=(0.9, 0.95), weight_decay=recipe.weight_decay
    )
    step, diary = _resume(out, learner, optimiser)
    started = time.monotonic() - (float(diary.lines[-1]["seconds"] or 0) if diary.lines else 0.0)
    while step < recipe.steps:
        line = _step(recipe, learner, optimiser, watched, step, placement=placement)
        step += 1
        line["seconds"] = round(time.monotonic() - started, 1)
        probing = probe is not None and (step % probe_every == 0 or step == recipe.steps)
        line["probe_accuracy"] = None
        if probing and probe is not None:
            found = probe(learner)
            diary.looks += [
                {"step": step, "concept": name, "estimate": value} for name, value in found.items()
            ]
            line["probe_accuracy"] = found["all"]
        if _logged(step, recipe) or probing:
            diary.lines.append(line)
            if said is not None:
                said(line)
        if step % SAVE_EVERY == 0 or step == recipe.steps:
            _save(out, learner, optimiser, step, diary)
    network = learner.network()
    aside = out / f".{FINISHED}.partial"
    for rest in (aside, finished):  # of a training that was cut off while it was writing, or tampered with
        shutil.rmtree(rest, ignore_errors=True)
    with quiet_transformers():
        network.save_pretrained(aside)
    aside.rename(finished)
    return finished


def learning_rate(recipe: Recipe, step: int) -> float:
    """Linear warm-up, then a cosine down to 2 % at the last step."""
    warm = min(1.0, (step + 1) / max(recipe.warmup, 1))
    return recipe.learning_rate * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / recipe.steps)))


def batch_of(recipe: Recipe, watched: Footage, generator: np.random.Generator) -> torch.Tensor:
    """Windows of random clips from a random frame on, half of them mirrored: uint8 [B, 16, H, W, 3]."""
    numbers = generator.integers(0, watched.count, recipe.batch)
    starts = generator.integers(0, watched.length - FRAMES + 1, recipe.batch)
    mirrored = generator.random(recipe.batch) < 0.5
    clips = watched.clips(numbers)
    windows = [
        clip[start : start + FRAMES, :, ::-1] if flip else clip[start : start + FRAMES]
        for clip, start, flip in zip(clips, starts.tolist(), mirrored.tolist(), strict=True)
    ]
    return torch.from_numpy(np.stack(windows))


def placed(recipe: Recipe, device: str | None = None) -> Placement:
    """Where a recipe is computed, and in which dtype: bfloat16 if it says so and the device has it.

    Raises:
        ModelError: there is no such device.
    """
    # MPS only when it is asked for: no training has been seen there.
    place = Placement.choose(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    wanted = recipe.precision == "bfloat16" and has_bfloat16(place.device)
    return Placement(place.device, torch.bfloat16 if wanted else torch.float32)


def _logged(step: int, recipe: Recipe) -> bool:
    """Whether a step, counted from 1, has a line of the log."""
    return step == 1 or step % LOG_EVERY == 0 or step == recipe.steps


def _step(
    recipe: Recipe,
    learner: Learner,
    optimiser: torch.optim.Optimizer,
    watched: Footage,
    step: int,
    *,
    placement: Placement,
) -> Line:
    """One optimiser step, and its line of the log."""
    generator = np.random.default_rng([recipe.seed, 1, step])
    rate = learning_rate(recipe, step)
    for group in optimiser.param_groups:
        group["lr"] = rate
    window = batch_of(recipe, watched, generator).to(placement.device)
    given, hidden = draw_mask(generator, recipe.masking, learner.grid)
    with placement.autocast():
        loss, happened = learner.loss(window, given, hidden)
    if not torch.isfinite(loss):
        raise VoeError(
            f"training {recipe.name!r}: the loss of step {step} is {loss.item()}; lower learning_rate"
        )
    optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(learner.parameters, 1.0)
    optimiser.step()
    learner.after_step(step / recipe.steps)
    line: Line = {"step": step + 1, "loss": loss.item(), "learning_rate": rate}
    if _logged(step + 1, recipe):
        sample = happened[:: max(len(happened) // 1024, 1)].cpu().numpy()
        line |= {
            "target_deviation": float(sample.std(axis=0).mean()),
            "effective_rank": effective_rank(sample),
        }
    return line


def _same_recipe(recipe: Recipe, out: Path, placement: Placement) -> Placement:
    """Write the recipe, or compare it with that of the checkpoint or the model which lies there.

    Returns how the training is computed: as asked, but in the dtype that it was begun in.
    """
    path = out / RECIPE
    now = json.loads(json.dumps({**asdict(recipe), GENERATOR: _generator(recipe)}))
    if (out / CHECKPOINT).is_file() or (out / FINISHED).is_dir():
        written = _read(path)
        begun_in = written.get(COMPUTED_IN, written.get("precision", recipe.precision))
        if begun_in not in get_args(Precision):
            raise VoeError(
                f"training into {out}: {path.name} says that it was computed in {begun_in!r}, which is none "
                f"of {', '.join(get_args(Precision))}; choose another folder with --out, or delete it"
            )
        found = _completed(written, recipe)
        if other := [key for key in {**now, **found} if found.get(key) != now.get(key)]:
            told = "; ".join(f"{key}: {found.get(key)!r}, now {now.get(key)!r}" for key in other)
            raise VoeError(
                f"training into {out}: a training with another recipe was begun there ({told}); choose "
                "another folder with --out, or delete it"
            )
        placement = Placement.choose(str(placement.device), begun_in)
        devices = written.get(COMPUTED_ON, [])
        if not (out / FINISHED / "config.json").is_file() and str(placement.device) not in devices:
            _write_recipe(path, written, placement, devices)
        return placement
    _write_recipe(path, now, placement, [])
    return placement


def _write_recipe(path: Path, recipe: dict[str, Any], placement: Placement, devices: list[str]) -> None:
    """A recipe, and in what and on which devices it is computed, written aside and renamed."""
    how = {COMPUTED_IN: placement.dtype_name, COMPUTED_ON: [*devices, str(placement.device)]}
    aside = path.with_name(f".{RECIPE}.partial")
    aside.write_text(json.dumps({**recipe, **how}, indent=2), encoding="utf-8")
    aside.replace(path)


def _generator(recipe: Recipe) -> str:
    """Which version of which world a recipe watches."""
    if recipe.flat is not None:
        return f"flat world {flat.GENERATOR}"
    if recipe.lesson is not None:
        return f"probes {build.GENERATOR}"
    return f"worlds to watch {watch_clips.GENERATOR}"


def _read(path: Path) -> dict[str, Any]:
    """The recipe of a training."""
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise VoeError(
            f"training into {path.parent}: there is a checkpoint or a model, but {path.name}, which says of "
            f"what, is missing or broken ({error}); choose another folder with --out, or delete it"
        ) from error
    return found


def _completed(found: dict[str, Any], now: Recipe) -> dict[str, Any]:
    """A recipe that was written before a field was there has that field's default."""
    defaults = {**asdict(Recipe(name="default")), GENERATOR: _generator(now)}
    found = {key: value for key, value in found.items() if key not in {COMPUTED_IN, COMPUTED_ON}}
    for key, table in (("world", World()), ("lesson", Lesson()), ("flat", FlatLesson())):
        if isinstance(found.get(key), dict):
            found[key] = {**asdict(table), **found[key]}
    whole: dict[str, Any] = json.loads(json.dumps({**defaults, **found}))
    return whole


def _save(out: Path, learner: Learner, optimiser: torch.optim.Optimizer, step: int, diary: Diary) -> None:
    """A checkpoint, written aside and renamed, and the logs as far as they go."""
    state: dict[str, Any] = {name: net.state_dict() for name, net in learner.networks.items()}
    aside = out / f".{CHECKPOINT}.partial"
    whole = {"step": step, "networks": state, "optimiser": optimiser.state_dict()}
    torch.save({**whole, "lines": diary.lines, "looks": diary.looks}, aside)
    aside.replace(out / CHECKPOINT)
    for name, columns, rows in ((LOG, COLUMNS, diary.lines), (DEVELOPMENT, DEVELOPMENT_COLUMNS, diary.looks)):
        with (out / name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)


def _resume(out: Path, learner: Learner, optimiser: torch.optim.Optimizer) -> tuple[int, Diary]:
    """The step to go on from, and the logs so far."""
    path = out / CHECKPOINT
    if not path.is_file():
        return 0, Diary()
    found = torch.load(path, map_location="cpu", weights_only=True)
    for name, net in learner.networks.items():
        net.load_state_dict(found["networks"][name])
    optimiser.load_state_dict(found["optimiser"])
    return int(found["step"]), Diary(list(found["lines"]), list(found["looks"]))
