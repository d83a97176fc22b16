"""IntPhys: frames, labels, quadruplets, and the reference's arithmetic."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.loaders import layouts
from tests.loaders.benchmarks import scored
from voe.errors import CardError
from voe.loaders.checking import check_stimuli
from voe.loaders.load import load_stimuli
from voe.protocols import Protocol
from voe.reference_run import reference_of
from voe.scenes import read_scene


def test_frames_are_those_of_the_reference(tmp_path: Path) -> None:
    """tests/golden/preprocess_sampling/sampling.json, for IntPhys at every step that has one start."""
    golden = json.loads((Path(__file__).parents[1] / "golden/preprocess_sampling/sampling.json").read_text())
    layouts.intphys(tmp_path, scenes=1)
    stimuli = load_stimuli("intphys-dev", tmp_path)
    [clips] = [clips for scene, clips in stimuli.scenes.items() if scene == "O1/01"]
    for step in (1, 2, 3, 4, 5, 6, 8, 9):
        wanted = golden[f"intphys/frame_step={step}"]
        protocol = Protocol(frame_step=step, window=2, contexts=(1,), whole_steps=True)
        read = read_scene("O1/01", clips[:1], protocol, (8, 8)).clips["O1/01/1"]
        assert read.numbers.tolist() == wanted["indices_clip0_seed0"], step
        windows = (len(read.numbers) - 16) // 2 + 1 if len(read.numbers) >= 16 else 0
        assert windows == wanted["windows_16_stride2"]
    # The card's own protocol is the reference's at its default step.
    assert stimuli.protocols["default"] == {
        "frame_step": 2, "window": 16, "stride": 2, "contexts": [2, 4, 6, 8, 10], "whole_steps": True,
    }  # fmt: skip


def test_the_references_arithmetic_runs_on_matched_pairs(tmp_path: Path) -> None:
    run = scored("intphys-dev", layouts.intphys(tmp_path / "data"), tmp_path / "run")
    found = reference_of(run)
    assert found.pairing == "pairs" and found.average == 100.0
    assert found.best["block"].tolist() == ["object-permanence", "shape-constancy", "continuity"]


def test_a_scene_whose_labels_were_changed_is_no_pair(tmp_path: Path) -> None:
    root = layouts.intphys(tmp_path, scenes=1)
    for clip, possible in (("2", True), ("3", False)):
        path = root / "dev/O1/01" / clip / "status.json"
        path.write_text(json.dumps({"header": {"is_possible": possible}}))
    with pytest.raises(CardError, match="agree longest and have the same label"):
        load_stimuli("intphys-dev", root)


def test_intphys_needs_no_key_for_its_quadruplets(tmp_path: Path) -> None:
    stimuli = load_stimuli("intphys-dev", layouts.intphys(tmp_path))
    assert len(stimuli.quadruplets) == 6
    assert {(p.possible[-1], p.impossible[-1]) for p in stimuli.pairs} == {("1", "2"), ("3", "4")}
    quad = stimuli.quadruplets[0]
    assert (quad.aa, quad.bb, quad.ab, quad.ba) == ("O1/01/1", "O1/01/3", "O1/01/2", "O1/01/4")
    assert stimuli.own_metrics == ("intphys-relative", "intphys-absolute")


def test_frames_that_are_no_longer_the_same_are_found(tmp_path: Path) -> None:
    root = layouts.intphys(tmp_path, scenes=1)
    assert not [
        f for f in check_stimuli("intphys-dev", root, decode=True).findings if "impossible one" in f.what
    ]
    (root / "dev/O1/01/1/scene/scene_003.png").write_bytes(
        (root / "dev/O2/01/4/scene/scene_001.png").read_bytes()
    )
    [finding] = [
        f
        for f in check_stimuli("intphys-dev", root, decode=True).findings
        if "in no impossible one" in f.what
    ]
    assert finding.where == "O1/01" and finding.what.startswith("1 frames")
