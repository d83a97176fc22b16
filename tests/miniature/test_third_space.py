"""Readouts into a third space: right where the truth is known, and blind to the future."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest
import torch
from sklearn.linear_model import Ridge

from voe.adapters.conformance import check_adapter, failures
from voe.adapters.load import load_model
from voe.errors import VoeError
from voe.miniature.third_space import InThirdSpace, cell_colours, fit_readout, latents_of
from voe.training.learners import normalised

MODEL = "untrained:vjepa2-tiny,seed=3"


@dataclass(frozen=True)
class Noise:
    """Clips of noise that drifts in brightness."""

    count: int = 18
    length: int = 20
    size: int = 64

    def clips(self, numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        shape = (self.length, self.size, self.size, 3)
        return np.stack([np.random.default_rng(int(n)).integers(0, 256, shape, np.uint8) for n in numbers])


def test_cells_are_mean_colours_in_the_order_of_tokens() -> None:
    window = torch.zeros(1, 4, 3, 64, 64)
    window[0, 2, 1, 32:48, 16:32] = 1.0  # one quarter of one token of the second tubelet, in green
    found = cell_colours(lambda n: (n // 2, 2, 2))(window)
    assert found.shape == (1, 8, 96)
    token = found[0, 4 + 2].reshape(2, 3, 4, 4)  # second tubelet, lower left
    assert token[0, 1, :2, 2:].eq(1).all() and found.sum() == token.sum() == 4


def test_a_readout_is_ridge_regression() -> None:
    """scikit-learn on the same tokens."""
    model, watched = load_model(MODEL), Noise(size=load_model(MODEL).spec.size[0])
    features = cell_colours(model.grid)
    found = fit_readout(model, features, watched, seed=1)
    starts = np.random.default_rng(1).integers(0, 5, 18)
    windows = np.stack([c[s : s + 16] for c, s in zip(watched.clips(np.arange(18)), starts, strict=True)])
    frames = normalised(torch.from_numpy(windows))
    with torch.inference_mode():
        x = model.predict(frames[:, :8], 16)[model.spec.streams[0]]
        y = features(frames)[:, -x.shape[1] :]
    fitted = np.arange(18) % 3 != 0
    x_fit, y_fit = (v[fitted].flatten(0, 1).double().numpy() for v in (x, y))
    alpha = found.penalty * x_fit.var(axis=0).mean() * len(x_fit)
    other = Ridge(alpha=alpha).fit(x_fit, y_fit)
    np.testing.assert_allclose(found.weight.numpy(), other.coef_.T, rtol=2e-3, atol=1e-4)
    x_held, y_held = (v[~fitted].flatten(0, 1).double().numpy() for v in (x, y))
    residual = ((y_held - other.predict(x_held)) ** 2).sum()
    assert found.r2 == pytest.approx(1 - residual / ((y_held - y_held.mean(axis=0)) ** 2).sum(), abs=1e-4)


def test_what_is_read_out_keeps_the_contract() -> None:
    model, other = load_model(MODEL), load_model("untrained:vjepa2-tiny,seed=4")
    features = latents_of(other)
    readout = fit_readout(model, features, Noise(size=model.spec.size[0]))
    wrapped = InThirdSpace(model, features, readout, "latents of another")
    assert not failures(check_adapter(wrapped))
    assert wrapped.spec.details["space"] == "latents of another"


def test_too_few_clips() -> None:
    model = load_model(MODEL)
    with pytest.raises(VoeError, match="5 clips are too few"):
        fit_readout(model, cell_colours(model.grid), Noise(count=5))
