"""Surprise rows -> one line a quadruplet and one a pair: the contrast, its tolerance, its score.

A comparison whose clip could not be read is 'failed', one whose windows cannot show the violation 'not
testable': both are counted, and neither is ever scored as a coin toss.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from voe.clips import Pair, Quadruplet, StimulusSet
from voe.comparable import beyond, equal_rates, equal_sizes, sampled_alike, span_of
from voe.protocols import Protocol
from voe.stats.measure import difference, informative_windows, interaction, score, tolerance
from voe.windows import window_starts

SCORED, NOT_TESTABLE, FAILED = "scored", "not testable", "failed"

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Curves:
    """The surprise of a run, by clip.

    `surprise` maps (clip, stream) to [contexts, windows], `numbers` a clip to the numbers of its sampled
    frames on its own timeline, `n_frames` a clip to its length before sampling, `fps` a clip to its rate
    and `sizes` to its picture size (height, width), where those are known.
    """

    surprise: Mapping[tuple[str, str], Floats]
    numbers: Mapping[str, npt.NDArray[np.int64]]
    n_frames: Mapping[str, int]
    protocol: Protocol
    rebatch_difference: float
    align_strict: bool
    fps: Mapping[str, float] = field(default_factory=dict)
    sizes: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    @classmethod
    def from_tables(
        cls, rows: pd.DataFrame, clips: pd.DataFrame, protocol: Protocol, rebatch: float, align: str
    ) -> Curves:
        """From `RunFolder.rows()` and `RunFolder.clips()`, which are ordered by context and window."""
        contexts = len(protocol.contexts)
        surprise = {
            (str(clip), str(stream)): group.to_numpy(dtype=np.float64).reshape(contexts, -1)
            for (clip, stream), group in rows.groupby(["clip", "stream"], sort=False)["surprise"]
        }
        numbers = {
            str(clip): np.asarray(frames, dtype=np.int64)
            for clip, frames in zip(clips["clip"], clips["numbers"], strict=True)
        }
        lengths = {str(c): int(n) for c, n in zip(clips["clip"], clips["n_frames"], strict=True)}
        rates = dict(zip(clips["clip"], clips["fps"], strict=True)) if "fps" in clips else {}
        sizes = (
            {
                str(clip): (int(height), int(width))
                for clip, height, width in zip(clips["clip"], clips["height"], clips["width"], strict=True)
                if height > 0  # 0: an import, which knows no pictures
            }
            if "height" in clips
            else {}
        )
        return cls(surprise, numbers, lengths, protocol, rebatch, align == "strict", rates, sizes)

    @cached_property
    def streams(self) -> tuple[str, ...]:
        """The spaces in which surprise was measured."""
        return tuple(dict.fromkeys(stream for _, stream in self.surprise))

    def comparable(self, clips: Sequence[str]) -> bool:
        """Whether all the clips were scored, and are alike in size, rate, and length where they must be."""
        if any(clip not in self.numbers for clip in clips):
            return False
        must_agree = self.align_strict or len(clips) == 4
        # Under a rate in fps, clips of equal length may still be sampled differently.
        if not sampled_alike([self.numbers[clip] for clip in clips], aligned=must_agree):
            return False
        if not equal_rates([self.fps.get(clip) for clip in clips]):
            return False
        if not equal_sizes([self.sizes.get(clip) for clip in clips]):
            return False
        return not must_agree or len({self.n_frames[c] for c in clips}) == 1

    def of(self, clip: str, stream: str, context: int) -> Floats:
        """Surprise by window [W] at a context length."""
        return np.asarray(self.surprise[clip, stream][self.protocol.contexts.index(context)])

    def informative(self, quad: Quadruplet | None, clip: str, context: int) -> npt.NDArray[np.bool_]:
        """Windows that can show the violation of a quadruplet: bool [W]; all of them without one."""
        numbers, protocol = self.numbers[clip], self.protocol
        spans = (None, None) if quad is None else (span_of(quad, "context"), span_of(quad, "outcome"))
        # Most clips of a set are sampled alike, and few spans are as many.
        known = self._informative.get(key := (numbers.tobytes(), spans, context))
        if known is None:
            starts = window_starts(len(numbers), protocol.window, protocol.stride)
            frames = numbers[starts[:, None] + np.arange(protocol.window)]
            known = self._informative[key] = informative_windows(frames, context, *spans)
        return known

    @cached_property
    def _informative(self) -> dict[tuple[object, ...], npt.NDArray[np.bool_]]:
        return {}


def quadruplet_contrasts(stimuli: StimulusSet, curves: Curves) -> pd.DataFrame:
    """One row a quadruplet, stream and context.

    Columns: quadruplet, scene, concepts (tuple), stream, context, status, n_windows (informative ones),
    contrast (the interaction I), contrast_max (of the maxima over windows: secondary), mean_surprise, tau,
    score (1, 0.5, 0 or NaN), and one column a condition.
    """
    records = []
    for quad in stimuli.quadruplets:
        head = {"quadruplet": quad.id, "scene": quad.scene, "concepts": quad.concepts}
        for stream, context in _settings(curves):
            values = _measure(curves, quad.clips, quad, stream, context)
            records.append({**head, "stream": stream, "context": context, **values, **quad.conditions})
    return pd.DataFrame(records)


def pair_contrasts(stimuli: StimulusSet, curves: Curves) -> pd.DataFrame:
    """One row a pair, stream and context.

    Columns as in `quadruplet_contrasts`, with possible, impossible (clip ids) and match in place of
    quadruplet; contrast is S(impossible) - S(possible). A pair of a quadruplet (of the first that holds both
    clips) uses its informative windows, any other all windows.
    """
    holding: dict[tuple[str, str], Quadruplet] = {}
    for quad in stimuli.quadruplets:
        for possible, impossible in product((quad.aa, quad.bb), (quad.ab, quad.ba)):
            holding.setdefault((possible, impossible), quad)
    records = []
    for pair in stimuli.pairs:
        within = holding.get((pair.possible, pair.impossible))
        head = _pair_head(pair)
        for stream, context in _settings(curves):
            values = _measure(curves, pair.clips, within, stream, context)
            records.append({**head, "stream": stream, "context": context, **values, **pair.conditions})
    return pd.DataFrame(records)


def _pair_head(pair: Pair) -> dict[str, Any]:
    return {
        "possible": pair.possible,
        "impossible": pair.impossible,
        "scene": pair.scene,
        "concepts": pair.concepts,
        "match": pair.match.value,
    }


def _settings(curves: Curves) -> Iterator[tuple[str, int]]:
    for stream in curves.streams:
        for context in curves.protocol.contexts:
            yield stream, context


def _measure(
    curves: Curves, clips: Sequence[str], quad: Quadruplet | None, stream: str, context: int
) -> dict[str, Any]:
    """Contrast of a quadruplet (aa, ab, ba, bb) or of a pair (possible, impossible)."""
    nothing = {"n_windows": 0, "contrast": np.nan, "contrast_max": np.nan}
    empty = {**nothing, "mean_surprise": np.nan, "tau": np.nan, "score": np.nan}
    if not curves.comparable(clips) or (quad is not None and beyond(quad, curves.n_frames[clips[0]])):
        return {"status": FAILED, **empty}
    surprise = [curves.of(clip, stream, context) for clip in clips]
    informative = curves.informative(quad, clips[0], context)
    if not informative.any():
        return {"status": NOT_TESTABLE, **empty}
    contrast_of: Callable[..., float] = interaction if len(clips) == 4 else difference
    contrast = contrast_of(*surprise, informative)
    mean = float(np.mean([curve[informative].mean() for curve in surprise]))
    tau = float(tolerance(mean, curves.rebatch_difference))
    return {
        "status": SCORED,
        "n_windows": int(informative.sum()),
        "contrast": contrast,
        "contrast_max": contrast_of(*surprise, informative, aggregate="max"),
        "mean_surprise": mean,
        "tau": tau,
        "score": float(score(contrast, tau)),
    }
