from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

import voe.stats as vs
from tests.cli.conftest import CONCEPTS, PER_CONCEPT, SHORT, by_concept, tables, voe
from tests.conftest import write_images
from voe.errors import VoeError
from voe.results import Run

Manifest = Callable[..., Path]


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


def test_one_scene_gives_reasons_and_no_number(runs: Path, tmp_path: Path) -> None:
    write_images(tmp_path / "a", [9] * 6)
    write_images(tmp_path / "b", [9] * 4 + [80] * 2)
    (tmp_path / "two.csv").write_text("clip,path,scene,possible\na,a,s,1\nb,b,s,0\n", encoding="utf-8")
    short = ["--stimuli", str(tmp_path / "two.csv"), *SHORT]
    voe("score", "--model", "copy-last-frame,size=32", *short, "--out", str(tmp_path / "r"))
    found = tables("stats", str(tmp_path / "r"))
    assert found["headline"][0]["low"] is None and found["headline"][0]["p_value"] == 0.5
    assert found["best_setting"][0]["low"] is None and "only 1 scene," in found["best_setting"][0]["reason"]
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
    assert "Times: frames from where outcomes begin to differ, or a pair states its violation." in text


def test_clips_that_do_not_say_when_are_counted_from_their_start(runs: Path) -> None:
    assert (
        by_concept(tables("stats", str(runs / "copy"))["over_time"])["all"]["aligned_to"]
        == "start of the clip"
    )
    text = " ".join(voe("stats", str(runs / "copy")).output.split())
    assert "since the set does not say where violations begin" in text
