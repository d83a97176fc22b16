"""How the documentation is built: `make docs`. Warnings are errors."""

from __future__ import annotations

import re
from typing import Any

from sphinx.application import Sphinx

import voe

project = "voe"
author = "The voe developers"
copyright = author
version = release = voe.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True, "undoc-members": False, "show-inheritance": True}
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
suppress_warnings = ["ref.python"]  # two records may have a field of one name

html_theme = "furo"
html_title = "voe"
html_show_sphinx = False
copybutton_prompt_text = "$ "

# Docstrings are plain English with `names` and |formulas|: backticks mean code, and bars and stars stand for
# themselves.
default_role = "code"


def plain_text(*event: Any) -> None:
    """Escape what reStructuredText would take for markup, outside code and worked examples."""
    lines: list[str] = event[-1]
    example = False
    for number, line in enumerate(lines):
        example = line.lstrip().startswith(">>>") or (example and bool(line.strip()))
        if not example:
            parts = line.split("`")
            parts[::2] = [re.sub(r"([|*]|_(?=\W|$))", r"\\\1", part) for part in parts[::2]]
            lines[number] = "`".join(parts)


def setup(app: Sphinx) -> None:
    app.connect("autodoc-process-docstring", plain_text, priority=100)
