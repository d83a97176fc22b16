"""Lessons in the flat world: the three pairings show the same halves, and what follows what differs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from voe.errors import CardError
from voe.training.flat_lessons import FlatFootage, FlatLesson
from voe.training.footage import footage
from voe.training.loop import batch_of
from voe.training.recipes import read_recipe
from voe.worlds.flat import PROBE_SEEDS, SPLICE, flat_scene


def shown(pairing: str, scenes: int = 6) -> np.ndarray:
    made = FlatFootage(FlatLesson(pairing, scenes=scenes), 32)  # type: ignore[arg-type]
    return made.clips(np.arange(made.count))


def test_all_pairings_show_the_same_halves_equally_often() -> None:
    clips = {pairing: shown(pairing) for pairing in ("possible", "scrambled", "impossible")}
    assert [len(one) for one in clips.values()] == [12, 24, 12]
    for half in (slice(0, SPLICE), slice(SPLICE, None)):
        counts = []
        for made in clips.values():
            halves = [clip[half].tobytes() for clip in made]
            counts.append({one: halves.count(one) / len(halves) for one in halves})
        assert counts[0] == counts[1] == counts[2]


def test_pairings_differ_in_what_follows_what() -> None:
    scene = flat_scene(7, 3 * 4 + 1, 32)
    assert scene.concept == FlatLesson().concept == "colour-constancy"
    possible, impossible = shown("possible")[8:10], shown("impossible")[8:10]
    assert np.array_equal(possible[0], scene.a) and np.array_equal(possible[1], scene.b)
    assert np.array_equal(impossible[0], scene.clip("a", "b"))
    assert np.array_equal(impossible[1], scene.clip("b", "a"))


def test_each_filmed_clip_has_a_grain_of_its_own() -> None:
    lesson = FlatLesson("scrambled", one_room=True, noise=8.0, scenes=2)
    still = FlatFootage(replace(lesson, noise=0.0), 32).clips(np.arange(8)).astype(np.float64)
    seen = FlatFootage(lesson, 32).clips(np.arange(8))
    noise = (seen - still).reshape(8, -1)
    assert np.allclose(noise.std(axis=1), 8.0, rtol=0.03)
    assert np.abs(np.corrcoef(noise) - np.eye(8)).max() < 0.03
    assert np.array_equal(FlatFootage(lesson, 32).clips(np.array([5]))[0], seen[5])  # by number


@pytest.mark.parametrize("noise", [-1.0, 256.0, float("nan")])
def test_noise_is_in_grey_levels(noise: float) -> None:
    with pytest.raises(CardError, match="grey levels"):
        FlatLesson(noise=noise)


@pytest.mark.parametrize("seed", [*PROBE_SEEDS, -1, 10**30])
def test_no_lesson_shows_the_probes(seed: int) -> None:
    assert FlatLesson().seed not in PROBE_SEEDS
    with pytest.raises(CardError, match="none of the probes'"):
        FlatLesson(seed=seed)


def test_a_recipe_with_a_flat_lesson_shows_it(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        "size = 32\npatch = 16\nbatch = 3\n"
        '[flat]\npairing = "impossible"\nconcept = "object-permanence"\nscenes = 5\n'
    )
    recipe = read_recipe(str(path))
    assert recipe.flat == FlatLesson("impossible", "object-permanence", scenes=5)
    seen = footage(recipe)
    assert (seen.count, seen.length) == (10, 16)
    assert batch_of(recipe, seen, np.random.default_rng(0)).shape == (3, 16, 32, 32, 3)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[flat]\npairing = "inverted"', "pairing is 'inverted'"),
        ('[flat]\nconcept = "colour"', "concept is 'colour'"),
        ("[flat]\nscenes = 0", "scenes must lie in 1.."),
        ("[flat]\n[lesson]", "keep one of them"),
        ("size = 24\npatch = 12\n[flat]", "needs 32 pixels or more"),
    ],
)
def test_nonsense_is_refused(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(CardError, match=words):
        read_recipe(str(tmp_path / "mine.toml"))
