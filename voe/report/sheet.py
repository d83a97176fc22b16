"""A contact sheet: clips in rows, frames in columns, drawn with Pillow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from PIL import Image

_MARGIN, _LABEL = 4, 18
_INK, _PAPER, _POSSIBLE, _IMPOSSIBLE = (32, 32, 36), (255, 255, 255), (0, 114, 178), (213, 94, 0)


@dataclass(frozen=True)
class Strip:
    """One clip of a sheet: its label, its frames uint8 [n, H, W, 3] and their numbers on its timeline.

    Frames from `violation_frame` on are framed in orange; of a possible clip none are.
    """

    label: str
    possible: bool | None
    frames: npt.NDArray[np.uint8]
    numbers: Sequence[int]
    violation_frame: int | None = None


def contact_sheet(title: str, strips: Sequence[Strip], zoom: int = 1) -> Image.Image:
    """Draw the strips beneath each other, all frames at the same size (pixels repeated `zoom` times)."""
    from PIL import Image, ImageDraw, ImageFont

    height, width = (zoom * n for n in strips[0].frames.shape[1:3])
    columns = max(len(strip.numbers) for strip in strips)
    row_height = height + 2 * _LABEL + _MARGIN
    sheet = Image.new(
        "RGB",
        (columns * (width + _MARGIN) + _MARGIN, _LABEL + 2 * _MARGIN + len(strips) * row_height),
        _PAPER,
    )
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(13)
    draw.text((_MARGIN, _MARGIN), title, _INK, font)
    for row, strip in enumerate(strips):
        top = _LABEL + 2 * _MARGIN + row * row_height
        colour = {True: _POSSIBLE, False: _IMPOSSIBLE, None: _INK}[strip.possible]
        word = {True: "possible", False: "IMPOSSIBLE", None: "no label"}[strip.possible]
        draw.text((_MARGIN, top), f"{strip.label}: {word}", colour, font)
        for column, (frame, number) in enumerate(zip(strip.frames, strip.numbers, strict=True)):
            left = _MARGIN + column * (width + _MARGIN)
            picture = Image.fromarray(frame).resize((width, height), Image.Resampling.NEAREST)
            sheet.paste(picture, (left, top + _LABEL))
            draw.text((left, top + _LABEL + height), str(number), _INK, font)
            if strip.violation_frame is not None and number >= strip.violation_frame:
                box = (left - 1, top + _LABEL - 1, left + width, top + _LABEL + height)
                draw.rectangle(box, outline=_IMPOSSIBLE, width=2)
    return sheet


def evenly(n: int, most: int) -> npt.NDArray[np.int64]:
    """At most `most` of the positions 0 .. n-1, evenly spread, first and last included.

    >>> evenly(10, 4).tolist()
    [0, 3, 6, 9]
    """
    return np.unique(np.linspace(0, n - 1, min(n, most)).round().astype(np.int64))
