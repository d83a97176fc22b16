"""Two folders of videos become pairs by name, or an error says which file has no partner."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from voe.cli.main import cli
from voe.errors import VoeError
from voe.loaders.manifest import load_manifest
from voe.loaders.two_folders import pair_folders
from voe.video.lossless import write_lossless


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    frames = np.random.default_rng(0).integers(0, 256, (20, 16, 16, 3), dtype=np.uint8)
    for folder in ("good clips", "bad clips"):
        (tmp_path / folder).mkdir()
        for name in ("drop", "roll 2"):
            write_lossless(tmp_path / folder / f"{name}.mp4", frames, Fraction(24))
    (tmp_path / "good clips/notes.txt").write_text("not a video")
    return tmp_path / "good clips", tmp_path / "bad clips"


def test_pairs_by_name(folders: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "tables/mine.csv"
    assert pair_folders(*folders, out, "gravity") == 2
    stimuli = load_manifest(out)
    assert [(p.possible, p.impossible, p.concepts) for p in stimuli.pairs] == [
        ("drop-possible", "drop-impossible", ("gravity",)),
        ("roll 2-possible", "roll 2-impossible", ("gravity",)),
    ]
    assert stimuli.clip("drop-impossible").segments[0].source.path.resolve() == folders[1] / "drop.mp4"


def test_what_does_not_fit(folders: tuple[Path, Path], tmp_path: Path) -> None:
    good, bad = folders
    (bad / "drop.mp4").rename(bad / "drpo.mp4")
    with pytest.raises(VoeError, match=r"'drop' is in .*good clips only\. Did you mean 'drpo'"):
        pair_folders(good, bad, tmp_path / "x.csv")
    with pytest.raises(VoeError, match="there is no folder"):
        pair_folders(good, tmp_path / "none", tmp_path / "x.csv")
    (tmp_path / "empty").mkdir()
    with pytest.raises(VoeError, match="holds no video"):
        pair_folders(good, tmp_path / "empty", tmp_path / "x.csv")
    (good / "drop.avi").write_bytes(b"")
    with pytest.raises(VoeError, match="have one name"):
        pair_folders(good, bad, tmp_path / "x.csv")


def test_the_command(folders: tuple[Path, Path], tmp_path: Path) -> None:
    out = str(tmp_path / "mine.csv")
    done = CliRunner().invoke(cli, ["stimuli", "pair", *map(str, folders), "--out", out])
    assert done.exit_code == 0 and "2 pairs" in done.output
