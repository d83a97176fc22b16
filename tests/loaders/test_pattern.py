"""Pairs by file name: the next benchmark needs no code."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.loaders import layouts
from voe.errors import CardError
from voe.loaders.load import load_stimuli

CARD = """
[stimuli]
name = "mine"
title = "Mine"
loader = "pattern"

[pattern]
files = "**/*.mp4"
name = '(?P<block>\\w+)/(?P<number>\\d+)_(?P<label>ok|bad)(?P<view>\\w?)'
scene = ["block", "number"]
pair = ["view"]
possible = ["ok"]
impossible = ["bad"]
ignore = '.*/draft.*'

[concepts]
walls = ["solidity"]

[blocks]
condition = "block"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("1_okL", "1_badL", "1_okR", "1_badR", "2_ok", "2_bad"):
        layouts.video(tmp_path / "data/walls" / f"{name}.mp4", layouts.CALM if "ok" in name else layouts.JUMP)
    (tmp_path / "mine.toml").write_text(CARD)
    return tmp_path


def load(folder: Path, old: str = "", new: str = ""):
    card = folder / "mine.toml"
    assert old in CARD
    card.write_text(CARD.replace(old, new, 1))
    return load_stimuli(card, folder / "data")


def test_clips_are_paired_by_the_groups_of_their_names(folder: Path) -> None:
    stimuli = load(folder)
    assert {(pair.possible, pair.impossible, pair.scene) for pair in stimuli.pairs} == {
        ("walls/1_okL", "walls/1_badL", "walls/1"), ("walls/1_okR", "walls/1_badR", "walls/1"),
        ("walls/2_ok", "walls/2_bad", "walls/2"),
    }  # fmt: skip
    first = stimuli.pairs[0]
    assert first.concepts == ("solidity",) and first.conditions["block"] == "walls"
    assert len(load(folder, 'pair = ["view"]', "").pairs) == 5  # all of a scene with all


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('impossible = ["bad"]', 'impossible = ["not"]', "its label is 'bad', which"),
        ("(?P<label>ok|bad)", "(ok|bad)", "no group"),
        ("(?P<label>ok|bad)", "(?P<label>ok)", "does not match"),
        ("(?P<label>ok|bad)", "(?P<label>ok|bad", "no regular expression"),
        ('scene = ["block", "number"]', 'scene = ["box"]', "no group 'box'"),
        ("walls = [", "halls = [", "Did you mean 'halls'"),
        ('["solidity"]', '["solidty"]', "Did you mean 'solidity'"),
        ('files = "**/*.mp4"', 'files = "**/*.avi"', "no file matches"),
        ('files = "**/*.mp4"', "", "lacks the field 'files'"),
        ("ignore", "ignored", "Did you mean 'ignore'"),
    ],
)
def test_a_card_that_does_not_fit_says_where(folder: Path, old: str, new: str, words: str) -> None:
    with pytest.raises(CardError, match=words):
        load(folder, old, new)


def test_a_scene_without_its_counterpart_is_refused_and_drafts_are_passed_over(folder: Path) -> None:
    layouts.video(folder / "data/walls/draft3.mp4", layouts.CALM)
    assert len(load(folder).clips) == 6
    (folder / "data/walls/2_bad.mp4").unlink()
    with pytest.raises(CardError, match="scene 'walls/2' of 'mine' has no possible and impossible clip"):
        load(folder)
