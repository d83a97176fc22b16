"""What a table may and may not say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Brightness, write_images
from voe.errors import CardError, RunError
from voe.loaders.load import load_stimuli
from voe.report.seeds import seeds_summary
from voe.report.table import condition_text, run_text
from voe.results import Run
from voe.scoring import score

Manifest = Callable[..., Path]


def rows(folder: Path, wins: dict[str, tuple[int, int]], **more: object) -> list[dict[str, object]]:
    """Scenes by concept: concept -> (how many are right, of how many)."""
    made = []
    for concept, (right, n) in wins.items():
        for i in range(n):
            for name, levels in (("calm", [9, 9, 9, 9, 9]), ("jump", [9, 9, 9, 9, 80])):
                path = f"{concept}{i}{name}"
                write_images(folder / path, [level + i for level in levels])
                possible = (name == "calm") == (i < right)
                made.append(
                    {"clip": path, "path": path, "scene": f"{concept}{i}", "possible": possible,
                     "concepts": concept, **more}
                )  # fmt: skip
    return made


def test_verdicts_of_concepts_follow_the_corrected_p(
    tmp_path: Path, manifest: Manifest, brightness: Brightness
) -> None:
    wins = {"good": (10, 12), "b": (6, 12), "c": (6, 12), "best": (12, 12)}
    run = score(brightness, manifest(rows(tmp_path, wins)), out=tmp_path / "run")
    table = run.summary().query("primary").set_index("concept")
    assert table.loc["good", "p_value"] == pytest.approx(79 / 4096)  # P(10 or more of 12)
    assert table.loc["good", "p_holm"] == pytest.approx(3 * 79 / 4096)
    assert table.loc["good", "verdict"] == "inconclusive"
    assert table.loc["best", "p_holm"] == pytest.approx(4 / 4096) and table.loc["best", "verdict"] == "above"


def test_below_stands_with_the_p_that_it_rests_on(
    tmp_path: Path, manifest: Manifest, brightness: Brightness
) -> None:
    made = rows(tmp_path, {"worst": (0, 12), "b": (6, 12), "c": (6, 12)})
    run = score(brightness, manifest(made), out=tmp_path / "run")
    table = run.summary().query("primary").set_index("concept")
    assert table.loc["worst", "p_below_holm"] == pytest.approx(3 / 4096)
    assert table.loc["worst", "verdict"] == "below" and table.loc["worst", "p_holm"] == 1.0
    [line] = [line for line in run_text(run).splitlines() if line.startswith("worst")]
    assert line.split()[-5:] == ["1.000", "BELOW", "(p", "<", ".001)"]


def test_a_concept_that_lost_all_its_clips_still_counts_in_the_family(
    tmp_path: Path, manifest: Manifest, brightness: Brightness
) -> None:
    made = rows(tmp_path, {"good": (10, 12), "lost": (1, 1)})
    (tmp_path / "lost0calm/2.png").write_bytes(b"torn")
    table = score(brightness, manifest(made), out=tmp_path / "run").summary().query("primary")
    assert table.set_index("concept").loc["good", "p_holm"] == pytest.approx(2 * 79 / 4096)


@pytest.mark.parametrize("column", ["score", "stream", "status", "match", "tau", "contrast"])
def test_a_condition_never_takes_the_name_of_a_result(
    tmp_path: Path, manifest: Manifest, column: str
) -> None:
    with pytest.raises(CardError, match=f"called '{column}'"):
        load_stimuli(manifest(rows(tmp_path, {"c": (1, 1)}, **{column: "0"})))


def test_a_concept_is_never_called_all(tmp_path: Path, manifest: Manifest) -> None:
    with pytest.raises(CardError, match="called 'all'"):
        load_stimuli(manifest(rows(tmp_path, {"all": (1, 1)})))


def test_an_unfinished_run_shows_no_test(
    tmp_path: Path, manifest: Manifest, brightness: Brightness, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = score(brightness, manifest(rows(tmp_path, {"c": (12, 12)})), out=tmp_path / "run")
    assert "verdict" in run_text(run) and "< .001" in run_text(run)
    monkeypatch.setattr(Run, "unfinished", 4)
    text = run_text(Run.open(run.path))
    assert "UNFINISHED" in text and "verdict" not in text and "< .001" not in text


def test_a_verdict_beside_an_interval_that_holds_chance_is_explained(
    tmp_path: Path, manifest: Manifest, brightness: Brightness
) -> None:
    run = score(brightness, manifest(rows(tmp_path, {"c": (10, 13)})), out=tmp_path / "run")
    text = run_text(run)
    # P(10 or more of 13) = .046, one-sided; the interval of 10/13 begins below one half
    assert any("46.8 to 92.7" in line and "0.046" in line and "above" in line for line in text.splitlines())
    assert "two-sided; verdict: one-sided at 5 %, so the two can differ." in text


def test_clips_of_different_rates_are_a_failure_of_their_pair_alone(
    tmp_path: Path, manifest: Manifest, brightness: Brightness
) -> None:
    made = [{**row, "fps": 10} for row in rows(tmp_path, {"c": (3, 3)})]
    made[1]["fps"] = 15
    changes = {"fps": 10, "window": 3, "contexts": (1, 2)}
    run = score(brightness, manifest(made), changes, tmp_path / "run")
    (failure,) = run.failures
    assert failure.kind == "comparison" and "unequal frame rate" in failure.reason
    assert sorted(run.pairs().query("context == 1")["status"]) == ["failed", "scored", "scored"]
    # Also where every 1st frame is taken, of either: windows of as many frames show other times.
    plain = score(brightness, manifest(made), out=tmp_path / "plain")
    (failure,) = plain.failures
    assert failure.kind == "comparison" and "unequal frame rate, in fps" in failure.reason
    assert sorted(plain.pairs().query("context == 1")["status"]) == ["failed", "scored", "scored"]


def test_seeds_without_a_scored_comparison_say_so(
    tmp_path: Path, manifest: Manifest, brightness: Brightness
) -> None:
    made = rows(tmp_path, {"c": (1, 1)})
    (tmp_path / "c0calm/4.png").unlink()
    run = score(brightness, manifest(made), out=tmp_path / "run")
    with pytest.raises(RunError, match="no comparison was scored"):
        seeds_summary([run, run])


def test_only_the_announced_setting_is_tested(
    tmp_path: Path, manifest: Manifest, brightness: Brightness
) -> None:
    table = score(brightness, manifest(rows(tmp_path, {"c": (12, 12)})), out=tmp_path / "run").summary()
    assert sorted(table["context"].unique()) == [1, 2]
    tested = table.query("primary")
    assert (tested["context"] == 2).all() and tested["p_value"].notna().all()
    described = table.query("not primary")
    assert len(described) == 2 and (described["estimate"] == 1).all()
    assert described[["p_value", "p_mid", "p_below", "p_equivalent", "p_holm"]].isna().all(axis=None)
    assert set(described["verdict"]) == {"none"}


def test_a_concept_whose_clips_failed_has_no_scores_rather_than_no_window(
    tmp_path: Path, manifest: Manifest, brightness: Brightness
) -> None:
    made = rows(tmp_path, {"good": (6, 6), "lost": (1, 1)})
    (tmp_path / "lost0calm/2.png").write_bytes(b"torn")
    table = score(brightness, manifest(made), out=tmp_path / "run").summary().query("primary")
    lost = table.set_index("concept").loc["lost"]
    assert (lost["n"], lost["failed"], lost["untestable"]) == (0, 1, 0)
    assert lost["reason"] == "there are no scores"


def test_a_condition_is_described_by_its_levels(
    tmp_path: Path, manifest: Manifest, brightness: Brightness
) -> None:
    made = rows(tmp_path, {"calm": (5, 6)})
    for number, row in enumerate(made):
        row["occlusion"] = [8, 8, 10, 10, "", 10][number // 2]
    run = score(brightness, load_stimuli(manifest(made)), out=tmp_path / "run")
    table = run.by_condition("occlusion")
    assert table[["level", "n", "estimate", "verdict"]].to_numpy().tolist() == [
        ["8", 2, 1.0, "none"], ["10", 3, pytest.approx(2 / 3), "none"],
    ]  # fmt: skip
    assert table["p_value"].isna().all()
    assert "pairs by occlusion (secondary: described, not tested)" in condition_text(run, "occlusion")
    assert condition_text(run, "occlusion").endswith(
        "1 left out: without a value of occlusion, or with clips that differ in it"
    )
    with pytest.raises(RunError, match="Did you mean 'occlusion'"):
        run.by_condition("oclusion")
