"""`voe score`, `voe rows` and `voe compare` with judges, as a person calls them."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result
from scipy import stats

from voe.cli.main import cli
from voe.clips import StimulusSet
from voe.judging.asking import ask
from voe.judging.biases import _choosing
from voe.judging.plan import Asking
from voe.report.comparing import compare_tables
from voe.report.formats import render
from voe.report.table import run_text

from .conftest import Stubborn
from .test_judging import judged

FEW = ("--frames", "4", "--size", "32")


def said(*arguments: str) -> Result:
    return CliRunner().invoke(cli, list(arguments))


def test_choices_with_a_lean_to_one_position() -> None:
    """A published way to count: 'first' where the first is right, and where the second is."""
    first_right, second_right = [True] * 40, [False] * 40
    says_first = [True] * 36 + [False] * 4 + [True] * 20 + [False] * 20
    rows = pd.DataFrame(
        {
            "word": np.where(says_first, "first", "second"),
            "right": np.where(first_right + second_right, "first", "second"),
            "scene": np.arange(80).astype(str),
        }
    )
    found = _choosing(rows, pd.Series(["first"] * 80))
    assert found is not None
    hits, alarms = stats.norm.ppf([36.5 / 41, 20.5 / 41])
    assert found.d_prime == pytest.approx((hits - alarms) / math.sqrt(2))
    assert found.criterion == pytest.approx(-(hits + alarms) / 2) and found.criterion < 0


def test_rows_of_a_judge_are_its_answers(one_each: StimulusSet, tmp_path: Path) -> None:
    run = judged("perfect", one_each, tmp_path / "run", Asking(4, kinds=("rate",)))
    done = said("rows", str(run.path), "--json")
    assert done.exit_code == 0
    rows = json.loads(done.output)
    assert len(rows) == len(run.judgements) and {"clip", "word", "right", "leaning"} <= set(rows[0])
    done = said("rows", str(run.path), "--of", "surprise")
    assert done.exit_code == 2 and "choose one of answers, quadruplets, pairs" in done.output


def test_a_control_is_named_as_one(one_each: StimulusSet, tmp_path: Path) -> None:
    plain = judged("coin", one_each, tmp_path / "plain", Asking(4, kinds=("rate",)))
    blank = judged("coin", one_each, tmp_path / "blank", Asking(4, kinds=("rate",), control="blank"))
    text = render(compare_tables([plain, blank]), "text")
    assert "planted:coin (CONTROL: blank)" in " ".join(text.split())


JUDGE = """
from voe.adapters.judge import Answer, Judge, JudgeSpec

class Odd(Judge):
    def __init__(self, trouble="word"):
        self.spec, self.trouble = JudgeSpec("odd", "toy", "2026-01-01", kinds=("rate",)), trouble

    def ask(self, questions):
        for number, question in enumerate(questions):
            if self.trouble == "raises":
                raise KeyError("boo")
            word = "banana" if number % 2 else question.choices[0]
            asked = "another" if self.trouble == "other" else question.id
            yield Answer(asked, "answered", word=word)
"""


def test_what_a_judge_of_ones_own_does_wrong_is_said_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "odd.py").write_text(JUDGE, encoding="utf-8")
    model = f"{tmp_path / 'odd.py'}:Odd"
    few = ("--stimuli", "builtin", "--quiet", *FEW)
    for trouble, words in (("raises", "'odd': ask raised KeyError: 'boo' (odd.py, line 11)"),
                           ("other", "which is no voe Answer to a question that was asked")):  # fmt: skip
        done = said("score", "--model", f"{model},trouble={trouble}", *few, "--out", str(tmp_path / trouble))
        assert done.exit_code == 1 and words in str(done.exception)


def test_answers_that_failed_set_the_exit_code_and_are_counted_by_reason(
    one_each: StimulusSet, tmp_path: Path
) -> None:
    run = ask(Stubborn("possible-2"), one_each, Asking(4, size=32), tmp_path / "run")
    assert not run.whole and run.unfinished == 0 and run.failures == ()
    text = " ".join(run_text(run).split())
    assert "72 answers FAILED: the server hung up The same command asks again what failed." in text
    assert ask(Stubborn(), one_each, Asking(4, size=32), tmp_path / "run").whole


def test_dry_runs() -> None:
    model = ("score", "--model", "planted:perfect", "--dry-run", *FEW)
    done = said(*model, "--json")
    assert done.exit_code == 0 and json.loads(done.output)["requests"] > 0
    done = said(*model, "--seeds", "2")
    assert done.exit_code == 2 and "leave out --seeds" in done.output
    done = said(*model, "--ask", "comprehension")
    assert done.exit_code != 0 and "nothing would be compared" in str(done.exception)


def test_prompts_of_an_unknown_concept(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        '[[rate]]\nname = "x"\nconcept = "suport"\nasks = "possible"\nchoices = ["yes", "no"]\nprompt = "q"\n'
    )
    done = said("score", "--model", "planted:perfect", "--prompts", str(path), "--dry-run")
    assert done.exit_code != 0 and "Did you mean 'support'" in str(done.exception)
    path.write_text(
        '[[comprehension]]\nname = "x"\nconcept = "support"\nabout = "outcome"\nchoices = ["yes", "no"]\n'
        'answers = {a = "yes"}\nwhere = {side = "left"}\nprompt = "q"\n'
    )
    done = said("score", "--model", "planted:perfect", "--prompts", str(path), "--dry-run")
    assert done.exit_code != 0 and "where.side must be a list of levels" in str(done.exception)
