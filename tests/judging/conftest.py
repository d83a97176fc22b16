"""One scene of each concept of the set that ships."""

from __future__ import annotations

from dataclasses import replace

import pytest

from voe.clips import StimulusSet
from voe.loaders.load import load_stimuli
from voe.miniature.work import first_scenes


@pytest.fixture(scope="session")
def one_each() -> StimulusSet:
    """Nine quadruplets, 36 clips."""
    stimuli = load_stimuli("builtin")
    few = first_scenes(stimuli, 1)
    scenes = {quad.scene for quad in few.quadruplets}
    return replace(
        few,
        clips=tuple(c for c in stimuli.clips if c.scene in scenes),
        pairs=tuple(p for p in stimuli.pairs if p.scene in scenes),
    )
