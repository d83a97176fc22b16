from __future__ import annotations

from pathlib import Path

import pytest

from voe.clips import Clip, Label, Match, Pair, Quadruplet, Segment, Source, StimulusSet
from voe.errors import CardError, ClipError

POSSIBLE, IMPOSSIBLE = Label.POSSIBLE, Label.IMPOSSIBLE


def clip(name: str, label: Label | None, scene: str = "s") -> Clip:
    return Clip(name, scene, label, (Segment(Source(Path(f"{name}.mp4"))),))


def quadruplet(**changes: str) -> Quadruplet:
    cells = {"aa": "aa", "ab": "ab", "ba": "ba", "bb": "bb", **changes}
    return Quadruplet("q", "s", ("permanence",), **cells)


CELLS = (clip("aa", POSSIBLE), clip("ab", IMPOSSIBLE), clip("ba", IMPOSSIBLE), clip("bb", POSSIBLE))


def test_an_unlabelled_clip_is_never_possible() -> None:
    assert clip("a", POSSIBLE).possible and not clip("b", IMPOSSIBLE).possible
    with pytest.raises(ClipError, match="'c' has no label"):
        _ = clip("c", None).possible


def test_segments_are_half_open_and_only_the_last_may_be_open_ended() -> None:
    source = Source(Path("a.mp4"))
    assert Segment(source, 3, 10).n_frames == 7 and Segment(source, 3).n_frames is None
    with pytest.raises(CardError, match=r"frames 5\.\.5 hold nothing"):
        Segment(source, 5, 5)
    with pytest.raises(CardError, match="only its last segment"):
        Clip("x", "s", POSSIBLE, (Segment(source), Segment(source, 0, 2)))
    with pytest.raises(CardError, match="no segment"):
        Clip("x", "s", POSSIBLE, ())


def test_a_set_knows_its_scenes_and_concepts() -> None:
    pair = Pair("p", "i", "t", ("colour", "shape"), Match.NONE)
    clips = (*CELLS, clip("p", POSSIBLE, "t"), clip("i", IMPOSSIBLE, "t"))
    stimuli = StimulusSet("set", clips, (pair,), (quadruplet(),))
    assert list(stimuli.scenes) == ["s", "t"]
    assert stimuli.concepts == ("permanence", "colour", "shape")
    assert stimuli.pairs_of("t") == (pair,) and stimuli.pairs_of("s") == ()
    assert [q.id for q in stimuli.quadruplets_of("s")] == ["q"]


@pytest.mark.parametrize(
    ("pairs", "quads", "message"),
    [
        ((Pair("aa", "bb", "s", ()),), (), "'bb' is not labelled impossible"),
        ((), (quadruplet(aa="ab", ab="aa"),), "'ab' is not labelled possible"),
        ((Pair("aa", "zz", "s", ()),), (), "unknown clip 'zz'"),
    ],
)
def test_comparisons_must_fit_the_labels(
    pairs: tuple[Pair, ...], quads: tuple[Quadruplet, ...], message: str
) -> None:
    with pytest.raises(CardError, match=message):
        StimulusSet("set", CELLS, pairs, quads)


def test_ids_are_unique() -> None:
    with pytest.raises(CardError, match="two clips are called 'aa'"):
        StimulusSet("set", (*CELLS, CELLS[0]), ())
