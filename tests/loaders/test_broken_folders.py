"""Downloads that are broken, each in ways of its own: told by file, with the cure."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.loaders import layouts
from tests.loaders.benchmarks import BUILDERS, DUCK, Build, voe


def _drop(path: str) -> Build:
    def broken(root: Path) -> Path:
        target = root / path
        shutil.rmtree(target) if target.is_dir() else target.unlink()
        return root

    return broken


def _edit(path: str, old: str, new: str) -> Build:
    def broken(root: Path) -> Path:
        text = (root / path).read_text()
        assert old in text
        (root / path).write_text(text.replace(old, new, 1))
        return root

    return broken


def _rename(path: str, new: str) -> Build:
    def broken(root: Path) -> Path:
        (root / path).rename(root / new)
        return root

    return broken


def _video(path: str, levels: list[int]) -> Build:
    return lambda root: (layouts.video(root / path, levels), root)[1]


def _cut(path: str) -> Build:
    def broken(root: Path) -> Path:
        data = (root / path).read_bytes()
        (root / path).write_bytes(data[: int(len(data) * 0.7)])
        return root

    return broken


BLOCKING = "test/blocking/eval-part"


FIRST2 = f"Main/Videos/{b'01p'.hex().ljust(64, '0')}.mp4"


BROKEN: list[tuple[str, str, Build, tuple[str, ...]]] = [
    ("intphys-dev", "missing label", _drop("dev/O2/01/3/status.json"), ("O2/01/3/status.json", "unpack")),
    ("intphys-dev", "orphan clip", _drop("dev/O1/02/4"), ("O1/02", "four folders", "Unpack")),
    ("intphys-dev", "labels", _edit("dev/O1/01/2/status.json", "false", "true"), ("O1/01", "two of each")),
    (
        "intphys-dev",
        "wrong key",
        _edit("dev/O3/02/1/status.json", "is_possible", "possible"),
        ("O3/02/1", "unpack"),
    ),
    (
        "intphys-dev",
        "unequal lengths",
        _drop("dev/O1/01/1/scene/scene_100.png"),
        ("O1/01/1/scene", "99 frames", "fetch"),
    ),
    (
        "intphys-dev",
        "truncated",
        lambda root: ((root / "dev/O1/01/1/scene/scene_050.png").write_bytes(b"x"), root)[1],
        ("scene_050.png",),
    ),
    (
        "intphys2-main",
        "missing label",
        _edit("Main/metadata.csv", "1_Possible", ""),
        ("line 2", "type is ''"),
    ),
    (
        "intphys2-main",
        "orphan clip",
        lambda root: (
            (root / "Main/metadata.csv").write_text(
                "".join((root / "Main/metadata.csv").read_text().splitlines(keepends=True)[:-1])
            ),
            root,
        )[1],
        ("2_Possible", "not the other clip", "fetch it again"),
    ),
    (
        "intphys2-main",
        "wrong column",
        _edit("Main/metadata.csv", "file_name", "file"),
        ("metadata.csv", "'file_name' is missing"),
    ),
    ("intphys2-main", "missing video", _drop(FIRST2), ("line 2", "there is no", "fetch it again")),
    ("intphys2-main", "truncated", _cut(FIRST2), (Path(FIRST2).name, "fetch this file again")),
    ("intphys2-main", "unequal lengths", _video(FIRST2, [20] * 11), ("unequal length", "11", "fetch")),
    (
        "grasp",
        "orphan clip",
        _drop("level2/IP_Gravity/001.mp4"),
        ("P_Gravity/001.mp4", "counterpart is missing"),
    ),
    ("grasp", "missing labels", _drop("level2/IP_Gravity"), ("P_Gravity", "P_ and IP_ are both needed")),
    (
        "grasp",
        "unknown folder",
        _rename("level2/P_Gravity", "level2/Gravity"),
        ("level2/Gravity", "begins with P_ or IP_"),
    ),
    ("grasp", "unequal lengths", _video("level2/P_Gravity/000.mp4", [20] * 11), ("unequal length", "fetch")),
    (
        "grasp",
        "truncated",
        _cut("level2/P_Inertia2/001.mp4"),
        ("P_Inertia2/001.mp4", "fetch this file again"),
    ),
    ("inflevel", "missing table", _drop("solidity.csv"), ("solidity.csv must lie here", "inflevel-priming")),
    (
        "inflevel",
        "wrong column",
        _edit("gravity.csv", "vid1_end_priming_2", "end"),
        ("gravity.csv", "is missing"),
    ),
    ("inflevel", "no number", _edit("gravity.csv", ",3,", ",x,"), ("gravity.csv, line 2", "no frame number")),
    (
        "inflevel",
        "wrong name",
        _rename(f"solidity/left__{DUCK}__ui.mp4", f"solidity/left__{DUCK}__vv.mp4"),
        (f"left__{DUCK}__vv.mp4", "was it renamed?"),
    ),
    (
        "inflevel",
        "truncated",
        _cut(f"gravity/left__{DUCK}__ui.mp4"),
        (f"left__{DUCK}__ui.mp4", "fetch this file again"),
    ),
    (
        "likephys",
        "missing labels",
        _drop("data/river_videos/subgroup_001/valid_00.mp4"),
        ("subgroup_001", "no valid_NN.mp4"),
    ),
    ("likephys", "orphan clip", _rename("data/river_videos", "data/lake_videos"), ("'lake'", "[concepts]")),
    (
        "likephys",
        "wrong name",
        _rename(
            "data/river_videos/subgroup_000/teleport_00.mp4", "data/river_videos/subgroup_000/teleport.mp4"
        ),
        ("teleport.mp4", "was it renamed?"),
    ),
    (
        "likephys",
        "unequal lengths",
        _video("data/ball_drop_videos/subgroup_000/valid_00.mp4", [20] * 11),
        ("unequal length", "fetch"),
    ),
    ("xvoe", "missing part", _drop(f"{BLOCKING}-004.tfrecord"), ("part-004.tfrecord", "all are needed")),
    ("xvoe", "truncated", _cut(f"{BLOCKING}-000.tfrecord"), ("part-000.tfrecord", "fetch it again")),
    ("xvoe", "truncated later", _cut(f"{BLOCKING}-003.tfrecord"), ("part-003.tfrecord", "fetch")),
    ("xvoe", "unknown scenario", _rename("test/blocking", "test/blockin"), ("Did you mean 'blocking'",)),
    (
        "xvoe",
        "fewer items",
        lambda root: (
            layouts.xvoe(root / "few", items=1),
            shutil.copy(root / "few/test/blocking/eval-part-002.tfrecord", root / f"{BLOCKING}-002.tfrecord"),
            shutil.rmtree(root / "few"),
            root,
        )[3],
        ("part-002.tfrecord", "it has 1 records"),
    ),
    (
        "adept",
        "no control",
        _drop("human_delay_cube_0.mp4"),
        ("human_delay_cube_1.mp4", "none of its controls"),
    ),
    ("adept", "wrong name", _rename("human_delay_cube_0.mp4", "delay_0.mp4"), ("delay_0.mp4", "renamed?")),
    (
        "adept",
        "truncated",
        _cut("human_delay_cube_0.mp4"),
        ("human_delay_cube_0.mp4", "fetch this file again"),
    ),
    ("adept", "unequal lengths", _video("human_delay_cube_0.mp4", [20] * 11), ("unequal length", "fetch")),
    ("adept", "no clip", lambda root: (shutil.rmtree(root), root.mkdir(), root)[2], ("no surprising clip",)),
    (
        "mvp-intuitive-physics",
        "orphan clip",
        _edit("mini.jsonl", "intphys_3_b", "intphys_9_b"),
        ("intphys_3", "1 clips and not two"),
    ),
    (
        "mvp-intuitive-physics",
        "wrong column",
        _edit("mini.jsonl", '"candidates"', '"options"'),
        ("mini.jsonl, row 1", "no 'candidates'", "options"),
    ),
    (
        "mvp-intuitive-physics",
        "missing label",
        _edit("mini.jsonl", '"answer": "stays"', '"answer": ""'),
        ("row 1", "no 'answer'"),
    ),
    (
        "mvp-intuitive-physics",
        "strange answer",
        _edit("mini.jsonl", '"answer": "stays"', '"answer": "goes"'),
        ("row 1", "'goes' is none of the choices"),
    ),
    (
        "mvp-intuitive-physics",
        "missing video",
        _drop("videos/intphys/2_a.mp4"),
        ("row 5", "there is no video"),
    ),
    (
        "mvp-intuitive-physics",
        "truncated",
        _cut("videos/intphys/2_a.mp4"),
        ("2_a.mp4", "fetch this file again"),
    ),
    (
        "implausibench",
        "missing label",
        _edit("ImplausiBench-MCQA.json", '"real"', '""'),
        ("row 1", "no 'type'"),
    ),
    (
        "implausibench",
        "strange label",
        _edit("ImplausiBench-MCQA.json", '"type": "real"', '"type": "fake"'),
        ("row 1", "'fake', which"),
    ),
    (
        "implausibench",
        "wrong column",
        _edit("ImplausiBench-MCQA.json", '"video"', '"path"'),
        ("row 1", "no 'video'", "[annotations]"),
    ),
    (
        "implausibench",
        "orphan clip",
        _edit("ImplausiBench-MCQA.json", "1_real", "0_generated"),
        ("there is no video",),
    ),
    (
        "implausibench",
        "torn table",
        _edit("ImplausiBench-MCQA.json", "[{", "{"),
        ("ImplausiBench-MCQA.json", "damaged"),
    ),
    ("implausibench", "truncated", _cut("ImplausiBench/0_real.mp4"), ("0_real.mp4", "fetch this file again")),
    (
        "likephys",
        "truncated",
        _cut("data/ball_drop_videos/subgroup_000/teleport_00.mp4"),
        ("teleport_00.mp4", "fetch this file again"),
    ),
]


@pytest.mark.parametrize(
    ("name", "break_it", "words"),
    [(n, b, w) for n, _, b, w in BROKEN],
    ids=[f"{n}: {what}" for n, what, _, _ in BROKEN],
)
def test_a_broken_folder_is_told_by_file_and_cure(
    name: str, break_it: Build, words: tuple[str, ...], tmp_path: Path
) -> None:
    root = break_it(BUILDERS[name](tmp_path / "data"))
    result = voe("stimuli", "check", name, "--root", str(root), "--decode", "--quiet")
    assert result.exit_code == 1
    text = " ".join(result.output.split())
    for word in words:
        assert word in text.replace("\n", " "), (word, text)
    record = json.loads(
        voe("stimuli", "check", name, "--root", str(root), "--decode", "--quiet", "--json").output
    )
    assert record["sound"] is False
