"""What `voe stimuli check` prints."""

from __future__ import annotations

import textwrap
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from voe.report.table import WIDTH

if TYPE_CHECKING:
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
    verdict = f"{errors} ERRORS" if errors else "sound: nothing was found that would make a number wrong"
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
