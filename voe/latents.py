"""A sample of a model's latents, taken while it is scored, so that one can tell whether its space is sound.

Of every scene one window, and of that window some tokens: what happened, and how long the vector was that was
expected there. They are drawn by the scene's name alone, so the sample does not depend on how a run was cut.
"""

from __future__ import annotations

import math
import zlib
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from voe.adapters.base import Predictor
from voe.engine import in_batches

if TYPE_CHECKING:
    from torch import Tensor

TOKENS = 1024
"""About how many tokens of a run are kept: 4 MB where they have 1,024 channels."""
LATENT_TYPES = {"scene": "string", "stream": "string", "target": "object", "expected_norm": "float32"}


def sample_latents(
    model: Predictor,
    frames: Tensor,
    windows: npt.NDArray[np.int64],
    shown: npt.NDArray[np.int64],
    context: int,
    *,
    scene: str,
    n_scenes: int,
) -> pd.DataFrame:
    """Tokens of one window of a scene: columns as in `LATENT_TYPES`.

    Args:
        frames: float32 [U, 3, h, w] in 0..255, of the model's size.
        windows, shown: int64 [n, F], rows of `frames`; the model is shown the first frames of `shown`.
        context: how many of them.
        n_scenes: scenes of the whole run, which share `TOKENS`.
    """
    import torch

    generator = np.random.default_rng(zlib.crc32(scene.encode()))
    chosen = int(generator.integers(len(windows)))
    with torch.inference_mode():
        happened = in_batches(model, frames, windows[chosen : chosen + 1], 1, None)
        expected = in_batches(model, frames, shown[chosen : chosen + 1, :context], 1, windows.shape[1])
    tables = []
    for stream in model.spec.streams:
        norms = expected[stream][0].float().norm(dim=-1).cpu().numpy()
        targets = happened[stream][0, -len(norms) :].float().cpu().numpy()
        size = min(len(norms), math.ceil(TOKENS / n_scenes))
        tokens = np.sort(generator.choice(len(norms), size, replace=False))
        tables.append(
            pd.DataFrame(
                {
                    "scene": scene,
                    "stream": stream,
                    "target": list(targets[tokens]),
                    "expected_norm": norms[tokens],
                }
            )
        )
    return pd.concat(tables, ignore_index=True).astype(LATENT_TYPES)
