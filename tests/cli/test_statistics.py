from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from scipy import stats
from sklearn.metrics import roc_auc_score
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

import voe.stats as vs
from tests.conftest import write_images
from voe.cli.main import cli
from voe.errors import RunError, VoeError
from voe.inference import primary_comparisons
from voe.results import Run

Manifest = Callable[..., Path]
SHORT = ["--window", "4", "--stride", "1", "--contexts", "1,2"]
CONCEPTS = ("solidity", "gravity")
PER_CONCEPT = 8


def voe(*arguments: str, error: type[BaseException] | None = None) -> Result:
    result = CliRunner().invoke(cli, list(arguments))
    if error is None and result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def tables(*arguments: str) -> dict[str, list[dict[str, Any]]]:
    output = voe(*arguments, "--format", "json").output
    return {table["name"]: table["records"] for table in json.loads(output)["tables"]}


def by_concept(records: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {record["concept"]: record for record in records}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """16 pairs of two concepts. In 'solidity' the impossible clip jumps in every scene, in 'gravity' in six
    of eight (in the others the possible one does). Runs: `copy`, `random` of seeds 0 .. 4, `other` protocol.
    """
    root = tmp_path_factory.mktemp("statistics")
    rows, calm, jump = [], [9] * 7, [9, 9, 9, 9, 80, 80, 80]
    for concept in CONCEPTS:
        for scene in range(PER_CONCEPT):
            swapped = concept == "gravity" and scene >= 6
            for possible in (True, False):
                path = f"{concept}{scene}{'p' if possible else 'i'}"
                levels = calm if possible is not swapped else jump
                write_images(root / path, [level + scene for level in levels])
                rows.append(f"{path},{path},{concept}-{scene},{possible},{concept}")
    manifest = root / "mine.csv"
    manifest.write_text("\n".join(["clip,path,scene,possible,concepts", *rows]) + "\n", encoding="utf-8")
    shown = ["--stimuli", str(manifest), *SHORT, "--quiet"]
    voe("score", "--model", "copy-last-frame,size=32", *shown, "--out", str(root / "copy"))
    voe("score", "--model", "random,size=32", "--seeds", "5", *shown, "--out", str(root / "random"))
    for seed in (5, 6, 7):
        out = str(root / f"more/seed-{seed}")
        voe("score", "--model", f"random,size=32,seed={seed}", *shown, "--out", out)
    other = ["--stimuli", str(manifest), "--window", "4", "--contexts", "2", "--quiet"]
    voe("score", "--model", "copy-last-frame,size=32", *other, "--out", str(root / "other"))
    return root


def test_the_headline_has_every_test_and_interval(runs: Path) -> None:
    found = by_concept(tables("stats", str(runs / "copy"))["headline"])
    assert list(found) == [*CONCEPTS, "all"]
    gravity, overall = found["gravity"], found["all"]
    assert (gravity["n"], gravity["right"], gravity["wrong"], gravity["estimate"]) == (8, 6, 2, 0.75)
    exact = [stats.binomtest(k, n, alternative="greater").pvalue for k, n in ((8, 8), (6, 8), (14, 16))]
    assert [found[c]["p_value"] for c in (*CONCEPTS, "all")] == pytest.approx(exact, abs=1e-12)
    holm = multipletests(exact[:2], method="holm")[1]
    assert [found[c]["p_holm"] for c in CONCEPTS] == pytest.approx(list(holm), abs=1e-12)
    assert overall["p_holm"] is None
    assert gravity["p_mid"] == pytest.approx(exact[1] - stats.binom.pmf(6, 8, 0.5) / 2, abs=1e-12)
    clopper = proportion_confint(14, 16, method="beta")
    assert (overall["clopper_pearson_low"], overall["clopper_pearson_high"]) == pytest.approx(clopper)
    assert (gravity["margin"], overall["margin"]) == (0.10, 0.05)
    assert found["solidity"]["failed"] == found["solidity"]["untestable"] == 0


def test_equivalence_evidence_and_bootstrap_are_those_of_the_package(runs: Path) -> None:
    overall = by_concept(tables("stats", str(runs / "copy"))["headline"])["all"]
    totals = vs.totals_by_scene([1.0] * 14 + [0.0] * 2)
    assert overall["p_equivalent"] == pytest.approx(float(vs.equivalence_p(totals, 0.05)))
    low, high = map(float, vs.cluster_bootstrap(totals))
    assert (overall["bootstrap_low"], overall["bootstrap_high"]) == pytest.approx((low, high))
    p = np.linspace(0.5, 1, 200_001)
    uniform = np.trapezoid(2 * p**14 * (1 - p) ** 2, p) * 2.0**16
    assert overall["bayes_factor"] == pytest.approx(uniform, rel=1e-6)
    beta = np.trapezoid(2 * stats.beta.pdf(p, 4, 4) * p**14 * (1 - p) ** 2, p) * 2.0**16
    assert overall["bayes_factor_sensitivity"] == pytest.approx(beta, rel=1e-6)


def test_the_best_of_all_settings_is_paid_for(runs: Path) -> None:
    folder = runs / "random/seed-0"
    found = tables("stats", str(folder))
    best = by_concept(found["best_setting"])["all"]
    assert best["n_settings"] == 4  # two contexts, mean and max
    pairs = Run.open(folder).pairs()
    scores = []
    for context in (1, 2):
        part = pairs[pairs["context"] == context]
        for column in ("contrast", "contrast_max"):
            ties = part[column].abs() <= part["tau"]
            scores.append(np.where(ties, 0.5, part[column] > 0))
    settings = [s for s in found["settings"] if s["concept"] == "all"]
    assert sorted(s["estimate"] for s in settings) == sorted(s.mean() for s in scores)
    # A second way: 20,000 flips of our own, settings on one scale.
    signs = 2 * np.array(scores).T - 1
    scale = np.sqrt((signs**2).sum(axis=0))
    observed = signs.sum(axis=0) / scale
    chosen = scores[int(observed.argmax())]
    assert best["estimate"] == chosen.mean()
    flips = np.random.default_rng(7).choice([-1, 1], (20_000, len(signs)))
    largest = (flips @ signs / scale).max(axis=1)
    assert best["p_value"] == pytest.approx((largest >= observed.max() - 1e-9).mean(), abs=0.02)
    assert best["p_value"] > vs.sign_test(chosen).above
    order = ["12".index(str(s["context"])) * 2 + (s["aggregate"] == "max") for s in settings]
    fitted = vs.cross_fitted(np.array([scores[index] for index in order]))
    assert (best["cross_fitted"], best["low"]) == pytest.approx((fitted.estimate, fitted.low))


def test_surprise_over_time_says_when_frames_jump_and_what_that_licenses(runs: Path) -> None:
    found = tables("stats", str(runs / "copy"))
    solidity = by_concept(found["over_time"])["solidity"]
    assert solidity["p_value"] == 1 / 2**8  # of all flips, none but the identity gets as far
    curve = [point for point in found["curve"] if point["concept"] == "solidity"]
    # 7 frames, windows of 4, context 1: window w predicts frames w + 1 .. w + 3, the jump is at frame 4.
    assert [point["time"] for point in curve] == [2.0, 3.0, 4.0, 5.0]
    share = np.array([0, 1, 2, 3]) / 3 * (80 - 9) / 255
    assert [point["mean"] for point in curve] == pytest.approx(share, abs=1e-6)
    assert (solidity["start"], solidity["stop"]) == (3.0, 5.0)
    text = voe("stats", str(runs / "copy")).output
    assert "licenses no claim about when" in " ".join(text.split())


def test_untrained_networks_are_the_second_comparison(runs: Path) -> None:
    row = by_concept(tables("stats", str(runs / "copy"), "--untrained", str(runs / "random"))["untrained"])
    seeds = [Run.open(runs / f"random/seed-{seed}") for seed in range(5)]
    accuracies = np.array([primary_comparisons(run)["score"].mean() for run in seeds])
    overall = row["all"]
    assert (overall["n"], overall["untrained_n"], overall["first_trained"]) == (16, 5, 14 / 16)
    assert overall["untrained_mean"] == pytest.approx(accuracies.mean())
    assert overall["p_rank"] == (1 + (accuracies >= 14 / 16).sum()) / 6
    # Crawford and Howell's test is Student's two-sample test with a sample of one.
    student = stats.ttest_ind([14 / 16], accuracies, equal_var=True, alternative="greater")
    assert (overall["t"], overall["p_single"]) == pytest.approx((student.statistic, student.pvalue))
    assert "difference" not in overall


def test_trained_seeds_are_compared_over_seeds_and_scenes(runs: Path) -> None:
    arguments = [str(runs / "random/seed-0"), "--trained", str(runs / "random/seed-1")]
    for seed in (2, 3, 4):
        arguments += ["--untrained", str(runs / f"random/seed-{seed}")]
    overall = by_concept(tables("stats", *arguments)["untrained"])["all"]
    scores = [primary_comparisons(Run.open(runs / f"random/seed-{s}"))["score"] for s in range(5)]
    expected = vs.seeds_by_scenes(np.array(scores[:2]), np.array(scores[2:]))
    assert overall["difference"] == pytest.approx(expected.estimate)
    assert (overall["difference_low"], overall["difference_high"]) == pytest.approx(
        (expected.low, expected.high)
    )
    assert "g" not in overall and "over seeds and scenes" in voe("stats", *arguments).output


def test_the_reference_arithmetic_is_the_reference_functions_on_pairs(runs: Path) -> None:
    found = tables("stats", str(runs / "copy"), "--protocol", "reference")
    rows = Run.open(runs / "copy").rows()
    surprise, possible = [], []
    for scene in range(PER_CONCEPT):
        for kind in "pi":
            mine = rows[(rows["clip"] == f"gravity{scene}{kind}") & (rows["context"] == 1)]
            surprise.append(mine["surprise"].to_numpy())
            possible.append(kind == "p")
    with pytest.warns(vs.ReferenceWarning, match="10 possible clips"):
        expected = vs.reference_metrics(np.array(surprise), possible)
    (gravity,) = [r for r in found["reference"] if (r["block"], r["contexts"]) == ("gravity", "1")]
    for metric, value in expected.items():
        assert gravity[metric] == (None if np.isnan(value) else pytest.approx(value, abs=1e-9)), metric
    assert gravity["relative_accuracy_avg"] == 75.0
    area = roc_auc_score(possible, -np.array(surprise).mean(axis=1))
    assert gravity["auroc_avg"] == pytest.approx(area, abs=1e-6)
    assert [r["contexts"] for r in found["reference"]] == ["1", "2", "Filtered"] * 2
    assert found["reference_best"][-1]["best_relative_accuracy_avg"] == (100 + 75) / 2
    text = voe("stats", str(runs / "copy"), "--protocol", "reference").output
    assert "chosen on the data" in text and "it needs 10 possible clips" in " ".join(text.split())


def test_every_table_carries_the_lock_and_fits_the_page(runs: Path) -> None:
    lock = Run.open(runs / "copy").summary_record()["lock_digest"]
    for extra in ([], ["--protocol", "reference"], ["--untrained", str(runs / "random")]):
        lines = voe("stats", str(runs / "copy"), *extra).output.splitlines()
        assert sum(f"{lock}]" in line for line in lines) >= 4
        assert max(map(len, lines[lines.index("") :])) <= 80  # under the heading of the run
    latex = voe("stats", str(runs / "copy"), "--format", "latex").output
    assert latex.count(r"\caption{") == latex.count(f"[lock {lock}]") == latex.count(r"\end{table}") == 7
    assert r"75.0 \%" in latex and "$<$ .001" not in latex


def test_csv_has_one_row_a_value(runs: Path) -> None:
    output = voe("stats", str(runs / "copy"), "--format", "csv").output
    values = list(csv.DictReader(io.StringIO(output)))
    headline = {v["quantity"]: v["value"] for v in values if (v["table"], v["row"]) == ("headline", "1")}
    assert headline["concept"] == "gravity" and float(headline["estimate"]) == 0.75
    assert {"headline", "best_setting", "settings", "over_time", "curve"} == {v["table"] for v in values}
    assert len({v["lock"] for v in values}) == 1


def test_compare_is_mcnemar_with_holm_over_pairs_of_runs(runs: Path) -> None:
    names = ["copy", "random/seed-0", "random/seed-1"]
    folders = [str(runs / name) for name in names]
    found = tables("compare", *folders)
    scores = np.array([primary_comparisons(Run.open(folder))["score"] for folder in folders])
    p_values = []
    for first, second in ((0, 1), (0, 2), (1, 2)):
        one, two = scores[first] == 1, scores[second] == 1
        table = [[(one & two).sum(), (one & ~two).sum()], [(~one & two).sum(), (~one & ~two).sum()]]
        p_values.append(mcnemar(table, exact=True).pvalue)
    overall = [row for row in found["differences"] if row["concept"] == "all"]
    assert [(r["first"], r["second"]) for r in overall] == [(1, 2), (1, 3), (2, 3)]
    assert [r["p_value"] for r in overall] == pytest.approx(p_values, abs=1e-12)
    assert [r["p_holm"] for r in overall] == pytest.approx(list(multipletests(p_values, method="holm")[1]))
    assert overall[0]["estimate"] == pytest.approx(scores[0].mean() - scores[1].mean())
    right = [row["estimate"] for row in found["accuracies"] if row["concept"] == "all"]
    assert right == pytest.approx(scores.mean(axis=1))


def test_compare_leaves_out_what_one_run_could_not_score(runs: Path, tmp_path: Path) -> None:
    torn = runs / "gravity7i/3.png"
    content = torn.read_bytes()
    shown = ["--stimuli", str(runs / "mine.csv"), *SHORT, "--quiet"]
    try:
        torn.write_bytes(b"torn")
        voe("score", "--model", "copy-last-frame,size=32", *shown, "--out", str(tmp_path / "torn"))
    finally:
        torn.write_bytes(content)
    # The same set, of which one run could not read a clip: on a failing disk, say.
    sha256 = json.loads((runs / "copy/protocol.lock").read_text())["stimuli"]["sha256"]
    lock = json.loads((tmp_path / "torn/protocol.lock").read_text())
    lock["stimuli"]["sha256"] = sha256
    (tmp_path / "torn/protocol.lock").write_text(json.dumps(lock))
    found = tables("compare", str(runs / "copy"), str(tmp_path / "torn"))
    overall = [row for row in found["accuracies"] if row["concept"] == "all"]
    assert [row["n"] for row in overall] == [15, 15]
    assert "1 comparisons left out" in voe("compare", str(runs / "copy"), str(tmp_path / "torn")).output
    headline = by_concept(tables("stats", str(tmp_path / "torn"))["headline"])
    assert (headline["all"]["failed"], headline["all"]["n"]) == (1, 15)


def test_runs_that_cannot_be_compared_are_refused(runs: Path, tmp_path: Path) -> None:
    copy, other = str(runs / "copy"), str(runs / "other")
    for arguments, message in (
        ([copy, other], "differ in contexts, primary_context, stride"),
        ([copy, copy], "named twice"),
        ([copy], "nothing to be compared with"),
    ):
        result = voe("compare", *arguments, error=RunError)
        assert isinstance(result.exception, RunError) and message in str(result.exception)
    assert voe("compare", copy, other, "--allow-protocols").exit_code == 0
    write_images(tmp_path / "a", [9] * 6)
    write_images(tmp_path / "b", [9] * 4 + [80] * 2)
    (tmp_path / "two.csv").write_text("clip,path,scene,possible\na,a,s,1\nb,b,s,0\n", encoding="utf-8")
    short = ["--stimuli", str(tmp_path / "two.csv"), *SHORT]
    voe("score", "--model", "copy-last-frame,size=32", *short, "--out", str(tmp_path / "r"))
    result = voe("compare", copy, str(tmp_path / "r"), "--allow-protocols", error=RunError)
    assert "only runs on the same stimuli" in str(result.exception)
    result = voe("stats", copy, "--untrained", str(tmp_path / "r"), error=RunError)
    assert "only runs on the same stimuli" in str(result.exception)


def test_one_scene_gives_reasons_and_no_number(runs: Path, tmp_path: Path) -> None:
    write_images(tmp_path / "a", [9] * 6)
    write_images(tmp_path / "b", [9] * 4 + [80] * 2)
    (tmp_path / "two.csv").write_text("clip,path,scene,possible\na,a,s,1\nb,b,s,0\n", encoding="utf-8")
    short = ["--stimuli", str(tmp_path / "two.csv"), *SHORT]
    voe("score", "--model", "copy-last-frame,size=32", *short, "--out", str(tmp_path / "r"))
    found = tables("stats", str(tmp_path / "r"))
    assert found["headline"][0]["low"] is None and found["headline"][0]["p_value"] == 0.5
    assert found["best_setting"][0]["low"] is None and "only 1 scenes" in found["best_setting"][0]["reason"]
    assert found["over_time"][0]["p_value"] is None
    assert "at least 5 are needed" in voe("stats", str(tmp_path / "r")).output


def test_power_by_formula_and_by_simulation() -> None:
    found = tables("power", "--accuracy", "0.6", "--icc", "0.2", "--per-scene", "2", "--simulations", "500")
    (plan,) = found["power"]
    z = stats.norm.isf(0.05) / 2 + stats.norm.isf(0.2) * np.sqrt(0.24)
    assert plan["design_effect"] == pytest.approx(1.2)
    assert plan["n_quadruplets"] >= 1.2 * (z / 0.1) ** 2 and plan["n_scenes"] * 2 == plan["n_quadruplets"]
    assert [row["n_quadruplets"] for row in found["equivalence"]] == [
        vs.plan_for_equivalence(margin, deff=1.2) for margin in (0.10, 0.05)
    ]


def test_power_of_a_set_is_that_of_the_binomial_test() -> None:
    (plan,) = tables("power", "--accuracy", "0.6", "--quadruplets", "150", "--simulations", "4000")["power"]
    least = next(k for k in range(151) if stats.binom.sf(k - 1, 150, 0.5) <= 0.05)
    assert plan["power_simulated"] == pytest.approx(stats.binom.sf(least - 1, 150, 0.6), abs=0.03)
    assert plan["power_formula"] == pytest.approx(plan["power_simulated"], abs=0.06)
    (plan,) = tables("power", "--quadruplets", "153", "--simulations", "500")["power"]
    least = next(k for k in range(154) if stats.binom.sf(k - 1, 153, 0.5) <= 0.05)
    assert stats.binom.sf(least - 1, 153, plan["accuracy"]) == pytest.approx(0.8, abs=1e-9)


def test_power_says_what_is_missing_or_has_no_effect() -> None:
    assert "say what is known" in voe("power").output
    text = voe("power", "--accuracy", "0.7", "--icc", "0.2", "--simulations", "200").output
    assert "has no effect with one quadruplet a scene" in text
    result = voe("power", "--accuracy", "0.4", "--quadruplets", "100", error=VoeError)
    assert "between 0.5 and 1" in str(result.exception)


def test_quadruplets_enter_by_interaction_and_the_reference_by_outcome_matched_pairs(tmp_path: Path) -> None:
    rows = ["clip,path,scene,possible,context,outcome,concepts"]
    for scene in range(6):
        for number, (context, outcome) in enumerate(("aa", "ab", "ba", "bb")):
            path = f"{scene}{context}{outcome}"
            first, last = 40 * (context == "b") + scene, 90 + 40 * (outcome == "b")
            write_images(tmp_path / path, [first + number % 2, first, first, first + 1, last, last + 1])
            rows.append(f"{path},{path},s{scene},{number in (0, 3)},{context},{outcome},support")
    (tmp_path / "four.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    shown = ["--stimuli", str(tmp_path / "four.csv"), *SHORT, "--quiet", "--out", str(tmp_path / "r")]
    voe("score", "--model", "random,size=32", *shown)
    run = Run.open(tmp_path / "r")
    found = tables("stats", str(tmp_path / "r"))
    quads = run.quadruplets().query("context == 1")
    assert found["headline"][0]["n"] == 6 and found["headline"][0]["estimate"] == quads["score"].mean()
    curve = [point["mean"] for point in found["curve"] if point["concept"] == "support"]
    assert np.mean(curve) == pytest.approx(quads["contrast"].mean())  # no spans: every window is informative
    reference = tables("stats", str(tmp_path / "r"), "--protocol", "reference")
    pairs = run.pairs().query("match == 'outcome-matched'")
    for context in (1, 2):
        (row,) = [r for r in reference["reference"] if r["contexts"] == str(context)]
        expected = 100 * (pairs[pairs["context"] == context]["contrast"] > 0).mean()
        assert row["relative_accuracy_avg"] == pytest.approx(expected, abs=1e-4)
    assert reference["corrected"][0]["pairs"] == len(pairs) / 2 == 12
    assert "outcome-matched" in voe("stats", str(tmp_path / "r"), "--protocol", "reference").output


@pytest.fixture(scope="module")
def spliced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """8 quadruplets whose outcomes begin at frame 8, 9, 10, ...: dark or bright, as before or not."""
    root = tmp_path_factory.mktemp("spliced")
    spans = "context_starts,context_ends,outcome_starts,outcome_ends"
    rows = [f"clip,path,scene,possible,concepts,context,outcome,{spans}"]
    for scene in range(8):
        begins = 8 + scene % 3
        for context, before in (("a", 20), ("b", 200)):
            for outcome, after in (("a", 20), ("b", 200)):
                name = f"s{scene}{context}{outcome}"
                write_images(root / name, [before + scene] * begins + [after + scene] * (20 - begins))
                rows.append(
                    f"{name},{name},s{scene},{context == outcome},solidity,{context},{outcome},"
                    f"0,{begins},{begins},20"
                )
    (root / "mine.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return root


def test_time_counts_from_the_violation(spliced: Path) -> None:
    run = str(spliced / "run")
    shown = ["--stimuli", str(spliced / "mine.csv"), "--window", "4", "--stride", "1", "--contexts", "2"]
    voe("score", "--model", "copy-last-frame,size=32", *shown, "--quiet", "--out", run)
    found = tables("stats", run)
    row = by_concept(found["over_time"])["solidity"]
    assert row["aligned_to"] == "violation"
    curve = {point["time"]: point["mean"] for point in found["curve"] if point["concept"] == "solidity"}
    # A window predicts two frames; it stands half a frame after the first of them, rounded up. Three windows
    # hold the jump: one frame after it, both (and the context before it), and from then on none.
    step = 2 * 2 * 180 / 255
    assert {time: mean for time, mean in curve.items() if mean > 1e-6} == pytest.approx(
        {0.0: step / 4, 1.0: step / 2}
    )
    assert min(curve) <= -5 and max(curve) >= 8
    assert (row["start"], row["stop"]) == (0.0, 1.0)
    assert abs(row["latency"]) <= 1
    text = " ".join(voe("stats", run).output.split())
    assert "Times: frames from the first in which the outcomes differ." in text


def test_clips_that_do_not_say_when_are_counted_from_their_start(runs: Path) -> None:
    assert (
        by_concept(tables("stats", str(runs / "copy"))["over_time"])["all"]["aligned_to"]
        == "start of the clip"
    )
    text = " ".join(voe("stats", str(runs / "copy")).output.split())
    assert "since the set does not say where violations begin" in text


def test_checkpoints_are_paid_for(runs: Path) -> None:
    folders = [str(runs / f"random/seed-{seed}") for seed in (3, 1, 0)]
    found = tables("compare", *folders, "--checkpoints")
    scores = np.array([primary_comparisons(Run.open(Path(folder)))["score"] for folder in folders])
    best, rows = by_concept(found["best_checkpoint"])["all"], found["checkpoints"]
    assert best["estimate"] == scores.mean(axis=1).max()
    overall = [row for row in rows if row["concept"] == "all"]
    assert [row["checkpoint"] for row in overall] == [1, 2, 3]
    assert [row["e_value"] for row in overall] == pytest.approx([vs.e_value(row) for row in scores])
    assert [row["running"] for row in overall] == pytest.approx(list(vs.checkpoint_sweep(scores).running))
    assert best["p_value"] == pytest.approx(vs.max_statistic(scores).p_value)
    planned = tables("compare", *folders, "--checkpoints", "--planned", "10")["checkpoints"]
    assert planned[-1]["running"] == pytest.approx(sum(vs.e_value(row) for row in scores) / 10)


def test_the_checkpoint_at_which_one_might_have_stopped_counts_from_one(runs: Path) -> None:
    # 'solidity' is right in all 8 scenes: e = 512 / 9 = 56.8 of one checkpoint, half of which passes 20.
    found = tables("compare", str(runs / "copy"), str(runs / "random/seed-0"), "--checkpoints")
    best = by_concept(found["best_checkpoint"])
    assert best["solidity"]["crossed"] == 1
    assert best["gravity"]["crossed"] is None
    text = voe("compare", str(runs / "copy"), str(runs / "random/seed-0"), "--checkpoints").output
    assert "none" in text


def test_more_checkpoints_than_were_planned_are_refused(runs: Path) -> None:
    folders = [str(runs / f"random/seed-{seed}") for seed in (0, 1, 2)]
    with pytest.raises(RunError, match="3 runs where 2 were planned"):
        voe("compare", *folders, "--checkpoints", "--planned", "2")
    assert voe("compare", *folders, "--planned", "2").exit_code == 2


def test_one_network_is_not_two_seeds(runs: Path, tmp_path: Path) -> None:
    more = ["--untrained", str(runs / "more")]
    first, again, other = runs / "random/seed-0", tmp_path / "again", tmp_path / "other"
    shutil.copytree(first, again)
    with pytest.raises(RunError, match=r"seed-0 and .*again are of one network"):
        voe("stats", str(first), "--trained", str(again), *more)
    shutil.copytree(runs / "random/seed-1", other)
    assert voe("stats", str(first), "--trained", str(other), *more).exit_code == 0
    for path in (again, other):  # other numbers, as another machine would have them
        record = json.loads((path / "run.json").read_text())
        record["model"]["details"]["weights_sha256"] = "the same"
        (path / "run.json").write_text(json.dumps(record))
    with pytest.raises(RunError, match=r"again and .*other are of one network"):
        voe("stats", str(again), "--trained", str(other), *more)


def test_five_trained_seeds_get_hedges_g(runs: Path) -> None:
    trained = [str(runs / "copy")]
    untrained = str(runs / "random")
    few = by_concept(tables("stats", *trained, "--untrained", untrained)["untrained"])["all"]
    assert "g" not in few
    # The copies of one run are refused, so seeds of `random` stand in for trained ones.
    first, *others = [str(runs / f"random/seed-{seed}") for seed in range(5)]
    named = [option for other in others for option in ("--trained", other)]
    row = by_concept(tables("stats", first, *named, "--untrained", str(runs / "more"))["untrained"])["all"]
    seeds = [primary_comparisons(Run.open(runs / f"random/seed-{n}"))["score"].mean() for n in range(5)]
    more = [primary_comparisons(Run.open(runs / f"more/seed-{n}"))["score"].mean() for n in range(5, 8)]
    group = vs.group_difference(seeds, more)
    assert (row["g"], row["p_welch"]) == pytest.approx((group.g, group.p_value))
    assert row["difference"] == pytest.approx(np.mean(seeds) - np.mean(more))
    assert "Hedges" in voe("stats", first, *named, "--untrained", str(runs / "more")).output
