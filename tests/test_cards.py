from __future__ import annotations

from pathlib import Path

import pytest

from voe.cards import card_names, content_root, read_probe_card, read_stimuli_card
from voe.errors import CardError
from voe.loaders.load import load_stimuli

CARD = """
[stimuli]
name = "mine"
title = "My clips"
manifest = "mine.csv"
[protocol.default]
frame_step = 2
window = 8
contexts = [2, 4]
[protocol.pixel]
window = 16
[render]
seed = 3
"""


def written(folder: Path, text: str) -> str:
    (folder / "mine.toml").write_text(text, encoding="utf-8")
    return str(folder / "mine.toml")


def test_every_card_that_ships_is_valid() -> None:
    assert "builtin" in card_names("stimuli")
    for name in card_names("stimuli"):
        assert read_stimuli_card(name).name == name
    for name in card_names("probes"):
        assert read_probe_card(name).name == name
    assert (content_root() / "probes").is_dir()


def test_a_card_keeps_its_tables_and_hash(tmp_path: Path) -> None:
    card = read_stimuli_card(written(tmp_path, CARD))
    assert card.protocols["pixel"] == {"window": 16} and card.extra == {"render": {"seed": 3}}
    assert len(card.hash) == 64
    assert read_stimuli_card(written(tmp_path, CARD + "\n# reviewed\n")).hash != card.hash


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('title = "My clips"', "", "lacks the field 'title'"),
        ("title =", "titel =", "unknown field 'titel'.*'title'"),
        ('"My clips"', "3", "title must be of type str"),
        ("[stimuli]", "[stimulus]", r"no \[stimuli\] table"),
        ("window = 8", "windows = 8", r"\[protocol.default\]: unknown protocol field 'windows'"),
        ("contexts = [2, 4]", "contexts = [2, 8]", r"\[protocol.default\].*inside the window of 8"),
        ('manifest = "mine.csv"', 'align = "start"', "must be 'strict' or 'end'"),
        ("[stimuli]", "[stimuli", "not a TOML file"),
    ],
)
def test_a_wrong_card_names_the_file_and_the_field(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(CardError, match=rf"mine.toml.*{message}"):
        read_stimuli_card(written(tmp_path, CARD.replace(old, new)))


def test_an_unknown_name_offers_the_nearest() -> None:
    with pytest.raises(CardError, match="Did you mean 'builtin'"):
        load_stimuli("biultin")


def test_an_unknown_loader_and_a_missing_root(tmp_path: Path) -> None:
    card = written(tmp_path, CARD.replace('manifest = "mine.csv"', 'loader = "magic"'))
    with pytest.raises(CardError, match="unknown loader 'magic'"):
        load_stimuli(card)
    with pytest.raises(CardError, match="not a folder"):
        load_stimuli("builtin", root=tmp_path / "nowhere")
