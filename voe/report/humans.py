"""The table of people's ratings, as text that fits 80 columns."""

from __future__ import annotations

import textwrap
from typing import cast

from voe.humans.results import HumanRun
from voe.lock import digest
from voe.report.table import WIDTH, block, grid, interval, percent
from voe.results import Run


def humans_text(run: Run) -> str:
    """Everything that `voe score --humans` prints."""
    table = run.summary()
    primary = table[table["primary"]]
    blocks = [
        humans_heading(run),
        *(block(run, primary, measure) for measure in dict.fromkeys(primary["measure"])),
        people_text(run),
        f"run folder: {run.path}",
    ]
    return "\n\n".join(text for text in blocks if text)


def humans_heading(run: Run) -> str:
    """Who rated what, and how."""
    lock, clips = run.lock, run.clip_counts()
    lines = [
        f"observers {lock['model']['name']}, {lock['humans']['ratings']} ratings",
        f"stimuli   {lock['stimuli']['name']}: {clips['scored']} of {clips['all']} clips rated",
        "rated     how surprising, 1 to 7; each person's ratings centred on her own mean",
        f"          lock {digest(lock)}",
    ]
    if lock["stimuli"]["note"]:
        lines += [f"          {line}" for line in textwrap.wrap(lock["stimuli"]["note"], WIDTH - 10)]
    return "\n".join(lines)


def people_text(run: Run) -> str:
    """Accuracy of single people."""
    people = cast(HumanRun, run)
    rows = [
        [
            r["concept"], str(r["people"]), percent(r["estimate"]), interval(r["low"], r["high"]),
            percent(r["lowest"]), percent(r["highest"]),
        ]
        for r in people.by_person().to_dict("records")
    ]  # fmt: skip
    if not rows:
        return ""
    note = textwrap.fill(
        "Each person by her own ratings, on comparisons of which she rated every clip. Interval: bootstrap "
        "over people and scenes at once (described, not tested); none with fewer than 5 of either.",
        WIDTH,
    )
    heads = ["concept", "people", "mean", "95 % interval", "lowest", "highest"]
    return f"SINGLE PEOPLE\n{grid(heads, rows)}\n{note}"
