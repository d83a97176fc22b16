"""X-VoE: which videos of a scene have a right answer."""

from __future__ import annotations

from pathlib import Path

from tests.loaders import layouts
from voe.loaders.load import load_stimuli


def test_xvoe_compares_what_has_a_right_answer(tmp_path: Path) -> None:
    stimuli = load_stimuli("xvoe", layouts.xvoe(tmp_path))
    assert {(p.conditions["block"], p.conditions["parts"]) for p in stimuli.pairs} == {
        ("blocking", "0-1"), ("blocking", "4-5"), ("permanence", "0-1"),
    }  # fmt: skip
    assert [clip.possible for clip in stimuli.clips[:6]] == [True, False, True, True, True, False]
