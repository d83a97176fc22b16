"""The wheel and the sdist find the cards; in a checkout the card that was edited is the one that is read."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from voe.cards import content_root

ROOT = Path(__file__).resolve().parent.parent
LIST_CARDS = (
    "from voe.cards import card_names, content_root, read_stimuli_card\n"
    "print(content_root()); print(*card_names('stimuli'), *card_names('probes'))\n"
    "print(read_stimuli_card('builtin').title)"
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel and an sdist of this checkout; the wheel is built from the sdist, as a package index does."""
    pytest.importorskip("build", reason="needs the 'build' extra")
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


def cards_seen_from(folder: Path, cwd: Path) -> list[str]:
    """What a fresh process prints that imports voe from `folder`."""
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(folder)!r})\n{LIST_CARDS}"]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_the_wheel_brings_its_cards_and_clips(built: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        wheel.extractall(tmp_path)
        names = set(wheel.namelist())
    content = tmp_path / "voe/content"
    root, names_line, _ = cards_seen_from(tmp_path, tmp_path)
    assert Path(root) == content
    assert {"builtin", "object-permanence"} <= set(names_line.split())
    shipped = {str(p.relative_to(ROOT)) for p in (ROOT / "stimuli").rglob("*") if p.is_file()}
    assert {f"voe/content/{name}" for name in shipped} <= names
    assert "voe/py.typed" in names and not any(name.startswith("tests/") for name in names)


def test_the_sdist_is_a_checkout(built: Path, tmp_path: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as sdist:
        sdist.extractall(tmp_path, filter="data")
    (folder,) = tmp_path.iterdir()
    root, names_line, _ = cards_seen_from(folder, tmp_path)
    assert Path(root) == folder
    assert {"builtin", "object-permanence"} <= set(names_line.split())
    for name in ("Makefile", "README.md", "LICENSE", "CITATION.cff", "CHANGELOG.md", "tests/conftest.py"):
        assert (folder / name).is_file(), name


def test_an_edited_card_is_the_one_that_is_read(built: Path, tmp_path: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as sdist:
        sdist.extractall(tmp_path, filter="data")
    (folder,) = tmp_path.iterdir()
    card = folder / "stimuli/builtin.toml"
    title = cards_seen_from(folder, tmp_path)[2]
    card.write_text(card.read_text().replace(title, "Edited by hand"))
    assert cards_seen_from(folder, tmp_path)[2] == "Edited by hand"


def test_this_checkout_reads_its_own_cards() -> None:
    assert content_root() in (ROOT, ROOT / "voe/content")
