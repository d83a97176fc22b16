"""Everything that a page says, as plain data: no markup here, and no statistics of its own."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from typing import Any, Final

from voe.adapters.base import Predictor
from voe.cards import card_names, read_stimuli_card
from voe.lock import digest
from voe.report.comparing import compare_tables, untrained_table
from voe.report.formats import Table
from voe.report.limitations import limitations
from voe.report.page.comparisons import comparisons
from voe.report.statistics import run_tables
from voe.report.table import counted_failures, interval, p_text, percent, verdict_text
from voe.results import ALL, Run
from voe.stimulus_record import fingerprint
from voe.whole_clips import WholeClipRun

_VERDICTS: Final = {
    "above": "above chance", "below": "below chance", "equivalent": "equivalent to chance",
    "inconclusive": "inconclusive",
}  # fmt: skip
CITATION: Final = (
    "Garrido, Q., Ballas, N., Assran, M., Bardes, A., Najman, L., Rabbat, M., Dupoux, E., & LeCun, Y. "
    "(2025). Intuitive physics understanding emerges from self-supervised pretraining on natural videos."
)

Progress = Callable[[int, int], None]


def page_content(
    runs: Sequence[Run],
    most: int,
    *,
    maps: int = 0,
    model: Predictor | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """The first run in full, and all of them beside each other.

    Args:
        runs: at least one; the others must show the same stimuli under the same protocol.
        most: how many comparisons are pictured.
        maps: how many of them with heat maps, for which `model`, that of the first run, is asked again.
        progress: called with (comparisons pictured, in all).

    Raises:
        RunError: runs that cannot be compared, or nothing scored.
    """
    run = runs[0]
    shown, unpictured = comparisons(run, most, maps=maps, model=model, progress=progress)
    sound = [one for one in runs if "control" not in one.lock and not one.unfinished]
    alike = [one for one in sound if one.lock["protocol"] == run.lock["protocol"] and one is not run]
    untrained = [one for one in alike if not one.lock["model"]["trained"]]
    others = [one for one in sound if one not in untrained]
    tested = not run.unfinished
    tables = {
        "statistics": run_tables(run) if tested else [],
        "untrained": [untrained_table([run], untrained)] if untrained and tested else [],
        "models": compare_tables(others, allow_protocols=True) if len(others) > 1 else [],
    }
    total = len(run.stimuli.quadruplets or run.stimuli.pairs)
    return {
        "title": f"{run.lock['model']['name']} on {run.lock['stimuli']['name']}",
        "headline": headline(run),
        "concepts": concept_rows(run),
        "board": board(runs) if len(runs) > 1 else [],
        "conditions": condition_rows(run),
        "own_metrics": [
            {"metric": m.metric, "block": m.block, "n": m.n, "value": percent(m.value), "better": m.better}
            for m in run.own_metrics()
        ],
        "published": published(run),
        "tables": {name: [plain_table(table) for table in found] for name, found in tables.items()},
        "comparisons": shown,
        "maps": any(clip["heat"] for one in shown for clip in one["clips"]),
        "unpictured": unpictured,
        "other_files": bool(shown) and fingerprint(run.stimuli) != run.lock["stimuli"]["sha256"],
        "total": total,
        "failures": [
            {"scene": f.scene, "clip": f.clip, "kind": f.kind, "reason": f.reason} for f in run.failures
        ],
        "judge": judge_part(run),
        "protocol": protocol_rows(run),
        "provenance": provenance_rows(run),
        "limitations": limitations(run),
        "citation": [CITATION, *stimuli_citation(run)],
    }  # fmt: skip


def board(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """All runs by accuracy; control runs are named as such, and have no verdict."""
    rows = []
    for run in runs:
        row = headline(run)
        if row["control"]:
            row = {
                **row,
                "model": f"{row['model']} (control: {row['control']})",
                "verdict": "a control",
                "p": "",
            }
        rows.append(row)
    return sorted(
        rows, key=lambda row: -1.0 if row.get("share") is None else float(row["share"]), reverse=True
    )


def headline(run: Run) -> dict[str, Any]:
    """The one result that was announced: what stands at the top, and on the leaderboard."""
    row = next((r for r in headline_rows(run) if r["concept"] == ALL), None)
    lock = run.lock
    base = {
        "model": lock["model"]["name"], "family": lock["model"]["family"], "stimuli": lock["stimuli"]["name"],
        "measure": lock["measure"]["headline"], "trained": lock["model"]["trained"],
        "control": lock.get("control", ""), "unfinished": run.unfinished,
        "failed": counted_failures(run.failures), "lock": digest(lock), "note": lock["stimuli"]["note"],
    }  # fmt: skip
    if row is None or not row["n"]:
        return {**base, "right": "", "interval": "", "p": "", "n": 0, "verdict": _nothing(run)}
    verdict = verdict_text(row, _VERDICTS)
    if run.unfinished:
        verdict = "no result: the run is unfinished"
    return {
        **base, "right": percent(row["estimate"]), "interval": interval(row["low"], row["high"]),
        "p": p_text(row["p_value"]) if row["verdict"] else "", "n": row["n"], "ties": row["ties"],
        "verdict": verdict, "share": row["estimate"], "low": number(row["low"]), "high": number(row["high"]),
    }  # fmt: skip


def _nothing(run: Run) -> str:
    """Why there is no result at all."""
    if run.unfinished:
        return "nothing scored yet"
    if run.failures:
        return "nothing scored: see what failed"
    if isinstance(run, WholeClipRun):
        return "nothing scored: no comparison was answered whole"
    return "nothing scored: no comparison was testable under this protocol"


def headline_rows(run: Run) -> list[dict[str, Any]]:
    """Rows of the headline measure at the setting that was fixed beforehand."""
    if not run.clip_counts()["scored"]:
        return []
    table = run.summary()
    chosen = table[table["primary"] & (table["measure"] == run.lock["measure"]["headline"])]
    return [{str(k): v for k, v in row.items()} for row in chosen.to_dict("records")]


def concept_rows(run: Run) -> list[dict[str, Any]]:
    """A row a concept, and one for all: for the table and the chart."""
    return [
        {
            "concept": row["concept"], "n": row["n"], "ties": row["ties"], "right": percent(row["estimate"]),
            "interval": interval(row["low"], row["high"]), "share": number(row["estimate"]),
            "low": number(row["low"]), "high": number(row["high"]),
            "p": p_text(row["p_value"] if row["concept"] == ALL else row["p_holm"]),
            "verdict": verdict_text(row, _VERDICTS),
        }
        for row in headline_rows(run)
    ]  # fmt: skip


def condition_rows(run: Run) -> list[dict[str, Any]]:
    """The headline by the levels of every condition that has between 2 and 12 of them: described."""
    designs = run.stimuli.quadruplets or run.stimuli.pairs
    names = dict.fromkeys(name for design in designs for name in design.conditions)
    rows = []
    for name in names:
        levels = {design.conditions.get(name, "") for design in designs} - {""}
        if not 2 <= len(levels) <= 12 or not run.clip_counts()["scored"]:
            continue
        rows += [
            {
                "condition": name, "level": row["level"], "n": row["n"], "right": percent(row["estimate"]),
                "interval": interval(row["low"], row["high"]),
            }
            for row in run.by_condition(name).to_dict("records")
            if row["n"]
        ]  # fmt: skip
    return rows


def plain_table(table: Table) -> dict[str, Any]:
    """A table's views as text: title, heads, rows, notes."""
    views = [
        {
            "title": view.title,
            "heads": list(view.cells),
            "rows": [[cell(r) for cell in view.cells.values()] for r in table.records if view.keep(r)],
            "notes": list(view.notes),
        }
        for view in table.views
    ]
    return {"name": table.name, "views": [view for view in views if view["rows"]]}


def published(run: Run) -> list[dict[str, Any]]:
    """Human and model results that the benchmark's card quotes, each with its own metric and source."""
    name = run.lock["stimuli"]["name"]
    if name not in card_names("stimuli"):
        return []
    rows = []
    for entry in read_stimuli_card(name).extra.get("published", []):
        values = entry.get("blocks") or {"all": entry.get("value")}
        rows += [
            {**{key: str(entry.get(key, "")) for key in ("who", "name", "metric", "source")},
             "block": str(block), "value": "" if value is None else f"{value:g}"}
            for block, value in values.items()
        ]  # fmt: skip
    return rows


def stimuli_citation(run: Run) -> list[str]:
    """How to cite the stimuli, if their card says so."""
    name = run.lock["stimuli"]["name"]
    if name not in card_names("stimuli"):
        return []
    text = read_stimuli_card(name).citation
    return [text] if text else []


def protocol_rows(run: Run) -> list[tuple[str, str]]:
    """Everything that was fixed beforehand, line by line."""
    lock = run.lock
    rows = [("lock", digest(lock))]
    for part in ("stimuli", "model", "judge", "protocol", "protocol_from", "measure", "tests"):
        rows += [(f"{part}: {key}", _text(value)) for key, value in lock.get(part, {}).items()]
    return rows


def provenance_rows(run: Run) -> list[tuple[str, str]]:
    """What was run, with what."""
    record = run.record
    rows = [("run folder", str(run.path)), ("command", " ".join(record.get("command", [])))]
    rows += [("started", str(record.get("started", "")))]
    for part in ("model", "engine", "versions"):
        for key, value in record.get(part, {}).items():
            if isinstance(value, dict):
                rows += [(f"{part}: {key}: {k}", _text(v)) for k, v in value.items()]
            else:
                rows.append((f"{part}: {key}", _text(value)))
    return [(key, value) for key, value in rows if value]


def judge_part(run: Run) -> list[str]:
    """What a judge gets wrong besides physics, or how single people did, as their tables say it."""
    if "humans" in run.lock:
        from voe.report.humans import people_text

        return [people_text(run)]
    if "judge" not in run.lock:
        return []
    from typing import cast

    from voe.judging.results import JudgeRun
    from voe.report.judging import biases_text, concepts_text, missing_text

    judge = cast(JudgeRun, run)
    return [text for text in (biases_text(judge), concepts_text(judge), missing_text(judge)) if text]


def number(value: float) -> float | None:
    """A number that JSON has, rounded to what a picture can show."""
    return None if math.isnan(value) else round(float(value), 5)


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
