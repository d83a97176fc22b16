"""Every public benchmark in miniature: loaded, checked, scored to a table."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.loaders.benchmarks import BUILDERS, LABELLED, SHORT, headline, scored, voe
from voe.cards import card_names, read_stimuli_card
from voe.errors import CardError
from voe.loaders.checking import check_stimuli
from voe.loaders.load import load_stimuli


@pytest.mark.parametrize("name", LABELLED)
def test_it_goes_from_the_folder_to_a_table(name: str, tmp_path: Path) -> None:
    root = BUILDERS[name](tmp_path / "data")
    run = scored(name, root, tmp_path / "run")
    assert set(headline(run).values()) == {1.0}  # every jump surprises a model that expects none
    text = voe("table", str(tmp_path / "run")).output
    card = read_stimuli_card(name)
    if not run.stimuli.block:
        return
    assert f"by {run.stimuli.block} (secondary: described, not tested)" in text
    levels = run.by_condition(run.stimuli.block)
    assert set(levels["level"]) <= set(card.extra["concepts"]) and (levels["estimate"] == 1).all()
    own = run.own_metrics()
    assert bool(own) == bool(card.extra.get("metrics"))
    assert all(metric.value == (1 if metric.better == "higher" else 0) for metric in own)


@pytest.mark.parametrize("name", sorted(BUILDERS))
def test_a_small_download_is_incomplete_by_its_card_and_sound_otherwise(name: str, tmp_path: Path) -> None:
    root = BUILDERS[name](tmp_path / "data")
    found = check_stimuli(name, root, decode=True)
    errors = [finding for finding in found.findings if finding.level == "error"]
    assert all("where the card expects" in finding.what for finding in errors), errors
    assert bool(errors) == bool(
        {"clips", "pairs", "quadruplets", "blocks"} & set(read_stimuli_card(name).extra.get("expect", {}))
    )


def test_every_card_of_a_benchmark_says_what_a_reader_needs() -> None:
    for name in card_names("stimuli"):
        card = read_stimuli_card(name)
        assert card.title and card.licence and card.citation and card.description and card.get, name
        for entry in card.extra.get("published", []):
            assert {"who", "name", "metric", "source", "certainty"} <= set(entry), (name, entry)
            assert entry["certainty"] in {"read", "excerpt", "third party", "memory"}
            assert "value" in entry or "blocks" in entry


@pytest.mark.parametrize("name", ["intphys-test", "intphys2-heldout"])
def test_clips_without_labels_are_scored_and_not_compared(name: str, tmp_path: Path) -> None:
    run = scored(name, BUILDERS[name](tmp_path / "data"), tmp_path / "run")
    assert run.lock["measure"]["headline"] == "none" and not len(run.summary())
    assert run.folder.clips()["clip"].nunique() == len(run.stimuli.clips) > 0
    assert "have no labels, so nothing is compared here" in voe("table", str(tmp_path / "run")).output
    assert all(clip.label is None for clip in run.stimuli.clips)


def test_no_root_and_a_wrong_root_say_how_to_get_the_data(tmp_path: Path) -> None:
    with pytest.raises(CardError, match=r"give the folder of the download with --root[\s\S]*status.json"):
        load_stimuli("intphys-dev")
    (tmp_path / "x").mkdir()
    with pytest.raises(CardError, match="do not hold level2"):
        load_stimuli("grasp", tmp_path)


@pytest.mark.parametrize("name", ["likephys", "adept", "xvoe", "inflevel", "intphys-dev"])
def test_own_measures_live_with_clips_that_cannot_be_read(name: str, tmp_path: Path) -> None:
    root = BUILDERS[name](tmp_path / "data")
    for path in (p for p in root.rglob("*") if p.is_file() and p.suffix in (".mp4", ".tfrecord")):
        if (
            "valid" in path.name
            or "human_delay_cube_1" in path.name
            or "uv" in path.name
            or "005" in path.name
        ):
            path.write_bytes(b"torn")
    if name == "intphys-dev":
        (root / "dev/O1/01/1/scene/scene_007.png").write_bytes(b"torn")
    model = ["--model", "copy-last-frame,size=16", "--stimuli", name, "--root", str(root), "--quiet"]
    result = voe("score", *model, *SHORT, "--out", str(tmp_path / "run"))
    assert (result.exit_code, "FAILED: listed below" in result.output) in ((3, True), (1, False)), (
        result.output
    )
