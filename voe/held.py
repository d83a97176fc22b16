"""Holding a folder for one process; the hold ends with the process, however that ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HOLD = ".held"


class HeldError(OSError):
    """Another process holds the folder."""


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold a folder that is there. On systems without such locks (Windows) nothing is held.

    Raises:
        HeldError: another process holds it.
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    with (folder / HOLD).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise HeldError(f"{folder} is held by another process") from error
        yield
