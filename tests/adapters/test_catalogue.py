"""What `voe models` lists, against the networks themselves and installed plugins."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from voe.adapters.catalogue import BUILT_IN_FAMILIES, PluginWarning, families
from voe.adapters.load import BUILT_IN, load_model


def preset_parameters(family: str) -> dict[str, int]:
    info = next(info for info in BUILT_IN_FAMILIES if info.family == family)
    return {preset.spec: preset.parameters for preset in info.presets}


def test_every_built_in_family_is_listed() -> None:
    assert [info.family for info in BUILT_IN_FAMILIES] == list(BUILT_IN)


def test_parameters_of_the_tiny_networks() -> None:
    for spec, parameters in preset_parameters("untrained").items():
        assert load_model(spec, device="cpu").spec.details["parameters"] == parameters


def test_parameters_of_published_networks() -> None:
    """Counted in transformers' networks, built without memory."""
    from transformers import VideoMAEConfig, VideoMAEForPreTraining, VJEPA2Config, VJEPA2Model

    giant = {"hidden_size": 1408, "num_hidden_layers": 40, "num_attention_heads": 22, "mlp_ratio": 48 / 11}
    with torch.device("meta"):
        large = VJEPA2Model(VJEPA2Config())
        counts = {
            "vjepa2:facebook/vjepa2-vitl-fpc64-256": large,
            "vjepa2:facebook/vjepa2-vitg-fpc64-256": VJEPA2Model(VJEPA2Config(**giant)),
            "videomae:MCG-NJU/videomae-base": VideoMAEForPreTraining(VideoMAEConfig(use_mean_pooling=False)),
        }
    listed = preset_parameters("vjepa2") | preset_parameters("videomae")
    for spec, network in counts.items():
        assert listed[spec] == sum(parameter.numel() for parameter in network.parameters())
    # V-JEPA has the same blocks twice over, a predictor with 2 mask tokens of 384 channels in place of 10.
    encoder = sum(parameter.numel() for parameter in large.encoder.parameters())
    predictor = sum(parameter.numel() for parameter in large.predictor.parameters()) - 8 * 384
    assert preset_parameters("vjepa")["vjepa:vitl16.pth.tar"] == 2 * encoder + predictor


def test_plugins_are_listed_and_a_broken_one_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "voe_good.py").write_text('def build(spec, placement):\n    """Expects good things."""\n')
    (tmp_path / "voe_bad.py").write_text("class Odd(Exception): ...\nraise Odd('out of order')\n")
    info = tmp_path / "voe_both-2.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: voe-both\nVersion: 2.0\nLicense: Zlib\n")
    (info / "entry_points.txt").write_text("[voe.adapters]\ngood = voe_good:build\nbad = voe_bad:build\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.warns(PluginWarning, match=r"plugin 'bad' .*Odd: out of order"):
        listed = {info.family: info for info in families()}
    assert "bad" not in listed and BUILT_IN.keys() <= listed.keys()
    good = listed["good"]
    assert (good.what, good.licence, good.origin) == ("Expects good things.", "Zlib", "voe-both 2.0")


def test_plugins_whose_name_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for package, names in {"voe-a": ("same", "vjepa2"), "voe-b": ("same",)}.items():
        module = package.replace("-", "_")
        (tmp_path / f"{module}.py").write_text(f'def build(spec, placement):\n    """Of {package}."""\n')
        info = tmp_path / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        entries = "\n".join(f"{name} = {module}:build" for name in names)
        (info / "entry_points.txt").write_text(f"[voe.adapters]\n{entries}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.warns(PluginWarning) as caught:
        listed = {info.family: info for info in families()}
    assert listed["same"].what == "Of voe-a." and listed["vjepa2"].origin == "built in"
    texts = sorted(str(warning.message) for warning in caught)
    assert texts == [
        "plugin 'same' of voe-b is not used: that family exists already",
        "plugin 'vjepa2' of voe-a is not used: that family exists already",
    ]
