"""Spans are measured on the frames, and spoiled designs are refused."""

import numpy as np
import pytest

from voe.worlds.design import DesignError, Spans, check, check_in_picture, measure, measure_visible
from voe.worlds.materials import Material
from voe.worlds.render import DAYLIGHT
from voe.worlds.stage import ABSENT, Part, Stage
from voe.worlds.takes import N_FRAMES, Scene, Take


def takes(context=(0, 36), outcome=(48, 96), entry=1, reveal=5):
    """Two takes, 8 x 8 pixels: they differ at column `entry` in the context, `reveal` in the outcome."""
    a = np.zeros((N_FRAMES, 8, 8, 3), np.uint8)
    b = a.copy()
    b[context[0] : context[1], 2, entry] = 9
    b[outcome[0] : outcome[1], 2, reveal] = 9
    return a, b


def test_spans_by_hand():
    spans = measure(*takes(), 42, "here")
    assert spans == Spans(0, 36, 48, 96, splice=42)
    assert spans.hidden == 12
    check(*takes(), spans, "here")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(context=(0, 44)), "frame 42: the takes still differ"),
        (dict(context=(0, 0)), "contexts of the two takes cannot be told apart"),
        (dict(outcome=(48, 48)), "outcomes of the two takes cannot be told apart"),
        (dict(context=(0, 30)), "context_ends is frame 30"),
        (dict(outcome=(65, 96)), "outcome_starts is frame 65"),
        (dict(context=(0, 33), outcome=(58, 96)), "hidden for 25 frames"),
        (dict(context=(0, 41), outcome=(43, 96)), "hidden for only 2 frames"),
        (dict(reveal=1), "row 2, column 1"),
    ],
)
def test_spoiled_designs_are_refused(options, message):
    a, b = takes(**options)
    with pytest.raises(DesignError, match=message) as caught:
        check(a, b, measure(a, b, 42, "card 'x', seed 1, scene 2"), "card 'x', seed 1, scene 2")
    assert "card 'x', seed 1, scene 2" in str(caught.value)


def test_a_shadow_that_peeps_out_is_refused():
    a, b = takes()
    b[42, 7, 7] += 1
    with pytest.raises(DesignError, match=r"frame 42: .*1 pixels"):
        measure(a, b, 42, "here")


def test_an_object_cut_by_the_edge_is_refused():
    ball = Part("ball", "sphere", (0.2,), Material((1, 1, 1)), (0.0, 0.0, 0.2), motion="moved")
    stage = Stage((ball,))
    inside = np.repeat(stage.rest[None], N_FRAMES, axis=0)
    light = np.repeat(DAYLIGHT[None], N_FRAMES, axis=0)
    cut, absent = inside.copy(), inside.copy()
    cut[17, 0, 0], absent[17, 0] = 1.6, ABSENT
    check_in_picture(Scene(stage, Take(inside, light), Take(absent, light), ("ball",), 40), "here")
    with pytest.raises(DesignError, match="frame 17: the ball is cut"):
        check_in_picture(Scene(stage, Take(inside, light), Take(cut, light), ("ball",), 40), "here")


def test_visible_spans_by_hand():
    """Contexts stay in view to the end; outcomes part at frame 40."""
    clips = {}
    for clip in ("aa", "ab", "ba", "bb"):
        frames = np.zeros((N_FRAMES, 4, 4, 3), np.uint8)
        frames[6:, 0, 0] = 9 if clip[0] == "a" else 0
        frames[40:90, 3, 3] = 9 if clip[1] == "a" else 0
        clips[clip] = frames
    spans = measure_visible(clips, 38, "here")
    assert spans == Spans(6, 96, 40, 90, splice=38)
    assert spans.hidden == 0
    late = {clip: np.roll(frames, 30, axis=0) for clip, frames in clips.items()}
    with pytest.raises(DesignError, match="a window from both ends"):
        measure_visible(late, 38, "here")
    with pytest.raises(DesignError, match="outcomes of the takes cannot be told apart"):
        measure_visible({**clips, "ab": clips["aa"], "ba": clips["bb"]}, 38, "here")


def test_a_change_of_light_may_be_everywhere():
    a, b = takes(reveal=1)
    spans = measure(a, b, 42, "here")
    with pytest.raises(DesignError):
        check(a, b, spans, "here")
    assert check(a, b, spans, "here", disjoint=False) is None
