"""Python files of one's own as modules: each file is one, and none is known by the place that it lies in."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from voe.adapters.specs import ModelSpec
from voe.errors import ModelError

if TYPE_CHECKING:
    from types import ModuleType

# Code that others wrote may raise anything, or even end the process, while it is imported or builds a model.
# Where it is called, and in the conformance suite, all of it becomes a message with its type and place.
FOREIGN_ERRORS: tuple[type[BaseException], ...] = (Exception, SystemExit)

_PREFIX: Final = "voe_adapter_"


def module_of_file(path: Path, spec: ModelSpec) -> ModuleType:
    """Run a Python file as a module of its own, so that two files of one name do not take each other's place.

    Raises:
        ModelError: there is no such file. Whatever the file raises goes through.
    """
    if not path.is_file():
        raise ModelError(f"model {spec.text!r}: there is no file {path}")
    place = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:8]
    name = f"{_PREFIX}{path.stem}_{place}"
    found = importlib.util.spec_from_file_location(name, path)
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules[name] = module  # dataclasses and pickle look their module up there
    try:
        found.loader.exec_module(module)
    except FOREIGN_ERRORS:
        del sys.modules[name]
        raise
    return module


def module_name(name: str) -> str:
    """A module's name without the mark of the place that its file lies in.

    >>> module_name("voe_adapter_mine_0a1b2c3d"), module_name("torch.nn")
    ('voe_adapter_mine', 'torch.nn')
    """
    return name.rpartition("_")[0] if name.startswith(_PREFIX) else name


def class_name(kind: type) -> str:
    """A class with its module, wherever its file lies."""
    return f"{module_name(kind.__module__)}.{kind.__qualname__}"
