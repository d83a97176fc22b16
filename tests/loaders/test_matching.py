"""Pairs by first differing frame, held against the reference where it is right."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from voe.errors import ClipError
from voe.loaders.matching import first_difference, match_four

GOLDEN = Path(__file__).parents[1] / "golden/pairing"
EXPECTED = json.loads((GOLDEN / "expected.json").read_text())
AMBIGUOUS = ("all_identical", "tie", "constant_one_pixel_offset")


def scene(name: str) -> np.ndarray:
    """Four clips [4, T, 16, 16, 3]."""
    with np.load(GOLDEN / "scenes.npz") as scenes:
        return np.moveaxis(scenes[name], 1, -1)


CASES = [name for name in EXPECTED if "matches_with_abs" in EXPECTED[name]]


@pytest.mark.parametrize("name", [name for name in CASES if name not in AMBIGUOUS])
def test_matches_are_the_references_with_absolute_differences(name: str) -> None:
    clips = scene(name)
    points = [first_difference(clips[0], clip) for clip in clips[1:]]
    assert points == EXPECTED[name]["breaking_points_with_abs"]
    assert [list(pair) for pair in match_four(list(clips))] == EXPECTED[name]["matches_with_abs"]


def test_signed_sums_lose_the_partner_and_absolute_differences_do_not() -> None:
    case = EXPECTED["signed_cancellation"]
    assert case["matches"] != case["matches_with_abs"]
    assert match_four(list(scene("signed_cancellation")))[0] == (0, 2)


@pytest.mark.parametrize("name", AMBIGUOUS)
def test_what_the_reference_settles_by_taking_the_first_is_refused(name: str) -> None:
    with pytest.raises(ClipError, match="so neither is its partner"):
        match_four(list(scene(name)))


def test_a_tolerance_sees_through_codec_noise() -> None:
    assert match_four(list(scene("constant_one_pixel_offset")), tolerance=1)[0] == (0, 2)


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(ClipError, match="their shapes"):
        first_difference(np.zeros((3, 2)), np.zeros((4, 2)))
    with pytest.raises(ClipError, match="3 and not 4"):
        match_four([np.zeros((3, 2))] * 3)
