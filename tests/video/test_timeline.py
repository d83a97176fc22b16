from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from voe.errors import VideoError
from voe.video.timeline import Timeline, check_reaches

MS = Fraction(1, 1000)
AT_25 = Timeline.of([(40 * k, 40) for k in range(100)], MS)


def test_ends_and_intervals_in_seconds() -> None:
    late = Timeline.of([(200, 40), (240, 40), (280, 100)], MS)
    assert (late.first_s, late.interval_s, late.end_s) == pytest.approx((0.2, 0.04, 0.38))


def test_a_missing_frame_anywhere_is_no_constant_rate() -> None:
    for hole in range(1, 99):
        stamps = [(40 * k, 40) for k in range(100) if k != hole]
        assert Timeline.of(stamps, MS).rate([Fraction(25)]) is None


@pytest.mark.parametrize("rate", [Fraction(24000, 1001), Fraction(30000, 1001), Fraction(60), Fraction(120)])
def test_times_rounded_to_milliseconds_bear_out_the_nominal_rate(rate: Fraction) -> None:
    stamps: list[tuple[int | None, int]] = [(round(1000 * k / rate), 0) for k in range(500)]
    assert Timeline.of(stamps, MS).rate([rate]) == float(rate)
    assert Timeline.of(stamps, MS).rate() == pytest.approx(float(rate), rel=1e-3)


@pytest.mark.parametrize("times", [[0, None, 80], [0, 80, 40], [0, 40, 40]])
def test_times_that_are_missing_or_out_of_order_are_unknown(times: list[int | None]) -> None:
    timeline = Timeline.of([(time, 40) for time in times], MS)
    assert timeline.n_frames == 3
    assert timeline.times is None
    assert timeline.rate([Fraction(25)]) is None


def test_less_than_a_frame_may_be_missing_and_a_whole_one_may_not() -> None:
    check_reaches(Path("clip.mp4"), AT_25, 4.0, 4.03)
    with pytest.raises(VideoError, match=r"clip\.mp4.*3\.96 s.*4\.00 s \(about 100 frames\)"):
        check_reaches(Path("clip.mp4"), AT_25, 3.96, 4.0)
