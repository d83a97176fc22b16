from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from tests.conftest import write_images
from voe.clips import StimulusSet
from voe.errors import RunError
from voe.loaders.manifest import load_manifest
from voe.runs import CLIP_TYPES, ROW_TYPES, Failure, RunFolder

LOCK = {"protocol": {"window": 4}}
RECORD = {"model": {"name": "m"}, "stimuli": {"name": "s"}, "engine": {"batch_size": 8}, "started": "now"}


@pytest.fixture
def stimuli(tmp_path: Path, manifest: Callable[..., Path]) -> StimulusSet:
    rows = []
    for scene in "st":
        for name, possible in (("z", True), ("a", False)):  # not in alphabetical order
            write_images(tmp_path / (name + scene), [1, 2])
            rows.append({"clip": name + scene, "path": name + scene, "scene": scene, "possible": possible})
    return load_manifest(manifest(rows))


def part(scene: str, value: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    ids = ["z" + scene, "a" + scene]
    clips = pd.DataFrame(
        {"clip": ids, "scene": scene, "n_frames": 2, "n_sampled": 2, "fps": 10.0, "height": 8,
         "width": 8, "decode": "verified", "numbers": [[0, 1], [0, 1]]}
    )  # fmt: skip
    rows = [(i, w, c, "latent", value + c) for i in ids for w in (0, 2, 10) for c in (4, 2)]
    table = pd.DataFrame(rows, columns=list(ROW_TYPES)).astype(ROW_TYPES)
    return clips.astype(CLIP_TYPES), table


def test_rows_come_back_in_the_order_of_the_set_however_they_were_cut(
    tmp_path: Path, stimuli: StimulusSet
) -> None:
    tables = []
    for folder, order in (("one", "st"), ("two", "ts")):
        run = RunFolder.create(tmp_path / folder, LOCK, RECORD, stimuli)
        for number, scene in enumerate(order):
            run.append(f"{number:06d}", *part(scene, ord(scene)))
        tables.append(run.rows())
        assert run.clips()["clip"].tolist() == ["zs", "as", "zt", "at"]
    pd.testing.assert_frame_equal(*tables)
    assert tables[0]["clip"].drop_duplicates().tolist() == ["zs", "as", "zt", "at"]
    first = tables[0].iloc[:6]
    assert first["context"].tolist() == [2, 2, 2, 4, 4, 4]
    assert first["window_start"].tolist() == [0, 2, 10] * 2


def test_what_was_being_written_when_the_run_was_killed_is_cleared_away(
    tmp_path: Path, stimuli: StimulusSet
) -> None:
    run = RunFolder.create(tmp_path / "run", LOCK, RECORD, stimuli)
    run.append("000000", *part("s", 1.0))
    (run.path / "surprise/000001.parquet.partial").write_bytes(b"PAR1 torn")
    clips, _ = part("t", 2.0)
    clips.to_parquet(run.path / "clips/000001.parquet")  # its surprise never came
    again = RunFolder.create(tmp_path / "run", LOCK, RECORD, stimuli)
    assert not list(again.path.glob("**/*.partial"))
    assert set(again.clips()["scene"]) == {"s"}


def test_killed_before_the_lock_was_written(tmp_path: Path, stimuli: StimulusSet) -> None:
    (tmp_path / "run/surprise").mkdir(parents=True)
    (tmp_path / "run/stimuli.json").write_text("{}")
    (tmp_path / "run/run.json.partial").write_text("{")
    run = RunFolder.create(tmp_path / "run", LOCK, RECORD, stimuli)
    assert run.stimuli().clips == stimuli.clips and run.record == RECORD


def test_another_lock_or_model_is_refused_and_another_time_is_not(
    tmp_path: Path, stimuli: StimulusSet
) -> None:
    RunFolder.create(tmp_path / "run", LOCK, RECORD, stimuli)
    RunFolder.create(tmp_path / "run", LOCK, {**RECORD, "started": "later"}, stimuli)
    with pytest.raises(RunError, match="another protocol"):
        RunFolder.create(tmp_path / "run", {"protocol": {"window": 8}}, RECORD, stimuli)
    with pytest.raises(RunError, match="another model"):
        RunFolder.create(tmp_path / "run", LOCK, {**RECORD, "model": {"name": "n"}}, stimuli)


def test_failures_are_replaced_and_read_back(tmp_path: Path, stimuli: StimulusSet) -> None:
    run = RunFolder.create(tmp_path / "run", LOCK, RECORD, stimuli)
    assert run.failures() == ()
    failures = (
        Failure("s", "as", "clip", "naïve: too short"),
        Failure("t", "a | b", "comparison", "unequal"),
        Failure("u", "separated\u2028\u0085\u2029by", "clip", "marks that end a line elsewhere"),
    )
    run.write_failures(failures)
    assert run.failures() == failures


def test_there_must_be_a_run_to_open(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="there is no run"):
        RunFolder.open(tmp_path)


def test_a_folder_is_held_by_one_process_at_a_time(tmp_path: Path) -> None:
    folder = RunFolder.made(tmp_path / "run")
    with folder.held(), pytest.raises(RunError, match="another process"), RunFolder(folder.path).held():
        pass
    with folder.held():
        pass


def test_rows_that_are_there_twice_are_refused(tmp_path: Path, stimuli: StimulusSet) -> None:
    run = RunFolder.create(tmp_path / "run", LOCK, RECORD, stimuli)
    run.append("000000-000000", *part("s", 1.0))
    run.append("000000-000001", *part("s", 1.0))
    with pytest.raises(RunError, match="the same rows twice"):
        run.rows()


def test_a_torn_or_missing_part_is_an_error_for_people(tmp_path: Path, stimuli: StimulusSet) -> None:
    run = RunFolder.create(tmp_path / "run", LOCK, RECORD, stimuli)
    run.append("000000", *part("s", 1.0))
    (run.path / "surprise/000000.parquet").write_bytes(b"PAR1 torn")
    with pytest.raises(RunError, match="missing or damaged"):
        run.rows()
    (run.path / "clips/000000.parquet").unlink()
    with pytest.raises(RunError, match="missing or damaged"):
        run.clips()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="it cannot be made"):
        RunFolder.made(tmp_path / "file/run")
