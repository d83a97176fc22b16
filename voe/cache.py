"""Where `voe` keeps what can be made again: `$VOE_CACHE`, else the user's cache folder of the platform."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """The folder; it need not be there yet."""
    from platformdirs import user_cache_path

    chosen = os.environ.get("VOE_CACHE")
    return Path(chosen).expanduser() if chosen else user_cache_path("voe", appauthor=False)
