"""A network that predicts a thing and one that predicts a tone can earn one contrast; they are told apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from voe.adapters.base import Predictor, PredictorSpec
from voe.adapters.load import load_model
from voe.adapters.videomae import tubelet_pixels
from voe.errors import VoeError
from voe.loaders.load import load_stimuli
from voe.miniature.measure import verdicts
from voe.miniature.tone import tone, tones
from voe.miniature.work import PROTOCOL

COLUMNS, TOKENS, VALUES = 3, 12, 8 * 3
PLACE = (slice(4, 5), slice(0, 9))
"""Three pixels of the fifth of twelve tokens: in the second row of three columns, at the first time."""


def window(moved: Tensor) -> tuple[Tensor, Tensor]:
    """Outcome a has a white patch where b is black; grey predictions move by `moved` with the context."""
    a, b = torch.zeros(TOKENS, VALUES), torch.zeros(TOKENS, VALUES)
    a[PLACE] = 1.0
    near_a, near_b = 0.5 + moved / 2, 0.5 - moved / 2
    return torch.stack([near_a, near_a, near_b, near_b]), torch.stack([a, b, a, b])


def test_a_thing_where_it_will_be_is_local() -> None:
    moved = torch.zeros(TOKENS, VALUES)
    moved[PLACE] = 0.2
    found = tone(*window(moved), COLUMNS)
    assert found.contrast == pytest.approx(2 * 0.2 * 9 / (TOKENS * VALUES), rel=1e-5)
    assert (found.from_tokens, found.from_rows) == (0.0, 0.0)
    assert found.share == pytest.approx(0.2)


def test_a_tone_is_the_same_everywhere() -> None:
    found = tone(*window(torch.full((TOKENS, VALUES), 0.2)), COLUMNS)
    assert found.from_tokens == pytest.approx(found.contrast, rel=1e-5) and found.contrast > 0
    assert found.from_rows == pytest.approx(found.contrast, rel=1e-5)


def test_only_the_rows_of_the_place_count() -> None:
    moved = torch.full((TOKENS, VALUES), -0.3)
    moved[3:6] = 0.2  # the second row of the first time
    moved[4, 9:] = 0.1  # the rest of the token
    found = tone(*window(moved), COLUMNS)
    per_unit = 2 * 9 / (TOKENS * VALUES)
    assert found.from_rows == pytest.approx(0.2 * per_unit, rel=1e-5)
    assert found.from_tokens == pytest.approx(0.1 * per_unit, rel=1e-5)


def test_a_place_that_fills_its_token_has_nothing_beside_it_there() -> None:
    expected, happened = window(torch.full((TOKENS, VALUES), 0.2))
    happened[0, 4] = happened[2, 4] = 1.0
    assert np.isnan(tone(expected, happened, COLUMNS).from_tokens)


def test_pixels_in_which_clips_of_one_outcome_differ_are_no_place() -> None:
    expected, happened = window(torch.full((TOKENS, VALUES), 0.2))
    before = tone(expected, happened, COLUMNS)
    happened[0, 0] = 1.0  # a shelf that is still in view in one of the four clips
    after = tone(expected, happened, COLUMNS)
    assert after.from_rows == before.from_rows and after.share == before.share


def test_what_differs_by_noise_is_the_same_outcome() -> None:
    expected, happened = window(torch.full((TOKENS, VALUES), 0.2))
    noise = torch.rand(happened.shape, generator=torch.Generator().manual_seed(0)) / 255
    found = tone(expected, happened + noise, COLUMNS)
    assert found.from_rows == pytest.approx(tone(expected, happened, COLUMNS).from_rows, rel=0.01)


def test_a_blurred_thing_and_a_faint_tone_are_mostly_local() -> None:
    moved = torch.full((TOKENS, VALUES), 0.001)
    moved[4] = 0.1  # all of the token
    moved[PLACE] = 0.5
    found = tone(*window(moved), COLUMNS)
    assert 0 < found.from_rows < 0.01 * found.in_place  # right by its sign, and nothing by its size
    assert found.from_tokens == pytest.approx(0.2 * found.in_place, rel=1e-4)


def test_differences_below_the_limit_lie_outside_the_place() -> None:
    expected, happened = window(torch.full((TOKENS, VALUES), 0.2))
    found = tone(expected, 0.5 + 0.01 * happened, COLUMNS)
    assert found.in_place == found.from_rows == 0.0 and found.contrast > 0


class ToneOfTheContext(Predictor):
    """Predicts the mean colour of the context everywhere."""

    def __init__(self, targets: str = "pixels in [0, 1]") -> None:
        self.device = torch.device("cpu")
        self.spec = PredictorSpec(
            "tone", "pixel", (32, 32), ("pixel",), PROTOCOL, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0),
            context_multiple=2, window_multiple=2, details={"dtype": "float32", "targets": targets},
        )  # fmt: skip

    def grid(self, n_frames: int) -> tuple[int, int, int]:
        return n_frames // 2, 4, 4

    def targets(self, window: Tensor) -> dict[str, Tensor]:
        return {"pixel": tubelet_pixels(window, 2, 8).flatten(2)}

    def predict(self, context: Tensor, n_frames: int) -> dict[str, Tensor]:
        colour = context.mean(dim=(1, 3, 4))
        n_tokens = 16 * (n_frames - context.shape[1]) // 2
        return {"pixel": colour[:, None].expand(-1, n_tokens, -1).repeat(1, 1, 2 * 8 * 8)}


def test_on_real_clips_the_contrast_is_the_one_that_is_scored() -> None:
    stimuli = load_stimuli("builtin")
    few = replace(stimuli, quadruplets=tuple(q for q in stimuli.quadruplets if q.scene == "support-003"))
    found = tones(ToneOfTheContext(), few, PROTOCOL, "support")
    scored = verdicts([ToneOfTheContext()], few, PROTOCOL)
    assert found["contrast"].to_numpy() == pytest.approx(scored["contrast"].to_numpy(), abs=1e-8)
    # All of it is tone, but for pixels that differ by less than counts as a place.
    assert found["from_rows"].to_numpy() == pytest.approx(found["in_place"].to_numpy(), rel=1e-3)
    assert found["in_place"].to_numpy() == pytest.approx(found["contrast"].to_numpy(), rel=0.3)
    assert abs(found["contrast"].iloc[0]) > 1e-6


def test_other_targets_and_unknown_concepts_are_refused() -> None:
    stimuli = load_stimuli("builtin")
    with pytest.raises(VoeError, match="its targets are not raw pixels"):
        tones(load_model("videomae:tiny-videomae"), stimuli, PROTOCOL, "support")
    with pytest.raises(VoeError, match="it has no quadruplet of 'suport'"):
        tones(ToneOfTheContext(), stimuli, PROTOCOL, "suport")
