from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.conftest import Brightness
from voe.adapters.base import IMAGENET_MEAN, IMAGENET_STD
from voe.errors import ClipError, ProtocolError
from voe.protocols import Protocol
from voe.windows import check_windows, normalise, resize_frames, sampled_frames, window_starts

GOLDEN = Path(__file__).parent / "golden/preprocess_sampling/transforms.npz"


def test_resizing_and_normalising_reach_the_reference() -> None:
    with np.load(GOLDEN) as golden:
        names = sorted({key.rsplit("/", 1)[0] for key in golden})
        assert len(names) == 10
        for name in names:
            out = golden[f"{name}/out"]
            resize = "squash" if name.endswith("inflevel") else "centre-crop"
            frames = resize_frames(golden[f"{name}/in"], out.shape[-2:], resize)
            ours = normalise(frames, IMAGENET_MEAN, IMAGENET_STD).numpy()
            np.testing.assert_allclose(ours.transpose(1, 0, 2, 3), out, atol=1e-5, err_msg=name)


def test_a_frame_of_the_wanted_size_is_left_alone() -> None:
    frames = np.random.default_rng(0).integers(0, 256, (2, 16, 24, 3), dtype=np.uint8)
    same = resize_frames(frames, (16, 24)).numpy()
    assert np.array_equal(same, frames.transpose(0, 3, 1, 2).astype(np.float32))


def test_frame_step_takes_every_nth_frame() -> None:
    assert sampled_frames(7, Protocol(frame_step=3)).tolist() == [0, 3, 6]


def test_the_windows_of_intphys_are_those_of_the_paper() -> None:
    samples = sampled_frames(98, Protocol(frame_step=2))
    assert len(samples) == 49
    assert window_starts(len(samples), 16, 2).tolist() == list(range(0, 34, 2))


@pytest.mark.parametrize(
    ("clip_fps", "fps", "expected"),
    [
        (30.0, 10.0, [0, 3, 6, 9]),
        (30 / 1.001, 29.97, list(range(12))),
        (30 / 1.001, 29.97003, list(range(12))),  # rounded up: a hair above the clip's own rate
        (25.0, 10.0, [0, 2, 5, 7, 10]),
    ],
)
def test_resampling_shows_the_frame_that_is_on_screen(
    clip_fps: float, fps: float, expected: list[int]
) -> None:
    assert sampled_frames(12, Protocol(frame_step=None, fps=fps), clip_fps).tolist() == expected


def test_frames_are_never_invented() -> None:
    with pytest.raises(ClipError, match="only 24"):
        sampled_frames(10, Protocol(frame_step=None, fps=25.0), 24.0)
    with pytest.raises(ClipError, match="unknown"):
        sampled_frames(10, Protocol(frame_step=None, fps=5.0), None)


def test_a_clip_shorter_than_a_window_raises() -> None:
    with pytest.raises(ClipError, match="only 15 sampled frames"):
        window_starts(15, 16, 2)


def test_the_model_may_refuse_window_and_context() -> None:
    spec = Brightness(multiple=2).spec
    check_windows(spec, Protocol(window=8, contexts=(2, 4)))
    with pytest.raises(ProtocolError, match="windows of 7"):
        check_windows(spec, Protocol(window=7, contexts=(2,)))
    with pytest.raises(ProtocolError, match=r"contexts of \[3\]"):
        check_windows(spec, Protocol(window=8, contexts=(2, 3)))
