"""Physical Concepts: records, checked, scored, audited."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.loaders import layouts
from tests.loaders.benchmarks import headline, scored, voe
from voe.audit.run import audit
from voe.cards import read_stimuli_card
from voe.loaders.checking import check_stimuli
from voe.loaders.load import load_stimuli
from voe.stimulus_record import as_record, from_record


@pytest.fixture
def few_records(tmp_path: Path) -> Path:
    """A card of Physical Concepts whose files hold three records."""
    card = tmp_path / "few.toml"
    text = read_stimuli_card("physical-concepts").path.read_text()
    card.write_text(
        text.replace("records = 250", "records = 3").replace("quadruplets = 25000", "quadruplets = 6")
    )
    return card


def test_physical_concepts_go_from_records_to_a_table(few_records: Path, tmp_path: Path) -> None:
    root = layouts.physical_concepts(tmp_path / "data", records=3)
    run = scored(str(few_records), root, tmp_path / "run")
    assert headline(run) == {"solidity": 1.0, "all": 1.0}
    assert len(run.stimuli.quadruplets) == 6
    assert "Clips have 15 frames" in voe("table", str(tmp_path / "run")).output
    checked = check_stimuli(str(few_records), root, decode=True)
    errors = [(f.where, f.what) for f in checked.findings if f.level == "error"]
    assert sorted(errors) == [
        (concept, f"{6 if concept == 'solidity' else 0} comparisons where the card expects 5000")
        for concept in (
            "continuity", "directional_inertia", "object_persistence", "solidity", "unchangeableness",
        )
    ]  # fmt: skip
    assert any("00000-of-00002, record" in f.where for f in checked.findings if "same video" in f.what)


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        (
            lambda root: (root / "probes/solidity/data.tfrecord-00001-of-00002").unlink(),
            "file 00001 of 2 is missing",
        ),
        (lambda root: shutil.rmtree(root / "probes"), "do not hold probes"),
        (lambda root: (root / "probes/solidity").rename(root / "probes/walls"), "'walls'"),
        (lambda root: layouts.physical_concepts(root, records=2), "it has 2 records, and not number 2"),
        (
            lambda root: (root / "probes/solidity/data.tfrecord-00000-of-00002").write_bytes(b"x"),
            "00000-of-00002",
        ),
    ],
)
def test_broken_records_are_told_by_file(break_it, words: str, few_records: Path, tmp_path: Path) -> None:
    root = layouts.physical_concepts(tmp_path / "data", records=3)
    break_it(root)
    found = check_stimuli(str(few_records), root, decode=True)
    assert any(words in finding.what for finding in found.findings if finding.level == "error"), (
        found.findings
    )


def test_records_are_audited(few_records: Path, tmp_path: Path) -> None:
    stimuli = load_stimuli(few_records, layouts.physical_concepts(tmp_path / "data", records=3))
    report = audit(stimuli, {"window": 4, "contexts": (2,)}, flips=99)
    assert report.n_quadruplets == 6 and report.left_out == ()
    assert from_record(json.loads(json.dumps(as_record(stimuli)))).clips == stimuli.clips
