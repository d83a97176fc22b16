"""Judges whose answers are known: accuracy, d', criterion and biases come out as they must."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from tests.judging.conftest import FEW, Stubborn
from voe.adapters.judge import Answer, Judge, Question
from voe.adapters.load import load_any, load_model
from voe.clips import StimulusSet
from voe.errors import CardError, ModelError, ProtocolError, RunError
from voe.judging.asking import ask
from voe.judging.frames import read_clips, sampled_numbers, shows_both
from voe.judging.plan import Asking, items
from voe.judging.questions import read_questions
from voe.judging.results import JudgeRun, read_judgements
from voe.results import Run
from voe.runs import versions

# Per clip 6 general ratings, of 18 possible and 18 impossible clips; 4 choices of 72 ordered pairings.
RATED, CHOSEN = 6 * 36, 4 * 72


def judged(name: str, one_each: StimulusSet, folder: Path, asking: Asking = FEW) -> JudgeRun:
    judge = load_any(f"planted:{name}")
    assert isinstance(judge, Judge)
    return ask(judge, one_each, asking, folder)


def accuracy(run: Run, stream: str | None = None) -> float:
    table = run.summary()
    chosen = table["primary"] if stream is None else table["stream"] == stream
    rows = table[chosen & (table["concept"] == "all") & (table["measure"] == "quadruplets")]
    return float(rows["estimate"].iloc[0])


def log_linear(hits: int, n: int) -> float:
    return float(stats.norm.ppf((hits + 0.5) / (n + 1)))


def test_perfect(one_each: StimulusSet, tmp_path: Path) -> None:
    run = judged("perfect", one_each, tmp_path / "run")
    assert [accuracy(run, s) for s in (None, "choose", "caption", "rate: possible?")] == [1.0] * 4
    whole = run.biases["all"]
    assert (whole.yes.estimate, whole.yes.n, whole.first.estimate, whole.first.n) == (0.5, RATED, 0.5, CHOSEN)
    shares = (whole.right_choices, whole.orders_agree, whole.paraphrases_agree, whole.polarities_agree)
    assert [share.estimate for share in (*shares, whole.seen)] == [1.0] * 5
    assert whole.orders_agree.n == CHOSEN // 2
    assert whole.paraphrases_agree.n == 36 * 6 and whole.polarities_agree.n == 36 * 9
    rating, choosing = whole.rating, whole.choosing
    assert rating is not None and choosing is not None
    n, pairings = RATED // 2, CHOSEN // 2
    assert rating.d_prime == pytest.approx(2 * log_linear(n, n)) and rating.criterion == pytest.approx(0)
    assert choosing.d_prime == pytest.approx(math.sqrt(2) * log_linear(pairings, pairings))
    assert choosing.criterion == pytest.approx(0)
    assert {one.answered for one in run.missing.values()} == {one.asked for one in run.missing.values()}


def test_perfect_but_reversed(one_each: StimulusSet, tmp_path: Path) -> None:
    run = judged("reversed", one_each, tmp_path / "run")
    assert [accuracy(run, s) for s in (None, "choose", "caption")] == [0.0] * 3
    whole = run.biases["all"]
    assert whole.seen.estimate == 1.0 and whole.orders_agree.estimate == 1.0
    assert whole.rating is not None and whole.rating.d_prime < -5
    assert whole.choosing is not None and whole.choosing.d_prime < -3.5


def test_always_yes(one_each: StimulusSet, tmp_path: Path) -> None:
    run = judged("always-yes", one_each, tmp_path / "run")
    table = run.quadruplets()
    rated = table[table["stream"] == "rate"]
    assert (rated["score"] == 0.5).all() and accuracy(run, "choose") == 1.0
    whole = run.biases["all"]
    assert whole.yes.estimate == 1.0
    assert whole.paraphrases_agree.estimate == 1.0 and whole.polarities_agree.estimate == 0.0
    assert whole.rating is not None and whole.rating.d_prime == pytest.approx(0)
    # One polarity alone: every event is possible, so the criterion is extreme.
    assert accuracy(run, "rate: possible?") == 0.5


def test_always_first(one_each: StimulusSet, tmp_path: Path) -> None:
    run = judged("always-first", one_each, tmp_path / "run")
    whole = run.biases["all"]
    assert accuracy(run) == 1.0 and accuracy(run, "choose") == 0.5
    assert (whole.first.estimate, whole.right_choices.estimate, whole.orders_agree.estimate) == (1, 0.5, 0)
    assert whole.choosing is not None and whole.choosing.d_prime == pytest.approx(0)
    assert whole.choosing.criterion == pytest.approx(-log_linear(CHOSEN // 2, CHOSEN // 2))


def test_coin(one_each: StimulusSet, tmp_path: Path) -> None:
    run = judged("coin,seed=5", one_each, tmp_path / "run", Asking(6, kinds=("rate", "choose"), repeats=3))
    whole = run.biases["all"]
    for share, n in ((whole.yes, 3 * RATED), (whole.first, 3 * CHOSEN), (whole.right_choices, 3 * CHOSEN)):
        assert share.n == n and abs(share.estimate - 0.5) < 4 * math.sqrt(0.25 / n)
    assert whole.rating is not None and abs(whole.rating.d_prime) < 0.5
    assert whole.rating.d_low < whole.rating.d_prime < whole.rating.d_high
    assert 0.1 < accuracy(run) < 0.9


def test_refusals_are_never_scored(one_each: StimulusSet, tmp_path: Path) -> None:
    run = judged("refuses", one_each, tmp_path / "run")
    table = run.summary()
    assert (table["n"] == 0).all() and set(run.quadruplets()["status"]) == {"failed"}
    rate = run.missing["rate"]
    assert (rate.answered, rate.refused, rate.lowest, rate.highest) == (0, rate.asked, 0.0, 1.0)
    assert run.biases["all"].rating is None
    json.loads((tmp_path / "run/summary.json").read_text())


def test_words_alone_give_the_same_verdicts(one_each: StimulusSet, tmp_path: Path) -> None:
    run = judged("perfect,logprobs=false", one_each, tmp_path / "run", Asking(6, kinds=("rate", "choose")))
    assert accuracy(run) == 1.0 and accuracy(run, "choose") == 1.0
    assert set(run.judgements["leaning"].abs()) == {1.0}


def test_nothing_is_asked_twice_and_what_failed_is_asked_again(
    one_each: StimulusSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = ask(Stubborn(), one_each, FEW, tmp_path / "whole")
    first = Stubborn("possible-2")
    run = ask(first, one_each, FEW, tmp_path / "run")
    missing = [i for i in first.asked if "possible-2" in i]
    assert run.missing["rate"].failed == len(missing) == 2 * 36  # 'impossible-2' has that name too
    with monkeypatch.context() as newer, pytest.raises(RunError, match="begun with another torch"):
        newer.setattr("voe.judging.asking.versions", lambda: {**versions(), "torch": "99.0"})
        ask(Stubborn(), one_each, FEW, tmp_path / "run")
    again = Stubborn()
    run = ask(again, one_each, FEW, tmp_path / "run")
    assert sorted(again.asked) == sorted(missing) and run.missing["rate"].failed == 0
    cut = Stubborn(stop_after=100)
    with pytest.raises(KeyboardInterrupt):
        ask(cut, one_each, FEW, tmp_path / "cut")
    assert len(read_judgements(tmp_path / "cut")) == 100
    rest = Stubborn()
    ended = ask(rest, one_each, FEW, tmp_path / "cut")
    assert not set(rest.asked) & set(cut.asked) and len(rest.asked) + 100 == len(whole.judgements)
    summaries = [(tmp_path / name / "summary.json").read_bytes() for name in ("whole", "run", "cut")]
    assert summaries[0] == summaries[1] == summaries[2] and ended.unfinished == 0
    with pytest.raises(RunError, match="another protocol"):
        ask(Stubborn(), one_each, Asking(8, size=32), tmp_path / "run")


class Careless(Stubborn):
    """Always right where it can be, but gives its answers as no one can count them."""

    def __init__(self, word: str | None, probabilities: dict[str, float] | None) -> None:
        super().__init__()
        self.given = word, probabilities

    def ask(self, questions: Sequence[Question]) -> Iterator[Answer]:
        for question in questions:
            word, probabilities = self.given
            yield Answer(question.id, "answered", "", word, probabilities)


@pytest.mark.parametrize(
    ("word", "probabilities", "reason"),
    [
        ("Yes", None, "its word 'Yes' is none of the choices"),
        (None, {"yes": 0.9, "no": 0.1}, "its word None is none"),
        ("yes", {"yes": 90.0, "no": 10.0}, "do not add up to 1"),
        ("yes", {"yes": float("nan"), "no": 0.5}, "do not add up to 1"),
        ("yes", {"yes": 1.0}, "not of the choices"),
    ],
)
def test_an_answer_that_is_none_of_the_choices_is_not_the_other_one(
    word: str | None,
    probabilities: dict[str, float] | None,
    reason: str,
    one_each: StimulusSet,
    tmp_path: Path,
) -> None:
    run = ask(Careless(word, probabilities), one_each, FEW, tmp_path / "run")
    assert set(run.judgements["status"]) == {"failed"}
    assert run.missing["rate"].failed == len(run.judgements)
    assert run.judgements["reason"].str.contains(reason, regex=False).all()


def test_frames_that_a_judge_is_shown_cannot_be_changed(one_each: StimulusSet) -> None:
    read = read_clips(one_each.scenes[one_each.clips[0].scene], FEW)
    assert not read.failures
    with pytest.raises(ValueError, match="read-only"):
        next(iter(read.shown.values())).frames[...] = 0


def test_a_removed_part_is_asked_again_once(one_each: StimulusSet, tmp_path: Path) -> None:
    for _ in range(2):  # two parts
        with pytest.raises(KeyboardInterrupt):
            ask(Stubborn(stop_after=80), one_each, FEW, tmp_path / "run")
    ask(Stubborn(), one_each, FEW, tmp_path / "run")
    parts = sorted((tmp_path / "run/judgements").glob("*.parquet"))
    assert len(parts) >= 3
    parts[0].unlink()
    again, once_more = Stubborn(), Stubborn()
    whole = ask(again, one_each, FEW, tmp_path / "run")
    assert 0 < len(again.asked) <= 80
    ask(once_more, one_each, FEW, tmp_path / "run")
    assert not once_more.asked and whole.unfinished == 0


def test_a_run_with_prompts_of_ones_own_knows_when_it_is_unfinished(
    one_each: StimulusSet, tmp_path: Path
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('[[rate]]\nname = "x"\nasks = "possible"\nchoices = ["yes", "no"]\nprompt = "Well?"\n')
    mine = read_questions(path)
    with pytest.raises(KeyboardInterrupt):
        ask(Stubborn(stop_after=10), one_each, FEW, tmp_path / "run", questions=mine)
    assert Run.open(tmp_path / "run").unfinished == 26
    assert ask(Stubborn(), one_each, FEW, tmp_path / "run", questions=mine).unfinished == 0


def test_a_judge_has_no_curves(one_each: StimulusSet, tmp_path: Path) -> None:
    judged("perfect", one_each, tmp_path / "run", Asking(6, kinds=("rate",)))
    run = Run.open(tmp_path / "run")
    assert isinstance(run, JudgeRun)
    with pytest.raises(RunError, match="no surprise over time"):
        _ = run.curves
    with pytest.raises(ModelError, match="asked in words"):
        load_model("planted:perfect")
    with pytest.raises(ModelError, match="Did you mean 'perfect'"):
        load_any("planted:perfct")


def test_frames_hold_context_and_outcome(one_each: StimulusSet) -> None:
    quad = one_each.quadruplets[0]
    assert quad.context_ends is not None and quad.outcome_starts is not None
    assert shows_both(quad, [0, 95]) and not shows_both(quad, [quad.context_ends, 95])
    assert not shows_both(quad, [0, quad.outcome_starts - 1])
    assert sampled_numbers(10, None, Asking(frames=16)).tolist() == list(range(10))
    assert sampled_numbers(97, 24.0, Asking(frames=4, fps=24)).tolist() == [0, 32, 64, 96]
    assert sampled_numbers(96, 24.0, Asking(frames=16, fps=2)).tolist() == list(range(0, 96, 12))


def test_a_clip_is_shown_through_its_edit_list(one_each: StimulusSet) -> None:
    quad = one_each.quadruplets[0]
    clips = [one_each.clip(clip) for clip in quad.clips]
    read = read_clips(clips, Asking(frames=9))
    assert not read.failures
    shown = read.shown
    aa, ab, _, bb = (shown[clip].frames for clip in quad.clips)
    assert aa.shape == (9, 128, 128, 3) and aa.dtype == np.uint8
    assert np.array_equal(ab[0], aa[0]) and np.array_equal(ab[-1], bb[-1])
    assert not np.array_equal(ab[-1], aa[-1])
    assert shown[quad.aa].fps == pytest.approx(8 / (95 / 24))
    small = read_clips(clips[:1], Asking(frames=9, size=32))
    assert small.facts[quad.aa].size == (128, 128) and small.facts[quad.aa].n_frames == 96
    assert small.shown[quad.aa].frames.shape == (9, 32, 32, 3)
    for control, kinds in (("blank", 1), ("single-frame", 1), ("shuffled", len({f.tobytes() for f in aa}))):
        seen = read_clips(clips[:1], Asking(frames=9, control=control))  # type: ignore[arg-type]
        frames = seen.shown[quad.aa].frames
        assert len({frame.tobytes() for frame in frames}) == kinds and not np.array_equal(frames, aa)
        if control == "shuffled":
            assert {f.tobytes() for f in frames} == {f.tobytes() for f in aa}


def test_every_pairing_is_asked_in_both_orders(one_each: StimulusSet) -> None:
    plan = items(one_each, read_questions(), Asking(kinds=("choose",)))
    assert len(plan) == 4 * 72 and len({item.id for item in plan}) == len(plan)
    quad = one_each.quadruplets[0]
    named = [item for item in plan if item.prompt.name == "impossible-1" and item.scene == quad.scene]
    assert {item.clips for item in named} == {
        order for p in (quad.aa, quad.bb) for i in (quad.ab, quad.ba) for order in ((p, i), (i, p))
    }
    for item in named:
        assert item.right == ("first" if item.clips[0] in (quad.ab, quad.ba) else "second")


def test_comprehension_follows_the_cards(one_each: StimulusSet) -> None:
    plan = items(one_each, read_questions(), Asking(kinds=("comprehension",)))
    assert len(plan) == 2 * 36
    right = {item.id.split("|", 1)[1]: item.right for item in plan}
    assert right["inertia-context|inertia-000-ab|0"] == "near"
    assert right["inertia-outcome|inertia-000-ab|0"] == "near"  # outcome b of a path that began near
    assert right["inertia-outcome|inertia-000-aa|0"] == "far"


def test_questions_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        '[[rate]]\nname = "x"\nasks = "possible"\nchoices = ["ja", "nein"]\nprompt = "Geht das?"\n'
    )
    mine = read_questions(path)
    assert [p.name for p in mine.of("rate")] == ["x"] and len(mine.of("choose")) == 4
    assert mine.sha256 != read_questions().sha256
    for text, words in (
        ('[[rat]]\nname = "x"', "Did you mean 'rate'"),
        ('[[rate]]\nname = "x"\nasks = "maybe"\nchoices = ["a", "b"]\nprompt = "q"', "asks is 'maybe'"),
        ('[[rate]]\nname = "x"\nprompt = ""', "lacks the field"),
        ('[[rate]]\nname = "x"\nasks = "possible"\nchoices = ["a"]\nprompt = "q"', "two different words"),
        (
            '[[rate]]\nname = "x"\nasks = "possible"\nchoices = ["A", "a "]\nprompt = "q"',
            "two different words",
        ),
        ('rate = ["x"]', "is no table"),
        ("", "no question in it"),
    ):
        path.write_text(text)
        with pytest.raises(CardError, match=words):
            read_questions(path)
    with pytest.raises(ProtocolError, match="Did you mean 'rate'"):
        Asking(kinds=("rates",))
