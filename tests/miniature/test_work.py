"""One arm from nothing to its verdicts: trained, scored on its own set, collected, and not done twice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from voe.errors import CardError
from voe.loaders.manifest import load_manifest
from voe.miniature import work
from voe.miniature.arms import ARMS, BUILTIN, FILMED, FLAT, Arm, arm_named, set_of
from voe.miniature.work import (
    HELDOUT,
    collect,
    first_scenes,
    flat_probe,
    flat_stimuli,
    heldout_stimuli,
    place_of,
    score_arm,
    train_arm,
)
from voe.training.flat_lessons import FlatLesson
from voe.worlds.build import SetPlan
from voe.worlds.flat import CAMERA_NOISE
from voe.worlds.flat_set import flat_probes
from voe.worlds.ondemand import place_of as place_of_set
from voe.worlds.ondemand import render_cached

SMALL = {
    "size": 32, "patch": 16, "width": 32, "predictor_width": 32, "depth": 1, "predictor_depth": 1, "heads": 2,
    "steps": 2, "batch": 2,
}  # fmt: skip


@pytest.fixture
def arm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Arm:
    """A flat lesson of two steps for a network of nothing."""
    monkeypatch.setenv("VOE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("voe.worlds.flat_set.flat_probes", lambda **asked: flat_probes(3, size=32, **asked))
    whole = arm_named("flat-permanence-impossible")
    small = replace(whole, changes={**whole.changes, **SMALL})
    monkeypatch.setattr(work, "ARMS", (small,))
    return small


def test_an_arm_of_the_flat_world_is_scored_on_the_concept_that_it_was_taught(
    arm: Arm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    train_arm(arm, 1, out)
    stimuli = flat_stimuli()
    assert len(stimuli.quadruplets) == 9
    table = score_arm(arm, 1, out, stimuli)
    assert set(table["concept"]) == {"object-permanence"} and len(table) == 3
    assert set(table["stimuli"]) == {FLAT} and set(table["arm"]) == {arm.name} and set(table["seed"]) == {1}
    assert (table["status"] == "scored").all() and np.isfinite(table["contrast"]).all()
    found = collect(out)
    assert len(found.verdicts) == 3 and np.isnan(found.trainings["clips"].iloc[0])
    assert found.trainings["steps"].iloc[0] == 2
    assert found.trainings["computed_in"].iloc[0] in {"bfloat16", "float32"}
    # What is there is not done again: the model is not even read.
    kept = place_of(out, arm.name, 1) / "model" / "config.json"
    kept.write_text("not a model")
    assert score_arm(arm, 1, out, stimuli).equals(table)
    assert train_arm(arm, 1, out) == kept.parent


def test_the_parts_of_a_set_are_kept_apart(arm: Arm, tmp_path: Path) -> None:
    train_arm(arm, 0, tmp_path / "out")
    some = first_scenes(flat_stimuli(), 2)
    assert len(some.quadruplets) == 6
    assert len(score_arm(arm, 0, tmp_path / "out", some)) == 2
    assert len(score_arm(arm, 0, tmp_path / "out", flat_stimuli())) == 3


def test_a_lesson_is_probed_in_its_own_world_with_other_scenes_than_it_is_scored_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[dict[str, object]] = []

    def remembered(**given: object) -> Path:
        asked.append(given)
        return flat_probes(1, size=32)

    monkeypatch.setenv("VOE_CACHE", str(tmp_path))
    monkeypatch.setattr("voe.worlds.flat_set.flat_probes", remembered)
    lesson = arm_named("filmed-colour-scrambled").recipe(0).flat
    assert lesson is not None
    flat_probe(lesson)
    assert flat_stimuli(FILMED).name == FILMED
    looks = {"one_room": True, "noise": CAMERA_NOISE}
    assert asked == [{"seed": 2, **looks}, {"seed": 1, **looks}]


def test_a_part_of_the_held_out_set_is_rendered_alone_or_taken_from_the_whole(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("VOE_CACHE", str(tmp_path))
    plan = SetPlan(("object-permanence", "support"), count=2, seed=3, size=32, heldout=True)
    monkeypatch.setattr("voe.worlds.ondemand.plan_of", lambda card: plan)
    with pytest.raises(CardError, match="voe render --set builtin-heldout"):
        heldout_stimuli()
    seen: list[tuple[int, int]] = []
    part = heldout_stimuli(1, progress=lambda *at: seen.append(at))
    assert seen[-1] == (2, 2) and part.name == HELDOUT
    assert [quad.id for quad in part.quadruplets] == ["object-permanence-000", "support-000"]
    whole = load_manifest(render_cached(plan, HELDOUT, jobs=1), name=HELDOUT)
    assert heldout_stimuli(2).root == heldout_stimuli().root == whole.root != part.root
    assert place_of_set(replace(plan, first=2), HELDOUT) == whole.root
    taken = heldout_stimuli(1)
    assert taken.root == whole.root
    assert [quad.id for quad in taken.quadruplets] == [quad.id for quad in part.quadruplets]


def test_every_arm_has_a_recipe_and_a_set() -> None:
    assert len({arm.name for arm in ARMS}) == len(ARMS)
    for one in ARMS:
        recipe = one.recipe(3)
        assert (recipe.name, recipe.seed) == (one.name, 3) and recipe.steps <= 1_000
        assert (one.probes == BUILTIN) == (recipe.flat is None) and one.probes == set_of(one.group)
        if recipe.flat is not None:
            assert (recipe.flat.one_room, recipe.flat.noise > 0) == {
                FLAT: (False, False), FILMED: (True, True),
            }[one.probes]  # fmt: skip
    assert {arm.recipe(0).flat.concept for arm in ARMS if arm.recipe(0).flat is not None} == {
        "colour-constancy", "object-permanence",
    }  # fmt: skip
    assert FlatLesson().concept == "colour-constancy"
