"""What the detectors measure, on pictures whose numbers are known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from scipy import ndimage

from voe.audit.comparisons import Comparison, comparisons_of, parts_of
from voe.audit.marginal import contrast, near_equal, read_pictures
from voe.audit.pictures import SIZE, SMALL, ScenePictures
from voe.audit.relational import SAME_COLOUR, SAME_SIDE, VELOCITY, Side, block_motion, read_lean
from voe.clips import Clip, Label, Match, Pair, Quadruplet, Segment, Source, StimulusSet
from voe.scenes import ClipFrames, Scene

Frames = np.ndarray


def pictures_of(clips: dict[str, Frames]) -> ScenePictures:
    """Clips uint8 [T, SIZE, SIZE, 3] as a decoded scene; equal frames are one row."""
    rows: dict[bytes, int] = {}
    distinct: list[Frames] = []
    read = {}
    for name, frames in clips.items():
        keys = []
        for frame in frames:
            if frame.tobytes() not in rows:
                rows[frame.tobytes()] = len(distinct)
                distinct.append(frame)
            keys.append(rows[frame.tobytes()])
        read[name] = ClipFrames(np.arange(len(keys)), np.array(keys), len(keys), 24.0, True, (SIZE, SIZE))
    pixels = torch.from_numpy(np.stack(distinct)).permute(0, 3, 1, 2).float()
    return ScenePictures(Scene("s", pixels, read, {}), pixels.numpy())


def square(t: int, x: int, y: int, colour: Sequence[int] = (250, 250, 250), side: int = 16) -> Frames:
    frame = np.full((SIZE, SIZE, 3), 60, np.uint8)
    frame[y : y + side, x : x + side] = colour
    return frame


def empty(n: int) -> Frames:
    return np.full((n, SIZE, SIZE, 3), 60, np.uint8)


def pair(violation: int | None = None, cuts: tuple[int, ...] = ()) -> Comparison:
    return Comparison("p | i", "s", (), ("p",), ("i",), (("p", "i"),), (), violation, violation, cuts, False)


QUAD = Comparison(
    "q", "s", (), ("aa", "bb"), ("ab", "ba"), (("aa", "ab"), ("bb", "ba")), (("bb", "ab"), ("aa", "ba")),
    6, 10, (8,), True,
)  # fmt: skip


def crossed(a: Frames, b: Frames, splice: int = 8) -> dict[str, Frames]:
    return {
        "aa": a,
        "ab": np.concatenate([a[:splice], b[splice:]]),
        "ba": np.concatenate([b[:splice], a[splice:]]),
        "bb": b,
    }


def test_frame_measures_are_scipys() -> None:
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (2, SIZE, SIZE, 3), dtype=np.uint8)
    measured = pictures_of({"p": frames}).frames
    luma = frames.astype(np.float64) @ (0.299, 0.587, 0.114)
    laplacian = np.abs([ndimage.laplace(picture)[1:-1, 1:-1] for picture in luma]).mean(axis=(1, 2))
    assert np.allclose(measured.brightness, luma.mean(axis=(1, 2)), rtol=1e-5)
    assert np.allclose(measured.contrast, luma.std(axis=(1, 2)), rtol=1e-5)
    assert np.allclose(measured.sharpness, laplacian, rtol=1e-5)
    assert np.allclose(measured.patches[0, 1, 3], luma[0, 32:64, 96:].mean(), rtol=1e-5)
    assert np.allclose(measured.thumbnails[1, 0, 2, 1], frames[1, :16, 32:48, 1].mean(), rtol=1e-5)


def test_direction_is_the_shift_of_a_picture() -> None:
    rng = np.random.default_rng(1)
    smooth = ndimage.gaussian_filter(rng.normal(0, 1, (SIZE + 8, SIZE + 8)), 6)
    smooth = (120 + 400 * smooth / np.abs(smooth).max() * 0.3).astype(np.uint8)
    frames = np.stack([smooth[4 : 4 + SIZE, 4 : 4 + SIZE], smooth[4 : 4 + SIZE, 2 : 2 + SIZE]])
    moved = pictures_of({"p": np.repeat(frames[..., None], 3, axis=-1)}).steps.direction[0]
    assert moved == pytest.approx([2 / SIZE, 0], abs=0.25 / SIZE)


def test_blocks_are_followed() -> None:
    frames = np.stack([square(t, 20 + 4 * t, 40) for t in range(4)])
    pictures = pictures_of({"p": frames})
    keys = pictures.scene.clips["p"].keys
    parts = parts_of(pair(), np.arange(4))
    motion = block_motion(pictures, Side(keys, pictures.steps_of(keys), parts), np.array([0, 1, 2]))
    weight = motion.weights / motion.weights.sum()
    velocity = (weight[..., None] * motion.velocities).sum(axis=(0, 1))
    assert velocity == pytest.approx([2 / SMALL, 0], abs=1e-9)


def test_contexts_and_outcomes_cancel_whatever_the_two_takes_are() -> None:
    rng = np.random.default_rng(2)
    a, b = (rng.integers(0, 256, (14, SIZE, SIZE, 3), dtype=np.uint8) for _ in "ab")
    readings = read_pictures(QUAD, pictures_of(crossed(a, b)))
    assert len(readings) == 9
    for name, reading in readings.items():
        assert not reading.scores.any(), name
        assert not any(vector.any() for vector in reading.vectors), name


def test_the_step_over_the_splice_is_relational_and_left_out() -> None:
    """Without a hidden span the step over the splice tells; it must not count as an amount of motion."""
    a = np.stack([square(t, 10 + 4 * t, 40) for t in range(14)])
    b = np.stack([square(t, 10 + 4 * t, 90) for t in range(14)])
    pictures = pictures_of(crossed(a, b))
    assert not read_pictures(QUAD, pictures)["amount of motion"].scores.any()
    careless = Comparison(**{**QUAD.__dict__, "cuts": ()})
    assert read_pictures(careless, pictures)["amount of motion"].scores[0] > 1


def test_codec_noise_is_read_where_clips_should_agree() -> None:
    rng = np.random.default_rng(3)
    scene = rng.integers(80, 160, (SIZE, SIZE, 3))
    blurred = ndimage.uniform_filter(scene.astype(np.float64), (3, 3, 1))
    possible = np.repeat(scene[None].astype(np.uint8), 6, axis=0)
    impossible = np.repeat((0.8 * scene + 0.2 * blurred)[None].astype(np.uint8), 6, axis=0)
    impossible[4:] = 250  # the violation, which is no noise
    pictures = pictures_of({"p": possible, "i": impossible})
    sharp = pictures.frames.sharpness
    keys = pictures.scene.clips
    expected = sharp[keys["i"].keys[0]] - sharp[keys["p"].keys[0]]
    assert expected < -1
    for comparison in (pair(4), pair(None)):
        assert read_pictures(comparison, pictures)["codec noise"].scores == pytest.approx([expected])
    near = near_equal(pictures, keys["p"].keys, keys["i"].keys)
    assert near.tolist() == [True] * 4 + [False] * 2
    same = pictures_of({"p": possible, "i": possible.copy()})
    assert read_pictures(pair(4), same)["codec noise"].scores.tolist() == [0.0]


def test_rounding_is_no_contrast() -> None:
    values = {"p": np.array([1.0, 1.0, 0.0]), "i": np.array([1.0 + 5e-7, 1.0 + 5e-6, 1e-9])}
    assert contrast(pair(), values).tolist() == pytest.approx([0.0, 5e-6, 1e-9])


def takes(start: tuple[int, int], end: tuple[int, int], first: Sequence[int], last: Sequence[int]) -> Frames:
    """A square enters moving to the right for six frames, is gone for four, and moves again for six."""
    frames = [square(t, start[0] + 4 * t, start[1], first) for t in range(6)]
    frames += list(empty(4))
    return np.stack([*frames, *(square(t, end[0] + 4 * t, end[1], last) for t in range(6))])


RED, GREEN = (220, 60, 60), (60, 190, 60)


@pytest.mark.parametrize(
    ("a", "b", "side", "colour", "flow"),
    [
        # Above stays above, below stays below.
        (takes((10, 20), (70, 20), RED, RED), takes((10, 90), (70, 90), RED, RED), 1.0, 0.5, 1.0),
        # What was above comes out below.
        (takes((10, 20), (70, 90), RED, RED), takes((10, 90), (70, 20), RED, RED), 0.0, 0.5, 0.0),
        # One place, two colours that are kept, or exchanged.
        (takes((10, 40), (70, 40), RED, RED), takes((10, 40), (70, 40), GREEN, GREEN), 0.5, 1.0, 0.5),
        (takes((10, 40), (70, 40), RED, GREEN), takes((10, 40), (70, 40), GREEN, RED), 0.5, 0.0, 0.5),
    ],
)  # fmt: skip
def test_lean_accounts(a: Frames, b: Frames, side: float, colour: float, flow: float) -> None:
    found = read_lean(QUAD, pictures_of(crossed(a, b)))
    assert found == {SAME_SIDE: side, SAME_COLOUR: colour, VELOCITY: flow}


def test_constant_velocity_is_not_same_side() -> None:
    """Paths that cross behind the screen: what goes on straight comes out on the other side."""

    crossing = [
        np.stack([square(0, 10 + 4 * t, 20 + 5 * t if down else 100 - 5 * t) for t in range(16)])
        for down in (1, 0)
    ]
    for take in crossing:
        take[6:10] = empty(4)
    found = read_lean(QUAD, pictures_of(crossed(*crossing)))
    assert (found[SAME_SIDE], found[VELOCITY]) == (0.0, 1.0)


def test_lean_accounts_on_a_pair() -> None:
    possible = takes((10, 20), (70, 20), RED, RED)
    impossible = possible.copy()
    impossible[10:] = takes((10, 20), (70, 90), RED, GREEN)[10:]
    found = read_lean(pair(8), pictures_of({"p": possible, "i": impossible}))
    assert found == {SAME_SIDE: 1.0, SAME_COLOUR: 1.0, VELOCITY: 1.0}


def stimuli(**more: object) -> StimulusSet:
    source, other = Source("a.mp4"), Source("b.mp4")  # type: ignore[arg-type]
    clips = (
        Clip("aa", "s", Label.POSSIBLE, (Segment(source, 0, 9),)),
        Clip("ab", "s", Label.IMPOSSIBLE, (Segment(source, 0, 4), Segment(other, 4, 9)), 6),
        Clip("ba", "s", Label.IMPOSSIBLE, (Segment(other, 0, 4), Segment(source, 4, 9)), 6),
        Clip("bb", "s", Label.POSSIBLE, (Segment(other, 0, 9),)),
        Clip("lone", "s", Label.POSSIBLE, (Segment(Source("c.mp4")),)),  # type: ignore[arg-type]
    )
    quad = Quadruplet("s", "s", ("solidity",), "aa", "ab", "ba", "bb", 0, 3, 6, 9)
    pairs = (Pair("aa", "ab", "s", ("solidity",), Match.PREFIX), Pair("lone", "ab", "s", ("solidity",)))
    return StimulusSet("set", clips, pairs, (quad,))


def test_pairs_within_a_quadruplet_are_not_compared_again() -> None:
    quad, loose = comparisons_of(stimuli())
    assert (quad.name, loose.name) == ("s", "lone | ab")
    assert quad.cuts == (4, 6) and quad.spliced and not loose.spliced
    assert (quad.context_ends, quad.outcome_starts, loose.outcome_starts) == (3, 6, 6)
    parts = parts_of(quad, np.array([0, 2, 4, 6, 8]))
    assert parts.context.tolist() == [True, True, False, False, False]
    assert parts.outcome.tolist() == [False, False, False, True, True]
    assert parts.steps.tolist() == [True, False, False, True]
