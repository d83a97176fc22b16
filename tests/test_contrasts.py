from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from voe.clips import Clip, Label, Match, Pair, Quadruplet, Segment, Source, StimulusSet
from voe.contrasts import Curves, pair_contrasts, quadruplet_contrasts
from voe.loaders.manifest import quadruplet_pairs
from voe.protocols import Protocol

PROTOCOL = Protocol(frame_step=2, window=4, stride=1, contexts=(1, 2))
CELLS = ("aa", "ab", "ba", "bb")


def design(**spans: int | None) -> StimulusSet:
    clips = tuple(
        Clip(
            name,
            "s",
            Label.POSSIBLE if name[0] == name[1] else Label.IMPOSSIBLE,
            (Segment(Source(Path("v"))),),
        )
        for name in CELLS
    )
    quad = Quadruplet("q", "s", ("c",), *CELLS, **spans, conditions={"light": "day"})
    return StimulusSet("set", clips, tuple(quadruplet_pairs(quad)), (quad,))


def curves(surprise: dict[str, list[list[float]]], n_frames: dict[str, int] | None = None) -> Curves:
    """`surprise`: clip -> [contexts][windows]; 7 samples (0, 2, .., 12) make 4 windows."""
    rows = [
        (clip, 2 * w, context, "latent", value)
        for clip, by_context in surprise.items()
        for context, values in zip(PROTOCOL.contexts, by_context, strict=True)
        for w, value in enumerate(values)
    ]
    table = pd.DataFrame(rows, columns=["clip", "window_start", "context", "stream", "surprise"])
    clips = pd.DataFrame(
        {
            "clip": list(surprise),
            "numbers": [np.arange(0, 14, 2)] * len(surprise),
            "n_frames": [(n_frames or {}).get(clip, 14) for clip in surprise],
        }
    )
    return Curves.from_tables(table, clips, PROTOCOL, rebatch=0.0, align="strict")


# Outcome B costs 5 more than outcome A, context B 2 more than A, a mismatch 1; windows 0 and 3 hold noise.
SURPRISE = {
    "aa": [[9, 1, 1, 9], [9, 1, 1, 9]],
    "ab": [[0, 7, 7, 0], [0, 7, 7, 0]],
    "ba": [[0, 4, 4, 0], [0, 4, 4, 0]],
    "bb": [[7, 8, 8, 7], [7, 8, 8, 7]],
}
# Windows start at frames 0, 2, 4, 6; context of 2: frames (0,2) (2,4) (4,6) (6,8); predicted: the next two.
SPANS = {"context_starts": 3, "context_ends": 6, "outcome_starts": 7, "outcome_ends": 9}


def test_the_interaction_cancels_what_context_and_outcome_cost() -> None:
    table = quadruplet_contrasts(design(**SPANS), curves(SURPRISE)).set_index("context")
    # Context 2: windows 1 (4 | 6 8) and 2 (4 6 | 8 10) qualify, window 0 lacks the outcome.
    assert table.loc[2, "n_windows"] == 2
    assert table.loc[2, "contrast"] == 7 + 4 - 1 - 8
    assert table.loc[2, "score"] == 1 and table.loc[2, "status"] == "scored"
    assert table.loc[2, "light"] == "day"


def test_without_stated_spans_every_window_counts() -> None:
    spans = dict.fromkeys(SPANS)
    table = quadruplet_contrasts(design(**spans), curves(SURPRISE)).set_index("context")
    assert table.loc[2, "n_windows"] == 4
    assert table.loc[2, "contrast"] == pytest.approx((14 + 8 - 20 - 30) / 4)
    assert table.loc[2, "score"] == 0


def test_pairs_say_what_they_share_and_use_the_same_windows() -> None:
    table = pair_contrasts(design(**SPANS), curves(SURPRISE)).query("context == 2")
    by_match = {
        m: dict(zip(g["possible"] + g["impossible"], g["contrast"], strict=True))
        for m, g in table.groupby("match")
    }
    assert by_match[Match.OUTCOME.value] == {"bbab": 7 - 8, "aaba": 4 - 1}
    assert by_match[Match.PREFIX.value] == {"aaab": 7 - 1, "bbba": 4 - 8}


def test_a_clip_of_two_quadruplets_keeps_the_windows_of_each() -> None:
    one = design(**SPANS)
    more = {"ab2": "ab", "ba2": "ba", "bb2": "bb"}
    copies = tuple(replace(one.clip(old), id=new) for new, old in more.items())
    second = replace(one.quadruplets[0], id="r", ab="ab2", ba="ba2", bb="bb2")
    both = replace(
        one, clips=(*one.clips, *copies), pairs=(*one.pairs, *quadruplet_pairs(second)),
        quadruplets=(*one.quadruplets, second),
    )  # fmt: skip
    surprise = {**SURPRISE, **{new: SURPRISE[old] for new, old in more.items()}}
    alone = pair_contrasts(one, curves(SURPRISE)).query("context == 2")
    shared = pair_contrasts(both, curves(surprise)).query("context == 2")
    for table in (shared.iloc[: len(alone)], shared.iloc[len(alone) :]):
        assert table["contrast"].tolist() == alone["contrast"].tolist()
        assert set(table["n_windows"]) == {2}


def test_no_informative_window_is_not_testable_and_never_a_coin_toss() -> None:
    spans = {**SPANS, "outcome_starts": 0, "outcome_ends": 1}
    table = quadruplet_contrasts(design(**spans), curves(SURPRISE))
    assert set(table["status"]) == {"not testable"} and table["score"].isna().all()


def test_a_missing_clip_or_another_length_fails_the_quadruplet() -> None:
    missing = {clip: values for clip, values in SURPRISE.items() if clip != "ba"}
    assert set(quadruplet_contrasts(design(**SPANS), curves(missing))["status"]) == {"failed"}
    table = quadruplet_contrasts(design(**SPANS), curves(SURPRISE, {"bb": 15}))
    assert set(table["status"]) == {"failed"}
    pairs = pair_contrasts(design(**SPANS), curves(SURPRISE, {"bb": 15})).set_index("possible")
    assert set(pairs.loc["bb", "status"]) == {"failed"} and set(pairs.loc["aa", "status"]) == {"scored"}


def test_clips_that_show_other_frames_or_another_rate_are_not_compared() -> None:
    whole = curves(SURPRISE)
    assert whole.comparable(CELLS)
    shifted = replace(whole, numbers={**whole.numbers, "ab": whole.numbers["ab"] + 1})
    assert set(quadruplet_contrasts(design(**SPANS), shifted)["status"]) == {"failed"}
    # At their ends clips of other lengths are aligned, each on its own timeline.
    assert replace(shifted, align_strict=False).comparable(("aa", "ab"))
    rated = replace(whole, fps={"aa": 24.0, "ab": 30.0, "ba": 23.976, "bb": float("nan")})
    assert not rated.comparable(("aa", "ab")) and rated.comparable(("aa", "ba", "bb"))
    tau = quadruplet_contrasts(design(**SPANS), whole)["tau"]
    assert tau.dtype == np.float64


def test_a_contrast_within_rounding_is_a_tie() -> None:
    flat = {clip: [[1.0] * 4] * 2 for clip in CELLS}
    flat["ab"] = [[1.0 + 5e-7] * 4] * 2
    table = quadruplet_contrasts(design(**SPANS), curves(flat))
    assert set(table["score"]) == {0.5}
    assert table["tau"].iloc[0] == pytest.approx(1e-6, rel=1e-3)


def test_a_pair_of_no_quadruplet_uses_all_windows() -> None:
    base = design(**SPANS)
    lone = StimulusSet("p", base.clips, (Pair("aa", "ab", "s", ("c",)),))
    table = pair_contrasts(lone, curves(SURPRISE))
    assert set(table["n_windows"]) == {4} and set(table["contrast"]) == {(14 - 20) / 4}


def test_a_quadruplet_needs_one_timeline_even_where_ends_are_aligned() -> None:
    aligned = replace(curves(SURPRISE, {"bb": 15}), align_strict=False)
    assert set(quadruplet_contrasts(design(**SPANS), aligned)["status"]) == {"failed"}


def test_a_span_that_the_clips_do_not_have_fails_and_is_not_called_untestable() -> None:
    table = quadruplet_contrasts(
        design(**{**SPANS, "outcome_starts": 20, "outcome_ends": 22}), curves(SURPRISE)
    )
    assert set(table["status"]) == {"failed"} and table["score"].isna().all()
