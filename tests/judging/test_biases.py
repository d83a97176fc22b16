"""Biases of judges: clustered as the statistics are, by the concepts of each question, with fair bounds."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from voe.clips import Clip, Label, Pair, Segment, Source, StimulusSet
from voe.judging.biases import biases_of, missing_of
from voe.judging.plan import Asking, Item, items
from voe.judging.questions import read_questions
from voe.judging.refusals import Refusals
from voe.judging.results import JudgeRun, _leanings
from voe.stats import accuracy_of


def clip(name: str, scene: str, possible: bool) -> Clip:
    label = Label.POSSIBLE if possible else Label.IMPOSSIBLE
    return Clip(name, scene, label, (Segment(Source(Path("x.mp4")), 0, 14),))


def asked(stimuli: StimulusSet, kinds: tuple[str, ...], answer: Callable[[Item], str | None]) -> pd.DataFrame:
    """Judgements of all questions, by a rule; None is a refusal."""
    rows = []
    for item in items(stimuli, read_questions(), Asking(frames=4, kinds=kinds)):
        word = answer(item)
        rows.append(
            {
                "id": item.id, "kind": item.prompt.kind, "prompt": item.prompt.name,
                "asks": item.prompt.asks, "concept": item.prompt.concept, "scene": item.scene,
                "comparison": item.comparison, "clip": item.clips[0], "other": "".join(item.clips[1:]),
                "repeat": item.repeat, "choices": json.dumps(item.prompt.choices), "right": item.right,
                "status": "refused" if word is None else "answered", "word": word or "",
                "probability": np.nan,
            }
        )  # fmt: skip
    table = pd.DataFrame(rows)
    return table.assign(leaning=_leanings(table, use_probabilities=False))


def run_of(stimuli: StimulusSet, table: pd.DataFrame) -> JudgeRun:
    run = object.__new__(JudgeRun)
    run.__dict__.update(stimuli=stimuli, judgements=table, refusals=Refusals(stimuli, ()))
    return run


@pytest.mark.parametrize("kind", ["choose", "rate"])
def test_cameras_of_one_set_up_are_one_cluster(kind: str) -> None:
    clips, pairs = [], []
    for camera in range(10):
        for setup in range(8):
            scene, name = f"setup{setup} camera{camera}", f"{setup}-{camera}"
            clips += [clip(f"{name}-p", scene, True), clip(f"{name}-i", scene, False)]
            pairs.append(Pair(f"{name}-p", f"{name}-i", f"setup{setup}", ("gravity",)))
    stimuli = StimulusSet("cameras", tuple(clips), tuple(pairs))
    liking = np.array([1, 0, 1, 1, 0, 1, 1, 0])  # where the judge says the first word, whatever it sees

    def answer(item: Item) -> str:
        return item.prompt.choices[1 - liking[int(item.clips[0][0])]]

    table = asked(stimuli, (kind,), answer)
    found = biases_of(SimpleNamespace(judgements=table, stimuli=stimuli))["all"]  # type: ignore[arg-type]
    share = found.first if kind == "choose" else found.yes
    scenes = table.loc[table["concept"] == "", "clip"].str[0].to_numpy(dtype=str)
    expected = accuracy_of(liking[[int(scene) for scene in scenes]].astype(float), scenes)
    assert share.estimate == pytest.approx(5 / 8)
    assert (share.low, share.high) == (pytest.approx(expected.low), pytest.approx(expected.high))
    assert expected.n_scenes == 8 and share.high - share.low > 0.5


def test_scenes_that_share_a_clip_are_one_cluster() -> None:
    clips = [clip("p", "s", True), clip("i", "s", False), clip("j", "s", False)]
    pairs = (Pair("p", "i", "one", ("gravity",)), Pair("p", "j", "two", ("gravity",)))
    for n in range(6):
        clips += [clip(f"p{n}", f"s{n}", True), clip(f"i{n}", f"s{n}", False)]
        pairs += (Pair(f"p{n}", f"i{n}", f"s{n}", ("gravity",)),)
    stimuli = StimulusSet("shared", tuple(clips), pairs)
    table = asked(
        stimuli, ("choose",), lambda item: item.right if "p" in item.clips else item.prompt.choices[0]
    )
    found = biases_of(SimpleNamespace(judgements=table, stimuli=stimuli))["all"]  # type: ignore[arg-type]
    clusters = ["one" if len(name) == 1 else name[1:] for name in table["clip"]]
    expected = accuracy_of((table["word"] == table["right"]).to_numpy(dtype=float), clusters)
    assert expected.n_scenes == 7
    assert found.right_choices.low == pytest.approx(expected.low)


def test_a_scene_with_two_concepts_tells_them_apart() -> None:
    clips, pairs = [], []
    for n in range(6):
        for concept in ("solidity", "gravity"):
            clips += [clip(f"{concept}{n}p", f"s{n}", True), clip(f"{concept}{n}i", f"s{n}", False)]
            pairs.append(Pair(f"{concept}{n}p", f"{concept}{n}i", f"s{n}", (concept,)))
    stimuli = StimulusSet("two", tuple(clips), tuple(pairs))

    def answer(item: Item) -> str:
        wrong = next(word for word in item.prompt.choices if word != item.right)
        return item.right if "solidity" in item.clips[0] else wrong

    for kind in ("choose", "rate"):
        table = asked(stimuli, (kind,), answer)
        found = biases_of(SimpleNamespace(judgements=table, stimuli=stimuli))  # type: ignore[arg-type]
        assert set(found) == {"solidity", "gravity", "all"}
        if kind == "choose":
            rights = {name: one.right_choices for name, one in found.items()}
            assert {name: share.estimate for name, share in rights.items()} == {
                "solidity": 1.0, "gravity": 0.0, "all": 0.5,
            }  # fmt: skip
            assert rights["solidity"].n + rights["gravity"].n == rights["all"].n == len(table)
        else:
            assert found["solidity"].rating is not None and found["gravity"].rating is not None
            assert found["solidity"].rating.d_prime > 1 > -1 > found["gravity"].rating.d_prime


def test_a_lost_choice_costs_its_own_pairing_and_not_every_one_that_shares_a_clip() -> None:
    clips = [clip("p", "s", True), *(clip(f"i{n}", "s", False) for n in range(10))]
    pairs = tuple(Pair("p", f"i{n}", "s", ("gravity",)) for n in range(10))
    stimuli = StimulusSet("shared", tuple(clips), pairs)
    table = asked(stimuli, ("choose",), lambda item: None if "i0" in item.clips else item.right)
    lost = missing_of(run_of(stimuli, table))["choose"]
    assert lost.answered == 0.9 * lost.asked
    assert (lost.lowest, lost.highest) == (0.9, 1.0)
    # A clip that is rated once serves every pair that holds it.
    rated = asked(stimuli, ("rate",), lambda item: None if item.clips == ("p",) else item.right)
    lost = missing_of(run_of(stimuli, rated))["rate"]
    assert (lost.lowest, lost.highest) == (0.0, 1.0)
