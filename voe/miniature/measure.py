"""Verdicts of many small networks on one set: the headline measure, and nothing that it does not need.

`voe score` keeps the surprise of every window, for curves and tables. Here only the informative windows are
scored, and a scene is decoded once for all networks; the numbers are those of `voe score`, a test says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from voe.adapters.base import Predictor
from voe.clips import Quadruplet, StimulusSet
from voe.contrasts import FAILED, NOT_TESTABLE, SCORED
from voe.engine import rebatch_difference, window_surprise
from voe.errors import VoeError
from voe.protocols import Protocol
from voe.scenes import Scene, read_scene
from voe.stats.measure import informative_windows, interaction, score, tolerance
from voe.windows import check_windows, window_starts

COLUMNS = ("model", "comparison", "scene", "concept", "status", "contrast", "mean_surprise", "tau", "score")
BATCH = 16


def verdicts(
    models: Sequence[Predictor],
    stimuli: StimulusSet,
    protocol: Protocol,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Each network's answer to each quadruplet, at the protocol's primary context.

    Args:
        models: networks that take frames of one size.
        stimuli: a set of quadruplets, one concept each.
        protocol: windows, stride and sampling.
        progress: called with (quadruplets done, quadruplets in all).

    Returns:
        One row a network and quadruplet: model (its number), comparison, scene, concept, status, contrast
        (the interaction I), mean_surprise (of the four clips, in its units), tau, score (1, 1/2, 0, or NaN).

    Raises:
        VoeError: networks of different sizes, or a set without quadruplets.
    """
    if len({model.spec.size for model in models}) != 1 or not stimuli.quadruplets:
        raise VoeError("verdicts: networks must take frames of one size, and the set must have quadruplets")
    for model in models:
        check_windows(model.spec, protocol)
    noise = [rebatch_difference(model, protocol, BATCH) for model in models]
    by_id = {clip.id: clip for clip in stimuli.clips}
    records = []
    for done, quad in enumerate(stimuli.quadruplets):
        clips = [by_id[name] for name in quad.clips]
        scene = read_scene(quad.scene, clips, protocol, models[0].spec.size)
        head = {"comparison": quad.id, "scene": quad.scene, "concept": "; ".join(quad.concepts)}
        windows = None if scene.failures else informative_rows(scene, quad, protocol)
        for number, model in enumerate(models):
            found = _verdict(model, scene, windows, protocol, noise[number])
            records.append({"model": number, **head, **found})
        if progress is not None:
            progress(done + 1, len(stimuli.quadruplets))
    return pd.DataFrame(records, columns=list(COLUMNS))


def informative_rows(scene: Scene, quad: Quadruplet, protocol: Protocol) -> npt.NDArray[np.int64]:
    """Informative windows of the four clips, rows of `Scene.frames`: int64 [4, W, window]."""
    numbers = scene.clips[quad.aa].numbers
    rows = window_starts(len(numbers), protocol.window, protocol.stride)[:, None] + np.arange(protocol.window)
    context, outcome = (
        None if start is None or stop is None else (start, stop)
        for start, stop in (
            (quad.context_starts, quad.context_ends),
            (quad.outcome_starts, quad.outcome_ends),
        )
    )
    kept = informative_windows(numbers[rows], protocol.headline_context, context, outcome)
    return np.stack([scene.clips[clip].keys[rows[kept]] for clip in quad.clips])


def _verdict(
    model: Predictor,
    scene: Scene,
    windows: npt.NDArray[np.int64] | None,
    protocol: Protocol,
    noise: float,
) -> dict[str, object]:
    nothing = dict.fromkeys(("contrast", "mean_surprise", "tau", "score"), np.nan)
    if windows is None:
        return {"status": FAILED, **nothing}
    if not windows.shape[1]:
        return {"status": NOT_TESTABLE, **nothing}
    flat = windows.reshape(-1, windows.shape[2])
    found = window_surprise(model, scene.frames, flat, (protocol.headline_context,), BATCH)
    surprise = found[model.spec.streams[0]][:, 0].reshape(4, -1).astype(np.float64)
    aa, ab, ba, bb = surprise
    contrast = interaction(aa, ab, ba, bb, np.ones(len(aa), dtype=np.bool_))
    mean = float(surprise.mean(axis=1).mean())
    tau = float(tolerance(mean, noise))
    scored = float(score(contrast, tau))
    return {
        "status": SCORED, "contrast": contrast, "mean_surprise": mean, "tau": tau, "score": scored,
    }  # fmt: skip
