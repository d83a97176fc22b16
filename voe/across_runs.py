"""Several runs on the same stimuli: a network against untrained ones, and models against each other.

Runs are compared comparison by comparison, on those that every one of them scored.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from voe.contrasts import SCORED
from voe.errors import RunError
from voe.inference import by_concept, holm_over, primary_comparisons
from voe.results import ALL, Run
from voe.stats import (
    StatsError,
    accuracy_of,
    adjust_family,
    compare_two,
    group_difference,
    rank_among_untrained,
    seeds_by_scenes,
    single_case,
)
from voe.stats.untrained import FEWEST_TRAINED

_SEEDS = 2


def open_runs(paths: Sequence[str | Path]) -> list[Run]:
    """The runs in folders; a folder that is no run itself stands for the runs right inside it, by name.

    Raises:
        RunError: a folder holds neither a run nor runs.
    """
    runs = []
    for path in map(Path, paths):
        inside = sorted(folder.parent for folder in path.glob("*/protocol.lock"))
        folders = inside if inside and not (path / "protocol.lock").is_file() else [path]
        runs += [Run.open(folder) for folder in sorted(folders, key=_natural)]
    return runs


def _natural(path: Path) -> tuple[str, int]:
    """seed-2 before seed-10."""
    stem = path.name.rstrip("0123456789")
    return stem, int(path.name[len(stem) :] or 0)


def require_comparable(runs: Sequence[Run], *, allow_protocols: bool = False) -> None:
    """Raise RunError unless the runs are finished and show the same stimuli under one protocol, each once.

    `allow_protocols` lets windows, contexts and sampling differ; the stimuli must be the same in any case.
    """
    for run in runs:
        run.require_finished()
    first, *others = runs
    seen = {first.path.resolve()}
    for run in others:
        if run.path.resolve() in seen:
            raise RunError(f"comparing runs: {run.path} is named twice; name each run once")
        seen.add(run.path.resolve())
        if run.lock["stimuli"]["sha256"] != first.lock["stimuli"]["sha256"]:
            raise RunError(
                f"comparing runs: {first.path} shows {first.lock['stimuli']['name']!r} and {run.path} shows "
                f"{run.lock['stimuli']['name']!r}, and their names, clips or designs differ; only runs on "
                "the same stimuli can be compared: score both from the same card or manifest"
            )
        mine, theirs = first.lock["protocol"], run.lock["protocol"]
        different = sorted(name for name in {*mine, *theirs} if mine.get(name) != theirs.get(name))
        if first.lock.get("judge", {}).get("questions_sha256") != run.lock.get("judge", {}).get(
            "questions_sha256"
        ):
            different.append("questions")
        if different and not allow_protocols:
            raise RunError(
                f"comparing runs: {first.path} and {run.path} differ in {', '.join(different)}; score both "
                "under one protocol, or say --allow-protocols"
            )


def require_distinct(runs: Sequence[Run]) -> None:
    """Raise RunError where two runs are of one network: a seed that counts twice is no second seed.

    One network is told by its weights, where runs record them, and by contrasts that agree to the last bit.
    """
    seen: dict[tuple[str, object], Run] = {}
    for run in runs:
        for mark in _marks(run):
            if (other := seen.setdefault(mark, run)) is not run:
                raise RunError(
                    f"comparing runs: {other.path} and {run.path} are of one network (they have {mark[0]}), "
                    "and count as one seed; name one of them"
                )


def require_one_recipe(trained: Sequence[Run]) -> None:
    """Raise RunError where runs that are to be seeds of one network are of different ones."""
    first, *others = trained
    for run in others:
        mine, theirs = _recipe(first), _recipe(run)
        if different := [name for name in mine if mine[name] != theirs[name]]:
            raise RunError(
                f"comparing runs: {first.path} ({first.lock['model']['name']}) and {run.path} "
                f"({run.lock['model']['name']}) differ in {', '.join(different)}, so they are no seeds of "
                "one network; name runs of one model that differ in their seed alone"
            )


def _recipe(run: Run) -> dict[str, object]:
    """What seeds of one network have in common."""
    model = run.record["model"]
    details = model.get("details", {})
    return {
        **{name: model.get(name) for name in ("family", "size", "streams")},
        "trained or not": run.lock["model"]["trained"],
        **{name: details.get(name) for name in ("architecture", "parameters")},
    }


def _marks(run: Run) -> list[tuple[str, object]]:
    """What two runs of one network have in common, in words and as a value."""
    weights = run.record["model"].get("details", {}).get("weights_sha256")
    table = primary_comparisons(run)
    contrasts = table["contrast"].to_numpy(dtype=np.float64)
    found: list[tuple[str, object]] = [("the same weights", weights)] if weights else []
    # Answers in words may agree, and a model that tells nothing apart has 0 everywhere, whoever it is.
    telling = "judge" not in run.lock and np.nansum(np.abs(contrasts)) > 0
    return [*found, ("the same contrast in every comparison", contrasts.tobytes())] if telling else found


def common_scores(runs: Sequence[Run]) -> pd.DataFrame:
    """Scores of the headline measure at each run's primary setting, of comparisons that all runs scored.

    Returns:
        Index `comparison`; columns `scene`, `concepts`, and 0 .. n - 1, the score (1, 1/2, 0) of each run.

    Raises:
        RunError: no comparison was scored by all of them.
    """
    tables = [primary_comparisons(run).set_index("comparison") for run in runs]
    scores = {number: table["score"].where(table["status"] == SCORED) for number, table in enumerate(tables)}
    joined = tables[0][["scene", "concepts"]].join(pd.DataFrame(scores)).dropna(subset=list(scores))
    if joined.empty:
        raise RunError("comparing runs: no comparison was scored by all of them; see `voe table` of each")
    return joined


@dataclass(frozen=True)
class AgainstUntrained:
    """A network beside untrained ones.

    `table` has one row a concept and one for all: concept, n (comparisons that all runs scored),
    first_trained (its accuracy), trained_mean (over trained seeds), untrained_n, untrained_mean,
    untrained_sd, untrained_low and untrained_high (extremes), p_rank, t, df, p_single, z, p_rank_holm,
    reason; with several trained seeds also difference, difference_low, difference_high (over seeds and
    scenes) and g, g_low, g_high, p_welch. `left_out` counts comparisons that not all runs scored.
    """

    table: pd.DataFrame
    left_out: int


def against_untrained(trained: Sequence[Run], untrained: Sequence[Run]) -> AgainstUntrained:
    """One trained network, or several seeds of it, against untrained ones on the same stimuli.

    With one: its rank (`voe.stats.rank_among_untrained`) and Crawford and Howell's test (`single_case`). With
    two seeds or more: the difference with an interval over seeds and scenes (`seeds_by_scenes`); with five,
    Hedges' g and Welch's test (`group_difference`). Rank and single case are those of the first trained run.

    Raises:
        RunError: other stimuli or protocols, one network twice, trained runs that are no seeds of one
            network, or an 'untrained' run whose network is trained.
    """
    require_comparable([*trained, *untrained])
    require_one_recipe(trained)
    for run in untrained:
        if run.lock["model"]["trained"] and run.lock["model"]["family"] != "baseline":
            raise RunError(
                f"run {run.path}: {run.lock['model']['name']!r} is a trained network, so it says nothing "
                "about untrained ones; give runs of `untrained:...` (or of a baseline)"
            )
    runs = [*trained, *untrained]
    require_distinct(runs)
    scores = common_scores(runs)
    rows = [
        {"concept": concept, **_beside_untrained(part, len(trained), len(untrained))}
        for concept, part in by_concept(scores, trained[0].stimuli.concepts)
    ]
    holm = holm_over(trained[0].stimuli.concepts, {row["concept"]: row["p_rank"] for row in rows})
    for row in rows:
        row["p_rank_holm"] = holm.get(row["concept"], math.nan)
    return AgainstUntrained(pd.DataFrame(rows), len(primary_comparisons(trained[0])) - len(scores))


def _beside_untrained(part: pd.DataFrame, n_trained: int, n_untrained: int) -> dict[str, Any]:
    accuracies = part[list(range(n_trained + n_untrained))].mean().to_numpy(dtype=np.float64)
    trained, untrained = accuracies[:n_trained], accuracies[n_trained:]
    nan, reason = math.nan, ""
    case = dict.fromkeys(("t", "df", "p_value", "z"), nan)
    try:
        case = asdict(single_case(float(trained[0]), untrained))
    except StatsError as error:
        reason = str(error)
    row = {
        "n": len(part), "first_trained": float(trained[0]), "trained_mean": float(trained.mean()),
        "untrained_n": n_untrained, "untrained_mean": float(untrained.mean()),
        "untrained_sd": float(untrained.std(ddof=1)) if n_untrained > 1 else nan,
        "untrained_low": float(untrained.min()), "untrained_high": float(untrained.max()),
        "p_rank": rank_among_untrained(float(trained[0]), untrained),
        "t": case["t"], "df": case["df"], "p_single": case["p_value"], "z": case["z"], "reason": reason,
    }  # fmt: skip
    return row | (_between_groups(part, n_trained, n_untrained) if n_trained >= _SEEDS else {})


def _between_groups(part: pd.DataFrame, n_trained: int, n_untrained: int) -> dict[str, Any]:
    """Several trained seeds against several untrained: over seeds and scenes, and over seeds alone."""
    by_scene = part.groupby("scene", sort=False)[list(range(n_trained + n_untrained))]
    seeds: npt.NDArray[np.float64] = by_scene.mean().to_numpy(dtype=np.float64).T
    drawn = seeds_by_scenes(seeds[:n_trained], seeds[n_trained:], sizes=by_scene.size().to_numpy())
    row: dict[str, Any] = {
        "difference": drawn.estimate, "difference_low": drawn.low, "difference_high": drawn.high,
        "difference_reason": drawn.reason,
    }  # fmt: skip
    if n_trained < FEWEST_TRAINED:
        return row
    accuracies = part[list(range(n_trained + n_untrained))].mean().to_numpy(dtype=np.float64)
    try:
        group = group_difference(accuracies[:n_trained], accuracies[n_trained:])
    except StatsError as error:
        return row | {"group_reason": str(error)}
    return row | {"g": group.g, "g_low": group.low, "g_high": group.high, "p_welch": group.p_value}


@dataclass(frozen=True)
class Compared:
    """Runs on the same stimuli, on the comparisons that all of them scored.

    `accuracies`: a row a run and concept (run, from 1, model, concept, n, estimate with low and high, ties).
    `differences`: a row a pair of runs and concept, with the fields of `voe.stats.Difference` and p_holm:
    over pairs of runs for all concepts together, over pairs and concepts for single ones. `left_out` counts
    comparisons that not all runs scored.
    """

    accuracies: pd.DataFrame
    differences: pd.DataFrame
    left_out: int


def compare_runs(runs: Sequence[Run], *, allow_protocols: bool = False) -> Compared:
    """Every run against every other, paired: `voe.stats.compare_two` (exact McNemar), with Holm's correction.

    Raises:
        RunError: fewer than two runs, other stimuli, or other protocols without `allow_protocols`.
    """
    if len(runs) < 2:
        raise RunError("comparing runs: one run has nothing to be compared with; name two or more")
    require_comparable(runs, allow_protocols=allow_protocols)
    scores = common_scores(runs)
    accuracies, differences = [], []
    for concept, part in by_concept(scores, runs[0].stimuli.concepts):
        for number, run in enumerate(runs):
            accuracies.append(
                {
                    "run": number + 1, "model": run.lock["model"]["name"], "concept": concept,
                    **_with_interval(part, number),
                }
            )  # fmt: skip
        for first, second in combinations(range(len(runs)), 2):
            found = compare_two(part[first], part[second], part["scene"].to_numpy(dtype=str))
            row = {"first": first + 1, "second": second + 1, "concept": concept}
            differences.append({**row, **asdict(found)})
    _add_holm(differences, runs[0].stimuli.concepts, len(runs))
    left_out = len(primary_comparisons(runs[0])) - len(scores)
    return Compared(pd.DataFrame(accuracies), pd.DataFrame(differences), left_out)


def _with_interval(part: pd.DataFrame, number: int) -> dict[str, Any]:
    """Accuracy of one run with the default interval."""
    found = accuracy_of(part[number], part["scene"].to_numpy(dtype=str))
    return {name: getattr(found, name) for name in ("n", "n_scenes", "estimate", "low", "high", "ties")}


def _add_holm(differences: Sequence[dict[str, Any]], concepts: Sequence[str], runs: int) -> None:
    """Two families: all concepts together, and single concepts; one that was lost counts as p = 1."""
    p_values = {_named(row["first"], row["second"], row["concept"]): row["p_value"] for row in differences}
    adjusted: dict[str, float] = {}
    for family in ((ALL,), concepts):
        members = [
            _named(first, second, concept)
            for first, second in combinations(range(1, runs + 1), 2)
            for concept in family
        ]
        adjusted |= adjust_family({name: p_values.get(name, math.nan) for name in members})
    for row in differences:
        row["p_holm"] = adjusted[_named(row["first"], row["second"], row["concept"])]


def _named(first: int, second: int, concept: str) -> str:
    """A comparison of two runs, as a member of a family."""
    return f"{first}-{second} {concept}"
