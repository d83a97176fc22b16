"""A small folder in the layout of the published raw surprises, made of chance: for tests, and for notebooks
that must run without the download. Every number in it is invented.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from voe.stats import reference_table

CONTEXTS: Final = (2, 4, 6, 8, 10)
BLOCKS: Final = ("O1", "O2", "O3")
MODELS: Final = {"synthetic-latent": 0.020, "synthetic-pixels": 0.004, "synthetic-random-0": 0.0}
"""Folder -> how much more the impossible clip surprises, beside a noise of .01 a window."""


def write_synthetic(folder: Path, *, pairs: int = 60, windows: int = 17, seed: int = 0) -> Path:
    """`folder/data_intphys/MODEL/{performance.csv, raw_surprises/BLOCK.pth}` of invented surprises."""
    import torch

    generator = np.random.default_rng(seed)
    root = folder / "data_intphys"
    for model, effect in MODELS.items():
        raw = root / model / "raw_surprises"
        raw.mkdir(parents=True, exist_ok=True)
        surprise, possible = {}, {}
        for rank, block in enumerate(BLOCKS):
            labels = generator.permuted(np.tile([1.0, 0.0], (pairs, 1)), axis=1).reshape(-1)
            scene = np.repeat(generator.normal(0.5, 0.05, pairs), 2)[:, None, None]
            curve = 0.05 * np.sin(np.linspace(0, np.pi, windows))[None, None]
            noise = generator.normal(0, 0.01, (2 * pairs, len(CONTEXTS), windows))
            late = np.arange(windows) > windows // 2
            wrong = effect * (1 - 0.3 * rank) * (labels == 0)[:, None, None] * late
            values = (scene + curve + noise + wrong).astype(np.float32)
            surprise[block], possible[block] = values, labels.astype(bool)
            torch.save(
                {"losses": torch.from_numpy(values), "labels": torch.from_numpy(labels)}, raw / f"{block}.pth"
            )
        table = reference_table(surprise, possible, CONTEXTS, 2)
        table.to_csv(root / model / "performance.csv", sep=";", index=False, float_format="%.5f")
    return root
