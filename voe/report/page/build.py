"""Content -> HTML: one file, a strict content security policy, everything escaped."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import voe
from voe.adapters.base import Predictor
from voe.report.page.content import page_content
from voe.results import Run

_HERE = "voe.report.page"


def build_page(
    runs: Sequence[Run],
    most: int = 40,
    *,
    maps: int = 0,
    model: Predictor | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> str:
    """The page of one run, or of several beside each other.

    Args:
        runs: the first in full; others for the leaderboard, untrained ones as the second yardstick.
        most: how many comparisons are pictured, the clearest successes and failures first.
        maps: how many of them with heat maps, for which `model`, that of the first run, is asked again.
        progress: called with (comparisons pictured, in all).

    Raises:
        RunError: nothing was scored, or runs that cannot be compared.
    """
    return render_page(page_content(runs, most, maps=maps, model=model, progress=progress))


def render_page(content: dict[str, Any]) -> str:
    """Content -> HTML. Text from data sets and models is escaped by the template, data by `embedded`."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    style, script = _file("page.css"), _file("page.js")
    environment = Environment(
        loader=FunctionLoader(_file), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    policy = (
        f"default-src 'none'; img-src data:; media-src data:; style-src {policy_hash(style)}; "
        f"script-src {policy_hash(script)}; base-uri 'none'; form-action 'none'"
    )
    return environment.get_template("page.html").render(
        page=content, style=style, script=script, policy=policy, version=voe.__version__,
        data=embedded({"concepts": content["concepts"], "comparisons": content["comparisons"],
                       "board": content["board"]}),
    )  # fmt: skip


def write_page(text: str, path: Path) -> None:
    """Write the page aside and rename it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.partial")
    aside.write_text(text, encoding="utf-8")
    aside.replace(path)


def embedded(data: object) -> str:
    """JSON that cannot end its script element, nor begin a comment in it."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _file(name: str) -> str:
    return files(_HERE).joinpath(name).read_text(encoding="utf-8")


def policy_hash(text: str) -> str:
    """How a content security policy names an inline style or script."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
