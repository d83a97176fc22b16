"""The audit as text that fits 80 columns."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence

from voe.audit.findings import VERDICTS, AuditReport, Check, LeanAccount, Marginal
from voe.report.table import WIDTH, grid, interval, p_text, percent
from voe.words import counted

MOST_EXAMPLES = 5
_SHORT = {
    "copy-last-frame": "copy last",
    "linear-extrapolation": "linear",
    "same colour first and last": "same colour",
    "constant-velocity flow": "flow",
}
"""Names of accounts as heads of columns."""


def audit_text(report: AuditReport) -> str:
    """Everything that `voe audit` prints."""
    blocks = [_heading(report), _structure(report), _marginals(report), _shortcuts(report), _lean(report)]
    if report.drawn:
        blocks.append(
            f"drawn: where matched clips first differ, {len(report.drawn)} in {report.drawn[0].parent}"
        )
    return "\n\n".join([*(block for block in blocks if block), _verdict(report)])


def _heading(report: AuditReport) -> str:
    compared = [(report.n_quadruplets, "quadruplet"), (report.n_pairs, "pair")]
    listed = ", ".join(counted(n, what) for n, what in compared if n)
    sizes = f"{counted(report.n_clips, 'clip')}, {counted(report.n_scenes, 'scene')}"
    lines = [f"audit     {report.stimuli}: {sizes}, {listed}"]
    if report.left_out:
        lines.append(
            f"          {counted(len(report.left_out), 'comparison')} LEFT OUT; the first check says why"
        )
    return "\n".join([*lines, f"looked at {report.sampling}, as 128 x 128 pixels"])


def _structure(report: AuditReport) -> str:
    lines = ["STRUCTURE"]
    for check in report.checks:
        lines += _folded(f"{check.severity:<6}{check.name}: {check.message}", "      ")
        lines += _examples(check)
    return "\n".join(lines)


def _examples(check: Check) -> Iterator[str]:
    if check.severity == "ok":
        return
    for example in check.examples[:MOST_EXAMPLES]:
        yield from _folded(f"        {example}", "          ")
    if len(check.examples) > MOST_EXAMPLES:
        yield f"        and {len(check.examples) - MOST_EXAMPLES} more (--json has them all)"


def _marginals(report: AuditReport) -> str:
    """One line a detector and form; what cancels exactly is named in one line."""
    title = "MARGINAL DETECTORS know no physics; each must be at chance (50 %)"
    cancelling = [m for m in report.marginals if m.verdict == "cancels"]
    others = [m for m in report.marginals if m.verdict != "cancels"]
    lines = [title]
    if cancelling:
        n = report.n_quadruplets + report.n_pairs
        names = _both_forms(cancelling)
        told = f"cancel exactly in all {n} {report.unit}: {', '.join(names)}"
        lines += _folded(told, "  ")
    if others:
        columns = ("detector", "as", "right", "95 % interval", "p", "verdict")
        lines += ["", grid(columns, [_row(m) for m in others])]
        lines += _folded(
            "right: by the score or classifier fixed beforehand. p: of the best of all that was searched "
            "(frames, patches, concepts), by flips of scenes; then Holm over detectors.",
            "",
        )
        lines += [
            line
            for verdict in Counter(m.verdict for m in others)
            for line in _folded(f"{verdict}: {VERDICTS[verdict]}", "  ")
        ]
    return "\n".join(lines)


def _both_forms(marginals: Sequence[Marginal]) -> list[str]:
    """Names of detectors; the form only where the other one does not cancel."""
    forms = Counter(m.detector for m in marginals)
    return [
        name if n == 2 else f"{name} ({next(m.form for m in marginals if m.detector == name)})"
        for name, n in forms.items()
    ]


def _row(marginal: Marginal) -> list[str]:
    accuracy = marginal.accuracy
    return [
        marginal.detector,
        marginal.form,
        percent(accuracy.estimate),
        interval(accuracy.low, accuracy.high),
        p_text(marginal.p_holm),
        marginal.verdict,
    ]


def _shortcuts(report: AuditReport) -> str:
    """Shortcuts and suspects, in words: one entry a detector."""
    lines = []
    for verdict, title in (("SHORTCUT", "SHORTCUTS"), ("suspect", "SUSPECTS, before correction")):
        found = [m for m in report.marginals if m.verdict == verdict]
        if found:
            lines.append(title)
        for name in dict.fromkeys(m.detector for m in found):
            first, *others = [m for m in found if m.detector == name]
            told = f"- {first.sentence(report.unit)}"
            if others and others[0].best is not None:
                best = others[0].best
                told += f"; a classifier trained on other scenes in {best.right:g} of {best.n}"
            p = first.p_holm if verdict == "SHORTCUT" else first.p_value
            lines += _folded(f"{told}; p {p_text(p)}" if p < 0.001 else f"{told}; p = {p_text(p)}", "  ")
    return "\n".join(lines)


def _lean(report: AuditReport) -> str:
    """Concepts in rows, accounts in columns: share right and what it amounts to."""
    accounts = list(dict.fromkeys(a.account for a in report.lean_accounts))
    rows = []
    for concept in dict.fromkeys(a.concept for a in report.lean_accounts):
        cells = [_cell(a) for a in report.lean_accounts if a.concept == concept]
        rows.append([concept, *cells])
    title = "LEAN ACCOUNTS relate context and outcome and know no objects; none is required to fail"
    lines = [*_folded(title, ""), grid(["concept", *(_SHORT.get(name, name) for name in accounts)], rows)]
    for power, word in (("solves", "solved by"), ("reversed", "reversed by")):
        for account in accounts:
            names = [a.concept for a in report.lean_accounts if (a.account, a.power) == (account, power)]
            if names:
                lines += _folded(f"{word} '{account}': {', '.join(names)}", "  ")
    marks = "above, below, ?: significantly above or below chance, or neither, Holm over all cells"
    lines += _folded(f"{marks}; ties: over half are ties", "")
    return "\n".join(lines)


def _cell(account: LeanAccount) -> str:
    if account.power in ("ties", "not testable"):
        return account.power
    words = {
        "solves": "SOLVES", "reversed": "REVERSED", "no": "?",
        "above chance": "above", "below chance": "below",
    }  # fmt: skip
    return f"{100 * account.accuracy.estimate:.0f} % {words.get(account.power, account.power)}"


def _verdict(report: AuditReport) -> str:
    if report.passed:
        open_ = sum(m.verdict in ("inconclusive", "suspect", "not tested") for m in report.marginals)
        doubt = (
            f"; {open_} detectors are undecided: more scenes are needed to say 'at chance'" if open_ else ""
        )
        return "\n".join(_folded(f"passed: no shortcut and no structural fault found{doubt}", "  "))
    found = []
    if report.shortcuts:
        found.append("shortcuts: " + ", ".join(dict.fromkeys(m.detector for m in report.shortcuts)))
    if report.faults:
        found.append("faults: " + ", ".join(check.name for check in report.faults))
    return "\n".join(_folded(f"FAILED: {'; '.join(found)}", "  "))


def _folded(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
