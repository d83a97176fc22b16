"""`voe stats --untrained`, `--trained` and `voe compare`: runs beside each other."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

import voe.stats as vs
from tests.cli.conftest import SHORT, by_concept, tables, voe
from tests.conftest import write_images
from voe.errors import RunError
from voe.inference import primary_comparisons
from voe.results import Run

Manifest = Callable[..., Path]


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


def test_runs_are_named_what_they_are_and_seeds_are_of_one_network(runs: Path) -> None:
    copy, seed = str(runs / "copy"), str(runs / "random/seed-0")
    assert "BESIDE 1 BASELINE [" in voe("stats", copy, "--untrained", seed).output
    arguments = ["stats", copy, "--trained", seed, "--untrained", str(runs / "random/seed-1")]
    mixed = str(voe(*arguments, error=RunError).exception)
    assert "are no seeds of one network" in mixed and "differ in streams" in mixed


def test_a_part_of_a_run_is_not_tested(runs: Path, tmp_path: Path) -> None:
    part = tmp_path / "part"
    shutil.copytree(runs / "copy", part)
    for kind in ("clips", "surprise"):
        for file in sorted((part / kind).glob("*.parquet")):
            table = pd.read_parquet(file)
            table[table["clip"] != "solidity0p"].to_parquet(file)
    assert "UNFINISHED: 1 clip" in voe("table", str(part)).output
    for command in (["stats", str(part)], ["compare", str(runs / "random/seed-0"), str(part)]):
        assert "it is unfinished (1 still to do)" in str(voe(*command, error=RunError).exception)


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
    assert "1 comparison left out" in voe("compare", str(runs / "copy"), str(tmp_path / "torn")).output
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
