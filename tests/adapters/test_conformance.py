"""The conformance suite: good adapters pass, and each way of breaking the contract fails by its name."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from voe.adapters.base import Predictor, PredictorSpec
from voe.adapters.conformance import CheckResult, check_adapter, failures
from voe.adapters.load import load_model
from voe.protocols import Protocol


class Good(Predictor):
    """A tiny network on mean colours; the ways to be bad derive from it."""

    def __init__(self) -> None:
        self.device = torch.device("cpu")
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.network = nn.Linear(3, 3).eval()
        self.spec = PredictorSpec(
            "good",
            "pixel",
            (8, 8),
            ("pixel",),
            Protocol(window=8, contexts=(4,)),
            details={"dtype": "float32"},
        )

    def grid(self, n_frames: int) -> tuple[int, int, int]:
        return n_frames, 1, 1

    def targets(self, window: Tensor) -> dict[str, Tensor]:
        return {"pixel": self.network(window.mean((3, 4)))}

    def predict(self, context: Tensor, n_frames: int) -> dict[str, Tensor]:
        last = self.targets(context[:, -1:])["pixel"]
        return {"pixel": last.expand(-1, n_frames - context.shape[1], -1)}


class Leaky(Good):
    """Keeps the window of `targets` and answers from it."""

    def targets(self, window: Tensor) -> dict[str, Tensor]:
        if window.shape[1] > 1:
            self.seen = window
        return super().targets(window)

    def predict(self, context: Tensor, n_frames: int) -> dict[str, Tensor]:
        if len(getattr(self, "seen", ())) == len(context) and self.seen.shape[1] == n_frames:
            return {"pixel": super().targets(self.seen)["pixel"][:, context.shape[1] :]}
        return super().predict(context, n_frames)


class LooksUp(Good):
    """Remembers futures by their first frames: nothing shows until the same context comes again."""

    def __init__(self) -> None:
        super().__init__()
        self.memory: dict[bytes, Tensor] = {}

    def targets(self, window: Tensor) -> dict[str, Tensor]:
        for clip in window:
            if len(clip) > 1:
                self.memory[clip[:4].numpy().tobytes()] = clip
        return super().targets(window)

    def predict(self, context: Tensor, n_frames: int) -> dict[str, Tensor]:
        known = [self.memory.get(clip.numpy().tobytes()) for clip in context]
        if any(clip is None or len(clip) != n_frames for clip in known):
            return super().predict(context, n_frames)
        return {"pixel": super().targets(torch.stack(known))["pixel"][:, context.shape[1] :]}


class BatchNormed(Good):
    def targets(self, window: Tensor) -> dict[str, Tensor]:
        return super().targets(window - window.mean())


class Shuffled(Good):
    def targets(self, window: Tensor) -> dict[str, Tensor]:
        return {"pixel": super().targets(window)["pixel"][: len(window)].sort(0).values}


class Noisy(Good):
    def targets(self, window: Tensor) -> dict[str, Tensor]:
        values = super().targets(window)["pixel"]
        return {"pixel": values + 0.1 * torch.rand(values.shape)}


class Dropping(Good):
    def __init__(self) -> None:
        super().__init__()
        self.network = nn.Sequential(self.network, nn.Dropout(0.0)).train()


class Learning(Good):
    def targets(self, window: Tensor) -> dict[str, Tensor]:
        if len(window) == 3:
            self.network.weight.data = self.network.weight.data + 1e-7
        return super().targets(window)


class Half(Good):
    def targets(self, window: Tensor) -> dict[str, Tensor]:
        return {"pixel": super().targets(window)["pixel"].half()}


class SaysNothing(Good):
    def __init__(self) -> None:
        super().__init__()
        self.spec = replace(self.spec, details={})


class OtherGrid(Good):
    def grid(self, n_frames: int) -> tuple[int, int, int]:
        return n_frames, 2, 1


class WholeWindow(Good):
    """Predicts its context too, so that what it has seen counts as foreseen."""

    def predict(self, context: Tensor, n_frames: int) -> dict[str, Tensor]:
        return {
            "pixel": torch.cat(
                [self.targets(context)["pixel"], super().predict(context, n_frames)["pixel"]], 1
            )
        }


class OtherStream(Good):
    def predict(self, context: Tensor, n_frames: int) -> dict[str, Tensor]:
        return {"latent": super().predict(context, n_frames)["pixel"]}


class DividesByZero(Good):
    def targets(self, window: Tensor) -> dict[str, Tensor]:
        return {"pixel": super().targets(window / window.std((1, 3, 4), keepdim=True))["pixel"]}


class OddProtocol(Good):
    def __init__(self) -> None:
        super().__init__()
        self.spec = replace(self.spec, context_multiple=3, window_multiple=3)


class Blind(Good):
    def targets(self, window: Tensor) -> dict[str, Tensor]:
        return {"pixel": torch.zeros(window.shape[0], window.shape[1], 3)}


class Crashes(Good):
    def predict(self, context: Tensor, n_frames: int) -> dict[str, Tensor]:
        raise ValueError("no weights for this")


def failed(model: Predictor) -> set[str]:
    return {result.name for result in check_adapter(model) if not result.passed}


@pytest.mark.parametrize(
    "spec",
    [
        "copy-last-frame,size=32",
        "linear-extrapolation,size=32",
        "random,size=32",
        "untrained:vjepa2-tiny",
        "untrained:vjepa2-tiny,dtype=bfloat16",
        "untrained:videomae-tiny",
    ],
)
def test_built_in_adapters_conform(spec: str) -> None:
    results = check_adapter(load_model(spec, device="cpu"))
    assert not [result for result in results if not result.passed]
    assert len(results) == 12


def test_a_good_adapter_passes_every_check() -> None:
    assert failed(Good()) == set()


@pytest.mark.parametrize(
    ("adapter", "check"),
    [
        (Leaky, {"causality"}),
        (LooksUp, {"causality"}),
        (BatchNormed, {"batch invariance"}),
        (Shuffled, {"batch invariance", "clip order"}),
        (Noisy, {"determinism", "batch invariance", "clip order", "causality"}),
        (Dropping, {"weights"}),
        (Learning, {"weights"}),
        (SaysNothing, {"dtype"}),
        (OtherGrid, {"shapes", "legal windows"}),
        (WholeWindow, {"shapes"}),
        (OddProtocol, {"spec"}),
        (DividesByZero, {"finite"}),
    ],
)
def test_what_is_broken_fails_by_its_name(adapter: type[Predictor], check: set[str]) -> None:
    assert {result.name for result in failures(check_adapter(adapter()))} == check


def test_other_outputs_are_named() -> None:
    assert "dtype" in failed(Half())
    assert "shapes" in failed(OtherStream())


def test_advice_is_no_failure() -> None:
    assert failed(Blind()) == {"context dependence", "outcome dependence"}
    assert failures(check_adapter(Blind())) == []


def test_results_carry_what_was_measured() -> None:
    results = {result.name: result for result in check_adapter(Leaky())}
    causality = results["causality"]
    assert isinstance(causality, CheckResult)
    assert causality.measured is not None and causality.limit is not None
    assert causality.measured > 100 * causality.limit
    assert "saw other futures" in causality.message
    assert results["determinism"].measured == 0.0


def test_an_exception_is_a_failure_with_its_place() -> None:
    results = {result.name: result for result in check_adapter(Crashes())}
    assert "ValueError: no weights for this (test_conformance.py, line" in results["shapes"].message
    assert not results["causality"].passed


def test_one_fault_that_ends_many_checks_is_told_once() -> None:
    results = {result.name: result for result in check_adapter(Crashes())}
    told = [name for name, result in results.items() if "no weights for this" in result.message]
    assert told == ["shapes"]
    assert results["causality"].message == "ended as 'shapes' did"
    assert not results["causality"].passed


def test_other_seeds_show_other_frames() -> None:
    first, second = (check_adapter(Leaky(), seed=seed) for seed in (0, 1))
    assert first[7].name == "causality" and first[7].measured != second[7].measured
