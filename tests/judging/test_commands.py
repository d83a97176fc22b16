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
from voe.judging.biases import _choosing
from voe.judging.plan import Asking
from voe.report.comparing import compare_tables
from voe.report.formats import render

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
