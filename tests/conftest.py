"""What several tests share: a predictor simple enough to compute by hand, and clips as folders of images."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import settings
from PIL import Image

from voe.adapters.base import Predictor, PredictorSpec
from voe.protocols import Protocol

# No test is timed: how long an example takes says how busy the machine is.
settings.register_profile("untimed", settings(), deadline=None)
settings.load_profile("untimed")


class Calls:
    """Counts that are no part of a model: an object of which a model's identity takes the type alone."""

    __slots__ = ("predict", "targets")

    def __init__(self) -> None:
        self.targets = self.predict = 0

    def keys(self) -> tuple[str, ...]:
        return self.__slots__

    def __getitem__(self, name: str) -> int:
        count: int = getattr(self, name)
        return count


class Brightness(Predictor):
    """One token a frame: its mean brightness in 0..1. It expects the last context frame to stay.

    `calls` counts the windows that were encoded and the contexts that were predicted.
    """

    def __init__(self, size: tuple[int, int] = (8, 8), multiple: int = 1) -> None:
        self.device = torch.device("cpu")
        self.calls = Calls()
        self.spec = PredictorSpec(
            name="brightness",
            family="baseline",
            size=size,
            streams=("pixel",),
            protocol=Protocol(window=4, stride=1, contexts=(1, 2), primary_context=2),
            mean=(0.0, 0.0, 0.0),
            std=(1.0, 1.0, 1.0),
            context_multiple=multiple,
            window_multiple=multiple,
        )

    def grid(self, n_frames: int) -> tuple[int, int, int]:
        return (n_frames, 1, 1)

    def targets(self, window: torch.Tensor) -> dict[str, torch.Tensor]:
        self.calls.targets += len(window)
        return {"pixel": window.mean(dim=(2, 3, 4))[:, :, None]}

    def predict(self, context: torch.Tensor, n_frames: int) -> dict[str, torch.Tensor]:
        self.calls.predict += len(context)
        last = context[:, -1].mean(dim=(1, 2, 3))[:, None, None]
        return {"pixel": last.expand(-1, n_frames - context.shape[1], 1)}


@pytest.fixture
def brightness() -> Brightness:
    return Brightness()


def grey(levels: Sequence[int], size: int = 8) -> np.ndarray:
    """Frames of even grey: uint8 [T, size, size, 3]."""
    return np.repeat(np.array(levels, np.uint8), size * size * 3).reshape(len(levels), size, size, 3)


def write_images(folder: Path, levels: Sequence[int], size: int = 8) -> Path:
    """A clip as a folder of images of even grey."""
    folder.mkdir(parents=True)
    for number, frame in enumerate(grey(levels, size)):
        Image.fromarray(frame).save(folder / f"{number}.png")
    return folder


Row = dict[str, object]


@pytest.fixture
def manifest(tmp_path: Path) -> Callable[..., Path]:
    """Write rows to a manifest in `tmp_path`."""

    def write(rows: Sequence[Row], name: str = "mine.csv") -> Path:
        columns = list(dict.fromkeys(column for row in rows for column in row))
        with (tmp_path / name).open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(rows)
        return tmp_path / name

    return write
