"""How the documentation is built: `make docs`. Warnings are errors."""

from __future__ import annotations

import re
from typing import Any

from sphinx.application import Sphinx

import voe
from voe.cards import ProbeCard, card_names, read_probe_card

CELLS = ("context.a", "context.b", "outcome.a", "outcome.b")

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


def concepts(app: Sphinx, docname: str, source: list[str]) -> None:
    """Put what the cards say where the page of the concepts asks for it."""
    if docname == "concepts":
        cards = "\n\n".join(concept(read_probe_card(name)) for name in card_names("probes"))
        source[0] = source[0].replace("<!-- the cards of probes/ -->", cards)


def concept(card: ProbeCard) -> str:
    """One concept as Markdown."""
    design, lean, table = card.table["design"], card.table["lean"], card.table
    cells = [f"- {cell.replace('.', ' ')}: {_at(design, cell)}" for cell in CELLS]
    sources = [f"- {one['citation']} ({one['about']})" for one in table["literature"]["sources"]]
    same = table.get("benchmarks", {}).get("same_concept", [])
    parts = [
        f"## {card.title}", card.definition, "\n".join(cells), design.get("notes", ""),
        f"*Lean account.* {lean['account']}",
        "*Asked of infants by*", "\n".join(sources),
        f"*The same concept:* {'; '.join(same)}." if same else "",
    ]  # fmt: skip
    return "\n\n".join(part for part in parts if part)


def _at(table: Any, dotted: str) -> Any:
    for key in dotted.split("."):
        table = table[key]
    return table


def setup(app: Sphinx) -> None:
    app.connect("source-read", concepts)
    app.connect("autodoc-process-docstring", plain_text, priority=100)
