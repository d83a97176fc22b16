from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import write_images
from voe.clips import Match
from voe.errors import CardError
from voe.loaders.manifest import load_manifest

Manifest = Callable[..., Path]
Row = dict[str, object]


def files(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).write_bytes(b"")


CELLS = ("aa.mp4", "ab.mp4", "ba.mp4", "bb.mp4")


def cell(context: str, outcome: str, **more: object) -> Row:
    possible = "true" if context == outcome else "false"
    return {
        "clip": context + outcome, "path": f"{context}{outcome}.mp4", "scene": "s", "possible": possible,
        "context": context, "outcome": outcome, **more,
    }  # fmt: skip


def test_a_quadruplet_and_its_four_pairs(tmp_path: Path, manifest: Manifest) -> None:
    files(tmp_path, *CELLS)
    spans = {"context_starts": 0, "context_ends": 9, "outcome_starts": 20, "outcome_ends": 30}
    cells = [cell(*pair, concepts="permanence", light="day", **spans) for pair in ("aa", "ab", "ba", "bb")]
    stimuli = load_manifest(manifest(cells))
    (quad,) = stimuli.quadruplets
    assert quad.clips == ("aa", "ab", "ba", "bb")
    assert (quad.context_ends, quad.outcome_starts) == (9, 20)
    assert quad.conditions == {"light": "day"} and quad.concepts == ("permanence",)
    by_match = {
        match: {(p.possible, p.impossible) for p in stimuli.pairs if p.match is match} for match in Match
    }
    assert by_match[Match.OUTCOME] == {("bb", "ab"), ("aa", "ba")}
    assert by_match[Match.PREFIX] == {("aa", "ab"), ("bb", "ba")}


def test_rows_of_one_clip_are_its_segments_in_order(tmp_path: Path, manifest: Manifest) -> None:
    files(tmp_path, "a.mp4", "b.mp4")
    common: Row = {"scene": "s", "concepts": ""}
    rows: list[Row] = [
        {"clip": "x", "path": "a.mp4", "possible": "no", "start": 0, "stop": 5, **common},
        {"clip": "x", "path": "b.mp4", "possible": "no", "start": 5, "stop": "", **common},
        {"clip": "y", "path": "a.mp4", "possible": "yes", "start": "", "stop": "", **common},
    ]
    clip = load_manifest(manifest(rows)).clip("x")
    spans = [(s.source.path.name, s.start, s.stop) for s in clip.segments]
    assert spans == [("a.mp4", 0, 5), ("b.mp4", 5, None)]


def test_without_a_design_every_possible_clip_meets_every_impossible_one(
    tmp_path: Path, manifest: Manifest
) -> None:
    files(tmp_path, "v0.mp4", "v1.mp4", "v2.mp4")
    rows: list[Row] = [
        {"clip": f"{scene}{n}", "path": f"v{n}.mp4", "scene": scene, "possible": n < 2, "pair": pair}
        for scene, pair in (("s", ""), ("t", "k"))
        for n in range(3)
    ]
    pairs = {(p.possible, p.impossible) for p in load_manifest(manifest(rows)).pairs}
    assert pairs == {("s0", "s2"), ("s1", "s2"), ("t0", "t2"), ("t1", "t2")}


def test_semicolons_and_a_byte_order_mark_are_what_excel_writes(tmp_path: Path) -> None:
    files(tmp_path, "v.mp4", "w.mp4")
    text = "\ufeffclip;path;scene;possible\r\na;v.mp4;s;TRUE\r\nb;w.mp4;s;FALSE\r\n"
    (tmp_path / "m.csv").write_text(text, encoding="utf-8")
    assert [clip.id for clip in load_manifest(tmp_path / "m.csv").clips] == ["a", "b"]


GOOD: Row = {"clip": "a", "path": "v.mp4", "scene": "s", "possible": "true"}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"clip": "a", "path": "v.mp4", "scene": "s"}], r"line 1: the column 'possible' is missing"),
        ([{**GOOD, "concept": "x"}], r"line 1: unknown column 'concept'.*'concepts'"),
        ([{**GOOD, "possible": "maybe"}], r"line 2: column 'possible' holds 'maybe'; write true or false"),
        ([{**GOOD, "possible": ""}], r"line 2: column 'possible' holds ''"),
        ([GOOD, {**GOOD, "clip": "b", "path": "gone.mp4"}], r"line 3: clip 'b': there is no file .*gone.mp4"),
        ([{**GOOD, "start": "1.5"}], r"line 2: column 'start' holds '1.5'; write a frame number"),
        ([{**GOOD, "start": "5", "stop": "5"}], r"line 2: .*frames 5\.\.5 hold nothing"),
        ([{**GOOD, "scene": ""}], r"line 2: column 'scene' is empty"),
        ([GOOD, {**GOOD, "scene": "t"}], r"line 3: clip 'a' has scene 't' here and 's' in line 2"),
        ([GOOD], r"line 2: scene 's' has no impossible clip to compare 'a' with"),
        ([{**GOOD, "fps": "fast"}, GOOD], r"line 2: column 'fps' holds 'fast'"),
        *(
            ([{**GOOD, "fps": fps}, GOOD], rf"column 'fps' holds '{fps}'.*above 0")
            for fps in ("nan", "inf", "0", "-5")
        ),
        ([cell(*"aa"), cell(*"ab"), cell(*"ba")], r"line 2: scene 's' has only \['aa', 'ab', 'ba'\]"),
        (
            [cell(*c, context_starts=0, context_ends=9) for c in ("aa", "ab", "ba", "bb")],
            r"line 2: scene 's' states only context_starts, context_ends",
        ),
        ([{**cell(*"aa"), "possible": "false"}], r"line 2: clip 'aa' has context a and outcome a"),
        ([cell(*"aa"), {**cell(*"aa"), "clip": "z"}], r"line 3: scene 's' has two clips with context a"),
        (
            [
                {**GOOD, "start": 0, "stop": 5},
                {**GOOD, "start": 5, "stop": 9},
                {**GOOD, "start": 0, "stop": 5},
            ],
            r"line 4: clip 'a': the same segment as in line 2",
        ),
        (
            [GOOD, {**GOOD, "clip": "b", "possible": "false"}],
            r"line 3: clip 'b' shows the same frames of the same file as 'a'",
        ),
        (
            [cell(*"aa"), {**cell(*"ab"), "path": "aa.mp4"}],
            r"line 3: clip 'ab' shows the same frames of the same file as 'aa'",
        ),
    ],
)
def test_a_wrong_cell_names_its_line(
    tmp_path: Path, manifest: Manifest, rows: list[Row], message: str
) -> None:
    files(tmp_path, "v.mp4", *CELLS)
    with pytest.raises(CardError, match=message):
        load_manifest(manifest(rows))


def test_a_comma_in_a_cell_needs_quotes(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("clip,path,scene,possible\na,b,c,s,true\n")
    with pytest.raises(CardError, match="line 2: 5 cells under 4 columns"):
        load_manifest(tmp_path / "m.csv")


def test_a_missing_or_empty_manifest(tmp_path: Path) -> None:
    with pytest.raises(CardError, match="no such file"):
        load_manifest(tmp_path / "m.csv")
    (tmp_path / "m.csv").write_text("clip,path,scene,possible\n")
    with pytest.raises(CardError, match="a header and no clips"):
        load_manifest(tmp_path / "m.csv")


def test_all_missing_files_are_said_at_once(tmp_path: Path) -> None:
    write_images(tmp_path / "here", [1, 2])
    lines = [f"c{n},{'here' if n == 3 else f'gone{n}'},s{n // 2},{n % 2 == 0}" for n in range(16)]
    path = tmp_path / "mine.csv"
    path.write_text("clip,path,scene,possible\n" + "\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(CardError) as caught:
        load_manifest(path)
    message = str(caught.value)
    assert message.startswith(
        f"{path}, line 2: clip 'c0': there is no file {tmp_path / 'gone0'}; nor are there"
    )
    assert "gone1, gone2, gone4" in message and message.endswith("and 4 more")
