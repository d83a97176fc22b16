from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

import voe.scoring
from tests.conftest import Brightness, write_images
from voe.errors import ModelError, ProtocolError, RunError
from voe.loaders.load import load_stimuli
from voe.report.table import run_text
from voe.results import Run
from voe.scoring import score

Manifest = Callable[..., Path]
Row = dict[str, object]

# Brightness expects the last frame to stay: a jump in the outcome surprises it.
CALM, JUMP = [10, 10, 10, 10, 10, 10], [10, 10, 10, 10, 90, 90]


def pair_rows(folder: Path, scenes: int = 3) -> list[Row]:
    """Scenes of one calm (possible) and one jumping (impossible) clip; in the last it is the reverse."""
    rows: list[Row] = []
    for scene in range(scenes):
        reverse = scene == scenes - 1
        for name, levels, possible in (("calm", CALM, not reverse), ("jump", JUMP, reverse)):
            path = f"{name}{scene}"
            write_images(folder / path, [level + scene for level in levels])
            rows.append(
                {"clip": path, "path": path, "scene": f"s{scene}", "possible": possible, "concepts": "calm"}
            )
    return rows


def test_rows_and_table_of_a_small_run(tmp_path: Path, manifest: Manifest, brightness: Brightness) -> None:
    run = score(brightness, manifest(pair_rows(tmp_path)), out=tmp_path / "run")
    rows = run.rows()
    assert list(rows.columns) == ["clip", "window_start", "context", "stream", "surprise"]
    assert len(rows) == 6 * 3 * 2  # clips x windows x contexts
    jump = rows[(rows["clip"] == "jump1") & (rows["context"] == 2)]["surprise"].to_numpy()
    # Windows 0..2 of 4 frames: the two predicted frames differ from the last context frame by 0|80.
    np.testing.assert_allclose(jump, np.array([0, 40, 80]) / 255, atol=1e-7)
    pairs = run.pairs().query("context == 2").set_index("scene")
    assert pairs["score"].tolist() == [1, 1, 0]
    assert pairs["contrast"]["s0"] == pytest.approx(40 / 255, rel=1e-6)
    table = run.summary().query("primary and concept == 'all'").iloc[0]
    assert (table["measure"], table["estimate"], table["n"]) == ("pairs", pytest.approx(2 / 3), 3)
    assert "only 3 scenes" in table["reason"]


def test_a_set_without_a_card_takes_the_models_protocol_and_says_so(
    tmp_path: Path, manifest: Manifest, brightness: Brightness
) -> None:
    run = score(brightness, manifest(pair_rows(tmp_path)), out=tmp_path / "run")
    assert run.protocol == brightness.spec.protocol
    assert run.lock["protocol_from"] == {"origin": "model", "changed": []}


def test_what_is_asked_for_wins_over_the_card_and_the_family_over_the_default(
    tmp_path: Path, manifest: Manifest, brightness: Brightness
) -> None:
    manifest(pair_rows(tmp_path))
    (tmp_path / "card.toml").write_text(
        '[stimuli]\nname = "c"\ntitle = "C"\nmanifest = "mine.csv"\nnote = "A pilot set."\n'
        "[protocol.default]\nwindow = 3\ncontexts = [1]\nstride = 2\n[protocol.baseline]\nwindow = 5\n"
    )
    run = score(brightness, tmp_path / "card.toml", {"stride": 1}, tmp_path / "run")
    assert (run.protocol.window, run.protocol.stride, run.protocol.contexts) == (5, 1, (1,))
    assert run.lock["protocol_from"] == {"origin": "card", "changed": ["stride"]}
    assert "A pilot set." in run_text(run)


def test_failures_take_their_comparisons_and_nothing_else(
    tmp_path: Path, manifest: Manifest, brightness: Brightness
) -> None:
    rows = pair_rows(tmp_path)
    (tmp_path / "calm0/3.png").write_bytes(b"broken")  # unreadable
    for name in ("4.png", "5.png", "3.png"):
        (tmp_path / "jump1" / name).unlink()  # 3 frames: shorter than the window
    (tmp_path / "calm2/5.png").unlink()  # 5 frames: unequal within its pair
    run = score(brightness, manifest(rows), out=tmp_path / "run")
    reasons = {failure.clip: failure.reason for failure in run.failures}
    assert set(reasons) == {"calm0", "jump1", "jump2 | calm2"}
    assert "3.png" in reasons["calm0"]
    assert "only 3 sampled frames" in reasons["jump1"] and "jump1" in reasons["jump1"]
    unequal = next(reason for clip, reason in reasons.items() if "|" in clip)
    assert "unequal length" in unequal and str(tmp_path / "calm2") in unequal
    assert run.unfinished == 0
    assert set(run.pairs()["status"]) == {"failed"}
    assert run.summary()["failed"].tolist() == [3] * len(run.summary())
    assert set(run.rows()["clip"]) == {"jump0", "calm1", "calm2", "jump2"}


def summary_bytes(path: Path) -> bytes:
    return (path / "summary.json").read_bytes()


def test_a_run_cut_off_anywhere_ends_with_the_same_bytes(
    tmp_path: Path, manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    stimuli = load_stimuli(manifest(pair_rows(tmp_path, scenes=5)))
    whole = score(Brightness(), stimuli, out=tmp_path / "whole")
    monkeypatch.setattr(voe.scoring, "PART_SECONDS", 0.0)
    real = voe.scoring.window_surprise

    class CutOffError(Exception):
        pass

    for limit in range(5):
        path = tmp_path / f"cut{limit}"
        calls = iter(range(limit))

        def limited(*args: object, calls: object = calls, **kwargs: object) -> object:
            if next(calls, None) is None:  # type: ignore[call-overload]
                raise CutOffError
            return real(*args, **kwargs)  # type: ignore[arg-type]

        monkeypatch.setattr(voe.scoring, "window_surprise", limited)
        with pytest.raises(CutOffError):
            score(Brightness(), stimuli, out=path)
        assert not (path / "summary.json").exists()
        assert Run.open(path).unfinished == 10 - 2 * limit
        monkeypatch.setattr(voe.scoring, "window_surprise", real)
        again = Brightness()
        score(again, stimuli, out=path)
        assert len(list((path / "surprise").iterdir())) == 5
        assert summary_bytes(path) == summary_bytes(whole.path)


def test_a_finished_run_is_not_scored_again(
    tmp_path: Path, manifest: Manifest, brightness: Brightness
) -> None:
    stimuli = load_stimuli(manifest(pair_rows(tmp_path)))
    score(brightness, stimuli, out=tmp_path / "run")
    before = dict(brightness.calls)
    score(brightness, stimuli, out=tmp_path / "run")
    assert dict(brightness.calls) == before


def test_a_scene_that_failed_whole_is_tried_again_and_named_once(
    tmp_path: Path, manifest: Manifest, brightness: Brightness
) -> None:
    rows = pair_rows(tmp_path)
    for name in ("calm0", "jump0"):
        (tmp_path / name / "3.png").write_bytes(b"torn")
    stimuli = load_stimuli(manifest(rows))
    first = score(brightness, stimuli, out=tmp_path / "run")
    before = summary_bytes(first.path)
    again = score(brightness, stimuli, out=tmp_path / "run")
    assert [failure.clip for failure in again.failures] == ["calm0", "jump0"]
    assert summary_bytes(again.path) == before


def test_a_run_never_mixes_with_another(tmp_path: Path, manifest: Manifest, brightness: Brightness) -> None:
    stimuli = load_stimuli(manifest(pair_rows(tmp_path)))
    score(brightness, stimuli, out=tmp_path / "run")
    with pytest.raises(RunError, match="begun with another protocol"):
        score(brightness, stimuli, {"stride": 2}, tmp_path / "run")
    with pytest.raises(RunError, match="begun with another model"):
        score(Brightness(size=(4, 4)), stimuli, out=tmp_path / "run")
    (tmp_path / "jump0/0.png").write_bytes((tmp_path / "jump0/0.png").read_bytes() + b"x")
    with pytest.raises(RunError, match="begun with another stimuli"):
        score(brightness, stimuli, out=tmp_path / "run")
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("mine")
    with pytest.raises(RunError, match="holds no run"):
        score(brightness, stimuli, out=other)
    assert (other / "thesis.txt").read_text() == "mine"


def test_a_window_that_the_model_cannot_take_raises_before_anything_is_written(
    tmp_path: Path, manifest: Manifest
) -> None:
    stimuli = load_stimuli(manifest(pair_rows(tmp_path)))
    with pytest.raises(ProtocolError, match="windows of 5"):
        score(Brightness(multiple=2), stimuli, {"window": 5, "contexts": (2,)}, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_killed_by_the_system_and_continued(tmp_path: Path, manifest: Manifest) -> None:
    """SIGKILL in the middle of a real process, then the same command again."""
    path = manifest(pair_rows(tmp_path, scenes=12))
    command = [
        sys.executable, "-c",
        "import voe.scoring, sys, time\n"
        "voe.scoring.PART_SECONDS = 0.0\n"
        "slow = (lambda done, total: time.sleep(0.1)) if sys.argv[2] == 'slow' else None\n"
        f"voe.scoring.score('copy-last-frame,size=32', {str(path)!r}, "
        "{'window': 4, 'stride': 1, 'contexts': (1, 2)}, sys.argv[1], progress=slow)",
    ]  # fmt: skip
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    process = subprocess.Popen([*command, str(killed), "slow"], env=environment)
    while len(list((killed / "surprise").glob("*.parquet"))) < 2:
        assert process.poll() is None
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert len(list((killed / "surprise").glob("*.parquet"))) < 12
    for folder in (killed, whole):
        subprocess.run([*command, str(folder), "quick"], env=environment, check=True)
    assert summary_bytes(killed) == summary_bytes(whole)
    assert json.loads(summary_bytes(whole))["clips"]["scored"] == 24


def test_a_span_beyond_its_clips_is_named_and_stands_in_the_first_line(
    tmp_path: Path, manifest: Manifest, brightness: Brightness
) -> None:
    rows = []
    for scene, ends in (("short", 9), ("sound", 6)):
        for context in "ab":
            for outcome in "ab":
                path = f"{scene}{context}{outcome}"
                write_images(
                    tmp_path / path, [40 if context == "a" else 90] * 3 + [40 if outcome == "a" else 90] * 3
                )
                rows.append(
                    {"clip": path, "path": path, "scene": scene, "possible": context == outcome,
                     "concepts": "c", "context": context, "outcome": outcome, "context_starts": 0,
                     "context_ends": 3, "outcome_starts": 3, "outcome_ends": ends}
                )  # fmt: skip
    run = score(brightness, manifest(rows), out=tmp_path / "run")
    [failure] = run.failures
    assert failure.reason.startswith("quadruplet 'short' states its outcome in frames 3..9")
    assert "its clips have 6 frames" in failure.reason
    headline = run.summary().query("primary and measure == 'quadruplets' and concept == 'all'").iloc[0]
    assert (headline["n"], headline["failed"], headline["untestable"]) == (1, 1, 0)
    assert run_text(run).startswith("1 comparison FAILED: listed below")


def test_a_number_that_is_not_finite_names_its_clip_and_scene(
    tmp_path: Path, manifest: Manifest, brightness: Brightness, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = brightness.predict
    monkeypatch.setattr(brightness, "predict", lambda *given: {"pixel": real(*given)["pixel"] * float("nan")})
    monkeypatch.setattr(voe.scoring, "rebatch_difference", lambda *given: 0.0)
    with pytest.raises(
        ModelError, match=r"'calm0' \(.*calm0\) of scene 's0': model 'brightness': .*not finite"
    ):
        score(brightness, manifest(pair_rows(tmp_path)), out=tmp_path / "run")


def test_of_several_clips_the_one_with_the_number_that_is_not_finite_is_named(
    tmp_path: Path, manifest: Manifest, brightness: Brightness, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = brightness.targets

    def broken(window: torch.Tensor) -> dict[str, torch.Tensor]:
        pixel = real(window)["pixel"]
        return {"pixel": torch.where(pixel > 0.75, float("nan"), pixel)}

    rows = pair_rows(tmp_path)
    shutil.rmtree(tmp_path / "jump1")
    write_images(tmp_path / "jump1", [10] * 5 + [250])  # nothing else is so bright
    monkeypatch.setattr(brightness, "targets", broken)
    with pytest.raises(ModelError, match=r"clip 'jump1' .* of scene 's1'"):
        score(brightness, manifest(rows), out=tmp_path / "run")


def test_what_is_no_predictor_is_refused_by_what_it_is(tmp_path: Path, manifest: Manifest) -> None:
    with pytest.raises(ModelError, match=r"scoring int 5: give a voe.Predictor, or a spec as text"):
        score(5, manifest(pair_rows(tmp_path)))  # type: ignore[arg-type]


def test_clips_of_unequal_picture_size_are_not_compared(
    tmp_path: Path, manifest: Manifest, brightness: Brightness
) -> None:
    rows = pair_rows(tmp_path)
    shutil.rmtree(tmp_path / "jump1")
    write_images(tmp_path / "jump1", JUMP, size=16)
    run = score(brightness, manifest(rows), out=tmp_path / "run")
    [failure] = run.failures
    assert failure.clip == "calm1 | jump1" and failure.kind == "comparison"
    assert "unequal picture size" in failure.reason and "jump1) 16 x 16" in failure.reason
    status = run.pairs().query("context == 2").set_index("impossible")["status"].to_dict()
    assert status == {"jump0": "scored", "jump1": "failed", "calm2": "scored"}


def test_a_run_that_is_not_finished_goes_on_with_the_same_versions_only(
    tmp_path: Path, manifest: Manifest, brightness: Brightness, monkeypatch: pytest.MonkeyPatch
) -> None:
    stimuli = load_stimuli(manifest(pair_rows(tmp_path)))
    run = score(brightness, stimuli, out=tmp_path / "run")
    newer = {**voe.runs.versions(), "torch": "99.0"}
    monkeypatch.setattr(voe.scoring, "versions", lambda: newer)
    score(brightness, stimuli, out=tmp_path / "run")  # finished: nothing is computed
    (run.path / "summary.json").unlink()
    with pytest.raises(RunError, match=r"begun with another torch.*now \"99.0\""):
        score(brightness, stimuli, out=tmp_path / "run")
