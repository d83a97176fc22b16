"""Device and dtype: what is chosen, what is refused."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
import torch

from voe.adapters.placement import Placement, has_bfloat16
from voe.errors import ModelError


@pytest.mark.parametrize(
    ("cuda", "mps", "expected"),
    [(True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")],
)
def test_cuda_goes_before_mps_before_cpu(
    monkeypatch: pytest.MonkeyPatch, cuda: bool, mps: bool, expected: str
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert Placement.choose().device.type == expected


@pytest.mark.parametrize(
    ("device", "message"),
    [
        ("gpu", "device 'gpu' is not a device that torch knows"),
        ("cuda", "torch sees no CUDA device here"),
        ("cuda:1", "torch sees no CUDA device here"),
        ("mps", "device mps: it is not available here"),
        ("meta", "device meta: adapters run on cpu, cuda and mps only"),
    ],
)
def test_absent_devices(monkeypatch: pytest.MonkeyPatch, device: str, message: str) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(ModelError, match=message):
        Placement.choose(device)


def test_a_cuda_index_beyond_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert Placement.choose("cuda:1").device == torch.device("cuda", 1)
    with pytest.raises(ModelError, match=r"cuda:2: torch sees 2 CUDA device\(s\)"):
        Placement.choose("cuda:2")


def test_dtypes_and_their_short_names() -> None:
    assert Placement.choose("cpu").dtype is torch.float32
    assert Placement.choose("cpu", "bf16").dtype is torch.bfloat16
    assert Placement.choose("cpu", "float16").details() == {"device": "cpu", "dtype": "float16"}
    with pytest.raises(ModelError, match=r"dtype 'bfloat' is none of .*Did you mean 'bfloat16'"):
        Placement.choose("cpu", "bfloat")


def test_autocast_reduces_products_and_nothing_for_float32() -> None:
    ones = torch.ones(2, 2)
    with Placement.choose("cpu", "bfloat16").autocast():
        assert (ones @ ones).dtype is torch.bfloat16
    with Placement.choose("cpu").autocast():
        assert (ones @ ones).dtype is torch.float32


@pytest.mark.parametrize(
    ("there", "expected"),
    [({"avx512_bf16": True}, True), ({"bf16": True}, True), ({"avx512_bf16": False, "avx2": True}, False)],
)
def test_instructions_for_bfloat16(
    monkeypatch: pytest.MonkeyPatch, there: dict[str, bool], expected: bool
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: there, raising=False)
    assert has_bfloat16(torch.device("cpu")) is expected
    assert not has_bfloat16(torch.device("mps"))
    entered: list[torch.device] = []
    monkeypatch.setattr(torch.cuda, "device", lambda device: nullcontext(entered.append(device)))
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **asked: expected)
    assert has_bfloat16(torch.device("cuda:1")) is expected
    assert entered == [torch.device("cuda:1")]  # torch asks of the one that is current


def test_an_older_torch_cannot_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert not has_bfloat16(torch.device("cpu"))
