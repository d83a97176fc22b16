"""Levels are balanced, ranges covered, and what a card may not say is refused."""

from collections import Counter
from pathlib import Path

import pytest

from voe.cards import ProbeCard
from voe.errors import CardError
from voe.worlds.draws import draw


def card(**ranges):
    return ProbeCard("toy", "Toy", "A toy.", Path("toy.toml"), {"ranges": ranges})


def values(key, given, count=12, **options):
    return [
        draw(card(**{key: given}), count=count, seed=5, scene=i, **options).values[key] for i in range(count)
    ]


def test_levels_come_equally_often():
    assert Counter(values("side", ["left", "right"])) == {"left": 6, "right": 6}
    assert Counter(values("n", [1, 2, 3, 4, 5], count=12)).most_common()[-1][1] == 2


def test_ranges_are_covered_evenly():
    drawn = sorted(values("x", {"low": 1.0, "high": 2.0}, count=10))
    assert all(1 + i / 10 <= x <= 1 + (i + 1) / 10 for i, x in enumerate(drawn))


def test_another_attempt_redraws_ranges_and_keeps_levels():
    assert values("side", ["l", "r"], attempt=3) == values("side", ["l", "r"])
    first, second = values("x", {"low": 0, "high": 1}), values("x", {"low": 0, "high": 1}, attempt=1)
    assert not set(first) & set(second)


def test_a_new_key_changes_no_other():
    one = draw(card(x={"low": 0, "high": 1}), count=4, seed=1, scene=2)
    two = draw(card(a=[1, 2], x={"low": 0, "high": 1}), count=4, seed=1, scene=2)
    assert one.values["x"] == two.values["x"]


def test_reading_values():
    drawn = draw(card(n=3, x=0.5, word="left", pair=[[30, 140]]), count=1, seed=0, scene=0)
    assert (drawn.count("n"), drawn.number("x"), drawn.numbers("pair", 2)) == (3, 0.5, (30.0, 140.0))
    assert drawn.text("word", ("left", "right")) == "left"
    with pytest.raises(CardError, match="lacks 'y'"):
        drawn.number("y")
    with pytest.raises(CardError, match="Did you mean 'lift'"):
        drawn.text("word", ("lift", "right"))
    for ask in (lambda: drawn.count("x"), lambda: drawn.number("word"), lambda: drawn.numbers("n", 2)):
        with pytest.raises(CardError):
            ask()


@pytest.mark.parametrize("bad", [[], {"low": 1}, {"low": 2, "high": 1}, {"low": "a", "high": 1}])
def test_a_range_that_is_none_is_refused(bad):
    with pytest.raises(CardError, match=r"toy\.toml"):
        values("x", bad, count=1)


def test_a_card_without_ranges_is_refused():
    with pytest.raises(CardError, match=r"no \[ranges\]"):
        draw(ProbeCard("toy", "Toy", "A toy.", Path("toy.toml"), {}), count=1, seed=0, scene=0)
