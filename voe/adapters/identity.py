"""Who a model is, as far as a run folder must know: so that no run mixes two, or hands out another's numbers.

Built-in families record their checkpoint and its hash themselves. What others wrote is known by its spec, its
class, the file of that class, and what the object holds.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import nn

from voe.adapters.base import Predictor
from voe.adapters.checkpoints import weights_hash
from voe.adapters.judge import Judge
from voe.errors import ModelError

_OWN: Final = "voe.adapters."
_APART: Final = frozenset({"spec", "device", "loaded_from"})
"""Attributes that are recorded elsewhere, or in words of their own."""
_PLAIN: Final = (str, bytes, bool, int, float, complex, type(None))
_DEEPEST: Final = 4


def networks(model: Predictor) -> dict[str, nn.Module]:
    """Networks among the attributes of an adapter, also in lists, tuples and dictionaries."""
    found: dict[str, nn.Module] = {}
    for name, value in vars(model).items():
        inside = (
            value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
        )
        for index, item in enumerate((value, *inside)):
            if isinstance(item, nn.Module):
                found[name if index == 0 else f"{name}[{index - 1}]"] = item
    return found


def in_training(model: Predictor) -> list[str]:
    """Names of the networks of an adapter that are not in evaluation mode."""
    return [
        name
        for name, network in networks(model).items()
        if any(module.training for module in network.modules())
    ]


def require_evaluation(model: Predictor) -> None:
    """Refuse a network in training mode: dropout and batch statistics make its numbers depend on the batch.

    Raises:
        ModelError: there is one.
    """
    if names := in_training(model):
        raise ModelError(
            f"model {model.spec.name!r}: {', '.join(names)} is in training mode, in which numbers may depend "
            "on what else is in a batch; call .eval() where the adapter is built"
        )


def identity(model: Predictor | Judge) -> dict[str, str]:
    """What tells a model of one's own from another: empty for built-in families, which say it themselves.

    - spec: what it was loaded from, with precision and device ('' for an object);
    - class: its name; source_sha256: of the file that the class stands in, '' where there is none;
    - state_sha256: of its networks, tensors, arrays and plain values, to a depth of four; not of a judge,
      which may keep its answers.

    Two models that differ in none of these, say in a file that they read at every call, are not told apart.
    """
    kind = type(model)
    if kind.__module__.startswith(_OWN):
        return {}
    found = {
        "spec": model.loaded_from,
        "class": f"{kind.__module__}.{kind.__qualname__}",
        "source_sha256": _source_hash(kind),
    }
    if isinstance(model, Judge):
        return found
    digest = hashlib.sha256()
    for name in sorted(vars(model).keys() - _APART):
        _feed(digest, name, vars(model)[name], _DEEPEST)
    return {**found, "state_sha256": digest.hexdigest()}


def _source_hash(kind: type) -> str:
    try:
        return hashlib.sha256(Path(inspect.getfile(kind)).read_bytes()).hexdigest()
    except (TypeError, OSError):  # a class that was typed in
        return ""


def _feed(digest: Any, name: str, value: object, depth: int) -> None:
    """Add a value to a digest; of what it does not know only the type."""
    digest.update(f"{name}:{type(value).__qualname__}|".encode())
    if isinstance(value, nn.Module):
        digest.update(weights_hash(value.state_dict()).encode())
    elif isinstance(value, torch.Tensor):
        digest.update(weights_hash({name: value}).encode())
    elif isinstance(value, np.ndarray) and value.dtype != object:
        digest.update(f"{value.dtype}{value.shape}".encode() + value.tobytes())
    elif isinstance(value, (*_PLAIN, np.generic)):
        digest.update(repr(value).encode())
    elif depth and isinstance(value, Mapping):
        for key, one in sorted(value.items(), key=lambda item: repr(item[0])):
            _feed(digest, repr(key), one, depth - 1)
    elif depth and isinstance(value, list | tuple):
        for index, one in enumerate(value):
            _feed(digest, str(index), one, depth - 1)
    elif depth and hasattr(value, "__dict__") and not isinstance(value, type):
        for key in sorted(vars(value)):
            _feed(digest, key, vars(value)[key], depth - 1)
