"""The table of a judge, as text that fits 80 columns."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, cast

from voe.judging.biases import Biases, Sensitivity, Share
from voe.judging.plan import CONTROLS
from voe.judging.results import JudgeRun
from voe.lock import digest
from voe.report.table import WIDTH, block, failed_line, failures_text, grid, interval, loaded_lines, percent
from voe.results import ALL, Run
from voe.words import counted

if TYPE_CHECKING:
    import pandas as pd

_CONTAMINATION = (
    "Whether these stimuli, or others like them, were in the model's training data is not known here: no "
    "test of a judge can rule it out. The controls (--control) show what it answers without the event."
)


def judge_text(run: Run) -> str:
    """Everything that `voe score` prints of a judge."""
    judge = cast(JudgeRun, run)
    blocks = [judge_heading(run), failures_text(run)]
    if len(judge.judgements):
        table = run.summary()
        primary = table[table["primary"]]
        blocks += [block(run, primary, measure) for measure in dict.fromkeys(primary["measure"])]
        blocks += [_other_questions(run, table), biases_text(judge)]
        blocks += [concepts_text(judge), missing_text(judge)]
    blocks.append("\n".join(textwrap.wrap(_CONTAMINATION, WIDTH)))
    blocks.append(f"run folder: {run.path}")
    return "\n\n".join(text for text in blocks if text)


def judge_heading(run: Run) -> str:
    """What was asked, of which model, about what, and how."""
    lock, shown = run.lock, run.lock["protocol"]
    judge = cast(JudgeRun, run)
    snapshot = lock["model"]["snapshot"] or "unknown: its weights may change under the same name"
    lines = [f"model     {lock['model']['name']}", *loaded_lines(run), f"          snapshot {snapshot}"]
    if run.failures:
        lines.insert(0, failed_line(run.failures))
    if lock["model"]["family"] == "planted":
        lines.append("          PLANTED: its answers are made up from the right ones")
    clips = run.clip_counts()
    lines.append(f"stimuli   {lock['stimuli']['name']}: {clips['scored']} of {clips['all']} clips shown")
    if "control" in lock:
        lines += [f"          {line}" for line in textwrap.wrap(CONTROLS[lock["control"]], WIDTH - 10)]
    if lock["stimuli"]["note"]:
        lines += [f"          {line}" for line in textwrap.wrap(lock["stimuli"]["note"], WIDTH - 10)]
    if run.unfinished:
        lines.append(
            f"          UNFINISHED: {counted(run.unfinished, 'question')} still to be asked; no result yet"
        )
    rate = f" at {shown['fps']:g} a second" if shown["fps"] else ", evenly spread"
    size = f", at most {shown['size']} pixels" if shown["size"] else ""
    repeats = f", {shown['repeats']} times each" if shown["repeats"] > 1 else ""
    lines.append(f"shown     up to {shown['frames']} frames of a clip{rate}{size}")
    lines.append(
        f"asked     {', '.join(shown['kinds'])}{repeats}; {counted(len(judge.judgements), 'question')}"
    )
    measure = "log-odds of the answers" if judge.has_probabilities(judge.judgements) else "words alone"
    lines.append(f"          {lock['judge']['questions']}; judged by {measure}")
    lines.append(f"          fixed before the first answer, lock {digest(lock)}")
    return "\n".join(lines)


def _other_questions(run: Run, table: pd.DataFrame) -> str:
    """The headline measure from the answers to other questions, over all concepts."""
    measure = run.lock["measure"]["headline"]
    others = table[(table["measure"] == measure) & (table["concept"] == ALL) & ~table["primary"]]
    rows = [
        [r["stream"], percent(r["estimate"]), interval(r["low"], r["high"]), str(r["ties"])]
        for r in others.to_dict("records")
        if r["n"]
    ]
    if not rows:
        return ""
    title = f"{measure} by other questions (secondary: described, not tested)"
    return f"{title}\n" + grid(["as", "right", "95 % interval", "ties"], rows)


def biases_text(run: JudgeRun) -> str:
    """What the judge gets wrong besides physics, over all concepts."""
    found = run.biases["all"]
    rows = [
        [name, str(share.n), percent(share.estimate), interval(share.low, share.high), at]
        for name, share, at in _shares(found)
        if share.n
    ]
    text = "WHAT ELSE DECIDES ITS ANSWERS (intervals over scenes)\n" + grid(
        ["as", "n", "share", "95 % interval", "unbiased"], rows
    )
    sensitive = [
        [name, *_sensitivity(one)]
        for name, one in (("one clip", found.rating), ("two clips", found.choosing))
        if one is not None
    ]
    if sensitive:
        text += "\n\n" + grid(["as", "d'", "95 % interval", "criterion", "95 % interval "], sensitive)
        notes = (
            "d' 0: cannot tell them apart. Criterion, one clip: above 0 slow to call an event impossible; "
        )
        text += "\n" + textwrap.fill(notes + "two clips: below 0 prefers the first.", WIDTH)
    return text


def _shares(found: Biases) -> list[tuple[str, Share, str]]:
    return [
        ("says yes", found.yes, "50 %"),
        ("names the first clip", found.first, "50 %"),
        ("chooses rightly", found.right_choices, "chance 50 %"),
        ("same clip in both orders", found.orders_agree, "100 %"),
        ("same in other words", found.paraphrases_agree, "100 %"),
        ("same in other polarity", found.polarities_agree, "100 %"),
        ("saw what went in and out", found.seen, "100 %"),
    ]


def _sensitivity(one: Sensitivity) -> list[str]:
    def between(low: float, high: float) -> str:
        return "" if math.isnan(low) else f"{low:.2f} to {high:.2f}"

    return [
        f"{one.d_prime + 0.0:.2f}", between(one.d_low, one.d_high),
        f"{one.criterion + 0.0:.2f}", between(one.c_low, one.c_high),
    ]  # fmt: skip


def concepts_text(run: JudgeRun) -> str:
    """Biases and comprehension by concept."""
    rows = [
        [
            concept, percent(one.yes.estimate), percent(one.first.estimate),
            percent(one.right_choices.estimate), percent(one.orders_agree.estimate),
            percent(one.seen.estimate), "" if one.rating is None else f"{one.rating.d_prime:.2f}",
        ]
        for concept, one in run.biases.items()
        if concept != "all"
    ]  # fmt: skip
    if not rows:
        return ""
    note = textwrap.fill(
        "seen: comprehension questions answered rightly. Where it is low, the judge did not see the event, "
        "and accuracy there says nothing of physics.",
        WIDTH,
    )
    columns = ["concept", "yes", "first", "choices", "orders agree", "seen", "d'"]
    return f"BY CONCEPT\n{grid(columns, rows)}\n{note}"


def missing_text(run: JudgeRun) -> str:
    """What was not answered, and how much it could matter."""
    rows = [
        [
            "seen?" if kind == "comprehension" else kind,
            str(one.asked), str(one.answered), str(one.unparsable), str(one.refused), str(one.failed),
            "" if math.isnan(one.lowest) else f"{100 * one.lowest:.1f} to {100 * one.highest:.1f}",
        ]
        for kind, one in run.missing.items()
    ]  # fmt: skip
    columns = ["as", "asked", "answered", "unparsable", "refused", "failed", "bounds, %"]
    note = textwrap.fill(
        "What was not answered is never scored. Bounds: accuracy if every comparison that lost an answer "
        "were wrong, or right.",
        WIDTH,
    )
    return "\n".join([f"ANSWERS\n{grid(columns, rows)}", note, *_why_failed(run)])


def _why_failed(run: JudgeRun, most: int = 5) -> list[str]:
    """The reasons of answers that failed, the most frequent first."""
    failed = run.judgements[run.judgements["status"] == "failed"]
    counts = failed["reason"].str.slice(0, 300).value_counts()
    lines = [
        textwrap.fill(
            f"{counted(int(count), 'answer')} FAILED: {reason or 'no reason was given'}",
            WIDTH,
            subsequent_indent="  ",
        )
        for reason, count in counts.head(most).items()
    ]
    if len(counts) > most:
        lines.append(f"and {len(counts) - most} more reasons: voe rows {run.path} --of answers")
    if lines:
        lines.append("The same command asks again what failed.")
    return lines
