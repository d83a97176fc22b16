"""Copying, extrapolation and chance, on clips whose surprise can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from voe.adapters.baselines import patches
from voe.adapters.load import load_model
from voe.engine import surprise_curves
from voe.errors import ModelError, ProtocolError

HIDDEN_STARTS, HIDDEN_ENDS, N_FRAMES = 10, 16, 28


def quadruplet(generator: np.random.Generator, size: int = 8) -> np.ndarray:
    """Clips aa, ab, ba, bb: uint8 [4, 28, size, size, 3]; frames 10..15 are the same in all four."""
    parts = [
        generator.integers(0, 256, (2, n, size, size, 3), dtype=np.uint8)
        for n in (HIDDEN_STARTS, HIDDEN_ENDS - HIDDEN_STARTS, N_FRAMES - HIDDEN_ENDS)
    ]
    contexts, hidden, outcomes = parts[0], parts[1][0], parts[2]
    return np.stack([np.concatenate([contexts[c], hidden, outcomes[o]]) for c in (0, 1) for o in (0, 1)])


def interaction(surprise: np.ndarray) -> np.ndarray:
    """S(A->B) + S(B->A) - S(A->A) - S(B->B), by context and window."""
    aa, ab, ba, bb = surprise.astype(np.float64)
    return ab + ba - aa - bb


def still(values: list[float], size: int = 8) -> np.ndarray:
    """One clip of uniform frames: uint8 [1, T, size, size, 3]."""
    grey = np.round(np.array(values) * 255).astype(np.uint8)
    return np.broadcast_to(grey[None, :, None, None, None], (1, len(values), size, size, 3)).copy()


def test_patches_keep_time_first_then_rows() -> None:
    frames = torch.zeros(1, 2, 3, 16, 24)
    frames[0, 1, :, :8, 16:] = 1.0  # second frame, first row, third column
    tokens = patches(frames)
    assert tokens.shape == (1, 2 * 2 * 3, 192)
    assert tokens[0].mean(1).nonzero().flatten().tolist() == [1 * 6 + 0 * 3 + 2]


def test_copy_last_frame_is_surprised_by_change_alone() -> None:
    model = load_model("copy-last-frame,size=8")
    frames = still([0.2, 0.4, 0.4, 1.0])
    surprise = surprise_curves(model, frames, window=4, stride=1, contexts=[1, 2, 3])
    np.testing.assert_allclose(surprise[0, :, 0], [(0.2 + 0.2 + 0.8) / 3, (0.0 + 0.6) / 2, 0.6], rtol=1e-6)


def test_linear_extrapolation_goes_on_and_is_clipped() -> None:
    model = load_model("linear-extrapolation,size=8")
    frames = still([0.2, 0.4, 0.6, 0.8, 1.0, 1.0])
    surprise = surprise_curves(model, frames, window=6, stride=1, contexts=[2, 4])
    np.testing.assert_allclose(surprise, 0.0, atol=1e-6)  # 1.2 is expected of the last frame, and cut to 1
    falling = still([0.6, 0.4, 0.4, 0.4])
    surprise = surprise_curves(model, falling, window=4, stride=1, contexts=[2, 3])
    np.testing.assert_allclose(surprise[0, :, 0], [(0.2 + 0.4) / 2, 0.0], atol=1e-6)
    with pytest.raises(ProtocolError, match="needs 2 context frames"):
        surprise_curves(model, falling, window=4, stride=1, contexts=[1])


def test_copy_last_frame_ties_where_its_last_frame_is_hidden() -> None:
    model = load_model("copy-last-frame,size=8")
    contexts = [4, 8, 12]
    surprise = surprise_curves(
        model, quadruplet(np.random.default_rng(0)), window=16, stride=2, contexts=contexts
    )
    last = np.arange(0, N_FRAMES - 15, 2)[None, :] + np.array(contexts)[:, None] - 1
    hidden = (last >= HIDDEN_STARTS) & (last < HIDDEN_ENDS)
    contrast = np.abs(interaction(surprise))
    assert hidden.sum() == 9
    assert contrast[hidden].max() < 1e-6
    straddling = (last < HIDDEN_STARTS) & (last - np.array(contexts)[:, None] + 17 > HIDDEN_ENDS)
    assert contrast[straddling].min() > 1e-5  # the context is still in sight: pixels alone can tell


def test_random_is_a_fair_coin_without_ties() -> None:
    generator = np.random.default_rng(1)
    frames = np.concatenate([quadruplet(generator) for _ in range(36)])
    contrasts = []
    for seed in range(20):
        model = load_model(f"random,size=8,seed={seed}")
        surprise = surprise_curves(model, frames, window=16, stride=6, contexts=[8], batch_size=64)
        windows = surprise.reshape(36, 4, 1, -1)
        contrasts.append([interaction(quad).mean() for quad in windows])
    signs = np.sign(contrasts)
    assert np.all(signs != 0)
    assert abs((signs > 0).mean() - 0.5) < 3 * 0.5 / np.sqrt(signs.size)
    by_seed = (signs > 0).mean(axis=1)  # 36 coins each: a standard deviation of 8.3 %
    assert 0.05 < by_seed.std() < 0.12


def test_random_depends_on_seed_and_frames_and_nothing_else() -> None:
    frames = quadruplet(np.random.default_rng(2))

    def curves(seed: int, which: np.ndarray = frames) -> np.ndarray:
        model = load_model(f"random,size=8,seed={seed}")
        return surprise_curves(model, which, window=16, stride=6, contexts=[4, 8])

    torch.manual_seed(1)
    first = curves(0)
    torch.manual_seed(2)
    np.testing.assert_array_equal(curves(0), first)
    np.testing.assert_array_equal(curves(0, frames[::-1])[::-1], first)
    assert np.unique(np.concatenate([first, curves(1)])).size > 3 * 2 * 2 * 2
    changed = frames.copy()
    changed[0, 20, 0, 0, 0] ^= 1  # one level of one pixel in one frame of one clip
    difference = curves(0, changed) != first
    assert difference[0, :, 1:].all() and not difference[1:].any() and not difference[0, :, 0].any()


def test_its_surprise_has_the_distribution_that_is_stated() -> None:
    """|x - y| of two standard normals: mean 2 / sqrt(pi) = 1.128."""
    frames = np.random.default_rng(3).integers(0, 256, (400, 4, 8, 8, 3), dtype=np.uint8)
    surprise = surprise_curves(load_model("random,size=8"), frames, window=4, stride=1, contexts=[2])
    assert abs(surprise.mean() - 2 / np.sqrt(np.pi)) < 4 * 0.853 / 20


def test_options() -> None:
    assert load_model("copy-last-frame").spec.size == (128, 128)
    with pytest.raises(ModelError, match="size=20 must be a multiple of 8"):
        load_model("copy-last-frame,size=20")
    with pytest.raises(ModelError, match="unknown option 'seed'"):
        load_model("copy-last-frame,seed=1")
