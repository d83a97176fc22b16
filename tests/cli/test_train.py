"""`voe train`: what it says, and that what it says can be done."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from voe.cli.main import cli
from voe.training.recipes import read_recipe
from voe.worlds.flat_set import flat_probes

PAGE = Path(__file__).parents[2] / "docs/miniature.md"
RECIPE = """
size = 32
patch = 16
width = 32
depth = 1
heads = 2
predictor_width = 32
predictor_depth = 1
masking = "half"
steps = 2
batch = 2
[flat]
one_room = true
noise = 8.0
"""


def test_a_flat_lesson_is_scored_with_the_command_that_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VOE_CACHE", str(tmp_path / "a cache"))
    monkeypatch.setattr("voe.worlds.flat_set.flat_probes", lambda **asked: flat_probes(2, size=32, **asked))
    (tmp_path / "mine.toml").write_text(RECIPE)
    done = CliRunner().invoke(cli, ["train", "mine.toml", "--no-probe", "--device", "cpu", "--out", "mine"])
    assert done.exit_code == 0, done.output
    told, last = done.output.splitlines()[:2], done.output.splitlines()[-1]
    assert [line.split()[:2] for line in told] == [["step", "1"], ["step", "2"]]
    words = shlex.split(last.removeprefix("score it: voe "))
    assert "one-room-noise=8.0-2x3-seed=1" in words[words.index("--stimuli") + 1]
    scored = CliRunner().invoke(cli, [*words, "--quiet"])
    assert scored.exit_code == 0, scored.output
    assert "every frame, windows of 16, stride 1, context 8" in scored.output


@pytest.mark.skipif(not PAGE.is_file(), reason="the page is not here")
def test_the_recipe_on_the_page_is_one(tmp_path: Path) -> None:
    (tmp_path / "my.toml").write_text(PAGE.read_text(encoding="utf-8").split("```toml\n")[1].split("```")[0])
    recipe = read_recipe(str(tmp_path / "my.toml"))
    assert recipe.flat is not None and recipe.flat.noise == 8.0 and recipe.warmup < recipe.steps
