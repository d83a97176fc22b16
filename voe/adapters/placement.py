"""Where and how precisely a network computes: its device, its dtype, and automatic reduced precision.

Weights stay float32; a reduced dtype works through autocast, so that reductions such as layer norms keep
float32. What an adapter returns is float32 in every case.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch

from voe.errors import ModelError, did_you_mean

DTYPES: dict[str, torch.dtype] = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}
_SHORT = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}


@dataclass(frozen=True)
class Placement:
    """The device that a network lies on and the dtype that it computes in."""

    device: torch.device
    dtype: torch.dtype = torch.float32

    @classmethod
    def choose(cls, device: str | None = None, dtype: str | None = None) -> Placement:
        """The named device and dtype, or the best device that is there and float32.

        `device` is 'cpu', 'cuda', 'cuda:1', 'mps', ...; without one: cuda, then mps, then cpu. `dtype` is
        float32 (fp32), bfloat16 (bf16) or float16 (fp16).

        Raises:
            ModelError: the device is unknown or not there, or the dtype is none of the three.
        """
        return cls(_device(device), _dtype(dtype))

    @property
    def dtype_name(self) -> str:
        """The dtype as text, for records: 'float32', 'bfloat16' or 'float16'."""
        return str(self.dtype).removeprefix("torch.")

    def autocast(self) -> AbstractContextManager[object]:
        """A context in which matrix products run in `dtype`; nothing happens for float32."""
        if self.dtype is torch.float32:
            return nullcontext()
        return torch.autocast(self.device.type, dtype=self.dtype)

    def details(self) -> dict[str, object]:
        """What a run records of this: `{'device': 'cpu', 'dtype': 'float32'}`."""
        return {"device": str(self.device), "dtype": self.dtype_name}


def has_bfloat16(device: torch.device) -> bool:
    """Whether a device has instructions for bfloat16; without them it takes longer than float32.

    A processor that an older torch cannot describe is taken not to have them, and so is MPS.
    """
    if device.type == "cuda":
        with torch.cuda.device(device):
            return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type != "cpu" or (asked := getattr(torch.cpu, "get_capabilities", None)) is None:
        return False
    there = asked()
    return any(there.get(name, False) for name in ("avx512_bf16", "amx_bf16", "bf16", "sve_bf16"))


def _dtype(name: str | None) -> torch.dtype:
    wanted = _SHORT.get(name or "float32", name or "float32")
    if wanted not in DTYPES:
        raise ModelError(
            f"dtype {name!r} is none of {', '.join(DTYPES)}.{did_you_mean(wanted, DTYPES)} "
            "Leave it out for float32"
        )
    return DTYPES[wanted]


def _device(name: str | None) -> torch.device:
    if name is None:
        if torch.cuda.is_available():
            return torch.device("cuda", torch.cuda.current_device())
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ModelError(
            f"device {name!r} is not a device that torch knows; use cpu, cuda, cuda:N or mps"
        ) from error
    _require_present(device)
    return device


def _require_present(device: torch.device) -> None:
    """Refuse a device that this machine lacks, before anything is loaded."""
    if device.type == "cpu":
        return
    if device.type == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if (device.index or 0) < count:
            return
        there = f"torch sees {count} CUDA device(s)" if count else "torch sees no CUDA device here"
        raise ModelError(f"device {device}: {there}; choose another with --device, or leave it out")
    if device.type == "mps":
        if torch.backends.mps.is_available():
            return
        raise ModelError("device mps: it is not available here; choose --device cpu, or leave it out")
    raise ModelError(f"device {device}: adapters run on cpu, cuda and mps only")
