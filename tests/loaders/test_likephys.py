"""LikePhys: violations that are none of physics, and its own measure."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.loaders import layouts
from tests.loaders.benchmarks import scored
from voe.loaders.load import load_stimuli


def test_likephys_marks_what_is_no_physics(tmp_path: Path) -> None:
    stimuli = load_stimuli("likephys", layouts.likephys(tmp_path))
    assert {(p.conditions["violation"], p.conditions["physics"]) for p in stimuli.pairs} == {
        ("teleport", "yes"), ("color_change", "no"),
    }  # fmt: skip
    assert len(stimuli.pairs) == 8 and len({pair.scene for pair in stimuli.pairs}) == 4


def test_own_measures_differ_from_ours_where_their_definitions_do(tmp_path: Path) -> None:
    root = layouts.likephys(tmp_path / "data")
    # A violation that surprises less than the valid clip, and one that ties with it.
    layouts.video(root / "data/ball_drop_videos/subgroup_000/valid_00.mp4", [20] * 6 + [100] * 6)
    layouts.video(root / "data/ball_drop_videos/subgroup_001/teleport_00.mp4", [21] * 12)
    run = scored("likephys", root, tmp_path / "run")
    own = {metric.block: metric.value for metric in run.own_metrics()}
    # ball_drop: teleport wrong never (200 > 100; a tie is right), color_change wrong in one of two.
    assert own["ball_drop"] == pytest.approx(np.mean([0, 0.5]))
    assert own["all"] == pytest.approx(np.mean([0.25, 0]))
    levels = run.by_condition("block").set_index("level")["estimate"]
    assert levels["ball_drop"] == pytest.approx((1 + 0.5 + 0 + 1) / 4)  # our tie counts one half
