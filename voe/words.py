"""Numbers of things in words."""

from __future__ import annotations


def counted(n: int, thing: str) -> str:
    """How many of a thing: one, or several with an s.

    >>> counted(1, "clip"), counted(1200, "clip"), counted(0, "scene")
    ('1 clip', '1,200 clips', '0 scenes')
    """
    return f"{n:,} {thing}{'' if n == 1 else 's'}"
