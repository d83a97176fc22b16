"""The errors that a person can act on.

Every message says what was being done, to which file or name, what is wrong, and what to do. The command
line prints them without a traceback; anything else that escapes is a defect of voe itself.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class VoeError(Exception):
    """Base class: something that the user gave cannot be used as it is."""


class CardError(VoeError):
    """A card (TOML) or a manifest (CSV) says something that it may not say."""


class ClipError(VoeError):
    """One clip cannot be scored. The engine records it, drops its scene, and goes on."""


class VideoError(ClipError):
    """A video file or a frame folder cannot be decoded completely and truthfully."""


class ModelError(VoeError):
    """A model spec, checkpoint or adapter cannot be used."""


class ProtocolError(VoeError):
    """Windows, contexts, sizes or frame rates that the model or the clips cannot take."""


class RunError(VoeError):
    """A run folder cannot be written, continued or read."""


def did_you_mean(name: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """Return `" Did you mean 'x'?"` for the nearest known name, or an empty string.

    `cutoff` (0 to 1) is how alike the two must be.

    >>> did_you_mean("biultin", ["builtin", "grasp"])
    " Did you mean 'builtin'?"
    """
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=cutoff)
    return f" Did you mean {near[0]!r}?" if near else ""
