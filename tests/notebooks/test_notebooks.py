"""Every notebook runs from its first cell to its last, in an empty folder; and its figure data are right."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pandas as pd
import pytest

from voe import reanalysis
from voe.importing import import_model, model_folders
from voe.synthetic_download import write_synthetic

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(path.name for path in FOLDER.glob("*.ipynb"))
pytestmark = pytest.mark.skipif(not NOTEBOOKS, reason="the notebooks are not here (an installed package)")


def run_notebook(name: str) -> dict[str, Any]:
    """Its names after the last cell."""
    content = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    names: dict[str, Any] = {"__name__": "__main__"}
    for number, cell in enumerate(content["cells"]):
        assert not cell.get("outputs"), f"{name}, cell {number}: outputs are not kept"
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), f"{name}, cell {number}", "exec"), names)
    return names


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VOE_GARRIDO_DATA", raising=False)
    mpl.use("Agg")


def test_first_steps() -> None:
    names = run_notebook("01-first-steps.ipynb")
    ties = names["ties"].iloc[0]
    assert ties["ties"] == ties["n"] == 107  # one quadruplet is not testable at this stride
    whole = names["headline"].set_index("concept").loc["all"]
    assert whole["n"] == 107 and whole["low"] < 0.5 < whole["high"]


def test_garrido_without_the_download() -> None:
    names = run_notebook("02-garrido-2025.ipynb")
    assert names["synthetic"] and names["SOURCE"].startswith("SYNTHETIC")
    table = names["side_by_side"]
    assert (table["best_published"] >= table["estimate"] - 1e-9).sum() >= len(table) - 1
    coin = table[(table["model"] == "synthetic-random-0") & (table["block"] == "all")].iloc[0]
    assert coin["best_published"] > coin["estimate"] and coin["low"] < 0.5 < coin["high"]
    latent = table[(table["model"] == "synthetic-latent") & (table["block"] == "O1")].iloc[0]
    assert latent["low"] > 0.5 and latent["best_p"] < 0.001


@pytest.mark.skipif(
    not (Path(reanalysis.__file__).parent / "miniature/results").is_dir(), reason="no results of trainings"
)
def test_the_miniature() -> None:
    names = run_notebook("03-miniature.ipynb")
    assert len(names["paths"]) >= 9 and {"latent"} <= set(names["results"].trainings["arm"])


def test_your_own_model() -> None:
    names = run_notebook("04-your-own-model.ipynb")
    assert len(names["run"].quadruplets()) == 108 and names["model"].spec.name == "mean-of-the-context"


def test_your_own_clips() -> None:
    names = run_notebook("05-your-own-clips.ipynb")
    table = names["table"].query("primary and concept == 'all'")
    assert table["n"].iloc[0] == 4 and table["estimate"].iloc[0] == 0.0


def test_the_tables_behind_the_figures(tmp_path: Path) -> None:
    root = write_synthetic(tmp_path, pairs=20)
    runs = [import_model(folder, tmp_path / "runs" / folder.name) for folder in model_folders(root)]
    published, sound = reanalysis.as_published(runs), reanalysis.soundly(runs)
    for run in runs:
        name = run.lock["model"]["name"]
        stated = pd.read_csv(root / name / "performance.csv", sep=";")
        first_block = stated.loc[stated["Block"] == "O1", "Relative Accuracy (avg)"].to_numpy()
        row = published[(published["model"] == name) & (published["block"] == "O1")].iloc[0]
        assert row["best"] == pytest.approx(first_block.max() / 100, abs=1e-6)
        assert row["first"] == pytest.approx(first_block[0] / 100, abs=1e-6)
        fixed = sound[(sound["model"] == name) & (sound["block"] == "O1")].iloc[0]
        assert fixed["context"] == 2 and fixed["n"] == 20 and fixed["n_scenes"] == 10
    contexts = reanalysis.by_context(runs)
    assert len(contexts) == 3 * 5 and contexts["primary"].sum() == 3
    assert reanalysis.mean_and_maximum_by_block(runs[0])["name"].tolist() == ["O1", "O2", "O3"]
