"""The main job on video files that another tool made, damaged ones among them (see tests/data/video)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.test_cli import voe
from voe.results import Run

DATA = Path(__file__).parent / "data/video"


@pytest.fixture
def damaged(tmp_path: Path, manifest: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four scenes: sound, with a truncated mp4, with a truncated mkv, and with a trimmed mp4."""
    for name in ("whole.mp4", "whole.mkv", "trimmed.mp4"):
        (tmp_path / name).write_bytes((DATA / name).read_bytes())
    (tmp_path / "cut.mp4").write_bytes((DATA / "whole.mp4").read_bytes()[:2929])
    (tmp_path / "cut.mkv").write_bytes((DATA / "whole.mkv").read_bytes()[:2536])
    monkeypatch.chdir(tmp_path)
    # trimmed.mp4 truly shows frames 33..99 of whole.mp4, whatever its header counts.
    pairs = {
        "sound": (("whole.mp4", 0, 60), ("whole.mkv", 40, 100)),
        "mp4": (("whole.mp4", "", ""), ("cut.mp4", "", "")),
        "mkv": (("whole.mp4", "", ""), ("cut.mkv", "", "")),
        "trimmed": (("whole.mp4", 33, ""), ("trimmed.mp4", "", "")),
    }
    return manifest(
        [
            {"clip": f"{scene}-{word}", "path": path, "scene": scene, "possible": word == "ok",
             "start": start, "stop": stop}
            for scene, both in pairs.items()
            for word, (path, start, stop) in zip(("ok", "not"), both, strict=True)
        ]
    )  # fmt: skip


def test_damaged_files_are_named_trimmed_ones_are_read_right_and_the_run_ends(damaged: Path) -> None:
    result = voe("score", "--stimuli", str(damaged), "--model", "copy-last-frame,size=64", "--out", "run")
    assert result.exit_code == 3
    run = Run.open("run")
    reasons = {failure.clip: failure.reason for failure in run.failures}
    assert set(reasons) == {"mp4-not", "mkv-not"}
    assert "cut.mp4" in reasons["mp4-not"] and "cut.mkv" in reasons["mkv-not"]
    assert "2 clips FAILED" in result.output and "cut.mkv" in result.output
    pairs = run.pairs().query("context == 8").set_index("scene")
    assert pairs["status"].to_dict() == {
        "sound": "scored", "mp4": "failed", "mkv": "failed", "trimmed": "scored",
    }  # fmt: skip
    clips = run.folder.clips().set_index("clip")
    assert clips.loc["trimmed-not", "n_frames"] == 67
    # The trimmed file shows the very frames of the whole one: the pair is a tie to the bit.
    assert pairs.loc["trimmed", "contrast"] == 0 and pairs.loc["sound", "contrast"] != 0
    assert set(clips["decode"]) == {"verified"}
