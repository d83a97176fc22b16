from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.conftest import Brightness, grey
from voe.engine import rebatch_difference, surprise_curves, window_surprise
from voe.errors import ClipError, ModelError, ProtocolError


def by_hand(levels: list[int], window: int, stride: int, context: int) -> list[float]:
    """Mean |later frames - last context frame|, in 0..1."""
    values = np.array(levels) / 255
    starts = range(0, len(levels) - window + 1, stride)
    return [float(np.abs(values[s + context : s + window] - values[s + context - 1]).mean()) for s in starts]


def test_surprise_curves_are_what_one_computes_by_hand(brightness: Brightness) -> None:
    levels = [0, 10, 20, 40, 80, 160, 255, 200, 100]
    curves = surprise_curves(brightness, grey(levels)[None], window=4, stride=2, contexts=[1, 3])
    assert curves.dtype == np.float32 and curves.shape == (1, 2, 3)
    for row, context in enumerate((1, 3)):
        np.testing.assert_allclose(curves[0, row], by_hand(levels, 4, 2, context), rtol=1e-6)


def test_shorter_clips_are_padded_with_nan_at_the_end(brightness: Brightness) -> None:
    long, short = [5, 50, 9, 70, 30, 20], [5, 50, 9, 71]
    curves = surprise_curves(brightness, [grey(long), grey(short)], window=4, stride=1, contexts=[2])
    assert curves.shape == (2, 1, 3)
    np.testing.assert_allclose(curves[1, 0, :1], by_hand(short, 4, 1, 2), rtol=1e-6)
    assert np.isnan(curves[1, 0, 1:]).all() and not np.isnan(curves[0]).any()


def test_shared_work_is_done_once(brightness: Brightness) -> None:
    prefix, a, b = [1, 2, 3, 4, 5], [6, 7], [8, 9]
    clips = [grey(prefix + a), grey(prefix + b)]
    surprise_curves(brightness, clips, window=4, stride=1, contexts=[2])
    # 4 windows a clip: the first 2 agree whole, and the last 2 in their contexts.
    assert dict(brightness.calls) == {"targets": 6, "predict": 4}


def test_the_result_does_not_depend_on_the_batch_size(brightness: Brightness) -> None:
    frames = np.random.default_rng(1).integers(0, 256, (3, 12, 8, 8, 3), dtype=np.uint8)
    curves = [
        surprise_curves(brightness, frames, window=6, stride=1, contexts=[1, 4], batch_size=n)
        for n in (1, 2, 7, 64)
    ]
    for other in curves[1:]:
        np.testing.assert_array_equal(curves[0], other)


def test_windows_come_back_in_the_order_they_were_given(brightness: Brightness) -> None:
    pool = torch.arange(6).float()[:, None, None, None].expand(6, 3, 8, 8) * 40
    windows = np.array([[3, 4, 5], [0, 5, 0], [3, 4, 5], [1, 1, 1]])
    surprise = window_surprise(brightness, pool, windows, [1])["pixel"][:, 0]
    expected = [by_hand([120, 160, 200], 3, 1, 1), by_hand([0, 200, 0], 3, 1, 1)]
    np.testing.assert_allclose(surprise, [*expected[0], *expected[1], *expected[0], 0], rtol=1e-6, atol=1e-9)


def test_bad_input_never_yields_a_number(brightness: Brightness) -> None:
    with pytest.raises(ClipError, match="uint8"):
        surprise_curves(brightness, grey([1, 2, 3, 4])[None] / 255.0, window=4, stride=1, contexts=[2])
    with pytest.raises(ClipError, match="only 3 sampled frames"):
        surprise_curves(brightness, grey([1, 2, 3])[None], window=4, stride=1, contexts=[2])
    with pytest.raises(ClipError, match="no clip"):
        surprise_curves(brightness, [], window=4, stride=1, contexts=[2])
    with pytest.raises(ProtocolError, match="stream 'latent'"):
        surprise_curves(
            brightness, grey([1, 2, 3, 4])[None], window=4, stride=1, contexts=[2], stream="latent"
        )


class Broken(Brightness):
    """Breaks the contract in the way that `fault` names."""

    def __init__(self, fault: str) -> None:
        super().__init__()
        self.fault = fault

    def predict(self, context: torch.Tensor, n_frames: int) -> dict[str, torch.Tensor]:
        right = super().predict(context, n_frames)["pixel"]
        return {
            "nan": {"pixel": right * float("nan")},
            "stream": {"latent": right},
            "tokens": {"pixel": right.repeat(1, 9, 1)},
            "whole": {"pixel": torch.cat([context.mean(dim=(2, 3, 4))[:, :, None], right], dim=1)},
            "channels": {"pixel": right.repeat(1, 1, 2)},
        }[self.fault]


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("nan", "not finite"),
        ("stream", "latent"),
        ("tokens", "predicts"),
        ("channels", "2 channels"),
        ("whole", "predicts 4 tokens in stream 'pixel' from 2 of 4 frames, after which only 2 are to come"),
    ],
)
def test_a_model_that_breaks_the_contract_is_named(fault: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        surprise_curves(Broken(fault), grey([1, 9, 3, 4])[None], window=4, stride=1, contexts=[2])


def test_a_model_without_batch_effects_has_no_rebatch_difference(brightness: Brightness) -> None:
    assert rebatch_difference(brightness, brightness.spec.protocol) == 0.0


class BatchNormed(Brightness):
    """Leaks between the windows of a batch, as a batch norm left in training mode does."""

    def targets(self, window: torch.Tensor) -> dict[str, torch.Tensor]:
        values = super().targets(window)["pixel"]
        return {"pixel": values + 1e-3 * len(window)}


def test_a_batch_effect_is_measured() -> None:
    model = BatchNormed()
    assert rebatch_difference(model, model.spec.protocol) == pytest.approx(1e-3, rel=0.05)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda tokens: torch.cat([tokens, tokens[:1]]), "a tensor of shape"),
        (lambda tokens: tokens[:, :, 0], "a tensor of shape"),
        (lambda tokens: tokens.numpy(), "ndarray"),
        (lambda tokens: tokens.to(torch.complex64), "a tensor of complex64"),
        (lambda tokens: tokens.long(), "a tensor of int64"),
    ],
)
@pytest.mark.parametrize("method", ["targets", "predict"])
def test_anything_but_tokens_of_every_window_is_refused(wrong, message, method, monkeypatch):
    model = Brightness()
    real = getattr(model, method)
    monkeypatch.setattr(model, method, lambda *given: {"pixel": wrong(real(*given)["pixel"])})
    windows = np.arange(12).reshape(3, 4)
    with pytest.raises(ModelError, match=f"returns {message}.*check-adapter"):
        window_surprise(model, torch.rand(12, 3, 8, 8), windows, (2,), 2)
    monkeypatch.setattr(model, method, lambda *given: real(*given)["pixel"])
    with pytest.raises(ModelError, match="returns Tensor, not stream -> tensor"):
        window_surprise(model, torch.rand(12, 3, 8, 8), windows, (2,), 2)
    monkeypatch.setattr(model, method, lambda *given: {}[method])
    raised = rf"model '.*': {method} raised KeyError: '{method}' \(test_engine.py, line \d+\)"
    with pytest.raises(ModelError, match=raised):
        window_surprise(model, torch.rand(12, 3, 8, 8), windows, (2,), 2)


def test_a_window_has_the_tokens_of_its_grid(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Brightness()
    monkeypatch.setattr(model, "grid", lambda n_frames: (n_frames, 2, 2))
    with pytest.raises(ModelError, match=r"encodes a window as 4 tokens .* grid \(4, 2, 2\) has 16"):
        surprise_curves(model, grey([1, 9, 3, 4])[None], window=4, stride=1, contexts=[2])


def test_a_model_may_use_its_buffer_again():
    class Buffered(Brightness):
        def predict(self, context, n_frames):
            found = super().predict(context, n_frames)["pixel"]
            self.buffer = found.clone() if getattr(self, "buffer", None) is None else self.buffer
            return {"pixel": self.buffer.copy_(found)}

    frames, windows = torch.rand(16, 3, 8, 8), np.arange(16).reshape(4, 4)
    kept = window_surprise(Brightness(), frames, windows, (2,), 2)["pixel"]
    assert np.array_equal(window_surprise(Buffered(), frames, windows, (2,), 2)["pixel"], kept)
