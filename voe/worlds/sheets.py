"""Contact sheets: a quadruplet as one picture, four rows of frames, to look at."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from voe.clips import Clip, Quadruplet, StimulusSet
from voe.errors import ClipError, did_you_mean

if TYPE_CHECKING:
    from PIL import Image

_GAP: Final = 2
_MARGIN: Final = 30
_HEADER: Final = 14
_POSSIBLE: Final = (46, 125, 50)
_IMPOSSIBLE: Final = (198, 40, 40)
_INK: Final = (40, 40, 40)


def contact_sheet(
    stimuli: StimulusSet, quadruplet: str, out: Path, *, columns: int = 16, scale: int = 1
) -> Path:
    """Write one PNG: rows aa, ab, ba, bb; columns frames of context, hidden span and outcome.

    Rows of impossible clips are labelled in red, and the first frame in which the outcomes can be told
    apart has a red line above it.

    Args:
        quadruplet: its id.
        columns: frames a row.
        scale: pixels of the sheet for a pixel of the clip.

    Raises:
        ClipError: no quadruplet of that id, or a clip that is shorter than its edit list says.
    """
    from PIL import Image, ImageDraw

    quads = {quad.id: quad for quad in stimuli.quadruplets}
    if quadruplet not in quads:
        raise ClipError(
            f"contact sheet: stimuli {stimuli.name!r} have no quadruplet {quadruplet!r}."
            f"{did_you_mean(quadruplet, quads)}"
        )
    quad = quads[quadruplet]
    rows = [clip_frames(stimuli.clip(clip_id)) for clip_id in quad.clips]
    event = quad.outcome_starts
    chosen = _columns(len(rows[0]), quad, columns)
    height, width = rows[0].shape[1] * scale, rows[0].shape[2] * scale
    sheet = Image.new(
        "RGB", (_MARGIN + len(chosen) * (width + _GAP), _HEADER + 4 * (height + _GAP)), (250, 250, 250)
    )
    pen = ImageDraw.Draw(sheet)
    for c, number in enumerate(chosen):
        x = _MARGIN + c * (width + _GAP)
        pen.text((x + 2, 1), str(number), fill=_IMPOSSIBLE if number == event else _INK)
        if number == event:
            pen.rectangle((x, _HEADER - 3, x + width - 1, _HEADER - 1), fill=_IMPOSSIBLE)
    for r, (name, frames) in enumerate(zip(("aa", "ab", "ba", "bb"), rows, strict=True)):
        y = _HEADER + r * (height + _GAP)
        pen.text((8, y + height // 2 - 6), name, fill=_POSSIBLE if name[0] == name[1] else _IMPOSSIBLE)
        for c, number in enumerate(chosen):
            sheet.paste(_picture(frames[number], scale), (_MARGIN + c * (width + _GAP), y))
    sheet.save(out)
    return out


def clip_frames(clip: Clip) -> npt.NDArray[np.uint8]:
    """All frames of a clip, its edit list followed: uint8 [T, H, W, 3]."""
    from voe.video import decode

    pieces = []
    for segment in clip.segments:
        wanted = count(segment.start) if segment.stop is None else range(segment.start, segment.stop)
        decoded = decode(segment.source, wanted)
        if segment.n_frames is not None and len(decoded.frames) != segment.n_frames:
            raise ClipError(
                f"clip {clip.id!r}: {segment.source.path} has {decoded.n_frames} frames; its edit list wants "
                f"{segment.start}..{segment.stop}"
            )
        pieces.append(decoded.frames)
    return np.concatenate(pieces)


def _columns(n_frames: int, quad: Quadruplet, columns: int) -> list[int]:
    """Which frames to show: some before, one hidden where there is one, most from the outcome's first on."""
    event, context_ends = quad.outcome_starts, quad.context_ends
    if event is None or context_ends is None:
        chosen = np.linspace(0, n_frames - 1, columns)
    else:
        seen = min(context_ends, event)
        before = np.linspace(0, seen - 1, max((columns - 1) // 2, 1))
        hidden = [(seen + event) // 2] if seen < event else []
        after = columns - len(before) - len(hidden)
        # Closer together at first, when most happens.
        spread = event + (n_frames - 1 - event) * np.linspace(0, 1, after) ** 1.6
        chosen = np.concatenate([before, hidden, spread])
    return sorted(set(np.rint(chosen).astype(int).tolist()))


def _picture(frame: npt.NDArray[np.uint8], scale: int) -> Image.Image:
    from PIL import Image

    picture = Image.fromarray(frame)
    if scale == 1:
        return picture
    return picture.resize((picture.width * scale, picture.height * scale), Image.Resampling.NEAREST)
