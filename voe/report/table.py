"""The table of a run, as text that fits 80 columns."""

from __future__ import annotations

import io
import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from voe.controls import CONTROLS
from voe.lock import digest
from voe.results import ALL, PAIRS, QUADRUPLETS, Run
from voe.runs import Failure
from voe.words import counted

WIDTH = 80
_VERDICTS = {"above": "above", "below": "BELOW", "equivalent": "at chance", "inconclusive": "inconclusive"}


def verdict_text(record: Mapping[Any, Any], words: Mapping[str, str] = _VERDICTS) -> str:
    """A verdict in `words`, or why there is none; 'below' with the p-value that it rests on.

    >>> verdict_text({"verdict": "below", "concept": "gravity", "p_below": 0.01, "p_below_holm": 0.02})
    'BELOW (p 0.020)'
    """
    if record["verdict"] == "below":
        p = record["p_below"] if record["concept"] == ALL else record["p_below_holm"]
        return f"{words['below']} (p {p_text(p)})"
    return words.get(record["verdict"]) or str(record["reason"])


def run_text(run: Run) -> str:
    """Everything that `voe score` prints of one run."""
    if "judge" in run.lock:
        from voe.report.judging import judge_text

        return judge_text(run)
    if "humans" in run.lock:
        from voe.report.humans import humans_text

        return humans_text(run)
    blocks = [heading(run), health_text(run), failures_text(run)]
    table = run.summary() if len(run.folder.clips()) else pd.DataFrame()
    if not table.empty:
        primary = table[table["primary"]]
        blocks += [block(run, primary, measure) for measure in dict.fromkeys(primary["measure"])]
        if run.stimuli.block and not run.unfinished:
            blocks.append(condition_text(run, run.stimuli.block))
        blocks += [own_metrics_text(run), _other_settings(run, table)]
    if run.stimuli.unlabelled:
        blocks.append(
            "The clips have no labels, so nothing is compared here: `voe export` writes the submission."
        )
    blocks.append(f"run folder: {run.path}")
    return "\n\n".join(block for block in blocks if block)


def heading(run: Run) -> str:
    """What was scored, on what, and how: the lines that stand above every table."""
    if "judge" in run.lock:
        from voe.report.judging import judge_heading

        return judge_heading(run)
    if "humans" in run.lock:
        from voe.report.humans import humans_heading

        return humans_heading(run)
    lock, protocol = run.lock, run.protocol
    sampling = f"every {protocol.frame_step} frames" if protocol.frame_step else f"{protocol.fps:g} fps"
    if protocol.frame_step == 1:
        sampling = "every frame"
    if protocol.frame_step == 2:
        sampling = "every 2nd frame"
    model = lock["model"]["name"]
    lines = [f"model     {model}", *loaded_lines(run)]
    if run.failures:
        lines.insert(0, failed_line(run.failures))
    if not lock["model"]["trained"] and lock["model"]["family"] != "baseline":
        lines.append("          UNTRAINED: random weights; this says what an architecture does by itself")
    clips = run.clip_counts()
    lines.append(f"stimuli   {lock['stimuli']['name']}: {clips['scored']} of {clips['all']} clips scored")
    if "control" in lock:
        lines += [f"          {line}" for line in textwrap.wrap(CONTROLS[lock["control"]], WIDTH - 10)]
    if lock["stimuli"]["note"]:
        lines += [f"          {line}" for line in textwrap.wrap(lock["stimuli"]["note"], WIDTH - 10)]
    if run.unfinished:
        lines.append(
            f"          UNFINISHED: {counted(run.unfinished, 'clip')} still to be scored; no result yet"
        )
    if clips["unverified"]:
        why = "no duration is stated, or images skip a number"
        lines.append(f"          {counted(clips['unverified'], 'clip')} UNVERIFIED: {why}")
    others = [c for c in protocol.contexts if c != protocol.primary_context]
    secondary = f" (secondary: {', '.join(map(str, others))})" if others else ""
    lines.append(
        f"protocol  {sampling}, windows of {protocol.window}, stride {protocol.stride}, "
        f"context {protocol.primary_context}{secondary}"
    )
    stated = lock["protocol_from"]
    origin = "the card's" if stated["origin"] == "card" else "the model's default (the set has no card)"
    if stated["changed"]:
        origin += f", but for {', '.join(stated['changed'])}"
    lines.append(f"          {origin}")
    lines.append(f"          fixed before the first score, lock {digest(lock)}")
    return "\n".join(lines)


def loaded_lines(run: Run) -> list[str]:
    """What a model of one's own was loaded from, which the name that it gives itself need not say."""
    loaded = run.record["model"].get("identity", {}).get("spec", "")
    if not loaded:
        return []
    margin = " " * 10
    return textwrap.wrap(
        f"from {loaded}", WIDTH, initial_indent=margin, subsequent_indent=margin, break_on_hyphens=False
    )


def own_metrics_text(run: Run) -> str:
    """The benchmark's own measures, as its authors define them."""
    blocks = []
    found = run.own_metrics()
    for name in dict.fromkeys(one.metric for one in found):
        chosen = [one for one in found if one.metric == name]
        rows = [[one.block, str(one.n), percent(one.value)] for one in chosen]
        title = f"the benchmark's own {name} ({chosen[0].better} is better; described, not tested)"
        definition = textwrap.fill(chosen[0].definition, WIDTH, subsequent_indent="  ")
        blocks.append(f"{title}\n" + grid(["concept", "n", name], rows) + f"\n{definition}")
    return "\n\n".join(blocks)


def condition_text(run: Run, condition: str) -> str:
    """The headline measure by the levels of a condition: described, not tested.

    Raises:
        RunError: no comparison has such a condition.
    """
    table = run.by_condition(condition)
    rows = [
        [str(r["level"]), str(r["n"]), percent(r["estimate"]), interval(r["low"], r["high"]), str(r["ties"])]
        for r in table.to_dict("records")
    ]
    title = f"{run.lock['measure']['headline']} by {condition} (secondary: described, not tested)"
    text = f"{title}\n" + grid([condition, "n", "right", "95 % interval", "ties"], rows)
    if left_out := run.scored_comparisons - int(table["n"].sum()):
        text += f"\n{left_out} left out: without a value of {condition}, or with clips that differ in it"
    return text


def health_text(run: Run) -> str:
    """A warning where surprise is measured in a space that is not fit for it."""
    lines = []
    for stream, state in run.health.items():
        for sentence in state.warnings:
            lines += textwrap.wrap(
                f"WARNING, stream {stream}: {sentence}", WIDTH, subsequent_indent="  ", break_long_words=False
            )
    if lines:
        lines.append("  Surprise in such a space says little; see `voe stats`.")
    return "\n".join(lines)


def counted_failures(failures: Sequence[Failure]) -> str:
    """How many clips could not be read, and how many comparisons not be made for another reason.

    >>> from voe.runs import Failure
    >>> counted_failures([Failure("s", "a", "clip", "no such file"), Failure("s", "b | c", "comparison", "")])
    '1 clip and 1 comparison'
    """
    counts = [(kind, sum(one.kind == kind for one in failures)) for kind in ("clip", "comparison")]
    return " and ".join(counted(n, kind) for kind, n in counts if n)


def failed_line(failures: Sequence[Failure]) -> str:
    """The line that stands above everything else where something failed."""
    return f"{counted_failures(failures)} FAILED: listed below, left out with all that they belong to"


def failures_text(run: Run, most: int = 10) -> str:
    """The failures, the first `most` of them by name."""
    failures = run.failures
    if not failures:
        return ""
    lines = [f"{counted_failures(failures)} FAILED:"]
    for failure in failures[:most]:
        lines.append(f"  {failure.scene}, {failure.clip}: {failure.reason}")
    if len(failures) > most:
        lines.append(f"  and {len(failures) - most} more in {run.path / 'failures.jsonl'}")
    return "\n".join(lines)


def block(run: Run, table: pd.DataFrame, measure: str) -> str:
    """One measure: a line a concept, and one for all."""
    part = table[table["measure"] == measure]
    headline = measure == run.lock["measure"]["headline"]
    untested = " (secondary: described, not tested)"
    titles = {
        QUADRUPLETS: "QUADRUPLETS right by the interaction of context and outcome (chance: 50 %)",
        PAIRS: "PAIRS right: the impossible clip surprised more (chance: 50 %)"
        + ("" if headline else untested),
    }
    title = titles.get(measure, f"pairs, {measure}{untested}")
    columns = ["concept", "n", "right", "95 % interval", "ties"]
    if headline:
        columns += ["p", "verdict"]
    headline = headline and not run.unfinished  # no test before all that was announced is scored
    if not headline:
        columns = columns[:5]
    rows = [_row(record, headline) for record in part.to_dict("records")]
    notes = _notes(part, headline, unfinished=run.unfinished > 0)
    return "\n".join([title, grid(columns, rows), *(textwrap.fill(note, WIDTH) for note in notes)])


def _row(record: Mapping[Any, Any], headline: bool) -> list[str]:
    if not record["n"]:
        cells = [record["concept"], "0", "", "", ""]
        return [*cells, "", record["reason"] or "nothing scored"] if headline else cells
    cells = [
        record["concept"],
        str(record["n"]),
        percent(record["estimate"]),
        interval(record["low"], record["high"]),
        str(record["ties"]),
    ]
    if not headline:
        return cells
    verdict = verdict_text(record)
    if record["verdict"] in _VERDICTS and record["reason"]:
        verdict += f" ({record['reason']})"
    p = record["p_value"] if record["concept"] == ALL else record["p_holm"]
    return [*cells, p_text(p), verdict]


def _notes(part: pd.DataFrame, headline: bool, *, unfinished: bool) -> list[str]:
    """What a reader must know of this block."""
    whole = part[part["concept"] == ALL].iloc[0]
    left_out = [
        f"{whole[key]} {words}"
        for key, words in (
            ("failed", "failed or not scored yet" if unfinished else "failed"),
            ("untestable", "not testable at this window"),
        )
        if whole[key]
    ]
    notes = [f"left out: {', '.join(left_out)}"] if left_out else []
    if headline:
        notes.append("p: exact, one-sided; of concepts, corrected over them (Holm). A tie counts one half.")
        if (part["verdict"] == "below").any():
            notes.append(
                "BELOW: less often right than chance, by the p of the other side, corrected in the same way."
            )
        methods = sorted({m for m in part["method"] if m != "none"})
        if methods:
            sides = "two-sided; verdict: one-sided at 5 %, so the two can differ."
            notes.append(f"interval: {'; '.join(methods)}, {sides}")
    return notes


def _other_settings(run: Run, table: pd.DataFrame) -> str:
    """The headline measure at the settings that are not the headline, over all concepts."""
    measure = run.lock["measure"]["headline"]
    others = table[(table["measure"] == measure) & (table["concept"] == ALL) & ~table["primary"]]
    others = others[others["n"] > 0]
    if others.empty:
        return ""
    rows = [
        [
            r["stream"],
            str(r["context"]),
            percent(r["estimate"]),
            interval(r["low"], r["high"]),
            str(r["ties"]),
        ]
        for r in others.to_dict("records")
        if r["n"]
    ]
    columns = ["stream", "context", "right", "95 % interval", "ties"]
    return f"{measure}, other settings (secondary: described, not tested)\n" + grid(columns, rows)


def percent(share: float) -> str:
    """A share as a percentage with one decimal."""
    return "" if math.isnan(share) else f"{100 * share:.1f} %"


def interval(low: float, high: float) -> str:
    """An interval of shares, in percent."""
    return "" if math.isnan(low) else f"{100 * low:.1f} to {100 * high:.1f}"


def p_text(p: float) -> str:
    """A p-value with three decimals, or its order of magnitude."""
    if math.isnan(p):
        return ""
    return f"{p:.3f}" if p >= 0.001 else "< .001"


_FOLDED = ("concept", "detector", "verdict", "as")


def _narrowest(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """The width at which no number is cut: a table that needs it is wider than the page."""
    needed = 0
    for number, column in enumerate(columns):
        longest = max([len(column), *(len(row[number]) for row in rows)])
        needed += min(longest, 17 if column == "concept" else 12) if column in _FOLDED else longest
    return needed + 3 * (len(columns) - 1)


def grid(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in plain text, numbers to the right."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        left = column in ("concept", "verdict", "stream", "detector", "as")
        # Numbers keep their width; a long name or verdict is folded instead.
        folded = column in _FOLDED
        grid.add_column(
            column,
            justify="left" if left else "right",
            overflow="fold",
            no_wrap=not folded,
            min_width=17 if column == "concept" and any(len(row[0]) >= 17 for row in rows) else None,
        )
    for row in rows:
        last = len(rows) > 1 and row is rows[-1] and row[0] == ALL
        if last:
            grid.add_section()
        grid.add_row(*row)
    buffer = io.StringIO()
    width = max(WIDTH, _narrowest(columns, rows))
    Console(file=buffer, width=width, color_system=None, force_terminal=False).print(grid)
    return "\n".join(line.rstrip() for line in buffer.getvalue().rstrip("\n").split("\n"))
