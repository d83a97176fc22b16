from __future__ import annotations

import pytest

from voe.errors import ProtocolError
from voe.protocols import Protocol


def test_the_primary_context_is_the_middle_one() -> None:
    assert Protocol(contexts=(2, 4, 6)).primary_context == 4
    assert Protocol(contexts=(2, 4, 6, 8)).primary_context == 4
    assert Protocol(contexts=(2, 4, 6, 8), primary_context=6).headline_context == 6


@pytest.mark.parametrize(
    "fields",
    [
        {"frame_step": 0},
        {"fps": 5.0},
        {"frame_step": None},
        {"frame_step": None, "fps": -1.0},
        {"stride": 0},
        {"contexts": ()},
        {"contexts": (4, 2)},
        {"contexts": (16,)},
        {"contexts": (0, 2)},
        {"primary_context": 5},
        {"resize": "stretch"},
    ],
)
def test_values_that_no_window_satisfies_are_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ProtocolError, match="protocol"):
        Protocol(**fields)  # type: ignore[arg-type]


def test_updating_keeps_sampling_and_primary_context_consistent() -> None:
    updated = Protocol(frame_step=2).updated({"fps": 12.0, "contexts": [2, 6, 10]}, "--fps")
    assert (updated.frame_step, updated.fps) == (None, 12.0)
    assert (updated.contexts, updated.primary_context) == ((2, 6, 10), 6)
    assert updated.updated({"frame_step": 3}, "x").fps is None


def test_an_unknown_field_names_its_origin_and_the_nearest() -> None:
    with pytest.raises(ProtocolError, match=r"\[protocol.latent\].*'windows'.*'window'"):
        Protocol().updated({"windows": 8}, "[protocol.latent]")
