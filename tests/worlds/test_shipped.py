"""The set that ships is there, complete, and what the renderer makes of its card."""

import csv
from collections import Counter

import numpy as np
import pytest

from voe.cards import read_probe_card, read_stimuli_card
from voe.loaders.load import load_stimuli
from voe.worlds import build
from voe.worlds.scenes import render_scene
from voe.worlds.sheets import clip_frames

BUILTIN = read_stimuli_card("builtin")
RENDER = BUILTIN.extra["render"]


@pytest.fixture(scope="module")
def stimuli():
    return load_stimuli("builtin")


def test_it_holds_what_its_card_says(stimuli):
    assert len(stimuli.quadruplets) == len(RENDER["cards"]) * RENDER["count"]
    assert Counter(q.concepts[0] for q in stimuli.quadruplets) == dict.fromkeys(
        RENDER["cards"], RENDER["count"]
    )
    sources = {segment.source.path for clip in stimuli.clips for segment in clip.segments}
    assert len(sources) == 2 * len(stimuli.quadruplets)
    folder = BUILTIN.path.parent / "builtin" / "videos"
    assert {path.resolve() for path in sources} == {path.resolve() for path in folder.iterdir()}


def test_it_is_small(stimuli):
    total = sum(
        path.stat().st_size for path in (BUILTIN.path.parent / "builtin").rglob("*") if path.is_file()
    )
    assert total < 20e6


def test_levels_are_balanced(stimuli):
    for concept in RENDER["cards"]:
        sides = Counter(q.conditions.get("side") for q in stimuli.quadruplets if q.concepts == (concept,))
        assert max(sides.values()) - min(sides.values()) <= 1 or len(sides) == 1


def test_spans_leave_a_window_on_both_sides(stimuli):
    for quad in stimuli.quadruplets:
        assert 32 <= quad.context_ends < quad.outcome_starts <= 64
        assert quad.outcome_starts - quad.context_ends < 24


def test_one_scene_rendered_again_gives_the_shipped_frames(stimuli):
    card = RENDER["cards"][0]
    made = render_scene(
        read_probe_card(card), count=RENDER["count"], seed=RENDER["seed"], scene=3, size=RENDER["size"]
    )
    quad = next(q for q in stimuli.quadruplets if q.id == f"{card}-003")
    assert np.array_equal(clip_frames(stimuli.clip(quad.aa)), made.a)
    assert np.array_equal(clip_frames(stimuli.clip(quad.bb)), made.b)
    assert np.array_equal(clip_frames(stimuli.clip(quad.ab)), made.clip("a", "b"))


def test_the_manifest_names_this_generator():
    with (BUILTIN.path.parent / BUILTIN.manifest).open() as file:
        assert {row["generator"] for row in csv.DictReader(file)} == {build.GENERATOR}
