"""Context swap: what a prediction knew is gone, what the targets hold of the context stays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tests.conftest import Brightness, write_images
from voe.controls import donors
from voe.errors import ProtocolError, RunError
from voe.loaders.load import load_stimuli
from voe.report.table import run_text
from voe.results import Run
from voe.runs import RunFolder
from voe.scoring import score

Manifest = Callable[..., Path]
Row = dict[str, object]


class Leaky(Brightness):
    """Its targets hold how far each frame is from the first of the window; it predicts no change, blindly."""

    def targets(self, window: torch.Tensor) -> dict[str, torch.Tensor]:
        levels = window.mean(dim=(2, 3, 4))
        return {"pixel": (levels - levels[:, :1]).abs()[:, :, None]}

    def predict(self, context: torch.Tensor, n_frames: int) -> dict[str, torch.Tensor]:
        return {"pixel": torch.zeros(len(context), n_frames - context.shape[1], 1)}


def quadruplets(folder: Path, scenes: int = 3, concept: str = "stays") -> list[Row]:
    """Scenes of a dark or bright context crossed with a dark or bright outcome."""
    rows: list[Row] = []
    for scene in range(scenes):
        for context, before in (("a", 20), ("b", 200)):
            for outcome, after in (("a", 20), ("b", 200)):
                path = f"{concept}{scene}{context}{outcome}"
                write_images(folder / path, [before + scene] * 3 + [after + scene] * 3)
                rows.append(
                    {"clip": path, "path": path, "scene": f"{concept}{scene}", "possible": context == outcome,
                     "concepts": concept, "context": context, "outcome": outcome}
                )  # fmt: skip
    return rows


def accuracy(run: Run) -> tuple[float, int]:
    """Share right and number of ties of the headline."""
    row = run.summary().query("primary and measure == 'quadruplets' and concept == 'all'").iloc[0]
    return float(row["estimate"]), int(row["ties"])


def test_a_scene_takes_its_context_from_the_next_one_of_its_concept(
    tmp_path: Path, manifest: Manifest
) -> None:
    rows = [row for n in range(2) for row in quadruplets(tmp_path, 3, f"c{n}")]
    stimuli = load_stimuli(manifest(rows))
    assert donors(stimuli) == {
        "c00": "c01aa", "c01": "c02aa", "c02": "c00aa", "c10": "c11aa", "c11": "c12aa", "c12": "c10aa",
    }  # fmt: skip


def test_a_concept_of_one_scene_cannot_be_swapped(
    tmp_path: Path, manifest: Manifest, brightness: Brightness
) -> None:
    stimuli = load_stimuli(manifest(quadruplets(tmp_path, 1)))
    with pytest.raises(ProtocolError, match="'stays0' is the only one of stays"):
        score(brightness, stimuli, out=tmp_path / "run", control="context-swap")


def test_what_a_prediction_knew_is_gone(tmp_path: Path, manifest: Manifest, brightness: Brightness) -> None:
    stimuli = load_stimuli(manifest(quadruplets(tmp_path)))
    assert accuracy(score(brightness, stimuli, out=tmp_path / "run")) == (1.0, 0)
    swapped = score(brightness, stimuli, out=tmp_path / "swapped", control="context-swap")
    assert accuracy(swapped) == (0.5, 3)


def test_what_the_targets_hold_of_the_context_stays(tmp_path: Path, manifest: Manifest) -> None:
    stimuli = load_stimuli(manifest(quadruplets(tmp_path)))
    plain = score(Leaky(), stimuli, out=tmp_path / "run")
    swapped = score(Leaky(), stimuli, out=tmp_path / "swapped", control="context-swap")
    assert accuracy(plain) == accuracy(swapped) == (1.0, 0)
    # Its prediction ignores the context, so nothing at all has changed.
    assert plain.rows().equals(swapped.rows())


def test_surprise_is_that_of_the_other_context(
    tmp_path: Path, manifest: Manifest, brightness: Brightness
) -> None:
    stimuli = load_stimuli(manifest(quadruplets(tmp_path)))
    run = score(brightness, stimuli, out=tmp_path / "run", control="context-swap")
    rows = run.rows().query("context == 2 and window_start == 2").set_index("clip")["surprise"]
    # Frames 2..5 after frames 2 and 3 of stays1aa (21 and 21); of stays0ab, frames 4 and 5 are 200.
    assert rows["stays0ab"] == pytest.approx((200 - 21) / 255, rel=1e-6)
    assert rows["stays0bb"] == rows["stays0ab"]
    # The last scene takes the context of the first.
    assert rows["stays2aa"] == pytest.approx((22 - 20) / 255, rel=1e-5)


def test_the_lock_and_the_table_say_that_it_is_a_control(
    tmp_path: Path, manifest: Manifest, brightness: Brightness
) -> None:
    stimuli = load_stimuli(manifest(quadruplets(tmp_path)))
    run = score(brightness, stimuli, out=tmp_path / "run", control="context-swap")
    assert run.lock["control"] == "context-swap"
    assert "CONTROL, context swap" in run_text(run)
    assert "control" not in score(brightness, stimuli, out=tmp_path / "plain").lock
    with pytest.raises(RunError, match="begun with another control"):
        score(brightness, stimuli, out=tmp_path / "run")


def test_a_context_that_cannot_be_read_fails_the_scene_by_name(
    tmp_path: Path, manifest: Manifest, brightness: Brightness
) -> None:
    rows = quadruplets(tmp_path)
    stimuli = load_stimuli(manifest(rows))
    for path in (tmp_path / "stays1aa").iterdir():
        path.write_bytes(b"nothing")
    run = score(brightness, stimuli, out=tmp_path / "run", control="context-swap")
    failed = {f.clip: f.reason for f in RunFolder.open(tmp_path / "run").failures() if f.scene == "stays0"}
    assert set(failed) == {"stays0aa", "stays0ab", "stays0ba", "stays0bb"}
    assert "stays1aa" in failed["stays0aa"] and "takes the place of its own" in failed["stays0aa"]
    whole = run.summary().query("primary and measure == 'quadruplets' and concept == 'all'")
    assert whole["failed"].tolist() == [2]  # the scene itself, and the one that lacks its context
