"""Training: nothing leaks, a cut training ends as a whole one, and what is saved is what was scored."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from voe.adapters.base import IMAGENET_MEAN, IMAGENET_STD
from voe.adapters.load import load_model
from voe.adapters.placement import Placement
from voe.engine import surprise_curves
from voe.errors import CardError, VoeError
from voe.training.learners import (
    LatentLearner,
    Learner,
    PixelLearner,
    embedded,
    encode,
    make_learner,
    normalised,
    patches_of,
)
from voe.training.loop import COLUMNS, batch_of, learning_rate, train
from voe.training.masks import CONTEXTS, HIDDEN_SHARE, draw_mask
from voe.training.recipes import Recipe, read_recipe, recipe_names
from voe.worlds.watch.clips import GENERATOR
from voe.worlds.watch.store import SHARD, Watched

LATENT = Recipe(
    "small", clips=6, steps=6, batch=3, warmup=2, width=32, depth=2, heads=2, predictor_width=16,
    predictor_depth=1, size=32, patch=16, precision="float32",
)  # fmt: skip
PIXEL = LATENT.with_changes(family="videomae", targets="normalised")


@pytest.fixture(scope="module")
def watched() -> Watched:
    """Six clips of noise, where a shard of worlds would lie."""
    frames = np.random.default_rng(0).integers(0, 256, (6, 24, 32, 32, 3), dtype=np.uint8)
    assert len(frames) <= SHARD
    return Watched((frames,), len(frames))


def shown(size: int = 32) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(1).integers(0, 256, (2, 16, size, size, 3), dtype=np.uint8))


def weights(learner: Learner) -> Mapping[str, torch.Tensor]:
    return {f"{n}.{k}": v.clone() for n, net in learner.networks.items() for k, v in net.state_dict().items()}


@pytest.mark.parametrize("masking", ["causal", "block", "random", "mixed"])
def test_masks_cover_every_token_once(masking) -> None:
    generator = np.random.default_rng(2)
    for _ in range(40):
        given, hidden = draw_mask(generator, masking, (8, 4, 4))
        assert sorted([*given, *hidden]) == list(range(128)) and len(given) and len(hidden)
        shown = np.zeros(128, bool)
        shown[given] = True
        by_time = shown.reshape(8, 16)
        if masking == "causal":
            frames = int(by_time.all(axis=1).sum()) * 2
            assert frames in CONTEXTS and not by_time[frames // 2 :].any() and by_time[: frames // 2].all()
        if masking == "block":
            assert (by_time == by_time[0]).all()
        if masking in ("block", "random"):
            assert len(hidden) / 128 >= HIDDEN_SHARE


@pytest.mark.parametrize("recipe", [LATENT, PIXEL], ids=["latent", "pixel"])
def test_what_is_hidden_does_not_leak(recipe: Recipe) -> None:
    """No gradient of the loss reaches a frame that is to be predicted, but through targets that are fixed."""
    learner = make_learner(recipe)
    pixels = shown().float().requires_grad_()
    given, hidden = draw_mask(np.random.default_rng(0), "causal", learner.grid)
    frames = int(given.max() // 4 + 1) * 2
    learner.loss(pixels, given, hidden)[0].backward()
    assert pixels.grad is not None
    assert pixels.grad[:, :frames].abs().max() > 0 and pixels.grad[:, frames:].abs().max() == 0


def test_pictures_are_normalised_as_those_that_are_scored() -> None:
    for recipe in (LATENT, PIXEL):
        spec = make_learner(recipe).adapter(Placement.choose("cpu", "float32")).spec
        assert (spec.mean, spec.std) == (IMAGENET_MEAN, IMAGENET_STD)


def test_patches_are_those_of_the_convolution() -> None:
    learner = LatentLearner(LATENT)
    frames = torch.cat([shown(), shown()[:, :, :, :16].flip(1)], dim=3)  # not square
    embedding = learner.model.encoder.embeddings.patch_embeddings
    with torch.no_grad():
        expected = embedding(normalised(frames).movedim(1, 2))
        found = embedded(learner.model.encoder, patches_of(frames, LATENT.patch))
    assert found.shape == expected.shape and torch.allclose(found, expected, atol=1e-5)


def test_given_tokens_are_encoded_as_the_adapter_encodes_the_frames_alone() -> None:
    learner = LatentLearner(LATENT)
    given = torch.arange(4 * 4)
    with torch.no_grad():
        masked = encode(learner.model.encoder, patches_of(shown(), LATENT.patch), given)
        alone = learner.model(normalised(shown())[:, :8], skip_predictor=True).last_hidden_state
    assert torch.allclose(masked, alone, atol=1e-5)


@pytest.mark.parametrize("masking", ["causal", "block", "random"])
@pytest.mark.parametrize(
    "width", [32, 48]
)  # heads of 16 have channels that are not rotated, heads of 24 none
def test_loss_and_gradients_are_those_of_transformers_own_blocks(masking, width: int) -> None:
    learner = LatentLearner(LATENT.with_changes(width=width, predictor_width=width))
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        # Biases and mask tokens begin at zero, the target as the encoder that learns: that would hide faults.
        for parameter in [*learner.parameters, *learner.target.parameters()]:
            parameter.add_(torch.randn(parameter.shape, generator=generator), alpha=0.1)
    given, hidden = draw_mask(np.random.default_rng(3), masking, learner.grid)
    loss, targets = learner.loss(shown(), given, hidden)
    loss.backward()
    found = {name: p.grad.clone() for name, p in learner.model.named_parameters() if p.grad is not None}
    learner.model.zero_grad()

    encoder, window = learner.model.encoder, normalised(shown())
    with torch.no_grad():
        encoded = learner.target(pixel_values_videos=window).last_hidden_state
        happened = torch.nn.functional.layer_norm(encoded, (width,))[:, hidden]
    assert torch.allclose(targets, happened.flatten(0, 1), atol=1e-5)
    first, second = (torch.from_numpy(ids).expand(2, -1) for ids in (given, hidden))
    states = encoder.embeddings(window)[:, first[0]]
    for block in encoder.layer:
        states = block(states, first)[0]
    scattered = torch.zeros(2, len(given) + len(hidden), width).index_copy(
        1, first[0], encoder.layernorm(states)
    )
    expected = learner.model.predictor(scattered, [first], [second]).last_hidden_state
    reference = (expected - happened).abs().mean()
    reference.backward()

    assert loss.item() == pytest.approx(reference.item(), rel=1e-5)
    for name, parameter in learner.model.named_parameters():
        assert parameter.grad is not None
        assert torch.allclose(found[name], parameter.grad, rtol=1e-4, atol=1e-7), name


def test_the_target_encoder_follows_slowly() -> None:
    learner = LatentLearner(LATENT.with_changes(ema=(0.9, 0.5)))
    before = {k: v.clone() for k, v in learner.target.state_dict().items()}
    with torch.no_grad():
        for parameter in learner.model.encoder.parameters():
            parameter.add_(1.0)
    learner.after_step(0.5)
    for name, parameter in learner.target.named_parameters():
        assert torch.allclose(parameter, before[name] + 0.3, atol=1e-6)  # momentum .7
    assert all(not parameter.requires_grad for parameter in learner.target.parameters())


@pytest.mark.parametrize("recipe", [LATENT, PIXEL], ids=["latent", "pixel"])
def test_a_training_that_is_cut_ends_as_a_whole_one(
    recipe: Recipe, watched: Watched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("voe.training.loop.SAVE_EVERY", 2)
    monkeypatch.setattr("voe.training.loop.LOG_EVERY", 1)
    whole = train(recipe, watched, tmp_path / "whole")

    def cut_off(line: Mapping[str, object]) -> None:
        if line["step"] == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(recipe, watched, tmp_path / "cut", said=cut_off)
    assert not (tmp_path / "cut/model").exists()
    seen: list[int] = []
    train(recipe, watched, tmp_path / "cut", said=lambda line: seen.append(int(line["step"] or 0)))
    assert seen == [5, 6]
    saved = [
        (folder / "model/model.safetensors").read_bytes() for folder in (tmp_path / "whole", tmp_path / "cut")
    ]
    assert saved[0] == saved[1]
    log = (tmp_path / "cut/log.csv").read_text().splitlines()
    assert log[0] == ",".join(COLUMNS) and [int(line.split(",")[0]) for line in log[1:]] == [1, 2, 3, 4, 5, 6]
    assert train(recipe, watched, tmp_path / "whole") == whole  # nothing is done again
    with pytest.raises(VoeError, match="another recipe was begun there"):
        train(recipe.with_changes(seed=1), watched, tmp_path / "whole")


def test_what_lies_in_a_folder_is_compared_and_nothing_else(
    watched: Watched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    finished = train(LATENT, watched, out)
    path = out / "recipe.json"
    written = json.loads(path.read_text())
    assert written["generator"] == f"worlds to watch {GENERATOR}"
    # Written before a field was there: its default, and the generator unknown.
    path.write_text(json.dumps({k: v for k, v in written.items() if k not in {"loss", "flat", "generator"}}))
    assert train(LATENT, watched, out) == finished
    path.write_text(json.dumps({**written, "generator": "worlds to watch 0"}))
    with pytest.raises(VoeError, match="generator: 'worlds to watch 0', now"):
        train(LATENT, watched, out)
    path.write_text('{"name": ')
    with pytest.raises(VoeError, match=r"recipe.json, which says of what, is missing or broken"):
        train(LATENT, watched, out)
    path.unlink()
    with pytest.raises(VoeError, match="is missing or broken"):
        train(LATENT, watched, out)
    assert not path.exists()


@pytest.mark.parametrize("instructions", [True, False])
def test_bfloat16_is_used_where_the_device_has_it_and_kept_to(
    instructions: bool, watched: Watched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = LATENT.with_changes(precision="bfloat16")
    used: list[bool] = []
    plain = LatentLearner.loss

    def loss(self: LatentLearner, *given: Any) -> Any:
        used.append(torch.is_autocast_enabled("cpu"))
        return plain(self, *given)

    def cut_off(line: Mapping[str, object]) -> None:
        if line["step"] == 5:
            raise KeyboardInterrupt

    monkeypatch.setattr(LatentLearner, "loss", loss)
    monkeypatch.setattr("voe.training.loop.SAVE_EVERY", 2)
    monkeypatch.setattr("voe.training.loop.LOG_EVERY", 1)
    monkeypatch.setattr("voe.training.loop.has_bfloat16", lambda device: instructions)
    with pytest.raises(KeyboardInterrupt):
        train(recipe, watched, tmp_path / "run", said=cut_off, device="cpu")
    # Taken up on another machine: in what it was begun in.
    monkeypatch.setattr("voe.training.loop.has_bfloat16", lambda device: not instructions)
    train(recipe, watched, tmp_path / "run", device="cpu")
    assert used == [instructions] * 7
    written = json.loads((tmp_path / "run/recipe.json").read_text())
    assert written["computed_in"] == ("bfloat16" if instructions else "float32")
    assert written["computed_on"] == ["cpu"]
    # Written before that was recorded: what the recipe says.
    path, finished = tmp_path / "run/recipe.json", tmp_path / "run/model"
    old = {key: value for key, value in written.items() if not key.startswith("computed")}
    path.write_text(json.dumps(old))
    assert train(recipe, watched, tmp_path / "run", device="cpu") == finished
    (finished / "config.json").unlink()
    train(recipe, watched, tmp_path / "run", device="cpu")
    found = json.loads(path.read_text())
    assert (found["computed_in"], found["computed_on"]) == ("bfloat16", ["cpu"])
    path.write_text(json.dumps({**written, "computed_in": "float16"}))
    with pytest.raises(VoeError, match="computed in 'float16', which is none of bfloat16, float32"):
        train(recipe, watched, tmp_path / "run", device="cpu")
    with pytest.raises(VoeError, match="CUDA"):
        train(recipe, watched, tmp_path / "elsewhere", device="cuda:99")
    assert not (tmp_path / "elsewhere").exists()


def test_a_model_without_its_parts_is_written_again(watched: Watched, tmp_path: Path) -> None:
    finished = train(LATENT, watched, tmp_path / "run")
    (finished / "config.json").unlink()
    (tmp_path / "run/.model.partial").mkdir()
    assert (train(LATENT, watched, tmp_path / "run") / "config.json").is_file()


def test_a_recipe_that_failed_before_its_first_checkpoint_may_be_corrected(
    watched: Watched, tmp_path: Path
) -> None:
    with pytest.raises(VoeError, match="lower learning_rate"):
        train(LATENT.with_changes(learning_rate=1e30, steps=8), watched, tmp_path / "run")
    assert (train(LATENT, watched, tmp_path / "run") / "config.json").is_file()


@pytest.mark.parametrize("recipe", [LATENT, PIXEL], ids=["latent", "pixel"])
def test_what_is_saved_is_what_was_scored_while_it_learnt(
    recipe: Recipe, watched: Watched, tmp_path: Path
) -> None:
    last: list[Learner] = []
    folder = train(
        recipe,
        watched,
        tmp_path / "run",
        probe=lambda learner: last.append(learner) or {"all": 0.5, "gravity": 0.25},
        probe_every=3,
    )
    assert len(last) == 2
    frames = np.random.default_rng(3).integers(0, 256, (1, 20, 32, 32, 3), dtype=np.uint8)
    loaded = load_model(f"{recipe.family}:{folder}", device="cpu")
    assert loaded.spec.trained
    curves = [
        surprise_curves(model, frames, window=16, stride=2, contexts=[4, 8])
        for model in (loaded, last[-1].adapter(Placement.choose("cpu", "float32")))
    ]
    assert np.array_equal(curves[0], curves[1])
    log = (tmp_path / "run/log.csv").read_text().splitlines()
    assert log[-1].endswith(",0.5")
    looks = (tmp_path / "run/development.csv").read_text().splitlines()
    assert looks == ["step,concept,estimate", "3,all,0.5", "3,gravity,0.25", "6,all,0.5", "6,gravity,0.25"]


def test_the_loss_falls(watched: Watched, tmp_path: Path) -> None:
    recipe = PIXEL.with_changes(targets="raw", steps=60, learning_rate=3e-3, masking="random")
    lines: list[float] = []
    train(recipe, watched, tmp_path / "run", said=lambda line: lines.append(float(line["loss"] or 0)))
    assert lines[-1] < 0.95 * lines[0]


def test_batches_depend_on_seed_and_step_alone(watched: Watched) -> None:
    one, again = (batch_of(LATENT, watched, np.random.default_rng([0, 1, 7])) for _ in range(2))
    assert torch.equal(one, again) and one.shape == (3, 16, 32, 32, 3)
    assert not torch.equal(one, batch_of(LATENT, watched, np.random.default_rng([0, 1, 8])))


def test_seeds_draw_weights_and_leave_the_global_generator_alone() -> None:
    torch.manual_seed(5)
    state = torch.get_rng_state()
    first, again, other = (weights(make_learner(LATENT.with_changes(seed=s))) for s in (0, 0, 1))
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(first[k], again[k]) for k in first)
    assert any(not torch.equal(first[k], other[k]) for k in first)


def test_the_learning_rate_warms_up_and_falls() -> None:
    recipe = Recipe("x", steps=1000, warmup=100, learning_rate=1.0)
    assert learning_rate(recipe, 0) == pytest.approx(0.01) and learning_rate(recipe, 99) == pytest.approx(
        0.98, abs=0.03
    )
    assert learning_rate(recipe, 500) == pytest.approx(0.51) and learning_rate(recipe, 999) == pytest.approx(
        0.02, abs=1e-3
    )


def test_recipes_that_ship_are_of_equal_size() -> None:
    assert {"tiny-vjepa2", "tiny-videomae"} <= set(recipe_names())
    recipes = [read_recipe(name) for name in ("tiny-vjepa2", "tiny-videomae")]
    shared = [r.with_changes(name="same", family="vjepa2", targets="latent") for r in recipes]
    assert shared[0] == shared[1]
    sizes = [sum(p.numel() for p in make_learner(r).network().parameters()) for r in recipes]
    assert max(sizes) / min(sizes) < 1.2  # pixels need a wider last layer


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('family = "vjepa"', "family is 'vjepa'"),
        ("stepps = 3", "Did you mean 'steps'"),
        ('targets = "raw"', "vjepa2 predicts latents"),
        ("size = 65", "multiple of patch"),
        ("[world]\ncolour = 1", "unknown field 'colour'"),
        ("[world]\ncomplexity = 'fancy'", "complexity is 'fancy'; it must be one of plain"),
        ("[world]\nseed = -1", "must not be negative"),
        ("[lesson]\nseed = -1", "scenes must be at least 1"),
        ("[lesson]\nscenes = 0", "scenes must be at least 1"),
        ("seed = 99999999999999999999", "must lie in 0.."),
        ("size = 32\npatch = 32", "it has only one"),
        ("name = '../../mine'", "without slashes"),
        ("name = ''", "a name is a folder's"),
        ("world = 3", r"must be a table, \[world\]"),
        ("[lesson]\nscenes = 'many'", r"\[lesson\]: scenes is 'many'"),
        ("learning_rate = 'x'", "learning_rate is 'x'"),
        ("learning_rate = nan", "must be positive"),
        ("warmup = -1", "must lie in 0.."),
        ("predictor_width = 98", "multiple of heads 4"),
        ("width = 36", "gives each of 4 heads an odd number of channels"),
        ("ema = [0.9]", "length 2"),
        ("ema = [0.9, 1.5]", "momenta lie in 0..1"),
        ("steps = ", "not a TOML file"),
    ],
)
def test_a_recipe_that_says_nonsense_is_refused(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(CardError, match=words):
        read_recipe(str(tmp_path / "mine.toml"))


def test_a_recipe_from_a_file_is_typed(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(
        "steps = 5\nema = [0.9, 0.95]\n[world]\nseed = 2\noccluders = false\n"
    )
    recipe = read_recipe(str(tmp_path / "mine.toml"))
    assert (recipe.name, recipe.steps, recipe.ema, recipe.world.occluders) == ("mine", 5, (0.9, 0.95), False)
    with pytest.raises(CardError, match="Did you mean 'tiny-vjepa2'"):
        read_recipe("tiny-vjepa")
    assert PixelLearner(PIXEL).grid == (8, 2, 2)
