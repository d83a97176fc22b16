"""Submissions, held against validators that were written from the formats' descriptions alone."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

import pytest

from tests.loaders import layouts
from tests.loaders.benchmarks import scored, voe
from voe.errors import RunError
from voe.exports import export
from voe.results import Run


def valid_intphys(path: Path, tasks: list[str]) -> dict[str, float]:
    """A zip with answer.txt: one line a task, verbatim, a space, and a score in [0, 1], high = plausible."""
    with zipfile.ZipFile(path) as packed:
        assert packed.namelist() == ["answer.txt"]
        lines = packed.read("answer.txt").decode("ascii").splitlines()
    found = {}
    for line in lines:
        task, _, score = line.rpartition(" ")
        assert task in tasks and task not in found and 0 <= float(score) <= 1, line
        found[task] = float(score)
    assert set(found) == set(tasks)
    return found


def valid_intphys2(path: Path) -> dict[str, int]:
    """A JSON object a line: data_name, task, row_id (64 hexadecimal digits), model_answer 0 or 1."""
    found = {}
    for line in path.read_text().splitlines():
        row = json.loads(line)
        assert list(row) == ["data_name", "task", "row_id", "model_answer"]
        assert (row["data_name"], row["task"]) == ("intphys2", "HeldOut") and row["model_answer"] in (0, 1)
        assert re.fullmatch("[0-9a-f]{64}", row["row_id"]) and row["row_id"] not in found
        found[row["row_id"]] = row["model_answer"]
    return found


def test_intphys_repeats_the_task_strings_verbatim(tmp_path: Path) -> None:
    root = layouts.intphys(tmp_path / "data", scenes=2, part="test")
    tasks = [
        f"{block}/{scene:04d}_{block}_test_visible_static_nobj1/{clip}"
        for block in ("O3", "O1", "O2") for scene in (1, 2) for clip in range(1, 5)
    ]  # fmt: skip
    (root / "test/task.txt").write_text("\n".join(tasks) + "\n")
    scored("intphys-test", root, tmp_path / "run")
    out = tmp_path / "answer.zip"
    result = voe("export", str(tmp_path / "run"), "--for", "intphys", "--out", str(out))
    assert "answer.txt with 24 lines" in result.output
    scores = valid_intphys(out, tasks)
    # Clips 2 and 4 jump, so they are the implausible ones.
    assert all(scores[task] == 1 for task in tasks if task[-1] in "13")
    assert all(scores[task] < 1 for task in tasks if task[-1] in "24") and min(scores.values()) == 0
    with pytest.raises(RunError, match="there already"):
        export(Run.open(tmp_path / "run"), "intphys", out)


def test_a_task_list_of_another_download_is_refused(tmp_path: Path) -> None:
    root = layouts.intphys(tmp_path / "data", scenes=1, part="test")
    (root / "test/task.txt").write_text("O1/0001/1\nO1/0007/1\n")
    result = voe("stimuli", "check", "intphys-test", "--root", str(root), "--quiet")
    assert result.exit_code == 1 and "task.txt of this very download" in " ".join(result.output.split())


def test_intphys2_calls_the_less_surprising_half_possible(tmp_path: Path) -> None:
    root = layouts.intphys2(tmp_path / "data", "HeldOut")
    run = scored("intphys2-heldout", root, tmp_path / "run")
    said = export(run, "intphys2", tmp_path / "out.jsonl")
    found = valid_intphys2(tmp_path / "out.jsonl")
    assert "8 lines" in said and len(found) == 8 and sum(found.values()) == 4
    assert {name for name, answer in found.items() if answer} == {
        name for name in found if bytes.fromhex(name[:6]).decode()[2] == "p"
    }


def test_inflevel_has_the_evaluators_columns_and_its_sign(tmp_path: Path) -> None:
    run = scored("inflevel", layouts.inflevel(tmp_path / "data"), tmp_path / "run")
    export(run, "inflevel", tmp_path / "out.tsv")
    header, *rows = [line.split("\t") for line in (tmp_path / "out.tsv").read_text().splitlines()]
    assert header == ["camera_loc", "cover", "obj", "trial_type", "dir", "score"]
    assert len(rows) == 24 and all(len(row) == 6 for row in rows)
    real = [float(row[5]) for row in rows if row[3] in ("vv", "ii", "ui", "cv")]
    magic = [float(row[5]) for row in rows if row[3] in ("vi", "iv", "uv", "ci")]
    assert min(real) > max(magic)  # large is plausible
    assert {row[4] for row in rows} == {"LR", ""}


def test_a_run_of_another_set_or_with_failures_is_refused(tmp_path: Path) -> None:
    run = scored("likephys", layouts.likephys(tmp_path / "data"), tmp_path / "run")
    with pytest.raises(RunError, match="is not a set of IntPhys 2019"):
        export(run, "intphys", tmp_path / "x")
    with pytest.raises(RunError, match="Did you mean 'intphys'"):
        export(run, "intfys", tmp_path / "x")
    for part in (run.path / "surprise").iterdir():
        part.unlink()
    with pytest.raises(RunError, match="no clip was scored"):
        export(Run.open(run.path), "intphys", tmp_path / "x")
    assert not (tmp_path / "x").exists()
