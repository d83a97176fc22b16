"""Random weights: from the seed alone, labelled as what they are."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from voe.adapters.load import load_model
from voe.errors import ModelError

GOLDEN = Path(__file__).parent.parent / "golden" / "hf_vjepa2"


def weights(spec: str) -> object:
    return load_model(spec, device="cpu").spec.details["weights_sha256"]


@pytest.mark.parametrize("architecture", ["vjepa2-tiny", "videomae-tiny"])
def test_weights_come_from_the_seed_alone(architecture: str) -> None:
    torch.manual_seed(5)
    state = torch.get_rng_state()
    first = weights(f"untrained:{architecture},seed=3")
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(6)
    assert weights(f"untrained:{architecture},seed=3") == first
    assert weights(f"untrained:{architecture},seed=4") != first
    assert weights(f"untrained:{architecture}") == weights(f"untrained:{architecture},seed=0")


@pytest.mark.parametrize(
    ("architecture", "parameters"), [("vjepa2-tiny", 1463392), ("videomae-tiny", 1597856)]
)
def test_what_the_spec_says(architecture: str, parameters: int) -> None:
    model = load_model(f"untrained:{architecture},seed=3", device="cpu")
    assert model.spec.name == f"untrained:{architecture},seed=3"
    assert not model.spec.trained
    assert model.spec.size == (64, 64)
    assert model.grid(16) == (8, 4, 4)
    assert model.spec.details["parameters"] == parameters
    assert (model.spec.protocol.window, model.spec.protocol.contexts) == (16, (4, 8, 12))


def test_initialisation_is_that_of_transformers() -> None:
    from transformers import VJEPA2Config, VJEPA2Model

    model = load_model("untrained:vjepa2-tiny,seed=3", device="cpu")
    width, narrow = {"hidden_size": 128, "num_hidden_layers": 4, "num_attention_heads": 4}, 96
    predictor = {"pred_hidden_size": narrow, "pred_num_hidden_layers": 4, "pred_num_attention_heads": 4}
    torch.manual_seed(3)
    reference = VJEPA2Model(VJEPA2Config(crop_size=64, frames_per_clip=16, **width, **predictor))
    own = model.encoder.state_dict()  # type: ignore[attr-defined]
    assert all(torch.equal(own[name], value) for name, value in reference.encoder.state_dict().items())


def test_architecture_of_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    shutil.copy(GOLDEN / "model" / "config.json", folder)
    model = load_model(f"untrained:{folder},seed=1", device="cpu")  # no weights there, and none needed
    assert model.spec.details["parameters"] == 261840
    assert not model.spec.trained
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"num_attention_heads": 5}))
    with pytest.raises(ModelError, match="describes no network: The hidden size"):
        load_model(f"untrained:{folder}")
    (folder / "config.json").write_text(json.dumps(config | {"model_type": "bert"}))
    with pytest.raises(ModelError, match="describes a 'bert' model"):
        load_model(f"untrained:{folder}")


def test_options_are_those_of_the_family() -> None:
    raw = load_model("untrained:vjepa2-tiny,targets=raw,size=96,attn=eager", device="cpu")
    assert raw.grid(16) == (8, 6, 6)
    assert (raw.spec.details["targets"], raw.spec.details["attention"]) == ("raw", "eager")
    with pytest.raises(ModelError, match="unknown option 'reference_zeroed'"):
        load_model("untrained:vjepa2-tiny,reference_zeroed=true")
    with pytest.raises(ModelError, match=r"unknown architecture 'vjepa2-tin'\. Did you mean 'vjepa2-tiny'"):
        load_model("untrained:vjepa2-tin")
    with pytest.raises(ModelError, match="unknown architecture ''"):
        load_model("untrained")
