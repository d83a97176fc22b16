"""The audit from files to report: clean sets pass, and what was spoilt on purpose is found by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from tests.audit import made
from voe.audit import AuditReport, audit
from voe.audit.text import audit_text
from voe.cli.main import cli
from voe.errors import CardError, ClipError


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made.spliced_set(tmp_path_factory.mktemp("clean"))


def told(report: AuditReport) -> set[str]:
    return {marginal.detector for marginal in report.shortcuts}


def severity(report: AuditReport, name: str) -> str:
    return next(check.severity for check in report.checks if check.name == name)


def test_on_spliced_quadruplets_every_marginal_detector_cancels(clean: Path, tmp_path: Path) -> None:
    report = audit(clean, out=tmp_path / "pictures")
    assert {m.verdict for m in report.marginals} == {"cancels"}
    assert len(report.marginals) == 30
    assert all(m.accuracy.ties == m.accuracy.n == 14 for m in report.marginals)
    assert all(check.severity == "ok" for check in report.checks)
    assert report.passed and report.n_quadruplets == 14 and report.n_pairs == 0
    # Where they first differ is where the ball comes out, and it is drawn.
    assert {(d.frame, d.violation_frame, d.kind) for d in report.first_differences} == {(15, 15, "as stated")}
    assert len(report.drawn) == 14
    with Image.open(report.drawn[0]) as picture:
        assert picture.width > 6 * 128 and picture.height > 6 * 128


def test_the_ball_comes_out_on_the_side_on_which_it_went_in(clean: Path) -> None:
    report = audit(clean)
    powers = {(a.concept, a.account): a for a in report.lean_accounts}
    for concept in ("continuity", "solidity"):
        assert powers[concept, "same side"].accuracy.estimate == 1.0
        assert powers[concept, "constant-velocity flow"].accuracy.estimate == 1.0
        # The screens hide the ball in the last context frame; its colour is the same on both sides.
        assert powers[concept, "copy-last-frame"].power == "ties"
        assert powers[concept, "same colour first and last"].power == "ties"


def test_a_brighter_last_frame_is_found(tmp_path: Path) -> None:
    report = audit(made.spoilt_set(tmp_path, made.brighter_last_frame))
    assert not report.passed
    assert {"brightness", "single frames", "outcome only"} <= told(report)
    sentence = next(m.sentence(report.unit) for m in report.shortcuts if m.detector == "brightness")
    assert sentence == (
        "brightness of the last frame tells possible from impossible in 14 of 14 quadruplets "
        "(the impossible has more)"
    )
    # It is the outcome that tells; the context is untouched.
    assert next(m.verdict for m in report.marginals if m.detector == "context only") == "cancels"


def test_one_more_frame_is_found(tmp_path: Path) -> None:
    report = audit(made.spoilt_set(tmp_path, made.one_more_frame))
    assert "number of frames" in told(report)
    assert [check.name for check in report.faults] == ["equal lengths"]
    assert "s0: 0-ab 25, 0-ba 25, 0-aa 24, 0-bb 24 frames" in report.faults[0].examples
    assert not told(report) & {"single frames", "brightness", "amount of motion"}


def test_another_quality_of_the_impossible_clips_is_found(tmp_path: Path) -> None:
    report = audit(made.spoilt_set(tmp_path, made.worse_quality))
    assert {"codec noise", "file size", "bitrate", "encoding"} <= told(report)
    assert "equal frames up to the violation" in [check.name for check in report.faults]
    assert "codec noise" in {d.kind for d in report.first_differences}


def test_what_moves_only_in_impossible_clips_is_found(tmp_path: Path) -> None:
    def draw(scene: int, possible: bool) -> np.ndarray:
        frames = np.full((12, 32, 32, 3), 60 + 5 * scene, np.uint8)
        for t in range(12):
            x = scene if possible else scene + max(0, t - 5) * (1 if scene % 2 else 2)
            frames[t, 10:16, x : x + 6] = 200
        return frames

    report = audit(made.pair_set(tmp_path, draw, violation_frame=6))
    assert "amount of motion" in told(report) and "direction of motion" in told(report)
    assert next(m.verdict for m in report.marginals if m.detector == "context only") == "cancels"
    found = next(m for m in report.shortcuts if (m.detector, m.form) == ("amount of motion", "score"))
    assert found.best is not None and (found.best.right, found.best.n, found.best.sign) == (14, 14, "+")
    assert report.unit == "pairs"


def test_a_single_spoilt_quadruplet_of_a_spliced_set_is_a_fault(tmp_path: Path) -> None:
    import csv

    path = made.spoilt_set(tmp_path, made.brighter_last_frame)
    with path.open(encoding="utf-8", newline="") as file:
        spoilt = [row for row in csv.DictReader(file) if row["scene"] == "s3"]
    rows = [row for scene in range(14) if scene != 3 for row in made.spliced_rows(scene)]
    report = audit(made.write_manifest(tmp_path / "one.csv", [*rows, *spoilt]))
    name = "each frame as often in possible as in impossible clips"
    assert [(c.name, c.examples) for c in report.faults] == [(name, ("s3",))]
    assert not report.shortcuts


def test_pairs_that_differ_by_chance_alone_pass(tmp_path: Path) -> None:
    def draw(scene: int, possible: bool) -> np.ndarray:
        rng = np.random.default_rng((7, scene, possible))
        return np.clip(rng.normal(120, 20, (1, 1, 1, 3)) + rng.normal(0, 9, (8, 32, 32, 3)), 0, 255).astype(
            np.uint8
        )

    report = audit(made.pair_set(tmp_path, draw))
    assert report.passed
    verdicts = {m.verdict for m in report.marginals if m.detector == "brightness"}
    assert verdicts <= {"inconclusive", "suspect"}
    assert severity(report, "equal frames up to the violation") == "note"


def test_conditions_and_duplicates(tmp_path: Path) -> None:
    def draw(scene: int, possible: bool) -> np.ndarray:
        frames = np.full((6, 16, 16, 3), 40 + scene // 2, np.uint8)
        frames[3:] += 0 if possible else 50
        return frames

    path = made.pair_set(tmp_path, draw, violation_frame=3)
    lines = path.read_text(encoding="utf-8").splitlines()
    told_by = [f"{line},{'left' if 'not' in line or i % 7 == 1 else 'right'}" for i, line in enumerate(lines)]
    path.write_text("\n".join([lines[0] + ",camera", *told_by[1:]]), encoding="utf-8")
    report = audit(path)
    faults = {check.name: check for check in report.faults}
    assert "camera = left: " in faults["labels balanced by condition"].examples[0]
    assert "p0-ok, p1-ok" in faults["no clip twice"].examples


def test_a_clip_that_cannot_be_read_is_a_fault_and_takes_its_scene_alone(tmp_path: Path) -> None:
    path = made.spliced_set(tmp_path, scenes=3)
    (tmp_path / "1a.mp4").write_bytes(b"no video")
    report = audit(path)
    assert report.left_out == ("s1",) and report.n_quadruplets == 2
    assert severity(report, "clips can be read") == "FAULT" and not report.passed
    for name in ("0a", "2a"):
        (tmp_path / f"{name}.mp4").write_bytes(b"no video")
    with pytest.raises(ClipError, match="no comparison can be read whole"):
        audit(path)


def test_sampling_and_unequal_scenes_as_the_protocol_says(tmp_path: Path) -> None:
    report = audit(made.spliced_set(tmp_path, scenes=2), {"frame_step": 4})
    assert report.sampling == "one frame in 4"
    # Frame 15 is not looked at; the next one that is, is 16.
    assert {(d.frame, d.kind) for d in report.first_differences} == {(16, "as stated")}


def test_a_set_with_nothing_to_compare_is_refused(clean: Path) -> None:
    from dataclasses import replace

    import voe

    with pytest.raises(CardError, match="no pair and no quadruplet"):
        audit(replace(voe.load_stimuli(clean), pairs=(), quadruplets=()))


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli, ["audit", *arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def test_the_command_prints_and_exits_as_it_found(
    clean: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, text = run(str(clean), "--out", "drawn")
    assert code == 0 and "passed: no shortcut" in text
    assert "cancel exactly in all 14 quadruplets" in text
    assert max(map(len, text.splitlines())) <= 100
    code, text = run(str(made.spoilt_set(tmp_path, made.one_more_frame)))
    assert code == 1 and "FAILED: shortcuts: " in text and "faults: equal lengths" in text
    code, text = run(str(tmp_path / "spoilt.csv"), "--json")
    record = json.loads(text)
    assert code == 1 and record["passed"] is False
    assert {m["detector"] for m in record["marginals"] if m["verdict"] == "SHORTCUT"} >= {"number of frames"}
    assert record["checks"][1]["severity"] == "FAULT" and record["lean_accounts"]


Spoil = Callable[[np.ndarray, Path], None]


@pytest.mark.parametrize("spoil", [made.brighter_last_frame, made.another_thing_moves])
def test_the_report_fits_the_page(tmp_path: Path, spoil: Spoil) -> None:
    text = audit_text(audit(made.spoilt_set(tmp_path, spoil, scenes=12)))
    assert max(map(len, text.splitlines())) <= 80
    assert text.count("SHORTCUTS\n") == 1
