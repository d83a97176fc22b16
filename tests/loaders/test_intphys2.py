"""IntPhys 2: both of its layouts, and scenes that are rendered several times."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.loaders import layouts
from voe.errors import CardError
from voe.loaders.load import load_stimuli


def test_both_layouts_of_intphys2_give_the_same_pairs(tmp_path: Path) -> None:
    new = load_stimuli("intphys2-main", layouts.intphys2(tmp_path / "new"))
    old = load_stimuli("intphys2-main", layouts.intphys2(tmp_path / "old", old=True))
    assert [(p.possible, p.impossible, p.conditions) for p in new.pairs] == [
        (p.possible, p.impossible, p.conditions) for p in old.pairs
    ]
    assert [pair.conditions["block"] for pair in new.pairs] == ["permanence"] * 2 + ["immutability"] * 2
    assert new.pairs[2].concepts == ("shape-constancy", "colour-constancy")
    assert new.pairs[0].conditions["difficulty"] == "Easy"


def test_a_scene_that_is_rendered_several_times_is_several_scenes(tmp_path: Path) -> None:
    """As in Debug: one SceneIndex and type, told apart by env."""
    root = layouts.intphys2(tmp_path, "Debug", scenes=1)
    path = root / "Debug/metadata.csv"
    header, *rows = path.read_text().splitlines()
    again = [f"{row},{env}" for env in ("day", "night") for row in rows]
    path.write_text("\n".join([f"{header},env", *again]) + "\n")
    with pytest.raises(CardError, match="two clips are called"):
        load_stimuli("intphys2-debug", root)  # one video under two names of a scene
    names = []
    for number, line in enumerate(again):
        old = line.split(",")[1]
        new = f"{number:02d}{old[2:]}"
        shutil.copy(root / f"Debug/Videos/{old}.mp4", root / f"Debug/Videos/{new}.mp4")
        names.append(line.replace(old, new))
    path.write_text("\n".join([f"{header},env", *names]) + "\n")
    stimuli = load_stimuli("intphys2-debug", root)
    assert {pair.scene for pair in stimuli.pairs} == {"0 day", "0 night"} and len(stimuli.pairs) == 4
    path.write_text("\n".join([header, *(name.rpartition(",")[0] for name in names)]) + "\n")
    with pytest.raises(CardError, match="several clips have one SceneIndex and one type"):
        load_stimuli("intphys2-debug", root)
