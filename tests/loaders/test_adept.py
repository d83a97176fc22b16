"""ADEPT: its own measure."""

from __future__ import annotations

from pathlib import Path

from tests.loaders import layouts
from tests.loaders.benchmarks import scored


def test_adept_scores_a_clip_by_its_greatest_surprise(tmp_path: Path) -> None:
    root = layouts.adept(tmp_path / "data")
    # One control flickers all the time: its mean surprise is greater, its greatest is not.
    layouts.video(root / "human_delay_cube_0.mp4", [20, 150] * 6)
    run = scored("adept", root, tmp_path / "run")
    assert run.by_condition("block").set_index("level")["estimate"].to_dict() == {"create": 1.0, "delay": 0.0}
    own = {(one.metric, one.block): one.value for one in run.own_metrics()}
    assert own["relative accuracy", "delay"] == 1.0 and own["AUROC", "all"] == 1.0
