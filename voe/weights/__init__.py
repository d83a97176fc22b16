"""Trained weights that ship: transformers folders in half precision, each with a card (README.md)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent


def shipped() -> tuple[str, ...]:
    """Names of the models whose weights ship."""
    return tuple(sorted(path.parent.name for path in FOLDER.glob("*/config.json")))


def resolved(reference: str) -> str:
    """The folder of a model that ships, for its name; any other reference as it is.

    A folder of that name in the working directory is left alone: it is named by a path (`./tiny-vjepa2`).
    """
    return str(FOLDER / reference) if reference in shipped() else reference
