"""V-JEPA 1 against the published evaluation, and against the same mathematics in numpy, float64, by hand."""

from __future__ import annotations

import lzma
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.special import erf

from voe.adapters import checkpoints
from voe.adapters.base import Predictor
from voe.adapters.conformance import check_adapter, failures
from voe.adapters.load import load_model
from voe.adapters.vjepa_network import TableLayout, sincos_table
from voe.engine import surprise_curves
from voe.errors import ModelError, ProtocolError

GOLDEN = Path(__file__).parents[1] / "golden" / "vjepa_surprise"
MATCH_ORDER = [0, 2, 1, 3]
CONTEXTS = [2, 4, 6, 8, 10]

State = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def golden(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The golden checkpoints, as they were written."""
    folder = tmp_path_factory.mktemp("vjepa")
    for packed in GOLDEN.glob("*.xz"):
        (folder / packed.stem).write_bytes(lzma.decompress(packed.read_bytes()))
    return folder


def load(spec: str) -> Predictor:
    return load_model(spec, device="cpu")


# ---------------------------------------------------------------------- against the published evaluation


@pytest.mark.parametrize("name", ["sincos", "rope"])
@pytest.mark.parametrize(("norm", "rows", "window"), [(1, 4, 4), (0, 2, 0)])
def test_golden_surprise(golden: Path, name: str, norm: int, rows: int, window: int) -> None:
    """One of the five windows each, to save time."""
    model = load(f"vjepa:{golden}/ckpt_{name}.pth.tar,heads=4,normalize_targets={bool(norm)}")
    frames = np.load(GOLDEN / "frames.npz")["quad"][MATCH_ORDER[:rows], 2 * window : 2 * window + 16]
    curves = surprise_curves(model, frames, window=16, stride=2, contexts=CONTEXTS)
    expected = np.load(GOLDEN / "surprise.npz")[f"{name}/intphys/norm{norm}"][:rows, :, [window]]
    np.testing.assert_allclose(curves, expected, rtol=0, atol=1e-5)


def test_bfloat16_is_close_and_float32_comes_back(golden: Path) -> None:
    frames = np.load(GOLDEN / "frames.npz")["quad"][:1, :16]
    expected = np.load(GOLDEN / "surprise.npz")["rope/intphys/norm1"][0, [1], 0]
    model = load(f"vjepa:{golden}/ckpt_rope.pth.tar,dtype=bfloat16")
    curve = surprise_curves(model, frames, window=16, stride=2, contexts=[4])
    assert model.spec.details["dtype"] == "bfloat16"
    assert model.targets(torch.zeros(1, 16, 3, 224, 224))["latent"].dtype == torch.float32
    assert 1e-6 < np.abs(curve[0, :, 0] - expected).max() < 2e-3


# ----------------------------------------------------------------------------- the mathematics by hand


def random_state(rng: np.random.Generator, shape: dict[str, int | bool | None]) -> dict[str, State]:
    """Random weights in the original layout for encoder, target encoder and predictor."""
    width, narrow = shape["width"], shape["predictor_width"]

    def array(*size: int) -> np.ndarray:
        return (rng.standard_normal(size) * 0.2).astype(np.float32)

    def block(state: State, name: str, w: int) -> None:
        for part, (out, inner) in {"attn.qkv": (3 * w, w), "attn.proj": (w, w)}.items():
            state[f"{name}.{part}.weight"], state[f"{name}.{part}.bias"] = array(out, inner), array(out)
        hidden = 3 * w
        mlp = {"fc1": (hidden, w), "fc2": (w, hidden)}
        if shape["gated"]:
            mlp = {"fc1": (hidden, w), "fc2": (hidden, w), "fc3": (w, hidden)}
        for part, (out, inner) in mlp.items():
            state[f"{name}.mlp.{part}.weight"], state[f"{name}.mlp.{part}.bias"] = (
                array(out, inner),
                array(out),
            )
        for part in ("norm1", "norm2"):
            state[f"{name}.{part}.weight"], state[f"{name}.{part}.bias"] = 1 + array(w), array(w)
        if shape["rotary"]:
            axis = w // shape["heads"] // 3
            frequencies = [10000 ** (-2 * i / axis) for i in range(axis // 2)]
            for letter in "dhw":
                state[f"{name}.attn.{letter}_rotary_emb.freqs"] = np.array(frequencies, np.float32)

    def table(w: int) -> np.ndarray:
        grid = (shape["frames"] // shape["tubelet"], *[shape["size"] // shape["patch"]] * 2)
        return hand_table(w, grid, bool(shape["uniform"]))[None].astype(np.float32)

    def encoder() -> State:
        state = {} if shape["rotary"] else {"pos_embed": table(width)}
        kernel = (width, 3, shape["tubelet"], shape["patch"], shape["patch"])
        state["patch_embed.proj.weight"], state["patch_embed.proj.bias"] = array(*kernel), array(width)
        for number in range(2):
            block(state, f"blocks.{number}", width)
        state["norm.weight"], state["norm.bias"] = 1 + array(width), array(width)
        return state

    predictor = {} if shape["rotary"] else {"predictor_pos_embed": table(narrow)}
    predictor |= {"predictor_embed.weight": array(narrow, width), "predictor_embed.bias": array(narrow)}
    predictor |= {f"mask_tokens.{i}": array(1, 1, narrow) for i in range(2)}
    block(predictor, "predictor_blocks.0", narrow)
    predictor |= {"predictor_norm.weight": 1 + array(narrow), "predictor_norm.bias": array(narrow)}
    predictor |= {"predictor_proj.weight": array(width, narrow), "predictor_proj.bias": array(width)}
    return {"encoder": encoder(), "target_encoder": encoder(), "predictor": predictor}


def write(path: Path, states: dict[str, State], prefix: str = "module.backbone.") -> Path:
    content = {
        name: {prefix + key: torch.from_numpy(np.asarray(value)) for key, value in state.items()}
        for name, state in states.items()
    }
    torch.save({**content, "opt": None, "epoch": 3}, path)
    return path


def hand_table(width: int, grid: tuple[int, int, int], uniform: bool) -> np.ndarray:
    """The sin-cos table, one token and one channel at a time."""
    third = 2 * -(-width // 6)
    parts = (third, third, third) if uniform else (width // 2, width // 4, width // 4)
    rows = []
    for place in np.ndindex(grid):
        row: list[float] = []
        for position, part in zip(place, parts, strict=True):
            angles = [position / 10000 ** (i / (part / 2)) for i in range(part // 2)]
            row += [*np.sin(angles), *np.cos(angles)]
        rows.append(row[:width])
    return np.array(rows)


def hand_norm(x: np.ndarray, state: State | None = None, name: str = "") -> np.ndarray:
    epsilon = 1e-5 if state is None else 1e-6
    x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + epsilon)
    return x if state is None else x * state[f"{name}.weight"] + state[f"{name}.bias"]


def hand_linear(x: np.ndarray, state: State, name: str) -> np.ndarray:
    return x @ state[f"{name}.weight"].astype(float).T + state[f"{name}.bias"]


def hand_turn(x: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Rotary positions as multiplication of complex numbers: x [n, D], places [n, 3]."""
    out, axis = x.copy(), x.shape[1] // 3
    for k in range(3):
        for i in range(axis // 2):
            channel = k * axis + 2 * i
            turned = (x[:, channel] + 1j * x[:, channel + 1]) * np.exp(
                1j * places[:, k] * 10000 ** (-2 * i / axis)
            )
            out[:, channel], out[:, channel + 1] = turned.real, turned.imag
    return out


def hand_block(x: np.ndarray, state: State, name: str, heads: int, places: np.ndarray | None) -> np.ndarray:
    n, width = x.shape
    d = width // heads
    qkv = hand_linear(hand_norm(x, state, f"{name}.norm1"), state, f"{name}.attn.qkv")
    mixed = np.empty((n, width))
    for head in range(heads):
        q, k, v = (qkv[:, part * width + head * d : part * width + (head + 1) * d] for part in range(3))
        if places is not None:
            q, k = hand_turn(q, places), hand_turn(k, places)
        weights = np.exp(q @ k.T / np.sqrt(d))
        mixed[:, head * d : (head + 1) * d] = weights / weights.sum(1, keepdims=True) @ v
    x = x + hand_linear(mixed, state, f"{name}.attn.proj")
    y = hand_norm(x, state, f"{name}.norm2")
    a = hand_linear(y, state, f"{name}.mlp.fc1")
    if f"{name}.mlp.fc3.weight" in state:
        gate = a / (1 + np.exp(-a)) * hand_linear(y, state, f"{name}.mlp.fc2")
        return x + hand_linear(gate, state, f"{name}.mlp.fc3")
    return x + hand_linear(a * (1 + erf(a / np.sqrt(2))) / 2, state, f"{name}.mlp.fc2")


def hand_surprise(
    states: dict[str, State], frames: np.ndarray, context: int, heads: int, uniform: bool | None
) -> float:
    """Surprise of one window of normalised frames [T, 3, H, W]; `uniform` None for rotary positions."""
    kernel = states["encoder"]["patch_embed.proj.weight"]
    width, _, tubelet, patch, _ = kernel.shape
    grid = (len(frames) // tubelet, frames.shape[2] // patch, frames.shape[3] // patch)
    places = np.array(list(np.ndindex(grid)))
    turned = places if uniform is None else None
    m = context // tubelet * grid[1] * grid[2]

    def encode(state: State, n: int) -> np.ndarray:
        rows = []
        for t, i, j in places[:n]:
            cube = frames[
                t * tubelet : (t + 1) * tubelet, :, i * patch : (i + 1) * patch, j * patch : (j + 1) * patch
            ]
            weight = state["patch_embed.proj.weight"].astype(float)
            rows.append(np.einsum("tchw,dcthw->d", cube, weight) + state["patch_embed.proj.bias"])
        x = np.array(rows)
        if uniform is not None:
            x += hand_table(width, grid, uniform)[:n]
        for number in range(2):
            x = hand_block(x, state, f"blocks.{number}", heads, turned[:n] if turned is not None else None)
        return hand_norm(x, state, "norm")

    predictor = states["predictor"]
    known = hand_linear(encode(states["encoder"], m), predictor, "predictor_embed")
    blank = np.repeat(predictor["mask_tokens.0"][0], len(places) - m, axis=0)
    x = np.concatenate([known, blank])
    if uniform is not None:
        x += hand_table(x.shape[1], grid, uniform)
    x = hand_block(x, predictor, "predictor_blocks.0", heads, turned)
    expected = hand_linear(hand_norm(x[m:], predictor, "predictor_norm"), predictor, "predictor_proj")
    target = hand_norm(encode(states["target_encoder"], len(places)))[m:]
    return float(np.abs(expected - target).mean())


BASE = {"frames": 8, "size": 28, "patch": 14, "tubelet": 2, "gated": False, "uniform": True, "rotary": False}
SHAPES = {
    "patch 14": {**BASE, "width": 24, "predictor_width": 12, "heads": 2},
    "split in half": {**BASE, "width": 32, "predictor_width": 16, "heads": 2, "uniform": False},
    "odd axes": {**BASE, "width": 33, "predictor_width": 21, "heads": 3, "rotary": True},
    "odd axes, gated": {
        **BASE,
        "width": 34,
        "predictor_width": 30,
        "heads": 2,
        "rotary": True,
        "gated": True,
    },
    "tubelet 4": {**BASE, "width": 24, "predictor_width": 12, "heads": 4, "tubelet": 4},
}


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize(("n_frames", "size", "context"), [(8, 28, 4), (16, 28, 8), (32, 28, 20), (8, 42, 4)])
def test_any_grid_by_hand(tmp_path: Path, name: str, n_frames: int, size: int, context: int) -> None:
    shape, rng = SHAPES[name], np.random.default_rng(0)
    states = random_state(rng, shape)
    path = write(tmp_path / "ckpt.pth.tar", states)
    model = load(f"vjepa:{path},heads={shape['heads']},size={size}")
    frames = rng.standard_normal((n_frames, 3, size, size)).astype(np.float32)
    window = torch.from_numpy(frames)[None]
    expected = model.predict(window[:, :context], n_frames)["latent"]
    target = model.targets(window)["latent"]
    assert target.shape[1] == np.prod(model.grid(n_frames))
    surprise = (expected - target[:, -expected.shape[1] :]).abs().mean().item()
    uniform = None if shape["rotary"] else bool(shape["uniform"])
    assert surprise == pytest.approx(
        hand_surprise(states, frames, context, shape["heads"], uniform), abs=1e-5
    )


def test_options_by_hand(tmp_path: Path) -> None:
    """Each option changes what it says, and attention written out equals the fused one."""
    states = random_state(np.random.default_rng(1), SHAPES["patch 14"])
    path = write(tmp_path / "ckpt.pth.tar", states)
    window = torch.randn((2, 8, 3, 28, 28), generator=torch.Generator().manual_seed(0))
    plain = load(f"vjepa:{path},heads=2")
    raw = load(f"vjepa:{path},heads=2,normalize_targets=false")
    unit = torch.nn.functional.layer_norm(raw.targets(window)["latent"], (24,))
    torch.testing.assert_close(plain.targets(window)["latent"], unit)
    predictions = [
        load(f"vjepa:{path},heads=2{option}").predict(window[:, :4], 8)["latent"]
        for option in ("", ",attn=eager", ",mask_token=1", ",normalize_context=true")
    ]
    torch.testing.assert_close(predictions[0], predictions[1], rtol=0, atol=2e-6)
    assert (predictions[0] - predictions[2]).abs().max() > 1e-2
    assert (predictions[0] - predictions[3]).abs().max() > 1e-2


@pytest.mark.parametrize("name", ["sincos", "rope"])
def test_conformance(golden: Path, name: str) -> None:
    assert not failures(check_adapter(load(f"vjepa:{golden}/ckpt_{name}.pth.tar,heads=4,size=64")))


def test_networks_are_frozen_and_the_file_may_be_overwritten(tmp_path: Path) -> None:
    path = write(tmp_path / "ckpt.pth.tar", random_state(np.random.default_rng(2), SHAPES["patch 14"]))
    model = load(f"vjepa:{path},heads=2")
    window = torch.ones((1, 8, 3, 28, 28))
    before = model.targets(window)["latent"]
    path.write_bytes(b"\0" * path.stat().st_size)
    assert torch.equal(model.targets(window)["latent"], before)
    for network in (model._encoder, model._target_encoder, model._predictor):
        assert not network.training
        assert not any(p.requires_grad for p in network.parameters())


# ------------------------------------------------------------------------------ reading the architecture


def test_what_is_read_from_the_checkpoint(golden: Path) -> None:
    sincos = load(f"vjepa:{golden}/ckpt_sincos.pth.tar,heads=4").spec
    assert sincos.size == (224, 224)
    assert (sincos.context_multiple, sincos.min_window) == (2, 4)
    assert sincos.protocol.window == 16 and sincos.protocol.contexts == (2, 4, 6, 8, 10)
    assert sincos.details["architecture"] == "encoder 2 x 40, predictor 2 x 24, patch 16, tubelet 2"
    assert sincos.details["positions"] == "sin-cos, (8, 14, 14), uniform True"
    assert sincos.details["feed_forward"] == "GELU"
    rope = load(f"vjepa:{golden}/ckpt_rope.pth.tar").spec
    assert (rope.details["heads"], rope.details["heads_from"]) == (4, "rotary frequencies")
    assert (rope.details["positions"], rope.details["feed_forward"]) == ("rotary", "SwiGLU")
    weights = torch.load(golden / "ckpt_rope.pth.tar", weights_only=True)
    learned = sum(
        value.numel()
        for name in ("encoder", "target_encoder", "predictor")
        for key, value in weights[name].items()
        if "freqs" not in key
    )
    assert rope.details["parameters"] == learned
    assert len(str(rope.details["weights_sha256"])) == 64


@pytest.mark.parametrize("grid", [(8, 14, 14), (16, 7, 7), (2, 4, 4)])
@pytest.mark.parametrize("uniform", [True, False])
def test_the_table_is_the_published_one(grid: tuple[int, int, int], uniform: bool) -> None:
    ours = sincos_table(48, TableLayout(grid, uniform)).numpy()
    np.testing.assert_allclose(ours, hand_table(48, grid, uniform), rtol=0, atol=1e-6)


def test_published_widths_need_no_heads(tmp_path: Path) -> None:
    shape = {**SHAPES["patch 14"], "width": 192, "predictor_width": 48}
    path = write(tmp_path / "ckpt.pth.tar", random_state(np.random.default_rng(0), shape))
    details = load(f"vjepa:{path}").spec.details
    assert (details["heads"], details["heads_from"]) == (3, "preset for width 192")


# ---------------------------------------------------------------------------------------- what is refused


def refused(spec: str) -> str:
    with pytest.raises(ModelError) as caught:
        load(spec)
    return str(caught.value)


def test_heads_that_cannot_be(golden: Path) -> None:
    assert "heads=4" in refused(f"vjepa:{golden}/ckpt_sincos.pth.tar")
    assert "possible: 4" in refused(f"vjepa:{golden}/ckpt_rope.pth.tar,heads=8")
    assert "Did you mean 'heads'" in refused(f"vjepa:{golden}/ckpt_rope.pth.tar,head=4")
    assert "size=96" in refused(f"vjepa:{golden}/ckpt_rope.pth.tar,size=100")
    assert "has 2" in refused(f"vjepa:{golden}/ckpt_rope.pth.tar,mask_token=2")
    assert "give the checkpoint" in refused("vjepa")


@pytest.mark.parametrize(
    ("network", "change", "message"),
    [
        ("predictor", ("pop", "predictor_norm.weight"), "1 missing (predictor_norm.weight)"),
        ("target_encoder", ("add", "extra"), "1 unexpected (extra)"),
        ("target_encoder", ("cut", "norm.bias"), "norm.bias ((5,) in the checkpoint, (24,) wanted)"),
        ("encoder", ("pop", "blocks.1.mlp.fc2.weight"), "1 missing (blocks.1.mlp.fc2.weight)"),
        ("encoder", ("pop", "patch_embed.proj.weight"), "not a V-JEPA checkpoint"),
        ("encoder", ("pop", "pos_embed"), "of different kinds"),
        ("predictor", ("cut", "predictor_pos_embed"), "not the sin-cos table"),
    ],
)
def test_checkpoints_that_do_not_fit(
    tmp_path: Path, network: str, change: tuple[str, str], message: str
) -> None:
    states = random_state(np.random.default_rng(0), SHAPES["patch 14"])
    action, key = change
    if action == "pop":
        del states[network][key]
    elif action == "add":
        states[network][key] = np.zeros(1, np.float32)
    else:
        states[network][key] = states[network][key].reshape(-1)[:5].reshape((1, 5, 1) if "pos" in key else 5)
    path = write(tmp_path / "ckpt.pth.tar", states)
    assert message in refused(f"vjepa:{path},heads=2")


def test_a_checkpoint_of_another_model(tmp_path: Path) -> None:
    states = random_state(np.random.default_rng(0), SHAPES["patch 14"])
    del states["target_encoder"]
    path = write(tmp_path / "ckpt.pth.tar", states)
    assert "no weights under 'target_encoder'" in refused(f"vjepa:{path},heads=2")
    states = random_state(np.random.default_rng(0), SHAPES["patch 14"])
    del states["encoder"]["pos_embed"], states["predictor"]["predictor_pos_embed"]
    path = write(tmp_path / "ckpt.pth.tar", states)
    assert "use vjepa2:PATH" in refused(f"vjepa:{path},heads=2")


def test_weights_that_do_not_fit_into_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "ckpt.pth.tar", random_state(np.random.default_rng(0), SHAPES["patch 14"]))
    monkeypatch.setattr(checkpoints, "available_memory", lambda: 1000)
    assert "GB are free" in refused(f"vjepa:{path},heads=2")


def test_frames_of_another_size_are_refused(golden: Path) -> None:
    model = load(f"vjepa:{golden}/ckpt_rope.pth.tar")
    with pytest.raises(ProtocolError, match="224, 224"):
        model.targets(torch.zeros(1, 16, 3, 230, 230))
    with pytest.raises(ProtocolError, match="multiples of 2"):
        model.predict(torch.zeros(1, 3, 3, 224, 224), 16)
    with pytest.raises(ProtocolError, match="window of 15"):
        model.predict(torch.zeros(1, 2, 3, 224, 224), 15)
