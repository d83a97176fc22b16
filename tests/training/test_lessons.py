"""Lessons: three pairings of the same frames."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from voe.errors import CardError
from voe.training.footage import footage
from voe.training.lessons import Lesson, Taught, taught
from voe.training.recipes import Recipe, read_recipe
from voe.worlds.build import SetPlan


@pytest.fixture(autouse=True)
def two_small_concepts(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Lessons of one scene of two concepts, rendered once for all tests."""
    cache = tmp_path_factory.getbasetemp() / "lessons-cache"
    monkeypatch.setenv("VOE_CACHE", str(cache))
    monkeypatch.setattr(Lesson, "plan", lambda self, size: SetPlan(("support", "collision"), 1, 7, size))


def shown(lesson: Lesson) -> tuple[Taught, Counter[bytes]]:
    """What is shown, and how often each frame is."""
    seen = taught(lesson, 32)
    clips = seen.clips(np.arange(seen.count))
    assert clips.shape == (seen.count, seen.length, 32, 32, 3) and clips.dtype == np.uint8
    return seen, Counter(frame.tobytes() for clip in clips for frame in clip)


def test_the_three_pairings_show_the_same_frames_equally_often() -> None:
    possible, often = shown(Lesson("possible"))
    impossible, often_too = shown(Lesson("impossible"))
    scrambled, twice = shown(Lesson("scrambled"))
    assert (possible.count, impossible.count, scrambled.count) == (4, 4, 8) and possible.length == 48
    assert often == often_too and twice == Counter({frame: 2 * n for frame, n in often.items()})
    first, other = possible.clips(np.arange(4)), impossible.clips(np.arange(4))
    assert not np.array_equal(first[0], other[0])  # another outcome follows
    assert np.array_equal(first[0][0], other[0][0])


def test_a_concept_can_be_left_out() -> None:
    assert taught(Lesson(without=("support",)), 32).count == 2
    with pytest.raises(CardError, match="no concept 'suport' to leave out"):
        taught(Lesson(without=("suport",)), 32)


def test_a_recipe_watches_its_lesson_instead_of_its_world() -> None:
    assert footage(Recipe("x", size=32, patch=16, lesson=Lesson("impossible"))).count == 4


def test_a_lesson_never_takes_the_seed_of_the_set_that_ships() -> None:
    with pytest.raises(CardError, match="seed 1 is that of the set that ships"):
        Lesson(seed=1)
    with pytest.raises(CardError, match="pairing is 'wrong'"):
        Lesson("wrong")  # type: ignore[arg-type]


def test_recipes_name_lessons_in_a_table(tmp_path: Path) -> None:
    path = tmp_path / "inverted.toml"
    path.write_text('[lesson]\npairing = "impossible"\nscenes = 3\n')
    assert read_recipe(str(path)).lesson == Lesson("impossible", 3)


def test_decisive_moments_hold_both_what_differs_before_and_what_differs_after() -> None:
    possible, impossible = (taught(Lesson(p, moments="decisive"), 32) for p in ("possible", "impossible"))
    scrambled = taught(Lesson("scrambled", moments="decisive"), 32)
    assert possible.length == 16 and possible.count == impossible.count == scrambled.count // 2 > 4
    first, other = (one.clips(np.arange(one.count)) for one in (possible, impossible))
    often, often_too = (Counter(f.tobytes() for w in windows for f in w) for windows in (first, other))
    assert often == often_too  # the same frames, joined the other way
    starts, ends = ({w[half].tobytes() for w in first} for half in (slice(None, 8), slice(8, None)))
    assert starts & {w[:8].tobytes() for w in other} and ends & {w[8:].tobytes() for w in other}
    assert not {w.tobytes() for w in first} & {w.tobytes() for w in other}
    with pytest.raises(CardError, match="moments is 'some'"):
        Lesson(moments="some")  # type: ignore[arg-type]
