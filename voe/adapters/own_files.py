"""Code of one's own: each file is one module, known by no place, and what it raises says who raised it."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from voe.adapters.specs import ModelSpec
from voe.errors import ModelError, VoeError

if TYPE_CHECKING:
    from types import ModuleType

# Code that others wrote may raise anything, or even end the process, while it is imported or builds a model.
# Where it is called, and in the conformance suite, all of it becomes a message with its type and place.
FOREIGN_ERRORS: tuple[type[BaseException], ...] = (Exception, SystemExit)

_PREFIX: Final = "voe_adapter_"


def describe(error: BaseException) -> str:
    """An error of foreign code in one line: its type, its text, and where it was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {' '.join(str(error).split())}{where}"


@contextmanager
def foreign(doing: str) -> Iterator[None]:
    """What code of one's own raises while it is called becomes an error that says who raised it, and where.

    Raises:
        ModelError: it raised something that is no VoeError.
    """
    try:
        yield
    except VoeError:
        raise
    except FOREIGN_ERRORS as error:
        raise ModelError(f"{doing} raised {describe(error)}") from error


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
