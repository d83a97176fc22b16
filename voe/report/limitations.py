"""What a reader of a run must be told, derived from the run itself."""

from __future__ import annotations

from voe.contrasts import NOT_TESTABLE
from voe.lock import TIE_LIMIT
from voe.report.table import counted_failures
from voe.results import ALL, Run
from voe.words import counted


def limitations(run: Run) -> list[str]:
    """Sentences for the limitations section of a paper: what this run can not show, and why.

    General ones name what violation of expectation leaves open for any model; the others follow from the
    lock, the counts, the conditions and the health of this run.
    """
    return [*_of_this_run(run), *_of_the_stimuli(run), *_of_the_method(run)]


def _of_this_run(run: Run) -> list[str]:
    lock, clips, found = run.lock, run.clip_counts(), []
    if run.unfinished:
        found.append(f"The run is unfinished ({run.unfinished} still to do): nothing is tested yet.")
    if "control" in lock:
        found.append(f"This is a control run ({lock['control']}); its accuracy is no measure of physics.")
    if not lock["model"]["trained"] and lock["model"]["family"] != "baseline":
        found.append("The network is untrained: what it does, its architecture does by itself.")
    if run.failures:
        failed = counted_failures(run.failures)
        found.append(f"{failed} failed and are left out with all that they belong to.")
    if clips["unverified"]:
        found.append(
            f"{counted(clips['unverified'], 'clip')} could not be checked for completeness: no duration is "
            "stated, or images are not evenly numbered."
        )
    table = run.summary() if clips["scored"] else None
    if table is not None and not table.empty:
        headline = table[table["primary"] & (table["measure"] == lock["measure"]["headline"])]
        for row in headline.to_dict("records"):
            found += _of_row(row)
    others = sorted(set(lock["protocol"].get("contexts", ())) - {run.primary_setting[1]})
    if others:
        found.append(
            f"Context {run.primary_setting[1]} was fixed beforehand. Results at contexts "
            f"{', '.join(map(str, others))} are described; picking the best of them has to be paid for."
        )
    for stream, state in run.health.items():
        found += [f"Stream {stream}: {sentence}." for sentence in state.warnings]
    return found


def _of_row(row: dict[object, object]) -> list[str]:
    concept = "Over all concepts" if row["concept"] == ALL else str(row["concept"])
    n, ties = int(str(row["n"])), float(str(row["tie_share"]))
    if not n:
        return [f"{concept}: nothing could be scored."]
    found = []
    if row["concept"] != ALL and n < 40:
        found.append(
            f"{concept}: {counted(n, 'comparison')}. With fewer than 40 only accuracies above 80 % or so can "
            "be told from chance after correction, and 'at chance' can never be claimed."
        )
    if ties > TIE_LIMIT:
        found.append(f"{concept}: {100 * ties:.0f} % ties, so there is no verdict.")
    return found


def _of_the_stimuli(run: Run) -> list[str]:
    stimuli, found = run.stimuli, []
    if not stimuli.quadruplets:
        found.append(
            "The set has pairs and no 2 x 2 designs, so how hard each outcome is to predict by itself is not "
            "cancelled: part of any accuracy may be due to it."
        )
    if "object-permanence" in stimuli.concepts:
        found.append("In object permanence the number of objects differs between outcomes.")
    hidden = sorted({int(q.conditions["occlusion"]) for q in stimuli.quadruplets
                     if q.conditions.get("occlusion", "").isdecimal()})  # fmt: skip
    if hidden:
        window = run.lock["protocol"].get("window")
        found.append(
            f"Things are hidden for {hidden[0]} to {hidden[-1]} frames"
            + (f", and windows span {window} sampled frames" if window else "")
            + ": failures may be failures of memory span."
        )
    untestable = run.quadruplets() if stimuli.quadruplets and run.clip_counts()["scored"] else None
    if untestable is not None and (n := int((untestable["status"] == NOT_TESTABLE).sum())):
        found.append(
            f"{counted(n, 'comparison')} at some setting: not testable with these windows, and left out."
        )
    if "builtin" in stimuli.name:
        found.append(
            "All clips come from one renderer: nothing here says how the model does with filmed events."
        )
    if stimuli.note:
        found.append(stimuli.note)
    return found


def _of_the_method(run: Run) -> list[str]:
    found = [
        "Surprise at the impossible may be surprise at the novel or the rare: an impossible event is both.",
        "A contrast may rest on matching what is seen after the occlusion with what was seen before, without "
        "any representation of an object; the audit of the set lists the lean accounts of each concept.",
        "What was learned by association in training, from clips like these, looks the same as knowledge of "
        "why.",
        "Models are not habituated, and prediction error is no looking time: accuracies stand for no "
        "infant's age.",
    ]
    if "judge" in run.lock:
        found.append(
            "Answers in words measure what a model says. Wording, position and a liking for 'yes' decide "
            "part of it, and whether it has seen these or like clips in training is unknown."
        )
    elif "humans" in run.lock:
        found.append(
            "Ratings are what people say of their surprise, with the event's possibility before their eyes; "
            "they are no looking times."
        )
    else:
        found.append(
            "Windows cut clips at both ends: what lies outside the windows, or before their context, is not "
            "known to the model."
        )
    return found
