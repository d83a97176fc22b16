"""One look for all figures: colour-blind safe, readable in print, the same in PDF, SVG and PNG."""

from __future__ import annotations

import re
import textwrap
import unicodedata
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from voe.errors import VoeError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito (2008, Color Universal Design): told apart under any common colour blindness.
PALETTE: Final = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C6D1F", "#5F5F5F", "#3B1C6B",
)  # fmt: skip
FAMILY_COLOURS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "latent": "#0072B2",
        "pixel": "#D55E00",
        "judge": "#009E73",
        "baseline": "#8C6D1F",
        "untrained": "#8A8A8A",
        "human": "#CC79A7",
    }
)
POSSIBLE, IMPOSSIBLE, CHANCE, INK = "#0072B2", "#D55E00", "#6B6B6B", "#1F1F24"
MARKERS: Final = ("o", "s", "D", "^", "v", "P", "X", "*", "<")
FORMATS: Final = ("pdf", "svg", "png")
_FONT: Final = "DejaVu Sans"
_INVISIBLE: Final = "\u200b"
_GLYPH: Final = re.compile(r"Glyph (\d+) ")
_SIDE_BY_SIDE: Final = 7
# It comes with matplotlib, and has no Chinese, Japanese or Korean; these do, where a system has one.
_FALLBACKS: Final = (
    "Noto Sans CJK JP", "Noto Sans CJK SC", "Noto Sans JP", "Source Han Sans", "Hiragino Sans", "PingFang SC",
    "Apple SD Gothic Neo", "Yu Gothic", "Microsoft YaHei", "Malgun Gothic", "WenQuanYi Zen Hei",
    "IPAexGothic",
)  # fmt: skip

_LOOK: Final[dict[Any, Any]] = {
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 9,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E4E4E8",
    "grid.linewidth": 0.7,
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.linewidth": 1.6,
    "figure.dpi": 110,
    "savefig.dpi": 200,
    "savefig.bbox": "tight",
    "figure.constrained_layout.use": True,
    "svg.fonttype": "none",
    "svg.hashsalt": "voe",
    "pdf.fonttype": 42,
}


@contextmanager
def style() -> Iterator[None]:
    """Draw in the look of `voe`, and leave matplotlib as it was afterwards."""
    import matplotlib as mpl

    with mpl.rc_context({**_LOOK, "font.family": _fonts()}):
        yield


def _fonts() -> list[str]:
    """The font of all figures, and behind it what this system has for the letters that it lacks."""
    from matplotlib.font_manager import fontManager

    installed = set(fontManager.get_font_names())
    return [_FONT, *(name for name in _FALLBACKS if name in installed)]


def save(figure: Figure, folder: str | Path, name: str, formats: Sequence[str] = FORMATS) -> list[Path]:
    """Write `folder/name.pdf`, `.svg` and `.png`; a figure that is drawn anew gives the same bytes.

    Raises:
        VoeError: a format that is not one of `FORMATS`.
    """
    unknown = [form for form in formats if form not in FORMATS]
    if unknown:
        raise VoeError(f"saving figure {name!r}: unknown format {unknown[0]!r}; known: {', '.join(FORMATS)}")
    Path(folder).mkdir(parents=True, exist_ok=True)
    paths = []
    missing: dict[str, None] = {}
    told: set[tuple[str, str, int]] = set()
    for form in formats:
        path = Path(folder) / f"{name}.{form}"
        # Dates would make two runs differ.
        silent = {"pdf": {"CreationDate": None}, "svg": {"Date": None}, "png": {}}[form]
        with _missing_letters(missing, told):
            figure.savefig(path, format=form, metadata=silent)
        paths.append(path)
    if missing:
        warnings.warn(
            f"figure {name}: {''.join(missing)} cannot be drawn, and boxes stand in their place. Figures use "
            f"{_FONT} and, behind it, those that the system has of {', '.join(_FALLBACKS)}; install one that "
            "has these letters, or choose other names",
            stacklevel=2,
        )
    return paths


@contextmanager
def _missing_letters(missing: dict[str, None], told: set[tuple[str, str, int]]) -> Iterator[None]:
    """Collect letters that no font has, of which matplotlib warns one by one; other warnings go on, once."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for one in caught:
        if (found := _GLYPH.match(str(one.message))) is not None:
            missing[chr(int(found[1]))] = None
        elif (what := (str(one.message), one.filename, one.lineno)) not in told:
            told.add(what)
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)


def require_columns(table: pd.DataFrame, columns: Sequence[str], figure: str) -> pd.DataFrame:
    """The table, after checking that it has something to draw.

    Raises:
        VoeError: a column that is missing, or no row.
    """
    missing = [column for column in columns if column not in table]
    if missing:
        raise VoeError(f"figure {figure!r}: the table lacks the column(s) {', '.join(missing)}")
    if table.empty:
        raise VoeError(f"figure {figure!r}: the table has no row, so there is nothing to draw")
    return table


def in_order(values: pd.Series[Any]) -> list[str]:
    """Distinct values as text, in order of first appearance."""
    return [str(value) for value in dict.fromkeys(values)]


def folded(name: str, width: int = 28) -> str:
    """A name as a label: folded into lines of `width` letters at most, of which a Chinese one counts for two.

    Line breaks that it has stay. Names are text and no formulas, so dollar signs stand for themselves; and
    matplotlib leaves names that begin with `_` out of legends, so an invisible letter goes before one.

    >>> folded("unchangeableness of a thing that nobody sees")
    'unchangeableness of a thing\\nthat nobody sees'
    """
    columns = sum(map(_columns, name)) / max(1, len(name))
    most = max(4, round(width / max(1.0, columns)))
    lines = [line for part in name.split("\n") for line in textwrap.wrap(part, most) or [""]]
    text = "\n".join(lines).replace("$", r"\$")
    return f"{_INVISIBLE}{text}" if text.startswith("_") else text


def _columns(letter: str) -> int:
    """How wide a letter is: 0 for accents that go upon another."""
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def names_below(ax: Axes, names: Sequence[str], letters: int = 60) -> int:
    """Name the places of an x axis, on which there are `letters` in all; aslant where they are many.

    Returns:
        How many lines the labels take below the first.
    """
    if len(names) > _SIDE_BY_SIDE:
        ax.set_xticks(range(len(names)), [folded(name) for name in names], rotation=35, ha="right")
        return 4
    labels = [folded(name, max(8, letters // max(1, len(names)))) for name in names]
    ax.set_xticks(range(len(names)), labels)
    return max((label.count("\n") for label in labels), default=0)


def percent_axis(ax: Axes, axis: str = "y", label: str = "right, %") -> None:
    """0 to 100 % on one axis."""
    from matplotlib.ticker import FuncFormatter

    chosen = ax.yaxis if axis == "y" else ax.xaxis
    (ax.set_ylim if axis == "y" else ax.set_xlim)(0, 1.02)
    chosen.set_ticks(np.linspace(0, 1, 5).tolist())
    chosen.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.0f}"))
    (ax.set_ylabel if axis == "y" else ax.set_xlabel)(label)


def chance_line(ax: Axes, at: float = 0.5, axis: str = "y") -> None:
    """A dashed line where guessing lies."""
    draw = ax.axhline if axis == "y" else ax.axvline
    draw(at, color=CHANCE, linestyle=(0, (4, 3)), linewidth=1.0, zorder=1, label="chance")


def whiskers(table: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Distances from estimate down to low and up to high: float64 [2, n], NaN where there is no interval."""
    estimate = table["estimate"].to_numpy(dtype=np.float64)
    low, high = (table[name].to_numpy(dtype=np.float64) for name in ("low", "high"))
    return np.asarray(np.maximum(np.stack([estimate - low, high - estimate]), 0.0))


def lighter(colour: str, share: float) -> tuple[float, float, float]:
    """A colour mixed with white, `share` of it white.

    >>> lighter("#000000", 0.5)
    (0.5, 0.5, 0.5)
    """
    from matplotlib.colors import to_rgb

    red, green, blue = (value + (1 - value) * share for value in to_rgb(colour))
    return (red, green, blue)
