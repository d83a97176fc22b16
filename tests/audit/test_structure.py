"""Structure checks on scenes whose frames are known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.audit.test_detectors import QUAD, crossed, empty, pair, pictures_of, square
from voe.audit.structure import check_structure, clip_digests, read_structure
from voe.clips import Clip, Label, Segment, Source, StimulusSet


def takes() -> tuple[np.ndarray, np.ndarray]:
    return tuple(np.stack([square(t, 8 * t, y) for t in range(14)]) for y in (10, 90))  # type: ignore[return-value]


def test_balance_counts_frames_and_does_not_only_list_them() -> None:
    clips = crossed(*takes())
    assert read_structure(QUAD, pictures_of(clips)).balanced
    # Every frame still occurs in both, but one is shown once more in an impossible clip.
    clips["ab"] = clips["ab"].copy()
    clips["ab"][13] = clips["ab"][12]
    clips["ba"] = np.concatenate([clips["ba"][:12], clips["bb"][13:], clips["ba"][13:]])
    assert set(np.unique(clips["ab"])) == set(np.unique(clips["aa"]))
    assert not read_structure(QUAD, pictures_of(clips)).balanced


@pytest.mark.parametrize(
    ("differs_from", "violation", "kind", "frame"),
    [
        (6, 6, "as stated", 6),
        (8, 6, "late", 8),
        (4, 6, "early", 4),
        (12, 6, "never", None),
        (0, 6, "unmatched", 0),
        (6, None, "no violation stated", 6),
    ],
)
def test_where_clips_first_differ(
    differs_from: int, violation: int | None, kind: str, frame: int | None
) -> None:
    possible = empty(12)
    impossible = possible.copy()
    impossible[differs_from:] = square(0, 40, 40)
    found = read_structure(pair(violation), pictures_of({"p": possible, "i": impossible}))
    (first,) = found.first_differences
    assert (first.kind, first.frame, first.violation_frame) == (kind, frame, violation)


def test_slight_differences_before_the_violation_are_codec_noise() -> None:
    possible = empty(12)
    impossible = possible + np.arange(12, dtype=np.uint8)[:, None, None, None] % 2
    impossible[6:] = square(0, 40, 40)
    found = read_structure(pair(6), pictures_of({"p": possible, "i": impossible}))
    assert (found.first_differences[0].kind, found.first_differences[0].frame) == ("codec noise", 1)


def stimuli(tags: list[tuple[Label, str]]) -> StimulusSet:
    source = Source(Path("a.mp4"))
    clips = [
        Clip(f"c{i}", "s", label, (Segment(source, i, i + 1),), tags={"camera": value, "kind": label.value})
        for i, (label, value) in enumerate(tags)
    ]
    return StimulusSet("set", tuple(clips), ())


@pytest.mark.parametrize(
    ("left", "severity"),
    [((10, 10), "ok"), ((11, 9), "note"), ((16, 2), "FAULT")],
)
def test_labels_by_condition(left: tuple[int, int], severity: str) -> None:
    tags = [
        (label, "left" if i < n else "right")
        for label, n in zip((Label.POSSIBLE, Label.IMPOSSIBLE), left, strict=True)
        for i in range(20)
    ]
    checks = check_structure(stimuli(tags), (), (), {}, {})
    found = next(c for c in checks if c.name == "labels balanced by condition")
    assert found.severity == severity
    if severity == "FAULT":
        # Fisher's exact test of 16 of 20 against 2 of 20 is significant; 'kind' restates the label.
        assert found.examples == (
            "camera = left: 16 possible, 2 impossible",
            "camera = right: 4 possible, 18 impossible",
        )


def test_the_same_pictures_under_two_labels_are_a_fault() -> None:
    pictures = pictures_of({"c0": empty(5), "c1": empty(5), "c2": np.stack([square(0, 0, 0)] * 5)})
    digests = clip_digests(pictures)
    assert digests["c0"] == digests["c1"] != digests["c2"]
    tags = [(Label.POSSIBLE, ""), (Label.IMPOSSIBLE, ""), (Label.IMPOSSIBLE, "")]
    checks = check_structure(stimuli(tags), (), (), digests, {})
    found = next(c for c in checks if c.name == "no clip twice")
    assert found.severity == "FAULT" and "1 of them with both labels" in found.message
    assert found.examples[0] == "c0, c1"


def test_unequal_lengths_are_no_fault_where_the_card_aligns_ends() -> None:
    found = read_structure(pair(3), pictures_of({"p": empty(8), "i": empty(9)}))
    assert found.lengths == (9, 8)
    strict = stimuli([(Label.POSSIBLE, ""), (Label.IMPOSSIBLE, "")])
    for stimulus_set, severity in ((strict, "FAULT"), (replace(strict, align="end"), "note")):
        checks = check_structure(stimulus_set, (pair(3),), (found,), {}, {})
        assert next(c for c in checks if c.name == "equal lengths").severity == severity


def test_a_comparison_that_could_not_be_made_is_a_fault() -> None:
    checks = check_structure(stimuli([(Label.POSSIBLE, "")]), (), (), {}, {}, left_out=("p | i",))
    assert (checks[0].severity, checks[0].examples) == ("FAULT", ("p | i",))
