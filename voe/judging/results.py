"""A run of a judge, read: answers -> leanings -> quadruplets and pairs, in the tables of any other run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from voe.clips import Pair, Quadruplet
from voe.contrasts import FAILED, NOT_TESTABLE, SCORED
from voe.errors import RunError
from voe.judging.biases import Biases, Missing, biases_of, missing_of
from voe.judging.plan import Item, items
from voe.judging.questions import QuestionSet
from voe.judging.refusals import Refusals
from voe.judging.scene_answers import SceneAnswers
from voe.results import Run
from voe.runs import SUMMARY
from voe.whole_clips import WholeClipRun

JUDGEMENTS: Final = "judgements"
JUDGEMENT_TYPES: Final = {
    "id": "string", "kind": "string", "prompt": "string", "asks": "string", "concept": "string",
    "scene": "string", "comparison": "string", "clip": "string", "other": "string", "repeat": "int32",
    "choices": "string", "right": "string", "status": "string", "word": "string",
    "probability": "float64", "mass": "float64", "text": "string", "reason": "string",
    "tokens_in": "Int64", "tokens_out": "Int64", "numbers": "object",
}  # fmt: skip
NAMES_IT: Final = ", names the concept"
_CLIPPED: Final = 1e-6


def read_judgements(path: Path) -> pd.DataFrame:
    """The answers of a run, one row a question: the latest, in the order in which they were first asked.

    Raises:
        RunError: a part is damaged.
    """
    parts = sorted((path / JUDGEMENTS).glob("*.parquet"))
    if not parts:
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in JUDGEMENT_TYPES.items()})
    try:
        table = pd.concat([pd.read_parquet(part) for part in parts], ignore_index=True)
    except (OSError, ValueError) as error:
        raise RunError(
            f"run folder {path}: a part in {JUDGEMENTS}/ is damaged ({error}); remove it, and the same "
            "command asks again what was in it"
        ) from error
    return table.drop_duplicates("id", keep="last", ignore_index=True)


class JudgeRun(WholeClipRun):
    """A run folder whose answers are words. Everything that compares comparisons works as for other runs.

    Streams are kinds of questions: 'rate', 'choose', 'caption', each also for the prompts that name the
    concept, and 'rate' by polarity. They have no context; the column holds 0.
    """

    @cached_property
    def judgements(self) -> pd.DataFrame:
        """One row a question, in the order of the plan; `leaning` is towards 'possible', NaN unanswered.

        For choices it is towards the right answer.
        """
        table = read_judgements(self.path)
        ranks = {scene: rank for rank, scene in enumerate(self.stimuli.scenes)}
        table["_rank"] = table["scene"].map(ranks)
        table = table.sort_values(["_rank", "kind", "id"], ignore_index=True).drop(columns="_rank")
        table["leaning"] = _leanings(table, use_probabilities=self.has_probabilities(table))
        return table

    def answers(self) -> pd.DataFrame:
        """`judgements`."""
        return self.judgements

    @staticmethod
    def has_probabilities(table: pd.DataFrame) -> bool:
        """Whether every answer of the questions that compare came with probabilities."""
        compared = table[(table["status"] == "answered") & (table["kind"] != "comprehension")]
        return bool(len(compared)) and bool(compared["probability"].notna().all())

    @property
    def planned(self) -> list[Item] | None:
        """The plan of a run with the prompts that ship now; None where those are others."""
        from voe.judging.plan import Asking
        from voe.judging.questions import read_questions

        questions: QuestionSet = read_questions()
        if questions.sha256 != self.lock["judge"]["questions_sha256"]:
            return None
        shown = dict(self.lock["protocol"])
        shown["kinds"] = tuple(shown["kinds"])
        return items(self.stimuli, questions, Asking(**shown))

    @property
    def unfinished(self) -> int:
        """Questions that have no answer and should have one: more than 0 in a run that was cut off."""
        plan = self.planned
        known = set(read_judgements(self.path)["id"])
        if plan is None:  # other prompts than those that ship: only their number is on record
            ended = bool(self.failures) and (self.path / SUMMARY).is_file()  # some are not asked
            return 0 if ended else max(int(self.record["questions_planned"]) - len(known), 0)
        return sum(item.id not in known and not self.refusals.cover(item) for item in plan)

    @property
    def whole(self) -> bool:
        """Whether nothing failed, no answer of the judge either, and nothing is left to ask."""
        return super().whole and not (self.judgements["status"] == "failed").any()

    @cached_property
    def streams(self) -> dict[str, pd.DataFrame]:
        """Stream -> its rows, answered or not."""
        table = self.judgements
        found: dict[str, pd.DataFrame] = {}
        for kind in ("rate", "caption", "choose"):
            part = table[table["kind"] == kind]
            general, named = part[part["concept"] == ""], part[part["concept"] != ""]
            if len(general):
                found[kind] = general
                if kind == "rate":
                    for asks in ("possible", "impossible"):
                        if (general["asks"] == asks).any() and general["asks"].nunique() > 1:
                            found[f"rate: {asks}?"] = general[general["asks"] == asks]
            if len(named):
                found[kind + NAMES_IT] = named
        return found

    @cached_property
    def _quadruplets(self) -> pd.DataFrame:
        records = [
            {
                "quadruplet": quad.id, "scene": quad.scene, "concepts": quad.concepts, "stream": stream,
                "context": 0, **self._measure(quad, stream, part), **quad.conditions,
            }
            for stream, part in self._by_scene
            for quad in self.stimuli.quadruplets
        ]  # fmt: skip
        return pd.DataFrame(records)

    @cached_property
    def _pairs(self) -> pd.DataFrame:
        records = [
            {
                "possible": pair.possible, "impossible": pair.impossible, "scene": pair.scene,
                "concepts": pair.concepts, "match": pair.match.value, "stream": stream, "context": 0,
                **self._measure(pair, stream, part), **pair.conditions,
            }
            for stream, part in self._by_scene
            for pair in self.stimuli.pairs
        ]  # fmt: skip
        return pd.DataFrame(records)

    @cached_property
    def _by_scene(self) -> list[tuple[str, dict[str, SceneAnswers]]]:
        if not self.streams:  # nothing that compares was asked, or could be
            return [(self.lock["measure"]["stream"], {})]
        return [
            (stream, {str(scene): SceneAnswers(rows) for scene, rows in part.groupby("scene", sort=False)})
            for stream, part in self.streams.items()
        ]

    @cached_property
    def refusals(self) -> Refusals:
        """What was not asked."""
        return Refusals(self.stimuli, self.failures)

    def _measure(
        self, design: Quadruplet | Pair, stream: str, by_scene: dict[str, SceneAnswers]
    ) -> dict[str, Any]:
        """The contrast of a comparison: above 0 if the judge leans the right way."""
        nothing = {"n_windows": 0, "contrast": math.nan, "contrast_max": math.nan, "mean_surprise": math.nan}
        empty = {**nothing, "tau": math.nan, "score": math.nan}
        if self.refusals.hold(design):
            return {"status": FAILED, **empty}
        scene = self.stimuli.clip(design.clips[0]).scene
        answers = by_scene.get(scene)
        if answers is None:
            return {"status": FAILED, **empty}
        leanings = answers.chosen(design) if stream.startswith("choose") else answers.balanced(design)
        if not len(leanings):
            return {"status": FAILED, **empty}
        if isinstance(design, Quadruplet) and not answers.show_both(design):
            return {"status": NOT_TESTABLE, **empty}
        contrast, size = float(leanings.mean()), float(np.abs(leanings).mean())
        tau = 1e-6 * size
        right = 0.5 if abs(contrast) <= tau else float(contrast > 0)
        return {
            "status": SCORED, "n_windows": len(leanings), "contrast": contrast, "contrast_max": math.nan,
            "mean_surprise": size, "tau": tau, "score": right,
        }  # fmt: skip

    def clip_counts(self) -> dict[str, int]:
        """How many clips there are and were asked about; judges do not record how clips were verified."""
        asked = set(self.judgements["clip"]) | set(self.judgements["other"]) - {""}
        return {"all": len(self.stimuli.clips), "scored": len(asked), "verified": len(asked), "unverified": 0}

    @cached_property
    def biases(self) -> dict[str, Biases]:
        """What the judge gets wrong besides physics, by concept and over all."""
        return biases_of(self)

    @cached_property
    def missing(self) -> dict[str, Missing]:
        """What was not answered, by kind of question."""
        return missing_of(self)

    def summary_record(self) -> dict[str, Any]:
        """As for other runs, with biases and what was not answered."""
        from voe.judging.biases import plain_biases, plain_missing

        record = super().summary_record()
        asked = self.judgements
        record["questions"] = {
            "asked": len(asked),
            "probabilities": self.has_probabilities(asked),
            "tokens_in": int(asked["tokens_in"].fillna(0).sum()),
            "tokens_out": int(asked["tokens_out"].fillna(0).sum()),
        }
        return {**record, "biases": plain_biases(self.biases), "unanswered": plain_missing(self.missing)}


def _leanings(table: pd.DataFrame, *, use_probabilities: bool) -> pd.Series[float]:
    """Towards 'possible' (of choices: towards the right one): log-odds, or +1 and -1; NaN unanswered."""
    answered = (table["status"] == "answered") & (table["word"] != "")
    first = table["choices"].str.extract(r'^\["((?:[^"\\]|\\.)*)"', expand=False)
    if use_probabilities:
        p = table["probability"].clip(_CLIPPED, 1 - _CLIPPED)
        towards_first = np.log(p) - np.log1p(-p)
        answered &= table["probability"].notna()
    else:
        towards_first = pd.Series(np.where(table["word"] == first, 1.0, -1.0), index=table.index)
    choosing = table["kind"] == "choose"
    wanted = np.where(choosing, table["right"] == first, table["asks"] == "possible")
    found: pd.Series[float] = (towards_first * np.where(wanted, 1.0, -1.0)).where(answered)
    return found


def designs_of(run: Run) -> Sequence[Quadruplet | Pair]:
    """What the headline compares."""
    return run.stimuli.quadruplets or run.stimuli.pairs
