"""Held-out appearance: in nothing that ships, and rendered only when it is asked for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from voe.cards import card_names, read_probe_card, read_stimuli_card
from voe.errors import CardError
from voe.loaders.load import load_stimuli
from voe.worlds import ondemand
from voe.worlds.heldout import LOOKS, held_out, held_out_values
from voe.worlds.scenes import render_scene

CARDS = card_names("probes")


@pytest.mark.parametrize("name", CARDS)
def test_no_look_is_both_held_out_and_shipped(name: str) -> None:
    card = read_probe_card(name)
    drawn, instead = card.table["ranges"], held_out(card).table["ranges"]
    changed = [key for key in LOOKS if key in drawn and drawn[key] != instead[key]]
    assert {"screen_colour", "screen_pattern", "floor", "floor_colour", "wall_colour"} <= set(changed)
    values = held_out_values()
    for key in changed:
        assert values[key].isdisjoint(drawn[key])
    # What decides the design itself is the same.
    assert all(drawn[key] == instead[key] for key in ("occlusion", "object_size"))


@pytest.mark.parametrize("name", CARDS)
def test_the_camera_looks_from_elsewhere(name: str) -> None:
    card = read_probe_card(name)
    usual, held = card.table["ranges"], held_out(card).table["ranges"]
    assert min(abs(x) for x in held["camera_x"]) > usual["camera_x"]["high"]
    assert held["camera_z"]["low"] > usual["camera_z"]["high"]


def test_looks_held_out_by_one_concept_are_shown_by_no_other() -> None:
    """The shapes, patterns and grounds; a colour may be an object's here and a door's there."""
    values = held_out_values()
    for name in CARDS:
        ranges = read_probe_card(name).table["ranges"]
        for key in ("shape", "floor", "screen_pattern", "floor_colour", "wall_colour", "screen_colour"):
            assert values[key].isdisjoint(np.atleast_1d(ranges.get(key, [])).tolist()), (name, key)


@pytest.mark.parametrize("name", CARDS)
def test_a_held_out_scene_is_sound(name: str) -> None:
    card = held_out(read_probe_card(name))
    made = render_scene(card, count=220, seed=11, scene=4, size=32)
    assert made.concept == name
    assert made.spans.hidden == made.draw.count("occlusion")
    assert made.draw.text("floor") in {"dots", "grid"}


@pytest.mark.parametrize(
    ("heldout", "message"),
    [
        ({}, "no \\[heldout\\]"),
        ({"floors": ["dots"]}, "Did you mean 'floor'"),
        ({"floor": ["planks", "dots"]}, "'planks', which"),
    ],
)
def test_a_table_that_holds_nothing_out_is_refused(heldout: dict[str, object], message: str) -> None:
    card = read_probe_card("support")
    with pytest.raises(CardError, match=message):
        held_out(replace(card, table={**card.table, "heldout": heldout}))


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A card of a set of one scene, with a cache of its own."""
    monkeypatch.setenv("VOE_CACHE", str(tmp_path / "cache"))
    card = tmp_path / "small.toml"
    text = read_stimuli_card("builtin-heldout").path.read_text()
    start, _, rest = text.partition("cards = [")
    card.write_text(
        start.replace("builtin-heldout", "small") + "cards = ['support']" + rest.partition("]")[2]
    )
    card.write_text(card.read_text().replace("count = 220", "count = 1").replace("size = 128", "size = 32"))
    return card


def test_nothing_is_rendered_unasked_and_the_message_says_how(small: Path) -> None:
    with pytest.raises(CardError, match="voe render --set small"):
        load_stimuli(small)


def test_a_set_is_rendered_once_and_then_known_by_its_name(small: Path) -> None:
    plan = ondemand.plan_of(read_stimuli_card(str(small)))
    seen: list[tuple[int, int]] = []
    manifest = ondemand.render_cached(plan, "small", jobs=1, progress=lambda *x: seen.append(x))
    again = ondemand.render_cached(plan, "small", jobs=1, progress=lambda *x: seen.append(x))
    assert manifest == again and seen == [(0, 1), (1, 1)]
    stimuli = load_stimuli(small)
    assert (stimuli.name, len(stimuli.quadruplets)) == ("small", 1)
    assert stimuli.protocols["default"]["primary_context"] == 8
    assert load_stimuli(small, root=manifest.parent).clips == stimuli.clips


def test_another_seed_or_generator_is_another_set(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = ondemand.plan_of(read_stimuli_card(str(small)))
    places = {
        ondemand.place_of(p, "small") for p in (plan, replace(plan, seed=1), replace(plan, heldout=False))
    }
    monkeypatch.setattr(ondemand, "GENERATOR", "next")
    assert len(places | {ondemand.place_of(plan, "small")}) == 4


@pytest.mark.parametrize(
    ("line", "message"),
    [("count = 1", "lacks count"), ("heldout = true", "heldout must be of type bool")],
)
def test_a_render_table_that_says_nonsense_is_refused(small: Path, line: str, message: str) -> None:
    instead = "" if line.startswith("count") else "heldout = 'yes'"
    small.write_text(small.read_text().replace(line, instead))
    with pytest.raises(CardError, match=message):
        ondemand.plan_of(read_stimuli_card(str(small)))


def test_the_held_out_set_is_as_large_as_its_card_says() -> None:
    plan = ondemand.plan_of(read_stimuli_card("builtin-heldout"))
    builtin = ondemand.plan_of(read_stimuli_card("builtin"))
    assert (plan.count, plan.heldout, plan.size, plan.cards) == (220, True, 128, builtin.cards)
    assert plan.seed != builtin.seed
