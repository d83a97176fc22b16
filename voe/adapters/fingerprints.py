"""Digests of what an object holds and of the code that runs: what tells two models of one's own apart.

What is digested is what is there now: a class that was typed into a notebook again, or a file that was edited
after it was imported, counts as it runs.
"""

from __future__ import annotations

import abc
import functools
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePath
from typing import Any, Final

import numpy as np
import torch
from torch import nn

from voe.adapters.checkpoints import weights_hash
from voe.adapters.own_files import class_name

Digest = Any
"""What `hashlib.sha256()` returns."""

DEEPEST: Final = 4
_PLAIN: Final = (str, bytes, bool, int, float, complex, type(None), np.generic)
_BY_TEXT: Final = (PurePath, torch.dtype, torch.Size, torch.device, range, slice)
_LIBRARIES: Final = frozenset({"numpy", "torch", "transformers", "voe"})
_EMPTY: Final = frozenset({abc.ABC, typing.Generic, typing.Protocol})
_HEAP_TYPE: Final = 1 << 9
"""The flag of a class that was written in Python, not in C."""
FIXED: Final = (*_PLAIN, *_BY_TEXT, tuple, frozenset, torch.Tensor, type)
"""Values that hold nothing to which more could be added."""
_FUNCTIONS: Final = (types.FunctionType, types.MethodType, staticmethod, classmethod, property)


def attributes(value: object) -> dict[str, object]:
    """What lies in an object: its dictionary, and its slots."""
    found = dict(vars(value)) if hasattr(value, "__dict__") else {}
    for kind in type(value).__mro__:
        slots = vars(kind).get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if not name.startswith("__") and hasattr(value, name):
                found[name] = getattr(value, name)
    return found


def feed(digest: Digest, name: str, value: object, depth: int = DEEPEST) -> None:
    """Add a value to a digest, to a depth; of what it does not know only the type."""
    digest.update(f"{name}:{type(value).__qualname__}|".encode())
    if isinstance(value, nn.Module):
        _feed_network(digest, value)
    elif isinstance(value, torch.Tensor):
        digest.update(weights_hash({name: value}).encode())
    elif isinstance(value, np.ndarray) and value.dtype != object:
        digest.update(f"{value.dtype}{value.shape}".encode() + value.tobytes())
    elif isinstance(value, (*_PLAIN, *_BY_TEXT)):
        digest.update(repr(value).encode())
    elif isinstance(value, types.ModuleType):
        digest.update(value.__name__.encode())
    elif isinstance(value, type):
        digest.update(class_name(value).encode())
    elif depth:
        for inner, one in _inside(value):
            feed(digest, inner, one, depth - 1)


def _inside(value: object) -> Iterator[tuple[str, object]]:
    """The parts of a container, a function or an object, by name and always in the same order."""
    if isinstance(value, Mapping):
        yield from sorted(((_named(key), one) for key, one in value.items()), key=lambda item: item[0])
    elif isinstance(value, list | tuple):
        yield from ((str(index), one) for index, one in enumerate(value))
    elif isinstance(value, set | frozenset):
        yield from (("", one) for one in sorted(value, key=_named))
    elif isinstance(value, functools.partial):
        yield from (("func", value.func), ("args", value.args), ("keywords", value.keywords))
    elif isinstance(value, functools.cached_property):
        yield "func", value.func
    elif isinstance(value, _FUNCTIONS):
        yield from _of_function(value)
    elif hasattr(value, "__dict__"):
        yield from sorted(vars(value).items())


def _named(value: object) -> str:
    """A value as text; of an object that prints its address, its type."""
    text = repr(value)
    return type(value).__qualname__ if " at 0x" in text else text


def _of_function(value: Any) -> Iterator[tuple[str, object]]:
    """Code, defaults, and what a function closes over."""
    if isinstance(value, property):
        yield from ((name, part) for name in ("fget", "fset") if (part := getattr(value, name)) is not None)
        return
    function: Callable[..., object] = getattr(value, "__func__", value)
    function = getattr(function, "__wrapped__", function)
    code = getattr(function, "__code__", None)
    if code is None:
        return
    yield "code", _code_text(code)
    yield "defaults", (function.__defaults__, function.__kwdefaults__)
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        try:
            yield name, cell.cell_contents
        except ValueError:  # a name that was not given a value yet
            yield name, None


def _code_text(code: types.CodeType) -> str:
    """Instructions, names and constants, nested code included; no lines and no file names."""
    constants = [
        _code_text(one) if isinstance(one, types.CodeType)
        else sorted(map(repr, one)) if isinstance(one, frozenset) else repr(one)
        for one in code.co_consts
    ]  # fmt: skip
    return repr((code.co_code.hex(), code.co_names, code.co_freevars, constants))


def _feed_network(digest: Digest, network: nn.Module) -> None:
    """Weights and buffers, and of each module its class and its settings."""
    digest.update(weights_hash({**network.state_dict(), **dict(network.named_buffers())}).encode())
    for name, module in network.named_modules():
        kind = type(module)
        digest.update(f"{name}={class_name(kind)}|".encode())
        for setting, value in sorted(vars(module).items()):
            known = isinstance(value, (*_PLAIN, *_BY_TEXT, *_FUNCTIONS, tuple, list, type))
            if known and setting != "training" and not setting.startswith("_"):
                feed(digest, setting, value, 1)
        if kind.__module__.partition(".")[0] not in _LIBRARIES:
            feed_class(digest, kind)


def feed_class(digest: Digest, kind: type) -> None:
    """The code and the plain values of a class and of its bases, those of libraries left out."""
    for one in kind.__mro__:
        if one in _EMPTY or not one.__flags__ & _HEAP_TYPE:
            continue
        if one.__module__.partition(".")[0] in _LIBRARIES:
            continue
        for name, value in sorted(vars(one).items()):
            wanted = isinstance(value, (*_FUNCTIONS, functools.cached_property)) or not name.startswith("__")
            if wanted and not name.startswith("_abc"):
                feed(digest, name, value, 3)
