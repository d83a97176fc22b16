"""Tables of several runs: beside untrained networks, and against each other."""

from __future__ import annotations

import math
from collections.abc import Sequence

from voe.across_runs import AgainstUntrained, against_untrained, compare_runs
from voe.lock import digest
from voe.report.formats import Record, Table, View, between, number, records_of, shown
from voe.report.table import interval, p_text, percent
from voe.results import ALL, Run
from voe.words import counted

_CONCEPT = shown("concept")


def untrained_table(trained: Sequence[Run], untrained: Sequence[Run]) -> Table:
    """A network, or several seeds of it, beside untrained ones.

    Raises:
        RunError: runs that cannot be compared (`voe.across_runs.against_untrained`).
    """
    found = against_untrained(trained, untrained)
    records = records_of(found.table)
    locks = tuple(dict.fromkeys(digest(run.lock) for run in trained))
    networks = not any(run.lock["model"]["trained"] for run in untrained)
    others = f"{len(untrained)} {'untrained network' if networks else 'baseline'}{'s' * (len(untrained) > 1)}"
    views = _untrained_views(found, records, others, 1 / (len(untrained) + 1))
    if len(trained) > 1:
        views.append(_seeds_view(records, len(trained), others))
    return Table("untrained", records, views, locks)


def _untrained_views(
    found: AgainstUntrained, records: Sequence[Record], others: str, least_p: float
) -> list[View]:
    shares = {
        "concept": _CONCEPT,
        "n": shown("n"),
        "right": shown("first_trained", percent),
        "theirs, mean": shown("untrained_mean", percent),
        "sd": shown("untrained_sd", percent),
        "range": between("untrained_low", "untrained_high", interval),
    }
    tests = {
        "concept": _CONCEPT,
        "p (rank)": shown("p_rank", p_text),
        "p (Holm)": shown("p_rank_holm", p_text),
        "p (case)": shown("p_single", p_text),
        "z": number(2, "z"),
    }
    notes = [
        f"p (rank): 1 + those at least as good, of 1 + all of them; it cannot be below {least_p:.3f}. "
        "p (case): Crawford and Howell's t test of a single case, which supposes that their accuracies are "
        "about normal. z: standard deviations above their mean.",
        *dict.fromkeys(f"{r['concept']}: {r['reason']}." for r in records if r["reason"]),
    ]
    return [
        View(f"BESIDE {others.upper()}", shares, left_out_note(found.left_out)),
        View(f"TESTS against {others}, one-sided", tests, notes),
    ]


def left_out_note(count: int) -> list[str]:
    """The comparisons that not every run scored, if there are any."""
    return [f"{counted(count, 'comparison')} left out: not every run scored them."] if count else []


def _seeds_view(records: Sequence[Record], n_trained: int, others: str) -> View:
    reasons = dict.fromkeys(
        reason for r in records for key in ("difference_reason", "group_reason") if (reason := r.get(key))
    )
    cells = {
        "concept": _CONCEPT,
        "difference": shown("difference", points),
        "95 % interval": between("difference_low", "difference_high", point_interval),
        "Hedges' g": number(2, "g"),
        "95 % of g": between("g_low", "g_high", lambda a, b: "" if math.isnan(a) else f"{a:.2f} to {b:.2f}"),
        "p (Welch)": shown("p_welch", p_text),
    }
    notes = [
        "difference: each comparison weighs the same; interval over seeds and scenes drawn anew. Hedges' g "
        "and Welch's one-sided test: the unit is the seed; they need 5 trained seeds.",
        *(f"Missing: {reason}." for reason in reasons),
    ]
    return View(f"{n_trained} SEEDS less {others.upper()}, in points", cells, notes)


def points(difference: float) -> str:
    """A difference of shares in percentage points, with its sign."""
    return "" if math.isnan(difference) else f"{100 * difference:+.1f}"


def point_interval(low: float, high: float) -> str:
    """An interval of differences, in percentage points."""
    return "" if math.isnan(low) else f"{100 * low:+.1f} to {100 * high:+.1f}"


def compare_tables(runs: Sequence[Run], *, allow_protocols: bool = False) -> list[Table]:
    """What `voe compare` prints: accuracies, and paired differences.

    Raises:
        RunError: runs that cannot be compared (`voe.across_runs.compare_runs`).
    """
    found = compare_runs(runs, allow_protocols=allow_protocols)
    locks = tuple(dict.fromkeys(digest(run.lock) for run in runs))
    measure = runs[0].lock["measure"]["headline"]
    names = [f"run {n}: {named(run)}, {run.path}" for n, run in enumerate(runs, 1)]
    notes = [*names, *left_out_note(found.left_out)]
    return [
        Table("accuracies", records_of(found.accuracies), _accuracy_views(measure, notes), locks),
        Table("differences", records_of(found.differences), _difference_views(measure), locks),
    ]


def named(run: Run) -> str:
    """A run's model; of a control run, which."""
    control = run.lock.get("control")
    return f"{run.lock['model']['name']}" + (f" (CONTROL: {control})" if control else "")


def _overall(record: Record) -> bool:
    return bool(record["concept"] == ALL)


def _of_concept(record: Record) -> bool:
    return not _overall(record)


def _accuracy_views(measure: str, notes: Sequence[str]) -> list[View]:
    cells = {
        "run": shown("run"),
        "n": shown("n"),
        "right": shown("estimate", percent),
        "95 % interval": between("low", "high", interval),
    }
    title = f"{measure.upper()} right, of those that every run scored"
    return [
        View(f"{title}, all concepts", cells, notes, _overall),
        View(f"{title}, by concept", {"concept": _CONCEPT, **cells}, (), _of_concept),
    ]


def _difference(record: Record) -> str:
    """A difference with its interval, where there is one."""
    span = point_interval(record["low"], record["high"])
    return points(record["estimate"]) + (f" ({span})" if span else "")


def _difference_views(measure: str) -> list[View]:
    cells = {
        "runs": lambda r: f"{r['first']} - {r['second']}",
        "difference (95 %)": _difference,
        "better": lambda r: f"{r['first_only']}:{r['second_only']}",
        "p": shown("p_value", p_text),
        "p (Holm)": shown("p_holm", p_text),
    }
    notes = [
        "p: exact and two-sided, the runs swapped scene by scene; McNemar's where a scene holds one of the "
        f"{measure} and nothing ties. better: on how many the one, and the other, does better."
    ]
    overall, by_concept = "Holm: over the pairs of runs.", "Holm: over the pairs of runs and the concepts."
    return [
        View("DIFFERENCES, paired, in points, all concepts", cells, [*notes, overall], _overall),
        View(
            "DIFFERENCES, paired, in points, by concept",
            {"concept": _CONCEPT, **cells},
            [by_concept],
            _of_concept,
        ),
    ]
