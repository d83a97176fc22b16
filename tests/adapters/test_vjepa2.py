"""V-JEPA 2: golden numbers of transformers, the original checkpoints, and what is refused."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import voe.engine
from voe.adapters.load import load_model
from voe.adapters.vjepa2 import VJepa2
from voe.errors import ModelError, ProtocolError

GOLDEN = Path(__file__).parent.parent / "golden" / "hf_vjepa2"
CONTEXTS = (2, 4, 6, 8, 10)


@pytest.fixture(scope="module")
def frames() -> np.ndarray:
    return np.load(GOLDEN / "frames.npz")["frames"]


def load(spec: str) -> VJepa2:
    model = load_model(spec, device="cpu")
    assert isinstance(model, VJepa2)
    return model


def curves(model: VJepa2, frames: np.ndarray) -> np.ndarray:
    return voe.engine.surprise_curves(model, frames, window=16, stride=2, contexts=CONTEXTS)


def edited(folder: Path, edit) -> Path:
    """A copy of the golden model with its weights edited in place by `edit`."""
    shutil.copytree(GOLDEN / "model", folder)
    weights = load_file(folder / "model.safetensors")
    edit(weights)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def original_layout(folder: Path, prefix: str = "module.backbone.") -> dict[str, dict[str, torch.Tensor]]:
    """The golden weights under the names of facebookresearch/vjepa2, with joint qkv matrices."""
    weights = load_file(folder / "model.safetensors")
    names = {
        "encoder": [
            ("embeddings.patch_embeddings.", "patch_embed."),
            ("layernorm.", "norm."),
            ("layer.", "blocks."),
        ],
        "predictor": [
            ("embeddings.predictor_embeddings.", "predictor_embed."),
            ("layernorm.", "predictor_norm."),
            ("layer.", "predictor_blocks."),
            ("proj.", "predictor_proj."),
        ],
    }
    original: dict[str, dict[str, torch.Tensor]] = {}
    for part, renames in names.items():
        state: dict[str, torch.Tensor] = {}
        for full, value in weights.items():
            if not full.startswith(f"{part}."):
                continue
            name = full.removeprefix(f"{part}.")
            if name == "embeddings.mask_tokens":
                state |= {f"{prefix}mask_tokens.{i}": token for i, token in enumerate(value)}
                continue
            for theirs, ours in renames:
                if name.startswith(theirs):
                    name = ours + name.removeprefix(theirs)
                    break
            name = name.replace(".attention.", ".attn.")
            if ".query." in name:
                joint = [weights[full.replace("query", which)] for which in ("query", "key", "value")]
                state[prefix + name.replace("query", "qkv")] = torch.cat(joint)
            elif ".key." not in name and ".value." not in name:
                state[prefix + name] = value
        original[part] = state
    original["target_encoder"] = {name: value.clone() for name, value in original["encoder"].items()}
    return original


def test_surprise_is_the_golden_one_and_not_the_leaking_one(frames: np.ndarray) -> None:
    surprise = curves(load(f"vjepa2:{GOLDEN}/model,targets=raw"), frames)
    golden = np.load(GOLDEN / "surprise.npz")
    np.testing.assert_allclose(surprise, golden["context_only_encoder/raw_target"], rtol=0, atol=1e-5)
    assert np.abs(surprise - golden["forward_as_is/raw_target"]).max() > 0.02


def test_eager_attention_gives_the_same_numbers(frames: np.ndarray) -> None:
    model = load(f"vjepa2:{GOLDEN}/model,targets=raw,attn=eager")
    assert model.spec.details["attention"] == "eager"
    golden = np.load(GOLDEN / "surprise.npz")["context_only_encoder/raw_target"]
    np.testing.assert_allclose(curves(model, frames), golden, rtol=0, atol=1e-5)


def test_layer_norm_of_targets_is_the_default() -> None:
    window = torch.randn(1, 16, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    raw = load(f"vjepa2:{GOLDEN}/model,targets=raw").targets(window)["latent"]
    normed = load(f"vjepa2:{GOLDEN}/model").targets(window)["latent"]
    expected = (raw - raw.mean(-1, keepdim=True)) / (raw.var(-1, unbiased=False, keepdim=True) + 1e-5).sqrt()
    torch.testing.assert_close(normed, expected, atol=1e-5, rtol=0)


def test_mask_token_is_the_one_asked_for(tmp_path: Path) -> None:
    """Token 7 of the original is token 1 of a copy whose tokens are swapped."""

    def swap(weights: dict[str, torch.Tensor]) -> None:
        tokens = weights["predictor.embeddings.mask_tokens"]
        weights["predictor.embeddings.mask_tokens"] = tokens[[0, 7, 2, 3, 4, 5, 6, 1, 8, 9]].clone()

    folder = edited(tmp_path / "swapped", swap)
    context = torch.randn(1, 4, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    seven = load(f"vjepa2:{GOLDEN}/model,mask_token=7").predict(context, 16)["latent"]
    one = load(f"vjepa2:{GOLDEN}/model").predict(context, 16)["latent"]
    torch.testing.assert_close(load(f"vjepa2:{folder}").predict(context, 16)["latent"], seven)
    assert (seven - one).abs().max() > 1e-2
    with pytest.raises(ModelError, match="mask_token=10 must be below 10"):
        load(f"vjepa2:{GOLDEN}/model,mask_token=10")


def test_original_checkpoint_gives_the_golden_numbers(tmp_path: Path, frames: np.ndarray) -> None:
    torch.save({**original_layout(GOLDEN / "model"), "opt": {}, "epoch": 3}, tmp_path / "tiny.pt")
    spec = f"vjepa2:{tmp_path}/tiny.pt,heads=4,predictor_heads=4,size=64,targets=raw"
    golden = np.load(GOLDEN / "surprise.npz")["context_only_encoder/raw_target"]
    np.testing.assert_allclose(curves(load(spec), frames), golden, rtol=0, atol=1e-5)


def test_original_checkpoint_makes_targets_with_its_target_encoder(tmp_path: Path) -> None:
    content = original_layout(GOLDEN / "model")
    for value in content["target_encoder"].values():
        value.mul_(1.1)
    torch.save(content, tmp_path / "tiny.pt")
    options = "size=64,targets=raw"
    model = load(f"vjepa2:{tmp_path}/tiny.pt,heads=4,predictor_heads=4,{options}")
    window = torch.randn(1, 16, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    reference = load(f"vjepa2:{GOLDEN}/model,{options}")
    torch.testing.assert_close(model.predict(window[:, :8], 16), reference.predict(window[:, :8], 16))
    scaled = edited(tmp_path / "scaled", lambda weights: [value.mul_(1.1) for value in weights.values()])
    torch.testing.assert_close(model.targets(window), load(f"vjepa2:{scaled},{options}").targets(window))
    assert "moving average" in str(model.spec.details["target_encoder"])


def test_original_checkpoint_with_unused_tables(tmp_path: Path) -> None:
    """Ten mask tokens and a table: a rotary model that carries its table along. Two: V-JEPA (1), refused."""
    content = original_layout(GOLDEN / "model", prefix="backbone.")
    content["encoder"]["backbone.pos_embed"] = torch.zeros(1, 128, 64)
    content["predictor"]["backbone.predictor_pos_embed"] = torch.zeros(1, 128, 48)
    torch.save(content, tmp_path / "tiny.pt")
    load(f"vjepa2:{tmp_path}/tiny.pt,heads=4,predictor_heads=4,size=64")
    for index in range(2, 10):
        del content["predictor"][f"backbone.mask_tokens.{index}"]
    torch.save(content, tmp_path / "old.pt")
    with pytest.raises(ModelError, match=r"V-JEPA \(1\), not V-JEPA 2; load it as vjepa:"):
        load(f"vjepa2:{tmp_path}/old.pt,heads=4,predictor_heads=4,size=64")


def test_original_checkpoint_that_lacks_something(tmp_path: Path) -> None:
    content = original_layout(GOLDEN / "model")
    torch.save(content, tmp_path / "tiny.pt")
    with pytest.raises(ModelError, match=r"width of 64 .* give heads=, a divisor of 64"):
        load(f"vjepa2:{tmp_path}/tiny.pt,size=64")
    del content["encoder"]["module.backbone.blocks.1.mlp.fc2.bias"]
    torch.save(content, tmp_path / "partial.pt")
    with pytest.raises(ModelError, match=r"weights of the encoder .* 1 missing \(layer.1.mlp.fc2.bias\)"):
        load(f"vjepa2:{tmp_path}/partial.pt,heads=4,predictor_heads=4,size=64")
    del content["target_encoder"]
    torch.save(content, tmp_path / "two.pt")
    with pytest.raises(ModelError, match="no weights under 'target_encoder'; it holds: encoder, predictor"):
        load(f"vjepa2:{tmp_path}/two.pt,heads=4,predictor_heads=4,size=64")


def test_another_size_moves_the_grid(frames: np.ndarray) -> None:
    """At 96 pixels a row has 6 patches: the first row of the grid has the positions that 64 pixels have."""
    model = load(f"vjepa2:{GOLDEN}/model,size=96")
    assert model.grid(16) == (8, 6, 6)
    assert model.encoder.layer[0].attention.grid_size == 6
    assert np.isfinite(curves(model, frames)).all()
    with pytest.raises(ModelError, match="100 pixels is no multiple of the model's patch of 16"):
        load(f"vjepa2:{GOLDEN}/model,size=100")
    with pytest.raises(ProtocolError, match=r"it takes \[batch, frames, 3, 96, 96\]"):
        model.predict(torch.zeros(1, 4, 3, 64, 64), 16)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda w: w.pop("encoder.layer.0.mlp.fc1.weight"), r"1 missing \(encoder.layer.0.mlp.fc1.weight\)"),
        (lambda w: w.update({"foo.bar": torch.zeros(3)}), r"1 unexpected \(foo.bar\)"),
        (
            lambda w: w.update({"encoder.layernorm.weight": torch.zeros(3)}),
            r"1 of another shape \(encoder.layernorm.weight \(\(3,\) in the checkpoint, \(64,\) wanted\)\)",
        ),
        (
            lambda w: w.clear() or w.update({"x": torch.zeros(3)}),
            r"75 missing \(.* and 72 more\); 1 unexpected",
        ),
    ],
)
def test_weights_that_do_not_fit(tmp_path: Path, edit, message: str) -> None:
    folder = edited(tmp_path / "edited", edit)
    with pytest.raises(ModelError, match=message):
        load(f"vjepa2:{folder}")


def test_a_classifier_on_top_is_left_out(tmp_path: Path, frames: np.ndarray) -> None:
    from transformers import VJEPA2Config, VJEPA2ForVideoClassification, VJEPA2Model

    config = VJEPA2Config.from_pretrained(GOLDEN / "model")
    classifier = VJEPA2ForVideoClassification(config)
    classifier.vjepa2.load_state_dict(VJEPA2Model.from_pretrained(GOLDEN / "model").state_dict())
    classifier.save_pretrained(tmp_path / "classifier")
    golden = np.load(GOLDEN / "surprise.npz")["context_only_encoder/raw_target"]
    surprise = curves(load(f"vjepa2:{tmp_path}/classifier,targets=raw"), frames)
    np.testing.assert_allclose(surprise, golden, rtol=0, atol=1e-5)


def test_broken_folders(tmp_path: Path) -> None:
    truncated = shutil.copytree(GOLDEN / "model", tmp_path / "truncated") / "model.safetensors"
    truncated.write_bytes(truncated.read_bytes()[:5000])
    with pytest.raises(ModelError, match=r"truncated cannot be loaded: Error while deserializing header"):
        load(f"vjepa2:{tmp_path}/truncated")
    other = shutil.copytree(GOLDEN / "model", tmp_path / "other") / "config.json"
    config = json.loads(other.read_text())
    other.write_text(json.dumps(config | {"model_type": "videomae"}))
    with pytest.raises(ModelError, match="describes 'videomae' model, not 'vjepa2'"):
        load(f"vjepa2:{tmp_path}/other")
    other.write_text(json.dumps(config | {"hidden_size": "wide"}))
    with pytest.raises(ModelError, match="hidden_size"):
        load(f"vjepa2:{tmp_path}/other")
    with pytest.raises(ModelError, match=r"empty holds no config\.json"):
        (tmp_path / "empty").mkdir()
        load(f"vjepa2:{tmp_path}/empty")


class _Code:
    def __reduce__(self):
        return (Path.touch, (Path("code-was-run"),))


def test_a_pickle_with_code_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"encoder": _Code()}, tmp_path / "zip.pt")
    (tmp_path / "plain.pt").write_bytes(pickle.dumps({"encoder": _Code()}))
    shutil.copytree(GOLDEN / "model", tmp_path / "folder")
    (tmp_path / "folder" / "model.safetensors").unlink()
    torch.save({"x": _Code()}, tmp_path / "folder" / "pytorch_model.bin")
    for name in ("zip.pt", "folder"):
        with pytest.raises(
            ModelError,
            match=r"and is refused: loading it would run \w+",
        ):
            load(f"vjepa2:{tmp_path}/{name}")
    with pytest.raises(ModelError, match=r"plain.pt"):
        load(f"vjepa2:{tmp_path}/plain.pt")
    assert not (tmp_path / "code-was-run").exists()


@pytest.mark.parametrize("content", [b"", b"garbage", b"\x80\x02}q\x00."])
def test_files_that_are_no_checkpoint(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file.pt").write_bytes(content)
    with pytest.raises(ModelError, match=r"file.pt"):
        load(f"vjepa2:{tmp_path}/file.pt")


def test_a_truncated_checkpoint(tmp_path: Path) -> None:
    torch.save(original_layout(GOLDEN / "model"), tmp_path / "whole.pt")
    whole = (tmp_path / "whole.pt").read_bytes()
    for share in (0.3, 0.9, 0.999):
        (tmp_path / "cut.pt").write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(ModelError, match=r"cut.pt"):
            load(f"vjepa2:{tmp_path}/cut.pt,heads=4,predictor_heads=4,size=64")


def test_a_hub_id_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match="neither a folder here nor a hub id in the local cache"):
        load("vjepa2:nobody/no-such-model")
    with pytest.raises(ModelError, match=r"Did you mean 'tiny-vjepa2'\? A hub id has the form OWNER/NAME"):
        load("vjepa2:tiny-vjepa")
    with pytest.raises(ModelError, match=r"name a folder, a hub id or a \.pt file"):
        load("vjepa2")


def test_unknown_options_and_values() -> None:
    with pytest.raises(ModelError, match=r"unknown option 'masktoken'\. Did you mean 'mask_token'"):
        load(f"vjepa2:{GOLDEN}/model,masktoken=2")
    with pytest.raises(ModelError, match="targets=normed must be one of layernorm, raw"):
        load(f"vjepa2:{GOLDEN}/model,targets=normed")
    with pytest.raises(ModelError, match="unknown option 'heads'"):  # only a .pt file has it
        load(f"vjepa2:{GOLDEN}/model,heads=4")


def test_reduced_precision_stays_close(frames: np.ndarray) -> None:
    golden = np.load(GOLDEN / "surprise.npz")["context_only_encoder/raw_target"]
    model = load(f"vjepa2:{GOLDEN}/model,targets=raw,dtype=bfloat16")
    assert model.spec.details["dtype"] == "bfloat16"
    difference = np.abs(curves(model, frames) - golden).max()
    assert 1e-5 < difference < 5e-3  # 1.1e-3 where it was measured
    assert model.predict(torch.zeros(1, 4, 3, 64, 64), 16)["latent"].dtype is torch.float32


def test_details_tell_the_provenance() -> None:
    details = load(f"vjepa2:{GOLDEN}/model").spec.details
    assert details["parameters"] == 261840
    assert details["weights_sha256"] == "9aeb5d9fa857ff0ec4be1d6612f9b659d24c5b9d1a49756fe9527f4e1827f680"
    assert (details["heads"], details["mask_token"], details["targets"]) == (4, 1, "layernorm")
