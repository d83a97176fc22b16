"""Doing it: the trained models, and untrained ones, scored in two third spaces that are the same for all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pandas as pd

from voe.adapters.base import Predictor
from voe.clips import StimulusSet
from voe.errors import VoeError
from voe.miniature.arms import LATENT, PIXELS, UNTRAINED, arm_named
from voe.miniature.measure import verdicts
from voe.miniature.third_space import Features, InThirdSpace, cell_colours, fit_readout, latents_of
from voe.miniature.work import (
    PROTOCOL,
    SPACES,
    UNTRAINED_FROM,
    labelled,
    place_of,
    untrained_network,
    write_verdicts,
)
from voe.worlds.watch.clips import World
from voe.worlds.watch.store import watched

COLOURS, ENCODER = "colours", "encoder"
READ_FROM: Final = World(seed=2)
"""The world on which readouts are fitted: of the same kind as what the models watched, and other clips."""
CLIPS: Final = 300
UNTRAINED_HERE: Final = 4

Progress = Callable[[int, int], None]


def score_in_spaces(out: Path, stimuli: StimulusSet, *, progress: Progress | None = None) -> pd.DataFrame:
    """Verdicts of the trained models of a folder, and of untrained networks, in both spaces.

    'colours' are mean colours of 4 x 4 cells of each token; 'encoder' are the latents of the last seed of
    the latent predictor, which then takes no part itself. Arms are named 'latent@colours' and so on; the
    column r2 says how much of the space a model's readout explains in worlds to watch.

    Raises:
        VoeError: no trained model, or fewer than two seeds of the latent one.
    """
    models = list(_models(out))
    kept = out / SPACES / f"verdicts-{stimuli.name}-{len(stimuli.quadruplets)}-{len(models)}.parquet"
    if kept.is_file():
        return pd.read_parquet(kept)
    latents = [model for arm, _, model in models if arm == LATENT]
    if len(latents) < 2:
        raise VoeError(
            f"scoring in a third space: {out} holds fewer than two seeds of {LATENT!r}; train them"
        )
    spaces = {COLOURS: cell_colours(latents[0].grid), ENCODER: latents_of(latents[-1])}
    taking_part = [one for one in models if one[2] is not latents[-1]]
    tables = [
        _in_space(space, features, taking_part, stimuli, progress) for space, features in spaces.items()
    ]
    table = pd.concat(tables, ignore_index=True)
    write_verdicts(table, kept)
    return table


def _models(out: Path) -> Iterator[tuple[str, int, Predictor]]:
    """Arm, seed and network: trained ones as far as they are there, then untrained ones."""
    from voe.adapters.load import load_model

    for arm in (LATENT, PIXELS):
        for seed in range(arm_named(arm).seeds):
            place = place_of(out, arm, seed) / "model"
            if place.is_dir():
                model = load_model(f"{arm_named(arm).recipe(seed).family}:{place}")
                assert isinstance(model, Predictor)
                yield arm, seed, model
    for seed in range(UNTRAINED_FROM, UNTRAINED_FROM + UNTRAINED_HERE):
        yield UNTRAINED, seed, untrained_network(seed)


def _in_space(
    space: str,
    features: Features,
    models: list[tuple[str, int, Predictor]],
    stimuli: StimulusSet,
    progress: Progress | None,
) -> pd.DataFrame:
    clips = watched(READ_FROM, CLIPS, models[0][2].spec.size[0])
    readouts = [fit_readout(model, features, clips) for _, _, model in models]
    read = [
        InThirdSpace(model, features, readout, space)
        for (_, _, model), readout in zip(models, readouts, strict=True)
    ]
    found = verdicts(read, stimuli, PROTOCOL, progress=progress)
    parts = []
    for number, (arm, seed, _) in enumerate(models):
        part = labelled(found[found["model"] == number], f"{arm}@{space}", [], stimuli.name)
        parts.append(part.assign(seed=seed, r2=readouts[number].r2))
    return pd.concat(parts, ignore_index=True)
