"""Results of arms: pooled rightly, set beside untrained networks, written and read, printed and drawn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from scipy import stats

from voe.cli.main import cli
from voe.clips import StimulusSet
from voe.errors import VoeError
from voe.loaders.load import load_stimuli
from voe.miniature.arms import ARMS, arm_named, levels_of
from voe.miniature.figures import draw_all
from voe.miniature.printing import result_tables
from voe.miniature.results import Results, joined, read_results
from voe.miniature.tables import (
    ablation_table,
    accuracy_table,
    beside_untrained,
    by_concept,
    contrast_table,
    group_differences,
    groups_with_results,
    latent_less_pixels,
    space_table,
)
from voe.miniature.work import UNTRAINED_FROM, collect, place_of
from voe.report.formats import render


def verdicts(arm: str, seeds: list[int], share: float, n: int = 40, stimuli: str = "builtin") -> pd.DataFrame:
    """Two concepts of n quadruplets each, right in `share` of them, other ones for each seed."""
    rows = []
    for seed in seeds:
        generator = np.random.default_rng([seed, len(arm)])
        for concept in ("support", "gravity"):
            right = generator.permutation(np.arange(n) < share * n).astype(float)
            rows += [
                {"arm": arm, "seed": seed, "stimuli": stimuli, "comparison": f"{concept}-{k}",
                 "concept": concept, "status": "scored", "score": score}
                for k, score in enumerate(right.tolist())
            ]  # fmt: skip
    return pd.DataFrame(rows)


@pytest.fixture
def results() -> Results:
    parts = [
        verdicts("latent", [0, 1, 2, 3, 4], 0.8),
        verdicts("pixels", [0, 1], 0.5),
        verdicts("masks-block", [0], 0.7),
        verdicts("untrained", list(range(UNTRAINED_FROM, UNTRAINED_FROM + 19)), 0.5, n=20),
    ]
    steps = pd.DataFrame(
        [{"arm": "latent", "seed": 0, "step": s, "concept": c, "estimate": 0.5 + s / 1000}
         for s in (100, 200) for c in ("support", "gravity", "all")]
    )  # fmt: skip
    trainings = pd.DataFrame(
        [{"arm": "latent", "seed": 0, "steps": 200, "clips": 10, "seconds": 1.0, "loss": 0.1,
          "effective_rank": 9.0, "weights_sha256": "0", "computed_in": "float32"}]
    )  # fmt: skip
    return joined([Results(part, steps.iloc[:0], trainings.iloc[:0]) for part in parts]
                  + [Results(parts[0].iloc[:0], steps, trainings)])  # fmt: skip


def test_third_spaces_have_a_table_of_their_own(results: Results) -> None:
    parts = [
        verdicts("latent@colours", [0, 1], 0.7).assign(r2=0.5),
        verdicts("pixels@colours", [0], 0.6).assign(r2=0.75),
    ]
    found = joined([results, *(Results(p, results.development, results.trainings) for p in parts)])
    table = space_table(found, "builtin").set_index("model")
    assert list(table["space"]) == ["colours"] * 2 and list(table["seeds"]) == [2, 1]
    assert table.loc["latent", "estimate"] == pytest.approx(0.7) and table.loc["pixels", "r2"] == 0.75
    assert table.loc["pixels", "support"] == pytest.approx(0.6)
    text = render(result_tables(found), "text")
    assert "IN A THIRD SPACE" in text and "IN A THIRD SPACE" not in render(result_tables(results), "text")


def test_seeds_of_a_quadruplet_are_one_cluster(results: Results) -> None:
    found = results.accuracy("latent", "builtin")
    assert found.estimate == pytest.approx(0.8) and found.n == 5 * 80 and found.n_scenes == 80
    assert found.low < 0.8 < found.high and found.verdict == "above"
    assert results.seeds("latent", "builtin") == [0, 1, 2, 3, 4]
    with pytest.raises(VoeError, match="was not scored on 'other'"):
        results.accuracy("latent", "other")


def test_tables(results: Results) -> None:
    table = accuracy_table(results, "builtin", ("latent", "pixels")).set_index(["arm", "concept"])
    assert table.loc[("latent", "support"), "n"] == 40 and table.loc[("latent", "all"), "seeds"] == 5
    p = table.loc["latent", "p_value"].drop("all")
    assert table.loc[("latent", p.idxmin()), "p_holm"] == pytest.approx(min(2 * p.min(), 1))
    assert table.loc[("pixels", "all"), "verdict"] != "above"
    beside = beside_untrained(results, "builtin", "latent").set_index("concept")
    shared = results.scores("latent", "builtin").loc[results.scores("untrained", "builtin").index]
    assert beside.loc["all", "n"] == 40 and beside.loc["all", "trained"] == pytest.approx(
        shared.mean().mean()
    )
    assert beside.loc["all", "untrained_n"] == 19 and beside.loc["all", "untrained_sd"] == pytest.approx(0)
    assert beside.loc["all", "p_rank"] == pytest.approx(1 / 20)
    rows, dots = ablation_table(results, "masking", "builtin")
    assert rows.set_index("level").loc["blocks", "estimate"] == pytest.approx(0.7)
    assert len(dots) == 6 and groups_with_results(results, "builtin") == ["masking"]


def test_effects_over_untrained_networks() -> None:
    rng = np.random.default_rng(0)
    parts = [verdicts("latent", [k], 0.7 + 0.05 * k) for k in range(5)]
    parts += [
        verdicts("untrained", [UNTRAINED_FROM + k], share) for k, share in enumerate(rng.uniform(0.4, 0.6, 9))
    ]
    empty = pd.DataFrame()
    alone = [p for p in parts if p["seed"].iloc[0] not in range(1, 5)]
    one = beside_untrained(joined([Results(p, empty, empty) for p in alone]), "builtin", "latent")
    assert (one["test"] == "single case").all() and (one["p_value"] == one["p_single"]).all()
    by_concept = one[one["concept"] != "all"]
    assert by_concept["p_holm"].min() == pytest.approx(min(2 * by_concept["p_value"].min(), 1))
    row = beside_untrained(joined([Results(p, empty, empty) for p in parts]), "builtin", "latent").iloc[-1]
    tables = pd.concat(parts)
    first, second = (
        tables[tables["arm"] == arm].groupby("seed")["score"].mean().to_numpy()
        for arm in ("latent", "untrained")
    )
    welch = stats.ttest_ind(first, second, equal_var=False, alternative="greater")
    assert row["p_welch"] == pytest.approx(welch.pvalue) and row["g_low"] < row["g"] < row["g_high"]
    assert (row["test"], row["p_value"], row["p_holm"]) == ("welch", row["p_welch"], row["p_welch"])
    assert row["p_rank_worst"] == pytest.approx((1 + (second >= first.min()).sum()) / 10)


def test_contrasts_as_shares_of_surprise(results: Results, tmp_path: Path) -> None:
    parts = [
        verdicts(f"filmed-colour-{pairing}", [0, 1], 0.5, n=4, stimuli="flat-filmed").assign(
            contrast=contrast
        )
        for pairing, contrast in (("scrambled", 0.01), ("impossible", -1.0))
    ]
    sized = pd.concat(parts).assign(mean_surprise=0.5)
    found = Results(sized, results.development.iloc[:0], results.trainings)
    table = contrast_table(found, "filmed lessons, colour", "flat-filmed")
    shares = table.groupby("level")["share"].unique().to_dict()
    assert len(table) == len(sized) and shares == {"scrambled": [0.02], "impossible": [-2.0]}
    assert "flat-lessons-contrasts.png" in {path.name for path in draw_all(found, tmp_path)}
    # Where surprise was not recorded the other figures are drawn.
    without = replace(found, verdicts=sized.drop(columns="mean_surprise"))
    assert contrast_table(without, "filmed lessons, colour", "flat-filmed").empty
    names = {path.name for path in draw_all(without, tmp_path / "again")}
    assert "filmed-lessons-colour.png" in names and "flat-lessons-contrasts.png" not in names


def test_arms_that_were_computed_in_several_ways_say_so(results: Results) -> None:
    ways = [("masks-block", "float32"), ("latent", "bfloat16")]
    rows = pd.DataFrame(ways, columns=["arm", "computed_in"])
    mixed = Results(results.verdicts, results.development, rows)
    [masking] = [table for table in result_tables(mixed) if table.name == "masking"]
    assert masking.views[0].notes[-1] == "Trained in bfloat16: latent; in float32: masks-block."
    [masking] = [table for table in result_tables(results) if table.name == "masking"]
    assert len(masking.views[0].notes) == 1


def test_written_and_read(results: Results, tmp_path: Path) -> None:
    results.write(tmp_path)
    again = read_results(tmp_path)
    assert again.accuracy("latent", "builtin") == results.accuracy("latent", "builtin")
    assert again.development["estimate"].tolist() == results.development["estimate"].tolist()
    (tmp_path / "trainings.csv").write_text("arm\n")
    with pytest.raises(VoeError, match="is missing; it was written by another"):
        read_results(tmp_path)
    with pytest.raises(VoeError, match=r"there is no verdicts\.parquet"):
        read_results(tmp_path / "none")


def test_printed_and_drawn(results: Results, tmp_path: Path) -> None:
    text = render(result_tables(results), "text")
    assert "LATENT PREDICTOR on builtin, 5 seeds" in text and "80.0 %" in text and "MASKING" in text
    assert all(len(line) <= 80 for line in text.splitlines())
    names = {path.stem for path in draw_all(results, tmp_path)}
    assert names == {"models", "concepts-builtin", "development", "masking"}


def test_what_is_collected(results: Results, tmp_path: Path) -> None:
    place = place_of(tmp_path, "masks-block", 0)
    place.mkdir(parents=True)
    table = results.verdicts[results.verdicts["arm"] == "masks-block"]
    table.to_parquet(place / "verdicts-builtin.parquet")
    (tmp_path / "notes/seed-0").mkdir(parents=True)
    assert len(collect(tmp_path).verdicts) == len(table)
    # Scored in part before, or again with other networks: each verdict counts once.
    table.head(3).to_parquet(place / "verdicts-builtin-3.parquet")
    assert len(collect(tmp_path).verdicts) == len(table)


def test_arms() -> None:
    assert len({arm.name for arm in ARMS}) == len(ARMS)
    for arm in ARMS:
        recipe = arm.recipe(3)
        assert recipe.seed == 3 and recipe.name == arm.name and recipe.steps <= 1_000
    assert [level for _, level in levels_of("masking")] == ["blocks", "causal", "random", "mixed"]
    levels = [level for _, level in levels_of("visual complexity")]
    assert levels == ["plain", "plain", "textured", "textured", "noisy", "noisy"]
    with pytest.raises(VoeError, match="Did you mean 'latent'"):
        arm_named("latnet")


def test_the_command() -> None:
    listed = CliRunner().invoke(cli, ["reproduce", "--list"])
    assert listed.exit_code == 0 and len(listed.output.splitlines()) == len(ARMS)
    shown = CliRunner().invoke(cli, ["reproduce", "--from-results"])
    assert shown.exit_code == 0, shown.output
    assert "LATENT PREDICTOR on builtin" in shown.output


def test_only_the_models_and_arms_that_are_named_meet_the_held_out_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    scored: list[tuple[str, str]] = []
    monkeypatch.setattr("voe.miniature.work.train_arm", lambda arm, seed, out, **rest: out)
    monkeypatch.setattr(
        "voe.miniature.work.score_arm",
        lambda arm, seed, out, stimuli, **rest: scored.append((arm.name, stimuli.name)),
    )
    asked: list[int | None] = []

    def heldout(scenes: int | None, *, progress: object) -> StimulusSet:
        asked.append(scenes)
        return replace(load_stimuli("builtin"), name="builtin-heldout")

    monkeypatch.setattr("voe.miniature.work.heldout_stimuli", heldout)
    monkeypatch.setattr("voe.miniature.work.flat_stimuli", lambda probes: load_stimuli("builtin"))
    monkeypatch.setattr("voe.cli.reproduce._show", lambda *shown: None)

    def met(*words: str) -> set[str]:
        scored.clear()
        done = CliRunner().invoke(cli, ["reproduce", *words, "--seeds", "1", "--out", str(tmp_path / "out")])
        assert done.exit_code == 0, done.output
        return {arm for arm, stimuli in scored if stimuli == "builtin-heldout"}

    assert met("--heldout") == {"latent", "pixels"} and asked == [None]
    assert met("latent", "pixels-raw", "--heldout", "--heldout-scenes", "7") == {"latent", "pixels-raw"}
    assert asked == [None, 7]
    refused = CliRunner().invoke(cli, ["reproduce", "flat-colour-possible", "--heldout"])
    assert refused.exit_code == 2 and "probes of their own" in refused.output
    assert met("pixels-raw") == set() and scored == [("pixels-raw", "builtin")]


def test_another_arm_that_met_the_held_out_set_has_a_table_of_it(results: Results) -> None:
    more = verdicts("pixels-raw", [0, 1], 0.9, stimuli="builtin-heldout")
    both = replace(results, verdicts=pd.concat([results.verdicts, more], ignore_index=True))
    text = render(result_tables(both), "text")
    assert "PIXELS-RAW on builtin-heldout, 2 seeds" in text and "90.0 %" in text
    assert "PIXELS-RAW" not in render(result_tables(results), "text")


def test_what_is_trained_is_not_asked_of_results() -> None:
    done = CliRunner().invoke(cli, ["reproduce", "pixels", "--from-results"])
    assert done.exit_code == 2 and "leave out what says what to train" in done.output


def test_latent_less_pixels(results: Results) -> None:
    table = latent_less_pixels(results, "builtin").set_index("concept")
    assert table.loc["all", "estimate"] == pytest.approx(0.3) and table.loc["all", "n"] == 80
    assert table.loc["support", "low"] < 0.3 < table.loc["support", "high"]
    wide = accuracy_table(results, "builtin", ("latent",)).set_index("concept").loc["all"]
    assert wide["seeds_low"] < wide["estimate"] < wide["seeds_high"]


def test_latents_less_raw_pixels_of_as_many_clips() -> None:
    made = pd.concat(
        [verdicts("clips-1000", [1, 2], 0.6, n=10, stimuli="builtin-heldout"),
         verdicts("pixels-raw", [0, 1, 2], 0.9, n=10, stimuli="builtin-heldout")]
    )  # fmt: skip
    text = render(result_tables(Results(made, pd.DataFrame(), pd.DataFrame())), "text")
    assert "CLIPS-1000 less PIXELS-RAW, in points, builtin-heldout" in text and "-30.0" in text


def test_arms_of_a_group_are_told_apart_where_there_are_seeds_to_do_it() -> None:
    arms = {"clips-100": ([0, 1], 0.4), "clips-1000": ([0, 1, 2], 0.6), "latent": ([0], 0.8)}
    made = pd.concat([verdicts(arm, seeds, share) for arm, (seeds, share) in arms.items()])
    found = Results(made, pd.DataFrame(), pd.DataFrame())
    table = group_differences(found, "amount of video", "builtin")
    [row] = table.to_dict("records")  # one seed of `latent`: not told
    assert (row["first"], row["second"], row["n"]) == ("clips-1000", "clips-100", 80)
    wide = [
        made[made["arm"] == arm].pivot(index="seed", columns="comparison", values="score")
        for arm in ("clips-1000", "clips-100")
    ]
    assert row["estimate"] == pytest.approx(wide[0].to_numpy().mean() - wide[1].to_numpy().mean())
    assert row["estimate"] == pytest.approx(0.2) and row["low"] < 0.2 < row["high"]
    text = render(result_tables(found), "text")
    assert "AMOUNT OF VIDEO, differences in points, on builtin" in text and "+20.0" in text
    alike = made.assign(score=(made["arm"] == "clips-100").astype(float))
    text = render(result_tables(Results(alike, pd.DataFrame(), pd.DataFrame())), "text")
    assert "-100.0" in text and "No interval: nothing varies between seeds or scenes." in text
    both = pd.concat([verdicts("pixels-1000", [0, 1], 0.5), verdicts("clips-1000", [0, 1], 0.6)])
    between = group_differences(Results(both, pd.DataFrame(), pd.DataFrame()), "visual complexity", "builtin")
    assert between.empty
    other = verdicts("clips-1000", [0, 1], 0.6)
    other["comparison"] += "-of-another-set"  # nothing that both answered
    apart = Results(pd.concat([verdicts("clips-100", [0, 1], 0.5), other]), pd.DataFrame(), pd.DataFrame())
    assert group_differences(apart, "amount of video", "builtin").empty


def test_arms_of_a_group_that_all_met_the_heldout_set_are_told_apart_there_too() -> None:
    shares = {"masks-block": 0.5, "masks-causal": 0.8, "masks-random": 0.6}
    made = [verdicts(arm, [1, 2], share, n=10, stimuli="builtin-heldout") for arm, share in shares.items()]
    mixed = verdicts("latent", [0, 1, 2], 0.7, n=20, stimuli="builtin-heldout")

    def told(*parts: pd.DataFrame) -> str:
        return render(result_tables(Results(pd.concat(parts), pd.DataFrame(), pd.DataFrame())), "text")

    text = told(*made, mixed).split("MASKING, differences in points, on builtin-heldout\n")[1]
    rows = {tuple(line.split()[:2]): line.split()[2:4] for line in text.split("\n\n")[0].splitlines()}
    assert rows[("masks-causal", "masks-block")] == ["20", "+30.0"]
    assert rows[("latent", "masks-causal")][0] == "20"  # what both answered
    assert "MASKING" not in told(*made[:2], mixed)


def test_flat_lessons_say_how_large_their_contrasts_are_and_how_they_came_about(tmp_path: Path) -> None:
    levels = ("possible", "scrambled", "impossible")
    parts = [
        verdicts(f"flat-colour-{level}", [0], share, stimuli="flat").assign(
            contrast=contrast, mean_surprise=0.5
        )
        for level, share, contrast in zip(levels, (1.0, 0.5, 0.0), (0.1, 1e-5, -0.06), strict=True)
    ]
    steps = pd.DataFrame(
        [
            {"arm": f"flat-colour-{level}", "seed": 0, "step": step, "concept": concept, "estimate": 0.5}
            for level in levels for step in (50, 100) for concept in ("colour-constancy", "all")
        ]
    )  # fmt: skip
    found = Results(pd.concat(parts), steps, pd.DataFrame())
    assert groups_with_results(found, "flat") == ["flat lessons, colour"]
    assert groups_with_results(found, "builtin") == []
    table = ablation_table(found, "flat lessons, colour", "flat")[0].set_index("level")
    assert table["effect"].tolist() == pytest.approx([0.2, 2e-5, -0.12])
    text = render(result_tables(found), "text")
    assert "FLAT LESSONS, COLOUR, on flat" in text
    assert all(word in text for word in ("+20 %", "+0.002 %", "-12 %"))
    names = {path.name for path in draw_all(found, tmp_path)}
    assert {"flat-lessons-colour.png", "flat-lessons-development.png"} <= names
    assert np.isnan(
        Results(parts[0].drop(columns="mean_surprise"), steps, steps).effect("flat-colour-possible", "flat")
    )
    other = parts[0].assign(seed=1, mean_surprise=np.nan)
    assert np.isnan(
        Results(pd.concat([parts[0], other]), steps, steps).effect("flat-colour-possible", "flat")
    )


def test_seeds_that_were_asked_different_scenes_are_compared_on_what_they_share() -> None:
    part = verdicts("latent", [0, 1, 2], 0.8, n=30)
    few = part[(part["seed"] < 2) | part["comparison"].str.fullmatch(r"\w+-[0-9]")]
    found = Results(few, pd.DataFrame(), pd.DataFrame())
    scores = found.scores("latent", "builtin")
    assert scores.shape == (20, 3)
    row = accuracy_table(found, "builtin", ("latent",)).set_index("concept").loc["all"]
    assert row["n"] == 20 and row["estimate"] == pytest.approx(scores.to_numpy().mean())
    assert row["seeds_low"] <= row["estimate"] <= row["seeds_high"]


def test_shares_by_concept_are_the_means_of_its_verdicts(results: Results) -> None:
    table = by_concept(results, "builtin").set_index("arm")
    assert table.index.tolist() == ["latent", "pixels", "masks-block"]  # trained ones, in their order
    part = results.verdicts.query("arm == 'pixels' and concept == 'gravity'")
    assert table.loc["pixels", "gravity"] == pytest.approx(part["score"].mean())
    [shown] = [t for t in result_tables(results) if t.name == "by concept"]
    row = next(line.split() for line in render([shown], "text").splitlines() if "masks-block" in line)
    assert row[1:] == [
        "1",
        *(f"{100 * table.loc['masks-block', c]:.0f}" for c in results.concepts("builtin")),
    ]
    part = results.verdicts.query("not (arm == 'masks-block' and concept == 'gravity')")
    table = by_concept(replace(results, verdicts=part), "builtin").set_index("arm")
    assert np.isnan(table.loc["masks-block", "gravity"]) and table.loc["masks-block", "support"] > 0


def test_an_interval_over_seeds_too_is_no_narrower_than_one_over_scenes() -> None:
    part = verdicts("latent", [0, 1, 2], 1.0, n=30)
    part.loc[part.index[0], "score"] = 0.0
    row = accuracy_table(Results(part, part, part), "builtin", ("latent",)).set_index("concept").loc["all"]
    assert row["seeds_low"] <= row["low"] < 1.0 and row["seeds_high"] <= 1.0
    silent = part.assign(score=np.where(part["seed"] == 2, np.nan, part["score"]))
    row = accuracy_table(Results(silent, part, part), "builtin", ("latent",)).set_index("concept").loc["all"]
    assert (row["seeds_low"], row["seeds_high"]) == (row["low"], row["high"])
