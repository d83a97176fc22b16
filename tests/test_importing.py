"""Importing the published layout: the reference's numbers come back, strangers' files do not open."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from click.testing import CliRunner

from voe.cli.main import cli
from voe.errors import VoeError
from voe.importing import import_model, mismatches, model_folders, read_published
from voe.reference_run import reference_of
from voe.synthetic_download import MODELS, write_synthetic

GOLDEN = Path(__file__).parent / "golden/metrics"


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A run of the reference code itself: its raw surprises and its own performance.csv."""
    folder = tmp_path / "data_intphys/model"
    (folder / "raw_surprises").mkdir(parents=True)
    with np.load(GOLDEN / "main_metrics_inputs.npz") as arrays:
        for block in ("O1", "O2", "O3"):
            content = {key: torch.from_numpy(arrays[f"{block}/{key}"]) for key in ("losses", "labels")}
            torch.save(content, folder / f"raw_surprises/{block}.pth")
    (folder / "performance.csv").write_text((GOLDEN / "main_metrics.csv").read_text())
    return folder


def test_every_number_of_the_reference_comes_back(published: Path, tmp_path: Path) -> None:
    assert model_folders(tmp_path) == [published]
    assert mismatches(read_published(published)) == []
    run = import_model(published, tmp_path / "run")
    table = reference_of(run).table
    stated = pd.read_csv(GOLDEN / "main_metrics.csv", sep=";").astype({"Context length(s)": str})
    assert (table["Block"] == stated["Block"]).all()
    assert np.allclose(table["Relative Accuracy (avg)"], stated["Relative Accuracy (avg)"], atol=1e-4)
    assert np.allclose(table["Relative Accuracy (max)"], stated["Relative Accuracy (max)"], atol=1e-4)
    assert len(run.rows()) == 3 * 60 * 5 * 17 and len(run.stimuli.pairs) == 90
    assert len(run.stimuli.scenes) == 45  # two pairs of a scene share its clips' set-up
    with np.load(GOLDEN / "main_metrics_inputs.npz") as arrays:
        losses, labels = arrays["O2/losses"], arrays["O2/labels"]
    assert np.array_equal(run.curves.of("O2-00007", "surprise", 6), losses[7, 2].astype(np.float64))
    chosen = run.summary().query("measure == 'pairs' and concept == 'O2' and context == 6")
    mean = losses[:, 2].mean(axis=1).reshape(-1, 2)
    first = labels.reshape(-1, 2)[:, 0] == 1
    right = np.where(first, mean[:, 0] < mean[:, 1], mean[:, 1] < mean[:, 0])
    assert chosen["estimate"].iloc[0] == pytest.approx(right.mean())


def test_a_table_that_says_something_else_is_named(published: Path) -> None:
    path = published / "performance.csv"
    path.write_text(path.read_text().replace("O1;2;2;100.00000", "O1;2;2;99.00000"))
    assert mismatches(read_published(published)) == [
        "O1, 2, Relative Accuracy (avg): 99.00000 stated, 100.00000 computed"
    ]


def test_padding_is_no_surprise(published: Path, tmp_path: Path) -> None:
    path = published / "raw_surprises/O1.pth"
    content = torch.load(path, weights_only=True)
    content["losses"][3, :, 12:] = 0
    torch.save(content, path)
    run = import_model(published, tmp_path / "run")
    assert run.curves.of("O1-00003", "surprise", 2).shape == (12,)
    assert run.curves.of("O1-00002", "surprise", 2).shape == (17,)


class Stranger:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (print, ("unpickled",))


def test_bad_folders(published: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = published / "raw_surprises/O1.pth"
    good = path.read_bytes()
    losses, labels = torch.rand(4, 5, 3), torch.tensor([1, 0, 1, 0])
    for content, words in (
        ({"losses": losses}, "it holds losses; wanted are"),
        ({"losses": losses, "labels": torch.tensor([1, 1, 0, 0])}, "one possible"),
        ({"losses": losses[:, :4], "labels": labels}, "wanted are"),
        ([losses], "holds a list"),
    ):
        torch.save(content, path)
        with pytest.raises(VoeError, match=words):
            read_published(published)
    path.write_bytes(pickle.dumps(Stranger()))
    with pytest.raises(VoeError, match=r"O1\.pth: it cannot be read as tensors alone"):
        read_published(published)
    assert "unpickled" not in capsys.readouterr().out
    path.write_bytes(good)
    path.rename(path.with_name("Q1.pth"))
    with pytest.raises(VoeError, match=r"block 'O1' of .* needs one file"):
        read_published(published)
    with pytest.raises(VoeError, match="no folder in it holds both"):
        model_folders(published / "raw_surprises")


def test_the_command_on_a_synthetic_download(tmp_path: Path) -> None:
    root = write_synthetic(tmp_path, pairs=12)
    done = CliRunner().invoke(cli, ["import", str(root), "--out", str(tmp_path / "runs")])
    assert done.exit_code == 0, done.output
    assert done.output.count("given back to the digit") == len(MODELS) == 3
    table = CliRunner().invoke(cli, ["table", str(tmp_path / "runs/synthetic-latent")])
    assert table.exit_code == 0 and "PAIRS right" in table.output
