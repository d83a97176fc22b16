"""VideoMAE against the published evaluation, and against transformers' own network."""

from __future__ import annotations

import lzma
from pathlib import Path

import numpy as np
import pytest
import torch

from voe.adapters.base import Predictor
from voe.adapters.conformance import check_adapter, failures
from voe.adapters.load import load_model
from voe.adapters.videomae import normalise_tubelets, tubelet_pixels
from voe.engine import surprise_curves
from voe.errors import ModelError, ProtocolError
from voe.windows import normalise, resize_frames

GOLDEN = Path(__file__).parents[1] / "golden" / "videomae"
CONTEXTS = [2, 4, 6, 8, 10]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The golden checkpoint, as it was written."""
    path = tmp_path_factory.mktemp("videomae") / "ckpt_patch16.pth"
    path.write_bytes(lzma.decompress((GOLDEN / "ckpt_patch16.pth.xz").read_bytes()))
    return path


def load(spec: str) -> Predictor:
    return load_model(spec, device="cpu")


def refused(spec: str) -> str:
    with pytest.raises(ModelError) as caught:
        load(spec)
    return str(caught.value)


# ---------------------------------------------------------------------- against the published evaluation


@pytest.mark.parametrize(
    ("name", "option"), [("real_preds", ""), ("zeroed_as_released", ",reference_zeroed=true")]
)
def test_golden_surprise(checkpoint: Path, name: str, option: str) -> None:
    model = load(f"videomae:{checkpoint},heads=4,decoder_heads=3{option}")
    frames = np.load(GOLDEN / "frames.npz")["frames"]
    curves = surprise_curves(model, frames, window=16, stride=8, contexts=CONTEXTS)
    expected = np.load(GOLDEN / "surprise.npz")[f"{name}/jepaip_p16"][:, :, [0, 4]]
    np.testing.assert_allclose(curves, expected, rtol=0, atol=1e-5)


def test_zeroed_predictions_are_labelled_and_need_no_weights(checkpoint: Path) -> None:
    model = load(f"videomae:{checkpoint},heads=4,decoder_heads=3,reference_zeroed=true")
    assert model.spec.name.endswith("[predictions zeroed, as released]")
    assert model.spec.details["predictions"] == "overwritten with zeros, as released"
    predicted = model.predict(torch.randn(2, 4, 3, 224, 224), 16)["pixel"]
    assert predicted.shape == (2, 6 * 196, 1536)
    assert not predicted.any()


def test_what_is_read_from_the_checkpoint(checkpoint: Path) -> None:
    spec = load(f"videomae:{checkpoint},heads=4,decoder_heads=3").spec
    assert (spec.family, spec.size, spec.streams) == ("pixel", (224, 224), ("pixel",))
    assert spec.protocol.window == 16 and spec.protocol.contexts == (2, 4, 6, 8, 10)
    assert spec.details["architecture"] == "encoder 2 x 32, decoder 2 x 24, patch 16, tubelet 2"
    weights = torch.load(checkpoint, weights_only=True)["model"]
    assert spec.details["parameters"] == sum(value.numel() for value in weights.values())


def test_bfloat16_is_close_and_float32_comes_back(checkpoint: Path) -> None:
    model = load(f"videomae:{checkpoint},heads=4,decoder_heads=3,dtype=bfloat16")
    frames = np.load(GOLDEN / "frames.npz")["frames"][:1, :16]
    curve = surprise_curves(model, frames, window=16, stride=2, contexts=[4])
    expected = np.load(GOLDEN / "surprise.npz")["real_preds/jepaip_p16"][0, 1, 0]
    assert model.predict(torch.zeros(1, 4, 3, 224, 224), 16)["pixel"].dtype == torch.float32
    assert 1e-6 < abs(curve.item() - expected) < 2e-3


# ----------------------------------------------------------------------------------- against transformers


def tiny(**changes: object) -> object:
    """A transformers network with random weights, none of them zero."""
    from transformers import VideoMAEConfig, VideoMAEForPreTraining

    settings: dict[str, object] = {
        "image_size": 28,
        "patch_size": 14,
        "num_frames": 8,
        "hidden_size": 24,
        "num_hidden_layers": 2,
        "num_attention_heads": 3,
        "intermediate_size": 50,
        "decoder_hidden_size": 20,
        "decoder_num_hidden_layers": 3,
        "decoder_num_attention_heads": 2,
        "decoder_intermediate_size": 30,
        "use_mean_pooling": False,
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = VideoMAEForPreTraining(VideoMAEConfig(**settings | changes)).eval()
        for parameter in network.parameters():
            parameter.data.add_(0.2 * torch.randn_like(parameter))
    return network


def video(n_frames: int = 8, size: int = 28) -> torch.Tensor:
    return torch.randn((2, n_frames, 3, size, size), generator=torch.Generator().manual_seed(0))


def save(network: object, folder: Path) -> Path:
    network.save_pretrained(folder)
    return folder


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"use_mean_pooling": True, "norm_pix_loss": False},
        {"qv_bias": False, "layer_norm_eps": 1e-3},
        {"num_frames": 16, "image_size": 32, "patch_size": 8, "tubelet_size": 4},
    ],
)
def test_predictions_and_targets_are_those_of_transformers(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    network = tiny(**changes)
    model = load(f"videomae:{save(network, tmp_path)}")
    config = network.config
    frames = video(config.num_frames, config.image_size)
    t, h, w = model.grid(config.num_frames)
    for context in (config.tubelet_size, 2 * config.tubelet_size):
        hidden = torch.arange(t * h * w).expand(2, -1) >= context // config.tubelet_size * h * w
        with torch.inference_mode():
            theirs = network(frames, bool_masked_pos=hidden)
        ours = model.predict(frames[:, :context], config.num_frames)["pixel"]
        torch.testing.assert_close(ours, theirs.logits, rtol=0, atol=1e-5)
        target = model.targets(frames)["pixel"][:, -ours.shape[1] :]
        assert ((ours - target) ** 2).mean().item() == pytest.approx(theirs.loss.item(), abs=1e-5)


def test_other_windows_are_those_of_a_network_built_for_them(tmp_path: Path) -> None:
    """Positions are fixed, so the same weights in a network for 16 frames of 42 pixels are the reference."""
    small, large = tiny(), tiny(num_frames=16, image_size=42)
    large.load_state_dict(small.state_dict())
    model = load(f"videomae:{save(small, tmp_path)},size=42")
    frames = video(16, 42)
    hidden = torch.arange(8 * 9).expand(2, -1) >= 3 * 9
    with torch.inference_mode():
        theirs = large(frames, bool_masked_pos=hidden).logits
    torch.testing.assert_close(model.predict(frames[:, :6], 16)["pixel"], theirs, rtol=0, atol=1e-5)


def test_hub_files_with_the_old_names_of_biases(tmp_path: Path) -> None:
    """Published transformers weights call the biases of queries and values q_bias and v_bias."""
    from safetensors.torch import load_file, save_file

    network = tiny()
    folder = save(network, tmp_path)
    renamed = {
        key.replace("query.bias", "q_bias").replace("value.bias", "v_bias"): value
        for key, value in load_file(folder / "model.safetensors").items()
    }
    save_file(renamed, folder / "model.safetensors", metadata={"format": "pt"})
    hidden = torch.arange(16).expand(2, -1) >= 8
    with torch.inference_mode():
        theirs = network(video(), bool_masked_pos=hidden).logits
    ours = load(f"videomae:{folder}").predict(video()[:, :4], 8)["pixel"]
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-5)


def authors_file(network: object, path: Path, extra: dict[str, torch.Tensor] | None = None) -> Path:
    """The weights of a transformers network, written in the layout of VideoMAE's authors, by hand."""
    theirs = network.state_dict()
    state = {
        "mask_token": theirs["mask_token"],
        "encoder_to_decoder.weight": theirs["encoder_to_decoder.weight"],
    }
    patch = "videomae.embeddings.patch_embeddings.projection"
    parts = {"encoder.patch_embed.proj": patch, "encoder.norm": "videomae.layernorm"}
    parts |= {"decoder.norm": "decoder.norm", "decoder.head": "decoder.head"}
    for stack, layers, depth in (
        ("encoder", "videomae.encoder.layer", 2),
        ("decoder", "decoder.decoder_layers", 3),
    ):
        for i in range(depth):
            ours, own = f"{stack}.blocks.{i}", f"{layers}.{i}"
            parts |= {f"{ours}.norm1": f"{own}.layernorm_before", f"{ours}.norm2": f"{own}.layernorm_after"}
            parts |= {f"{ours}.attn.proj": f"{own}.attention.output.dense"}
            parts |= {
                f"{ours}.mlp.fc1": f"{own}.intermediate.dense",
                f"{ours}.mlp.fc2": f"{own}.output.dense",
            }
            attention = f"{own}.attention.attention"
            state[f"{ours}.attn.qkv.weight"] = torch.cat(
                [theirs[f"{attention}.{part}.weight"] for part in ("query", "key", "value")]
            )
            state[f"{ours}.attn.q_bias"] = theirs[f"{attention}.query.bias"]
            state[f"{ours}.attn.v_bias"] = theirs[f"{attention}.value.bias"]
    for ours, own in parts.items():
        state |= {f"{ours}.{kind}": theirs[f"{own}.{kind}"] for kind in ("weight", "bias")}
    torch.save({"model": state | (extra or {}), "epoch": 1}, path)
    return path


def test_the_authors_layout_gives_the_same(tmp_path: Path) -> None:
    """Patch 14, as in the giant; both layouts of one network predict alike."""
    network = tiny(layer_norm_eps=1e-6)
    path = authors_file(network, tmp_path / "vit.pth")
    by_authors = load(f"videomae:{path},heads=3,decoder_heads=2,size=28")
    by_transformers = load(f"videomae:{save(network, tmp_path / 'folder')}")
    window = video()
    for context in (2, 6):
        ours, theirs = (m.predict(window[:, :context], 8)["pixel"] for m in (by_authors, by_transformers))
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-4)  # the decoder's norm: 1e-6 against 1e-5
    assert torch.equal(by_authors.targets(window)["pixel"], by_transformers.targets(window)["pixel"])


# ------------------------------------------------------------------------------- features of the decoder


def test_features_of_the_decoder(tmp_path: Path) -> None:
    """After block k, by hooks on transformers' own decoder."""
    network = tiny()
    folder = save(network, tmp_path)
    model = load(f"videomae:{folder},decoder_blocks=2")
    assert (model.spec.family, model.spec.streams) == ("latent", ("decoder-2",))
    seen: list[torch.Tensor] = []
    network.decoder.decoder_layers[1].register_forward_hook(lambda _m, _i, output: seen.append(output))
    with torch.inference_mode():
        network(video(), bool_masked_pos=torch.arange(16).expand(2, -1) >= 8)
        everything = network.videomae(video(), bool_masked_pos=torch.zeros(2, 16, dtype=torch.bool))
        known = network.encoder_to_decoder(everything.last_hidden_state) + network.position_embeddings
        for layer in network.decoder.decoder_layers[:2]:
            known = layer(known)
    predicted = model.predict(video()[:, :4], 8)["decoder-2"]
    assert predicted.shape == (2, 8, 20)
    torch.testing.assert_close(predicted, seen[0][:, 8:], rtol=0, atol=1e-5)
    torch.testing.assert_close(model.targets(video())["decoder-2"], known, rtol=0, atol=1e-5)
    zeroed = load(f"videomae:{folder},decoder_blocks=2,reference_zeroed=true")
    assert zeroed.predict(video()[:, :4], 8)["decoder-2"].shape == (2, 8, 20)
    assert "decoder has 3" in refused(f"videomae:{folder},decoder_blocks=4")


# ------------------------------------------------------------------------------------------ flat tubelets


def test_pixels_of_a_token() -> None:
    frames = torch.arange(4 * 3 * 4 * 6.0).reshape(1, 4, 3, 4, 6)
    pixels = tubelet_pixels(frames, tubelet=2, patch=2)
    assert pixels.shape == (1, 2 * 2 * 3, 8, 3)
    # Token 7 is time 1, row 0, column 1: frames 2 and 3, rows 0 and 1, columns 2 and 3.
    cube = frames[0, 2:4, :, 0:2, 2:4]
    assert torch.equal(pixels[0, 7], cube.permute(0, 2, 3, 1).reshape(8, 3))


@pytest.mark.parametrize("level", [0, 1, 100, 128, 255])
def test_flat_tubelets_hold_no_surprise(tmp_path: Path, level: int) -> None:
    """Frames of even grey, resized from an odd size: what is left is rounding, and it is not scaled up."""
    model = load(f"videomae:{save(tiny(), tmp_path)}")
    frames = np.full((1, 8, 37, 41, 3), level, np.uint8)
    frames[:, 4:] = min(level + 1, 255)  # one grey level, between tubelets
    window = normalise(resize_frames(frames[0], (28, 28)), model.spec.mean, model.spec.std)[None]
    assert not model.targets(window)["pixel"].any()


def test_one_grey_level_in_one_pixel_is_not_flat() -> None:
    pixels = torch.full((1, 1, 512, 3), 100 / 255)
    pixels[0, 0, 7, 1] = 101 / 255
    target = normalise_tubelets(pixels)[0, 0]
    assert not target[:, [0, 2]].any()
    assert target[7, 1] == pytest.approx(511 / 512 * 22.5, rel=0.02)  # sqrt(512), less the 1e-6


def test_normalised_tubelets_have_mean_0_and_variance_1() -> None:
    pixels = torch.rand((2, 5, 392, 3), generator=torch.Generator().manual_seed(0))
    target = normalise_tubelets(pixels)
    torch.testing.assert_close(target.mean(-2), torch.zeros(2, 5, 3), rtol=0, atol=1e-6)
    torch.testing.assert_close(target.var(-2), torch.ones(2, 5, 3), rtol=0, atol=1e-4)


# ---------------------------------------------------------------------------------------- what is refused


def test_heads_and_options(checkpoint: Path, tmp_path: Path) -> None:
    assert "give heads=" in refused(f"videomae:{checkpoint}")
    assert "give decoder_heads=" in refused(f"videomae:{checkpoint},heads=4")
    assert "does not divide" in refused(f"videomae:{checkpoint},heads=5,decoder_heads=3")
    assert "Did you mean" in refused(f"videomae:{checkpoint},reference_zero=true")
    folder = save(tiny(), tmp_path)
    assert "configuration says 3" in refused(f"videomae:{folder},heads=2")
    assert "size=28" in refused(f"videomae:{folder},size=30")
    assert "name a folder" in refused("videomae")
    assert "there is no file" in refused(f"videomae:{tmp_path}/nothing.pth")


def test_weights_that_do_not_fit(tmp_path: Path) -> None:
    network = tiny()
    path = authors_file(network, tmp_path / "a.pth", {"decoder.blocks.0.attn.scale": torch.zeros(2)})
    spec = f"videomae:{path},heads=3,decoder_heads=2"
    assert "1 unexpected (decoder.blocks.0.attn.scale)" in refused(spec)
    content = torch.load(path, weights_only=True)
    del content["model"]["decoder.blocks.0.attn.scale"], content["model"]["encoder.blocks.1.attn.v_bias"]
    torch.save(content, path)
    assert "1 unexpected (encoder.blocks.1.attn.q_bias)" in refused(spec)
    del content["model"]["mask_token"]
    torch.save(content, path)
    assert "not a pretrained VideoMAE" in refused(spec)
    torch.save({"weights": content["model"]}, path)
    assert "no weights under 'model'" in refused(spec)


def test_a_fine_tuned_folder_has_no_decoder(tmp_path: Path) -> None:
    from transformers import VideoMAEForVideoClassification

    config = tiny().config
    VideoMAEForVideoClassification(config).save_pretrained(tmp_path)
    message = refused(f"videomae:{tmp_path}")
    assert "missing" in message and "decoder" in message


def test_frames_of_another_size_are_refused(tmp_path: Path) -> None:
    model = load(f"videomae:{save(tiny(), tmp_path)}")
    with pytest.raises(ProtocolError, match="28, 28"):
        model.targets(torch.zeros(1, 8, 3, 30, 30))
    with pytest.raises(ProtocolError, match="multiples of 2"):
        model.predict(torch.zeros(1, 3, 3, 28, 28), 8)


# ------------------------------------------------------------------------------------------- conformance


@pytest.mark.parametrize("option", ["", ",decoder_blocks=1", ",reference_zeroed=true"])
def test_conformance(checkpoint: Path, option: str) -> None:
    model = load(f"videomae:{checkpoint},heads=4,decoder_heads=3,size=64{option}")
    assert not failures(check_adapter(model))
