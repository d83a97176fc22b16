"""Doing it: an arm and a seed -> a trained model and its verdicts. What is there is not done again."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pandas as pd

from voe.adapters.base import Predictor
from voe.clips import StimulusSet
from voe.miniature.arms import (
    ARMS,
    FLAT,
    FLAT_LESSONS,
    LATENT,
    MODELS,
    UNTRAINED,
    Arm,
    arm_named,
    flat_looks,
)
from voe.miniature.measure import verdicts
from voe.miniature.results import Results, joined
from voe.protocols import Protocol
from voe.worlds.flat import PROBE_SEEDS

if TYPE_CHECKING:
    from voe.training.flat_lessons import FlatLesson
    from voe.training.learners import Learner
    from voe.training.loop import Probe

Progress = Callable[[int, int], None]
HELDOUT: Final = "builtin-heldout"
UNTRAINED_SEEDS: Final = 99
UNTRAINED_FROM: Final = 1_000
"""Untrained network number k has this seed plus k: no training has it."""
PROTOCOL: Final = Protocol(frame_step=2, window=16, stride=2, contexts=(8,), primary_context=8)
"""The primary setting of the cards of both sets, fixed before anything was scored."""
FLAT_PROTOCOL: Final = Protocol(frame_step=1, window=16, stride=1, contexts=(8,), primary_context=8)
"""A clip of the flat world is one window."""
FLAT_PROBE_EVERY: Final = 50
SCORED_SEED, DEVELOPMENT_SEED = PROBE_SEEDS
HELDOUT_LOG: Final = "heldout.jsonl"
SPACES: Final = "spaces"
"""The folder of verdicts in spaces that are no model's own."""


def place_of(out: Path, arm: str, seed: int) -> Path:
    """The folder of one training."""
    return out / arm / f"seed-{seed}"


def train_arm(
    arm: Arm,
    seed: int,
    out: Path,
    *,
    progress: Progress | None = None,
    said: Callable[[dict[str, float | int | None]], None] | None = None,
    probe_every: int = 250,
    device: str | None = None,
) -> Path:
    """Train one seed of an arm, or go on with it; the folder of its model.

    The first seed of the models is probed while it learns (the developmental curve), and so are lessons in
    the flat world; others at their end.
    """
    from voe.training.footage import footage
    from voe.training.loop import train
    from voe.training.probing import probe_accuracy

    recipe = arm.recipe(seed)
    seen = footage(recipe, progress=progress)
    probe: Probe | None = None
    if recipe.flat is not None:
        probe, probe_every = flat_probe(recipe.flat), FLAT_PROBE_EVERY
    elif arm.group == MODELS and seed == 0:
        probe = probe_accuracy
    place = place_of(out, arm.name, seed)
    return train(recipe, seen, place, probe=probe, probe_every=probe_every, said=said, device=device)


def flat_probe(lesson: FlatLesson) -> Probe:
    """Accuracy of a learner on its lesson's concept, on other quadruplets than it is scored on."""
    from voe.adapters.placement import Placement
    from voe.loaders.manifest import load_manifest
    from voe.worlds.flat_set import flat_probes

    concept = lesson.concept
    manifest = flat_probes(seed=DEVELOPMENT_SEED, one_room=lesson.one_room, noise=lesson.noise)
    stimuli = _of_concept(load_manifest(manifest, name="flat-development"), concept)

    def probe(learner: Learner) -> dict[str, float]:
        found = verdicts([learner.adapter(Placement.choose("cpu", "float32"))], stimuli, FLAT_PROTOCOL)
        share = float(found["score"].mean())
        return {concept: share, "all": share}

    return probe


def score_arm(
    arm: Arm, seed: int, out: Path, stimuli: StimulusSet, *, progress: Progress | None = None
) -> pd.DataFrame:
    """Verdicts of one trained seed on a set; kept beside the model."""
    from voe.adapters.load import load_model

    place = place_of(out, arm.name, seed)
    # A set of the flat world lies in a folder whose name says all that decides it.
    name = stimuli.root.name if stimuli.name in FLAT_LESSONS else stimuli.name
    kept = place / f"verdicts-{name}-{len(stimuli.quadruplets)}.parquet"
    if kept.is_file():
        return pd.read_parquet(kept)
    # On the processor, whatever it was trained on: as untrained networks are, with which it is compared.
    model = load_model(f"{arm.recipe(seed).family}:{place / 'model'}", device="cpu")
    if stimuli.name == HELDOUT:
        _log_heldout(out, arm.name, seed, model)
    protocol = FLAT_PROTOCOL if stimuli.name in FLAT_LESSONS else PROTOCOL
    if (lesson := arm.recipe(seed).flat) is not None:  # what it does not teach is none of its questions
        stimuli = _of_concept(stimuli, lesson.concept)
    found = verdicts([model], stimuli, protocol, progress=progress)
    table = labelled(found, arm.name, [seed], stimuli.name)
    write_verdicts(table, kept)
    return table


def score_untrained(
    out: Path,
    stimuli: StimulusSet,
    *,
    networks: int = UNTRAINED_SEEDS,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Verdicts of untrained networks of the latent model's architecture."""
    kept = out / UNTRAINED / f"verdicts-{stimuli.name}-{len(stimuli.quadruplets)}-{networks}.parquet"
    if kept.is_file():
        return pd.read_parquet(kept)
    seeds = list(range(UNTRAINED_FROM, UNTRAINED_FROM + networks))
    models = [untrained_network(seed) for seed in seeds]
    table = labelled(verdicts(models, stimuli, PROTOCOL, progress=progress), UNTRAINED, seeds, stimuli.name)
    write_verdicts(table, kept)
    return table


def flat_stimuli(probes: str = FLAT) -> StimulusSet:
    """A set of the flat world: 60 quadruplets of each of its concepts, made where they are not kept."""
    from voe.loaders.manifest import load_manifest
    from voe.worlds.flat_set import flat_probes

    return load_manifest(flat_probes(seed=SCORED_SEED, **flat_looks(probes)), name=probes)


def heldout_stimuli(scenes: int | None = None, *, progress: Progress | None = None) -> StimulusSet:
    """The held-out set, or the first `scenes` quadruplets of each concept.

    A part is rendered on its own where the whole set has not been: its scenes are the same.

    Raises:
        CardError: the whole set is asked for, and has not been rendered.
    """
    from voe.cards import read_stimuli_card
    from voe.loaders.load import load_stimuli
    from voe.loaders.manifest import load_manifest
    from voe.worlds.ondemand import plan_of, render_cached, rendered

    card = read_stimuli_card(HELDOUT)
    plan = plan_of(card)
    if scenes is None or scenes >= plan.count:
        return load_stimuli(HELDOUT)
    if rendered(plan, HELDOUT) is not None:
        return first_scenes(load_stimuli(HELDOUT), scenes)
    manifest = render_cached(replace(plan, first=scenes), HELDOUT, progress=progress)
    return load_manifest(manifest, name=HELDOUT, align=card.align)


def _of_concept(stimuli: StimulusSet, concept: str) -> StimulusSet:
    """The quadruplets of one concept."""
    quads = tuple(quad for quad in stimuli.quadruplets if concept in quad.concepts)
    return replace(stimuli, quadruplets=quads)


def first_scenes(stimuli: StimulusSet, per_concept: int) -> StimulusSet:
    """The first quadruplets of each concept."""
    chosen = []
    for concept in stimuli.concepts:
        chosen += [quad for quad in stimuli.quadruplets if concept in quad.concepts][:per_concept]
    return replace(stimuli, quadruplets=tuple(chosen))


def collect(out: Path) -> Results:
    """Everything that was trained and scored in a folder."""
    parts = []
    known = {arm.name for arm in ARMS} | {UNTRAINED, SPACES}
    for kept in sorted(out.glob("*/**/verdicts-*.parquet")):
        if kept.relative_to(out).parts[0] in known:
            parts.append(Results(pd.read_parquet(kept), pd.DataFrame(), pd.DataFrame()))
    for arm in ARMS:
        for place in sorted(out.glob(f"{arm.name}/seed-*")):
            if (place / "model").is_dir():
                parts.append(_training(arm.name, int(place.name.removeprefix("seed-")), place))
    found = joined(parts)
    # A set may have been scored in part, and then whole; the verdicts are the same.
    once = found.verdicts.drop_duplicates(["arm", "seed", "stimuli", "comparison"], ignore_index=True)
    return Results(once, found.development, found.trainings)


def _training(arm: str, seed: int, place: Path) -> Results:
    """The record of one training: its last line, and its accuracy while it learnt."""
    from voe.training.loop import COMPUTED_IN, DEVELOPMENT, LOG, RECIPE

    recipe = json.loads((place / RECIPE).read_text(encoding="utf-8"))
    clips = (
        math.nan if recipe["lesson"] or recipe.get("flat") else recipe["clips"]
    )  # a lesson is watched in their place
    weights = _weights_hash(recipe["family"], place)
    last = pd.read_csv(place / LOG).iloc[-1]
    row = {
        "arm": arm, "seed": seed, "steps": recipe["steps"], "clips": clips,
        "seconds": float(last["seconds"]), "loss": float(last["loss"]),
        "effective_rank": float(last["effective_rank"]), "weights_sha256": weights,
        "computed_in": recipe.get(COMPUTED_IN, recipe["precision"]),
    }  # fmt: skip
    looks = pd.read_csv(place / DEVELOPMENT)
    looks.insert(0, "arm", arm)
    looks.insert(1, "seed", seed)
    return Results(pd.DataFrame(), looks, pd.DataFrame([row]))


def _weights_hash(family: str, place: Path) -> str:
    """As runs and the log of the held-out set have it."""
    from voe.adapters.load import load_model

    return str(load_model(f"{family}:{place / 'model'}", device="cpu").spec.details["weights_sha256"])


def untrained_network(seed: int) -> Predictor:
    """A network of the latent model's architecture with the weights that its training would begin with."""
    from voe.adapters.placement import Placement
    from voe.training.learners import make_learner

    recipe = arm_named(LATENT).recipe(0).with_changes(seed=seed)
    return make_learner(recipe).adapter(Placement.choose("cpu", "float32"))


def labelled(found: pd.DataFrame, arm: str, seeds: Sequence[int], stimuli: str) -> pd.DataFrame:
    """Verdicts as they are kept: `seeds` names the networks by their number."""
    return pd.DataFrame(
        {
            "arm": arm,
            "seed": found["model"].map(dict(enumerate(seeds))),
            "stimuli": stimuli,
            **{
                key: found[key]
                for key in ("comparison", "concept", "status", "contrast", "mean_surprise", "tau", "score")
            },
        }
    )


def write_verdicts(table: pd.DataFrame, path: Path) -> None:
    """A table beside a model, written aside and renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}")
    table.to_parquet(aside, index=False)
    aside.replace(path)


def _log_heldout(out: Path, arm: str, seed: int, model: Predictor) -> None:
    """One line each time a model meets the held-out set: how often that was is part of the result."""
    line = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "arm": arm,
        "seed": seed,
        "weights_sha256": model.spec.details.get("weights_sha256"),
    }
    with (out / HELDOUT_LOG).open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
