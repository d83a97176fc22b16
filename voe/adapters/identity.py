"""Who a model is, as far as a run folder must know: so that no run mixes two, or hands out another's numbers.

Built-in families record their checkpoint and its hash themselves. What others wrote is known by its spec, its
class, the file of that class, and what the object holds.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from torch import nn

from voe.adapters.base import Predictor
from voe.adapters.checkpoints import weights_hash
from voe.adapters.fingerprints import DEEPEST, FIXED, attributes, feed, feed_class
from voe.adapters.judge import Judge
from voe.adapters.own_files import class_name
from voe.errors import ModelError

_OWN: Final = "voe.adapters."
_APART: Final = frozenset({"spec", "device", "loaded_from", "loaded_weights"})
"""Attributes that are recorded elsewhere, or in words of their own."""


def networks(model: Predictor | Judge) -> dict[str, nn.Module]:
    """Networks within an adapter: its attributes, and those of containers and objects in them."""
    found: dict[str, nn.Module] = {}
    for name, value in attributes(model).items():
        found |= _networks_in(name, value, DEEPEST)
    return found


def _networks_in(name: str, value: object, depth: int) -> dict[str, nn.Module]:
    if isinstance(value, nn.Module):
        return {name: value}
    found: dict[str, nn.Module] = {}
    if depth and not isinstance(value, type):
        for inner, one in _parts(name, value):
            found |= _networks_in(inner, one, depth - 1)
    return found


def _parts(name: str, value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        yield from ((f"{name}[{key!r}]", one) for key, one in value.items())
    elif isinstance(value, list | tuple):
        yield from ((f"{name}[{index}]", one) for index, one in enumerate(value))
    elif hasattr(value, "__dict__"):
        yield from ((f"{name}.{key}", one) for key, one in vars(value).items())


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
    """What tells a model of one's own from another: empty for built-in families, which say it themselves
    as long as their weights are those that were loaded.

    - spec: what it was loaded from, with precision and device ('' for an object);
    - class: its name; source_sha256: of the file that the class stands in, '' where there is none;
    - code_sha256: of the code of the class and its bases as it runs, with what it closes over;
    - state_sha256: of its networks (weights, classes, settings), tensors, arrays and plain values, to a depth
      of four; of a judge its networks and its own plain values, but for names that begin with '_': those,
      and lists and dictionaries, may be counters and the answers that it keeps.

    Two models that differ in none of these are not told apart: say in a file that they read when they are
    first called, in a variable of their module, or in a function elsewhere that they call.
    """
    kind = type(model)
    if kind.__module__.startswith(_OWN) and not _of_a_file(model.loaded_from) and _as_loaded(model):
        return {}
    code = hashlib.sha256()
    feed_class(code, kind)
    found = {
        "spec": model.loaded_from,
        "class": class_name(kind),
        "source_sha256": _source_hash(kind),
        "code_sha256": code.hexdigest(),
    }
    digest = hashlib.sha256()
    held = _settings(model) if isinstance(model, Judge) else attributes(model)
    for name in sorted(held.keys() - _APART):
        feed(digest, name, held[name])
    return {**found, "state_sha256": digest.hexdigest()}


def _settings(judge: Judge) -> dict[str, object]:
    """What a judge is made of: its networks, and what should not change while it answers."""
    held = attributes(judge).items()
    own = {name: one for name, one in held if isinstance(one, FIXED) and not name.startswith("_")}
    return {**own, **networks(judge)}


def weights_of(model: Predictor) -> dict[str, str]:
    """The hash of the weights of each network of an adapter."""
    return {name: weights_hash(network.state_dict()) for name, network in networks(model).items()}


def _as_loaded(model: Predictor | Judge) -> bool:
    """Whether the weights of a built-in model are those that were loaded: nobody has changed them since."""
    return isinstance(model, Judge) or model.loaded_weights in (None, weights_of(model))


def _of_a_file(loaded_from: str) -> bool:
    """Whether a model was built by a file of one's own: a built-in class there may hold anything."""
    return ".py:" in loaded_from


def _source_hash(kind: type) -> str:
    try:
        return hashlib.sha256(Path(inspect.getfile(kind)).read_bytes()).hexdigest()
    except (TypeError, OSError):  # a class that was typed in
        return ""
