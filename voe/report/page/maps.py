"""Where surprise lies: per-token surprise of one window of each clip of a comparison, laid over its frames.

The run keeps one number a window, so the model is asked again, about the informative window in which the
impossible clips surprised most; the same window of all clips, on one scale.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from voe.adapters.base import Predictor
from voe.clips import Label, Pair, Quadruplet
from voe.contrasts import Curves
from voe.results import Run
from voe.scenes import read_scene
from voe.windows import normalise, window_starts

_SIDE: Final = 72
_OPACITY: Final = 0.6


@dataclass(frozen=True)
class TokenMap:
    """Surprise of the predicted tokens of one window: float32 [t, h, w], with the frame (of uint8
    [t, H, W, 3]) that each row of tokens begins with, and its number in the clip.
    """

    surprise: npt.NDArray[np.float32]
    frames: npt.NDArray[np.uint8]
    numbers: tuple[int, ...]


def token_maps(model: Predictor, run: Run, design: Quadruplet | Pair) -> dict[str, TokenMap]:
    """Clip -> its map; empty where no window is informative or the tokens are not whole rows of the grid."""
    import torch

    stream, context = run.primary_setting
    curves, protocol = run.curves, run.protocol
    start = None if context is None else _window(run, curves, design)
    if start is None or context is None:
        return {}
    clips = [run.stimuli.clip(clip) for clip in design.clips]
    scene = read_scene(clips[0].scene, clips, protocol, model.spec.size, align=run.stimuli.align)
    grid = model.grid(protocol.window)
    tubelet = protocol.window // grid[0]
    made = {}
    for clip in design.clips:
        if clip not in scene.clips:
            continue
        rows = scene.clips[clip].keys[start : start + protocol.window]
        pixels = scene.frames[torch.from_numpy(rows)]
        window = normalise(pixels, model.spec.mean, model.spec.std).to(model.device)[None]
        with torch.inference_mode():
            happened = model.targets(window)[stream][0].float()
            expected = model.predict(window[:, :context].clone(), protocol.window)[stream][0].float()
            surprise = (expected - happened[-len(expected) :]).abs().mean(dim=-1).cpu().numpy()
        if len(surprise) % (grid[1] * grid[2]):
            return {}
        values = surprise.reshape(-1, grid[1], grid[2])
        at = protocol.window - tubelet * len(values) + tubelet * np.arange(len(values))
        frames = pixels[torch.from_numpy(at)].round().clamp(0, 255).byte().permute(0, 2, 3, 1).numpy()
        numbers = scene.clips[clip].numbers[start + at]
        made[clip] = TokenMap(values.astype(np.float32), frames, tuple(numbers.tolist()))
    return made


def _window(run: Run, curves: Curves, design: Quadruplet | Pair) -> int | None:
    """First sample of the informative window in which the impossible clips surprise most, or None."""
    stream, context = run.primary_setting
    if context is None or not curves.comparable(design.clips):
        return None
    quad = design if isinstance(design, Quadruplet) else None
    informative = curves.informative(quad, design.clips[0], context)
    if not informative.any():
        return None
    impossible = [clip for clip in design.clips if run.stimuli.clip(clip).label is Label.IMPOSSIBLE]
    surprise = np.mean([curves.of(clip, stream, context) for clip in impossible], axis=0)
    chosen = int(np.argmax(np.where(informative, surprise, -np.inf)))
    numbers = curves.numbers[design.clips[0]]
    return int(window_starts(len(numbers), run.protocol.window, run.protocol.stride)[chosen])


def heat_strips(maps: dict[str, TokenMap]) -> dict[str, bytes]:
    """Clip -> WebP strip of its predicted frames, coloured by surprise on one scale for all clips."""
    import matplotlib

    if not maps:
        return {}
    low = min(float(one.surprise.min()) for one in maps.values())
    high = max(float(one.surprise.max()) for one in maps.values())
    colours = matplotlib.colormaps["inferno"]
    return {
        clip: _strip(one.frames, colours((one.surprise - low) / (high - low or 1.0))[..., :3])
        for clip, one in maps.items()
    }


def _strip(frames: npt.NDArray[np.uint8], colours: npt.NDArray[np.float64]) -> bytes:
    from PIL import Image

    from voe.report.page.pictures import strip

    laid: Sequence[npt.NDArray[np.uint8]] = [
        np.asarray(
            Image.blend(
                Image.fromarray(frame).convert("L").convert("RGB").resize((_SIDE, _SIDE)),
                Image.fromarray(np.rint(255 * colour).astype(np.uint8)).resize(
                    (_SIDE, _SIDE), Image.Resampling.NEAREST
                ),
                _OPACITY,
            )
        )
        for frame, colour in zip(frames, colours, strict=True)
    ]
    return strip(np.stack(laid), _SIDE)
