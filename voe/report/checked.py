"""What `voe stimuli check` and `voe stimuli answers` print."""

from __future__ import annotations

import math
import textwrap
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from voe.report.table import WIDTH, grid, interval, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from voe.answers import AnswerScore
    from voe.loaders.checking import Checked, Finding

MOST = 20


def checked_text(found: Checked) -> str:
    """Counts, findings by weight, and the verdict in one line."""
    counts = ", ".join(f"{n} {what}" for what, n in found.counts.items() if n)
    lines = [f"{found.name}: {counts or 'nothing was loaded'}"]
    if found.root:
        lines.append(f"in {found.root}")
    for level in ("error", "warning", "note"):
        chosen = [finding for finding in found.findings if finding.level == level]
        for finding in chosen[:MOST]:
            lines += _finding_lines(finding)
        if len(chosen) > MOST:
            lines.append(f"and {len(chosen) - MOST} more of these ({level}); --json lists all")
    errors = sum(finding.level == "error" for finding in found.findings)
    verdict = (
        f"{errors} error{'s' * (errors > 1)}"
        if errors
        else "sound: nothing was found that would make a number wrong"
    )
    return "\n".join([*lines, verdict])


def _finding_lines(finding: Finding) -> list[str]:
    word = {"error": "ERROR", "warning": "warning", "note": "note"}[finding.level]
    text = f"{word}: {finding.where}: {finding.what}" + (f"; {finding.cure}" if finding.cure else "")
    lines: list[str] = []
    for part in text.split("\n"):
        lines += textwrap.wrap(part, WIDTH, subsequent_indent="  ", break_long_words=False) or [""]
    return lines


def checked_record(found: Checked) -> dict[str, Any]:
    """Plain values, for JSON."""
    return {**asdict(found), "sound": found.sound}


def answers_text(name: str, scores: Sequence[AnswerScore]) -> str:
    """The benchmark's own accuracy of answers, block by block."""
    rows = [
        [s.block, str(s.n), percent(s.value), interval(s.low, s.high), percent(s.chance), str(s.unparsable)]
        for s in scores
    ]
    title = f"{name}: {scores[0].metric} of the answers, as the benchmark scores them"
    notes = "unparsable: counted as wrong. interval: Wilson, on the effective number of pairs."
    return (
        f"{title}\n{grid(['concept', 'n', 'right', '95 % interval', 'chance', 'unparsable'], rows)}\n{notes}"
    )


def answers_record(scores: Sequence[AnswerScore]) -> list[dict[str, Any]]:
    """Plain values, for JSON: an interval that there is not is null."""
    rows = [asdict(score) for score in scores]
    return [
        {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in row.items()} for row in rows
    ]
