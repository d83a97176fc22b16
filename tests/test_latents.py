"""The health of the space that surprise is measured in: measured in every run, warned of where it fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import voe.scoring
from tests.conftest import Brightness
from tests.test_scoring import pair_rows
from voe.loaders.load import load_stimuli
from voe.report.table import run_text
from voe.results import Run
from voe.scoring import score
from voe.stats import health_of_sample, latent_health

Manifest = Callable[..., Path]
CHANNELS = 6


class Latent(Brightness):
    """Six channels a frame that vary with brightness, each in its own way."""

    def __init__(self, target: float = 1.0, prediction: float = 1.0, channels: int = CHANNELS) -> None:
        super().__init__()
        self.spec = replace(self.spec, name="latent", family="latent")
        self.target, self.prediction, self.channels = target, prediction, channels

    def _codes(self, frames: torch.Tensor) -> torch.Tensor:
        levels = frames.mean(dim=(2, 3, 4))[:, :, None]
        codes = torch.sin(levels * torch.arange(1, CHANNELS + 1) * 40)
        codes[:, :, self.channels :] = 0.7
        return codes

    def targets(self, window: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"pixel": 1 + self.target * (self._codes(window) - 1)}

    def predict(self, context: torch.Tensor, n_frames: int) -> dict[str, torch.Tensor]:
        last = self.prediction * self._codes(context)[:, -1:]
        return {"pixel": last.expand(-1, n_frames - context.shape[1], CHANNELS)}


def run_of(model: Latent, manifest: Manifest, folder: Path, scenes: int = 12) -> Run:
    return score(model, load_stimuli(manifest(pair_rows(folder, scenes=scenes))), out=folder / "run")


def test_a_sound_space_is_measured_and_not_warned_of(tmp_path: Path, manifest: Manifest) -> None:
    run = run_of(Latent(), manifest, tmp_path)
    state = run.health["pixel"]
    assert state.warnings == () and "WARNING" not in run_text(run)
    assert run.summary_record()["health"]["pixel"]["effective_rank"] == state.effective_rank > 2
    sample = run.folder.latents()
    assert sample is not None
    # Two predicted tokens of one window a scene, in the order of the set.
    assert sample["scene"].tolist() == [f"s{n}" for n in range(12) for _ in range(2)]
    happened = np.stack(sample["target"].to_list())
    assert state == health_of_sample(happened, sample["expected_norm"])
    assert happened.shape == (24, CHANNELS)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (Latent(target=1e-6), "the space has collapsed"),
        (Latent(prediction=1e-3), "times the norm of the targets"),
        (Latent(prediction=100.0), "times the norm of the targets"),
        (Latent(channels=1), "83 % of the channels never vary"),
    ],
)
def test_an_unsound_space_is_named_under_the_heading(
    tmp_path: Path, manifest: Manifest, model: Latent, words: str
) -> None:
    run = run_of(model, manifest, tmp_path)
    text = " ".join(run_text(run).split())
    assert f"WARNING, stream pixel: {run.health['pixel'].warnings[0]}" in text
    assert words in text
    assert text.index("WARNING") < text.index("PAIRS right")


def test_baselines_have_no_space_that_could_collapse(tmp_path: Path, manifest: Manifest) -> None:
    run = score(Brightness(), load_stimuli(manifest(pair_rows(tmp_path))), out=tmp_path / "run")
    assert run.health == {} and run.summary_record()["health"] == {}


def test_a_run_that_took_no_sample_can_still_be_read(tmp_path: Path, manifest: Manifest) -> None:
    run = run_of(Latent(), manifest, tmp_path, scenes=3)
    for part in (run.path / "latents").iterdir():
        part.unlink()
    again = Run.open(run.path)
    assert again.health == {} and "PAIRS right" in run_text(again)


def test_the_sample_does_not_depend_on_how_the_run_was_cut(
    tmp_path: Path, manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    stimuli = load_stimuli(manifest(pair_rows(tmp_path, scenes=6)))
    whole = score(Latent(), stimuli, out=tmp_path / "whole")
    monkeypatch.setattr(voe.scoring, "PART_SECONDS", 0.0)
    real, calls = voe.scoring.window_surprise, []

    def cut_off(*given: object, **named: object) -> object:
        calls.append(1)
        if len(calls) > 3:
            raise KeyboardInterrupt
        return real(*given, **named)

    monkeypatch.setattr(voe.scoring, "window_surprise", cut_off)
    with pytest.raises(KeyboardInterrupt):
        score(Latent(), stimuli, out=tmp_path / "cut")
    monkeypatch.setattr(voe.scoring, "window_surprise", real)
    score(Latent(), stimuli, out=tmp_path / "cut")
    assert (tmp_path / "cut/summary.json").read_bytes() == (whole.path / "summary.json").read_bytes()


def test_norms_are_all_that_is_needed_of_predictions() -> None:
    generator = np.random.default_rng(2)
    targets, predictions = generator.normal(size=(40, 5)), generator.normal(size=(30, 5))
    norms = np.linalg.norm(predictions, axis=1)
    assert latent_health(targets, predictions) == health_of_sample(targets, norms)
