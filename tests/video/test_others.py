"""decord and torchcodec agree with PyAV where they are let through, and are refused where they do not."""

from __future__ import annotations

import itertools
import sys

import numpy as np
import pytest

from tests.video.shown import numbers_shown, source
from voe.errors import VideoError
from voe.video import Backend, backend_version, decode

BACKENDS: tuple[Backend, ...] = ("decord", "torchcodec")
REFUSED = {
    "trimmed.mp4": "use the default decoder, pyav",
    "whole.ts": "nothing in the file tells how long it should be",
    "fragmented.mp4": "nothing in the file tells how long it should be",
    "rotated_180.mp4": "turned or mirrored",
}


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> Backend:
    try:
        backend_version(request.param)
    except VideoError as error:
        pytest.skip(str(error))
    name: Backend = request.param
    return name


@pytest.mark.parametrize("name", ["whole.mp4", "whole.mkv", "open_gop.mp4", "variable.mp4", "long_sound.mkv"])
def test_the_same_frames_as_pyav(name: str, backend: Backend) -> None:
    other = decode(source(name), itertools.count(3, 4), backend)
    pyav = decode(source(name), itertools.count(3, 4))
    assert numbers_shown(other.frames) == numbers_shown(pyav.frames)
    assert other.numbers.tolist() == pyav.numbers.tolist()
    assert (other.n_frames, other.fps, other.verified) == (pyav.n_frames, pyav.fps, True)


def test_lossless_frames_are_the_same_to_the_bit(backend: Backend) -> None:
    np.testing.assert_array_equal(
        decode(source("rgb.mp4"), itertools.count(), backend).frames,
        decode(source("rgb.mp4"), itertools.count()).frames,
    )


@pytest.mark.parametrize("name", REFUSED)
def test_frames_that_may_be_the_wrong_ones_are_refused(name: str, backend: Backend) -> None:
    with pytest.raises(VideoError, match=f"{name} with {backend}: .*{REFUSED[name]}"):
        decode(source(name), [0], backend)


def test_decord_shows_more_frames_than_a_trimmed_file_has() -> None:
    pytest.importorskip("decord")
    with pytest.raises(VideoError, match="it shows 80 frames of a file that has 67"):
        decode(source("trimmed.mp4"), [0], "decord")


def test_a_decoder_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "decord", None)
    with pytest.raises(VideoError, match=r"decord: it cannot be loaded.*use the default, pyav"):
        decode(source("whole.mp4"), [0], "decord")


def test_versions_name_the_decoder_and_its_library() -> None:
    assert backend_version("pyav").startswith("pyav ")
    assert "(libavcodec " in backend_version("pyav")
