"""Do predicted pixels say where a thing will be, or only how light the picture will be?

Two contexts lead to two predictions, and only the pixels in which the two outcomes differ (the *place*: where
a box stays or is gone) decide which is nearer to which. So the contrast of a quadruplet can be the same for a
network that predicts a box there and for one that predicts the whole picture a little darker. What tells them
apart is what the two predictions do beside the place.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import astuple, dataclass
from typing import Final

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from voe.adapters.base import Predictor
from voe.clips import StimulusSet
from voe.errors import VoeError
from voe.miniature.measure import informative_rows
from voe.protocols import Protocol
from voe.scenes import read_scene
from voe.windows import check_windows, normalise

DIFFERS: Final = 0.02
"""Of 1, in any channel: two outcomes whose pixels differ by more are different there."""
COLUMNS: Final = (
    "comparison", "scene", "concept", "contrast", "in_place", "from_tokens", "from_rows", "share", "windows",
)  # fmt: skip


@dataclass(frozen=True)
class Tone:
    """What one window adds to the contrast of a quadruplet, and what it would add if nothing were local.

    `contrast` is the interaction of the four errors, `in_place` the part of it that lies in the place (the
    rest lies in pixels in which the outcomes differ by less than `DIFFERS`). `from_tokens` is what `in_place`
    would be if the prediction moved there, between the contexts, as it does on average in the other pixels of
    the same tokens; `from_rows`, as in the tokens beside them, at the same time and height, where outcomes
    do not differ (NaN where there are no such pixels). `share` is how far the prediction moves in the place:
    1 would be from the one outcome to the other.

    It is the sizes that tell a thing from a tone: of a thing that is predicted in its place, `from_rows` is a
    small part of `in_place` (under a fifth where it is blurred by a sixth of the picture), but may have its
    sign.
    """

    contrast: float
    in_place: float
    from_tokens: float
    from_rows: float
    share: float


def tone(expected: Tensor, happened: Tensor, columns: int) -> Tone:
    """The tone of one window, whose predicted tokens run over time, rows and columns.

    With p the four predictions, and A and B the outcomes, the contrast is the mean of

        |p_ba - A| - |p_aa - A|  +  |p_ab - B| - |p_bb - B|

    to which only pixels with A != B add. For `from_...` both predictions of a pair are moved there to their
    mean +- d / 2, d being the mean of their difference in the other pixels. (Where a window begins so
    late that its context shows the outcome, p_aa and p_ab are two. Where the frames to come still
    show the context, clips of one context show and predict the same, and nothing is added.)

    Args:
        expected: predictions in the clips aa, ab, ba and bb, float [4, N, P * 3], in 0..1.
        happened: what came, the same.
        columns: tokens in a row of the grid.

    >>> black, white = torch.zeros(4, 6), torch.zeros(4, 6)
    >>> white[0, :3] = 1.0  # one pixel of the first of four tokens
    >>> dark, light = torch.full((4, 6), 0.4), torch.full((4, 6), 0.5)
    >>> clips = torch.stack([dark, dark, light, light]), torch.stack([black, white, black, white])
    >>> found = tone(*clips, columns=2)
    >>> print(f"{found.in_place:.4f} {found.from_tokens:.4f} {found.from_rows:.4f} {found.share:.2f}")
    0.0250 0.0250 0.0250 0.10
    """
    aa, ab, ba, bb = expected.reshape(4, expected.shape[1], -1, 3)
    a, b, same_a, same_b = happened.reshape(4, happened.shape[1], -1, 3)
    apart = torch.maximum((a - same_a).abs(), (b - same_b).abs()).amax(dim=-1)
    outcome = apart <= DIFFERS / 2  # lossy video and a camera's noise differ a little
    place = outcome & ((a - b).abs().amax(dim=-1) > DIFFERS)  # [N, P]
    tokens = place.any(dim=-1)
    rows = tokens.view(-1, columns).any(dim=-1).repeat_interleave(columns)
    n_values = int(aa.numel())
    pairs = ((aa, ba, a), (bb, ab, b))  # the fitting context, the other one, and what came

    def elsewhere(where: Tensor) -> float:
        if not where.any():
            return math.nan if place.any() else 0.0
        moved = []
        for fitting, other, came in pairs:
            middle = (fitting[place] + other[place]) / 2
            half = (fitting - other)[where].mean(dim=0) / 2
            moved.append((middle + half, middle - half, came[place]))
        return _less(moved) / n_values

    in_tokens, in_rows = (chosen[:, None].expand_as(place) for chosen in (tokens, rows & ~tokens))
    way, moved = (a - b)[place], (aa + ab - ba - bb)[place] / 2
    share = float((moved * way).sum() / (way * way).sum()) if place.any() else math.nan
    wrong = (expected - happened).abs().double().mean(dim=(1, 2))
    contrast = float(wrong[1] + wrong[2] - wrong[0] - wrong[3])
    in_place = _less([tuple(one[place] for one in pair) for pair in pairs]) / n_values
    return Tone(contrast, in_place, elsewhere(in_tokens & ~place), elsewhere(in_rows), share)


def _less(pairs: Iterable[tuple[Tensor, ...]]) -> float:
    """By how much predictions from the fitting context err less than the others, summed over everything."""
    return sum(
        float(((other - came).abs() - (fitting - came).abs()).double().sum())
        for fitting, other, came in pairs
    )


def tones(
    model: Predictor,
    stimuli: StimulusSet,
    protocol: Protocol,
    concept: str,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """The tone of every quadruplet of a concept, the mean over its informative windows.

    Args:
        model: a predictor of raw pixels in 0..1.
        stimuli: a set of quadruplets.
        protocol: windows, stride and sampling; the primary context is used.
        concept: which quadruplets.
        progress: called with (quadruplets done, quadruplets in all).

    Returns:
        One row a quadruplet: comparison, scene, concept, the fields of `Tone`, and windows. `contrast` is
        what is scored, the mean over all informative windows; the others are means over those `windows` in
        which all of them are numbers (NaN where there are none). A quadruplet without an informative window
        is left out.

    Raises:
        VoeError: another kind of model, no quadruplet of the concept, or a clip that cannot be read.
    """
    if model.spec.details.get("targets") != "pixels in [0, 1]":
        raise VoeError(f"predicted pixels of {model.spec.name!r}: its targets are not raw pixels")
    check_windows(model.spec, protocol)
    quads = [quad for quad in stimuli.quadruplets if concept in quad.concepts]
    if not quads:
        raise VoeError(f"predicted pixels on {stimuli.name!r}: it has no quadruplet of {concept!r}")
    by_id = {clip.id: clip for clip in stimuli.clips}
    records = []
    for done, quad in enumerate(quads):
        clips = [by_id[name] for name in quad.clips]
        scene = read_scene(quad.scene, clips, protocol, model.spec.size)
        if scene.failures:
            raise next(iter(scene.failures.values()))
        windows = informative_rows(scene, quad, protocol)
        found = np.array(
            [astuple(_of_window(model, scene.frames, rows, protocol)) for rows in windows.transpose(1, 0, 2)]
        )
        if len(found):
            whole = found[np.isfinite(found).all(axis=1)]
            means = whole.mean(axis=0) if len(whole) else np.full(found.shape[1], np.nan)
            contrast = float(found[:, 0].mean())
            records.append((quad.id, quad.scene, concept, contrast, *means[1:].tolist(), len(whole)))
        if progress is not None:
            progress(done + 1, len(quads))
    return pd.DataFrame(records, columns=list(COLUMNS))


def _of_window(model: Predictor, frames: Tensor, rows: np.ndarray, protocol: Protocol) -> Tone:
    """The tone of one window of the four clips, `rows` of the frames: int64 [4, window]."""
    context, stream = protocol.headline_context, model.spec.streams[0]
    window = normalise(
        frames[torch.from_numpy(np.ascontiguousarray(rows))], model.spec.mean, model.spec.std
    ).to(model.device)
    with torch.inference_mode():
        expected = model.predict(window[:, :context].clone(), protocol.window)[stream].float()
        happened = model.targets(window)[stream].float()[:, -expected.shape[1] :]
    return tone(expected, happened, model.grid(protocol.window)[2])
