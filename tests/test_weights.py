"""The weights that ship: named by themselves, small, whole."""

from __future__ import annotations

import pytest

from voe.adapters.conformance import check_adapter, failures
from voe.adapters.load import load_model
from voe.cli.options import DEFAULT_MODEL
from voe.weights import FOLDER, resolved, shipped


def test_names_stand_for_folders() -> None:
    assert shipped() == ("tiny-videomae", "tiny-vjepa2")
    assert resolved("tiny-vjepa2") == str(FOLDER / "tiny-vjepa2")
    assert resolved("./tiny-vjepa2") == "./tiny-vjepa2" and resolved("facebook/x") == "facebook/x"
    assert DEFAULT_MODEL == "vjepa2:tiny-vjepa2"


def test_they_are_small_and_have_cards() -> None:
    files = [path for path in FOLDER.rglob("*.safetensors")]
    assert len(files) == 2 and sum(path.stat().st_size for path in files) < 10e6
    for name in shipped():
        card = (FOLDER / name / "README.md").read_text(encoding="utf-8")
        assert "seed" in card and "Limits" in card


@pytest.mark.parametrize("spec", ["vjepa2:tiny-vjepa2", "videomae:tiny-videomae"])
def test_they_load_whole_and_keep_the_contract(spec: str) -> None:
    model = load_model(spec, device="cpu")
    assert model.spec.trained and model.spec.size == (96, 96) and model.spec.name == spec
    assert not failures(check_adapter(model))
