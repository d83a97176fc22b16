"""The fast path gives the verdicts of `voe score`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from voe.adapters.load import load_model
from voe.clips import StimulusSet
from voe.errors import VoeError
from voe.loaders.load import load_stimuli
from voe.miniature.measure import verdicts
from voe.miniature.work import PROTOCOL, first_scenes
from voe.scoring import score

MODEL = "untrained:vjepa2-tiny,seed=3"


@pytest.fixture(scope="module")
def one_each() -> StimulusSet:
    stimuli = load_stimuli("builtin")
    few = first_scenes(stimuli, 1)
    scenes = {quad.scene for quad in few.quadruplets}
    return replace(
        few,
        clips=tuple(c for c in stimuli.clips if c.scene in scenes),
        pairs=tuple(p for p in stimuli.pairs if p.scene in scenes),
    )


def test_it_agrees_with_the_main_job(one_each: StimulusSet, tmp_path) -> None:
    protocol = replace(PROTOCOL, stride=8)
    slow = score(MODEL, one_each, protocol, tmp_path / "run").quadruplets().set_index("quadruplet")
    models = [load_model(MODEL), load_model("copy-last-frame,size=32")]
    with pytest.raises(VoeError, match="frames of one size"):
        verdicts(models, one_each, protocol)
    twice = verdicts([models[0], load_model(MODEL.replace("3", "4"))], one_each, protocol)
    fast = twice[twice["model"] == 0].set_index("comparison")
    assert list(fast.index) == list(slow.index) and len(fast) == 9
    assert np.allclose(fast["contrast"], slow["contrast"], rtol=0, atol=2e-6)
    assert np.allclose(fast["mean_surprise"], slow["mean_surprise"], rtol=1e-5)
    decided = slow["contrast"].abs() > 2 * slow["tau"]
    assert decided.any() and (fast["score"] == slow["score"])[decided].all()
    other = twice[twice["model"] == 1].set_index("comparison")
    assert not np.allclose(fast["contrast"], other["contrast"], rtol=1e-3, atol=0)


def test_first_scenes_takes_as_many_of_each_concept() -> None:
    few = first_scenes(load_stimuli("builtin"), 2)
    assert [quad.id[-3:] for quad in few.quadruplets] == ["000", "001"] * 9
