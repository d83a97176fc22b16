"""GRASP: its frames, and videos that lie where none belongs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.loaders import layouts
from voe.loaders.checking import check_stimuli
from voe.loaders.load import load_stimuli
from voe.protocols import Protocol
from voe.scenes import read_scene


@pytest.mark.parametrize("case", ["n=150,frame_step=10", "n=301,frame_step=10", "n=251,frame_step=5"])
def test_frames_of_grasp_are_those_of_the_reference(case: str, tmp_path: Path) -> None:
    golden = json.loads((Path(__file__).parents[1] / "golden/preprocess_sampling/sampling.json").read_text())
    length, step = (int(part.partition("=")[2]) for part in case.split(","))
    for kind in ("P", "IP"):
        layouts.video(tmp_path / "level2" / f"{kind}_Gravity" / "000.mp4", [9] * length)
    stimuli = load_stimuli("grasp", tmp_path)
    [(name, clips)] = stimuli.scenes.items()
    read = read_scene(name, clips, Protocol(frame_step=step, window=2, contexts=(1,)), (16, 16)).clips
    assert [frames.numbers.tolist() for frames in read.values()] == golden[f"grasp/{case}"]["indices"]


def test_the_same_video_in_two_scenes_and_a_stray_one_are_warned_of(tmp_path: Path) -> None:
    root = layouts.grasp(tmp_path)
    shutil.copy(root / "level2/P_Gravity/000.mp4", root / "level2/P_Inertia2/001.mp4")
    (root / "level2/P_Gravity/notes.avi").write_bytes(b"x")
    warnings = {f.where: f.what for f in check_stimuli("grasp", root).findings if f.level == "warning"}
    assert any(
        "notes.avi" in where and "no clip of the set shows" in what for where, what in warnings.items()
    )
    assert any("the same video as" in what for what in warnings.values())


def test_a_clip_that_was_copied_over_its_counterpart_is_an_error(tmp_path: Path) -> None:
    root = layouts.grasp(tmp_path)
    shutil.copy(root / "level2/P_Gravity/000.mp4", root / "level2/IP_Gravity/000.mp4")
    for decode, wanted in ((True, 1), (False, 0)):
        found = [f for f in check_stimuli("grasp", root, decode=decode).findings if "show the same" in f.what]
        assert len(found) == wanted and all(f.level == "error" for f in found)
