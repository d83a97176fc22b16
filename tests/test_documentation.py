"""What is written is so: links lead somewhere, commands exist with their options, examples run."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import click
import numpy as np
import pytest

import voe
from voe.cards import read_stimuli_card
from voe.cli.main import cli
from voe.clips import StimulusSet

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/*.md", "docs/adapters/*.md", "docs/api/*.md")
    for path in ROOT.glob(pattern)
)
LINK = re.compile(r"(?<!\!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def anchors(text: str) -> set[str]:
    """The anchors of headings, as GitHub and MyST make them."""
    heads = re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in (one for pair in LINK.findall(text) for one in pair if one):
        if re.match(r"\w+:", target):  # elsewhere
            continue
        file, _, anchor = target.partition("#")
        found = page if not file else (page.parent / file).resolve()
        assert found.exists(), f"{named(page)}: {target} leads nowhere"
        if anchor:
            assert anchor in anchors(found.read_text(encoding="utf-8")), f"{named(page)}: no heading {target}"


def commands(page: Path) -> Iterator[list[str]]:
    for block in blocks(page.read_text(encoding="utf-8"), "console"):
        for line in re.sub(r"\\\n\s*", " ", block).splitlines():
            if line.startswith("$ voe "):
                yield shlex.split(line[2:], comments=True)[1:]


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_commands_exist_with_their_options(page: Path) -> None:
    for words in commands(page):
        if words[0].startswith("-"):
            continue
        command = cli.get_command(click.Context(cli), words[0])
        assert command is not None, f"{named(page)}: voe {words[0]}"
        try:
            command.make_context(words[0], [word.rstrip(".") for word in words[1:]])
        except click.BadParameter as error:  # a folder of the example is not there
            assert "does not exist" in error.message, f"{named(page)}: {' '.join(words)}: {error.message}"


def test_a_command_that_is_wrong_is_seen() -> None:
    with pytest.raises(click.NoSuchOption):
        command = cli.get_command(click.Context(cli), "score")
        assert command is not None
        command.make_context("score", ["--modell", "x"])


def test_examples_in_python_run(
    one_quadruplet: StimulusSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """README, then the page of the figures, which goes on with the run of the first."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(voe, "load_stimuli", lambda name: one_quadruplet, raising=False)
    frames = np.random.default_rng(0).integers(0, 256, (2, 24, 32, 32, 3), dtype=np.uint8)
    space: dict[str, object] = {"frames": frames}
    for page in ("README.md", "docs/figures.md"):
        for block in blocks((ROOT / page).read_text(encoding="utf-8"), "python"):
            exec(compile(block, page, "exec"), space)
    curves = space["curves"]
    assert isinstance(curves, np.ndarray) and curves.shape == (2, 3, 5) and curves.dtype == np.float32
    assert {path.suffix for path in (tmp_path / "figures").iterdir()} == {".pdf", ".svg", ".png"}


@pytest.fixture
def one_quadruplet() -> StimulusSet:
    from voe.loaders.load import load_stimuli

    every = load_stimuli("builtin")
    quad = next(q for q in every.quadruplets if "support" in q.concepts)
    return replace(
        every,
        quadruplets=(quad,),
        clips=tuple(clip for clip in every.clips if clip.scene == quad.scene),
        pairs=tuple(pair for pair in every.pairs if pair.scene == quad.scene),
    )


def test_the_card_of_the_next_benchmark_is_a_card(tmp_path: Path) -> None:
    (block,) = blocks((ROOT / "docs/benchmarks.md").read_text(encoding="utf-8"), "toml")
    path = tmp_path / "mine.toml"
    path.write_text(block, encoding="utf-8")
    assert read_stimuli_card(str(path)).loader == "pattern"


def test_the_reference_names_modules_that_are_there() -> None:
    for page in sorted((ROOT / "docs/api").glob("*.md")):
        for name in re.findall(r"automodule:: (\S+)", page.read_text(encoding="utf-8")):
            assert import_module(name).__doc__
