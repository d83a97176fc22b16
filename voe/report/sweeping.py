"""What `voe compare --checkpoints` prints: a sweep over the checkpoints of one training."""

from __future__ import annotations

import math
from collections.abc import Sequence

from voe.lock import digest
from voe.report.comparing import left_out_note
from voe.report.formats import Record, Table, View, between, number, records_of, shown
from voe.report.table import interval, p_text, percent
from voe.results import ALL, Run
from voe.sweeps import sweep_runs

_CONCEPT = shown("concept")


def sweep_tables(runs: Sequence[Run], *, planned: int | None = None) -> list[Table]:
    """The best checkpoint of each concept, paid for, and the evidence as it came in.

    Raises:
        RunError: runs that cannot be swept over (`voe.sweeps.sweep_runs`).
    """
    found = sweep_runs(runs, planned=planned)
    locks = tuple(dict.fromkeys(digest(run.lock) for run in runs))
    plan = f"1 / {planned}, as planned" if planned else "1 / (k (k + 1)) for checkpoint k: without a plan"
    best = View(
        f"THE BEST OF {len(runs)} CHECKPOINTS",
        {
            "concept": _CONCEPT,
            "checkpoint": shown("checkpoint"),
            "right": shown("estimate", percent),
            "p": shown("p_value", p_text),
            "p (Holm)": shown("p_holm", p_text),
            "evidence from": shown("crossed", _checkpoint),
        },
        [
            "right: on the data that chose it, so too high. p: of the maximum over all checkpoints, signs "
            "flipped by scene in all of them at once. Evidence from: the checkpoint at which the running "
            "e-value reached 20, so that one might have stopped there (alpha .05, without Holm).",
            *left_out_note(found.left_out),
        ],
    )
    cells = {
        "checkpoint": shown("checkpoint"),
        "right": shown("estimate", percent),
        "95 % interval": between("low", "high", interval),
        "e-value": number(2, "e_value"),
        "running": number(2, "running"),
        "p (max)": shown("adjusted", p_text),
    }
    names = [f"checkpoint {n}: {run.lock['model']['name']}, {run.path}" for n, run in enumerate(runs, 1)]
    short = {head: cell for head, cell in cells.items() if head != "95 % interval"}
    notes = [
        f"Running: sum of the e-values so far, weights {plan}. Checkpoints on the same quadruplets are no "
        "fresh data, so e-values are never multiplied.",
        *names,
    ]
    return [
        Table("best_checkpoint", records_of(found.best), (best,), locks),
        Table(
            "checkpoints",
            records_of(found.checkpoints),
            (
                View("CHECKPOINTS, all concepts", cells, notes, _overall),
                View("CHECKPOINTS, by concept", {"concept": _CONCEPT, **short}, (), _of_concept),
            ),
            locks,
        ),
    ]


def _overall(record: Record) -> bool:
    return bool(record["concept"] == ALL)


def _of_concept(record: Record) -> bool:
    return not _overall(record)


def _checkpoint(number: float) -> str:
    return "none" if number is None or math.isnan(number) else f"{number:.0f}"
