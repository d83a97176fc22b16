"""Clips that differ in more than the event: not compared, not asked about, and counted as what they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.conftest import write_images
from tests.judging.conftest import FEW, Stubborn
from voe.adapters.judge import Judge
from voe.adapters.load import load_any
from voe.cli.main import cli
from voe.clips import Clip, Label, Pair, Segment, Source, StimulusSet
from voe.errors import ProtocolError, VoeError
from voe.judging.asking import ask, estimate
from voe.judging.plan import Asking
from voe.judging.questions import read_questions
from voe.judging.results import JudgeRun
from voe.loaders.load import load_stimuli


def test_clips_that_differ_in_more_than_the_event_are_not_compared(
    tmp_path: Path, manifest: Callable[..., Path]
) -> None:
    rows = []
    for scene, size, n_frames in (("s0", 8, 6), ("s1", 16, 6), ("s2", 8, 5)):
        write_images(tmp_path / f"calm-{scene}", [9] * 6)
        write_images(tmp_path / f"jump-{scene}", [9, 9, 9, 9, 80, 80][:n_frames], size=size)
        for kind in ("calm", "jump"):
            clip = f"{kind}-{scene}"
            rows.append({"clip": clip, "path": clip, "scene": scene, "possible": kind == "calm"})
    stimuli = load_stimuli(manifest(rows))
    judge = Stubborn()
    run = ask(judge, stimuli, FEW, tmp_path / "run")
    reasons = {failure.clip: failure.reason for failure in run.failures}
    assert list(reasons) == ["calm-s1 | jump-s1", "calm-s2 | jump-s2"]
    assert "unequal picture size" in reasons["calm-s1 | jump-s1"]
    assert "unequal length, in frames" in reasons["calm-s2 | jump-s2"]
    assert judge.asked and not any("-s1" in asked or "-s2" in asked for asked in judge.asked)
    assert run.unfinished == 0
    pairs = run.pairs()
    status = dict(zip(pairs["scene"], pairs["status"], strict=True))
    assert status == {"s0": "scored", "s1": "failed", "s2": "failed"}
    before = (tmp_path / "run" / "summary.json").read_bytes()
    again = Stubborn()
    ask(again, stimuli, FEW, tmp_path / "run")
    assert not again.asked and (tmp_path / "run" / "summary.json").read_bytes() == before


def sharing(tmp_path: Path, sizes: dict[str, int]) -> StimulusSet:
    """One possible clip in a pair with each impossible one; scenes of one name are decoded together."""
    for clip, size in sizes.items():
        write_images(tmp_path / clip, [9, 9, 9, 9, *([9, 9] if clip == "a" else [80, 80])], size=size)
    clips = tuple(
        Clip(
            c,
            "s",
            Label.POSSIBLE if c == "a" else Label.IMPOSSIBLE,
            (Segment(Source(tmp_path / c, "images", 24.0)),),
        )
        for c in sizes
    )
    return StimulusSet("shared", clips, tuple(Pair("a", c, "s", ("gravity",)) for c in sizes if c != "a"))


@pytest.mark.parametrize("name", ["c", "take 1 | c"])
def test_what_is_refused_stays_refused_on_continuing(tmp_path: Path, name: str) -> None:
    stimuli = sharing(tmp_path, {"a": 8, "b": 8, name: 16})
    rates = Asking(6, size=32, kinds=("rate",))
    judge = Stubborn()
    first = ask(judge, stimuli, rates, tmp_path / "run")
    assert [failure.clip for failure in first.failures] == [f"a | {name}"]
    assert judge.asked and not any(f"|{name}|" in asked for asked in judge.asked)
    before = (tmp_path / "run" / "summary.json").read_bytes()
    for rest in (Stubborn(), Stubborn()):
        again = ask(rest, stimuli, rates, tmp_path / "run")
        assert not rest.asked and (tmp_path / "run" / "summary.json").read_bytes() == before
    assert again.pairs().set_index("impossible")["status"].to_dict() == {"b": "scored", name: "failed"}
    assert again.missing["rate"].lowest == again.missing["rate"].highest  # what was not asked lost nothing
    # One answer about the shared clip was lost: the pair is refused for a clip that is not asked about now.
    lost = ask(Stubborn("possible-2|a"), stimuli, rates, tmp_path / "lost")
    assert lost.missing["rate"].failed
    assert [f.clip for f in ask(Stubborn(), stimuli, rates, tmp_path / "lost").failures] == [f"a | {name}"]


def test_pairs_of_a_refused_quadruplet_are_asked_where_they_can_be(
    one_each: StimulusSet, tmp_path: Path
) -> None:
    quad = one_each.quadruplets[0]
    for clip, size in zip(quad.clips, (8, 8, 16, 16), strict=True):
        write_images(tmp_path / clip, [9] * 96, size=size)
    clips = tuple(
        replace(one_each.clip(c), segments=(Segment(Source(tmp_path / c, "images", 24.0)),))
        for c in quad.clips
    )
    pairs = (
        Pair(quad.aa, quad.ab, quad.scene, quad.concepts),
        Pair(quad.bb, quad.ab, quad.scene, quad.concepts),
    )
    stimuli = replace(one_each, clips=clips, pairs=pairs, quadruplets=(quad,))
    run = ask(Stubborn(), stimuli, Asking(6, size=32, kinds=("rate",)), tmp_path / "run")
    assert run.quadruplets()["status"].tolist() == ["failed"] * len(run.streams)
    status = run.pairs().query("stream == 'rate'").set_index("possible")["status"].to_dict()
    assert status == {quad.aa: "scored", quad.bb: "failed"}
    assert set(run.judgements["clip"]) == {quad.aa, quad.ab}


def test_a_set_of_which_nothing_can_be_compared_says_so(tmp_path: Path) -> None:
    stimuli = sharing(tmp_path, {"a": 8, "b": 16})
    judge = load_any("planted:perfect")
    assert isinstance(judge, Judge)
    run = ask(judge, stimuli, FEW, tmp_path / "run")
    assert run.judgements.empty and run.pairs()["status"].tolist() == ["failed"]
    for command in ("table", "stats", "report"):
        done = CliRunner().invoke(cli, [command, str(tmp_path / "run")])
        assert done.exception is None or isinstance(done.exception, (SystemExit, VoeError)), command
    with pytest.raises(ProtocolError, match="nothing of it can be asked about: clips of unequal"):
        estimate(judge, stimuli, FEW)


def test_a_run_with_prompts_of_ones_own_that_was_cut_is_not_finished_by_a_refusal(tmp_path: Path) -> None:
    stimuli = sharing(tmp_path, {"a": 8, "b": 8, "c": 16})
    own = replace(read_questions(), sha256="own")
    with pytest.raises(KeyboardInterrupt):
        ask(Stubborn(stop_after=3), stimuli, FEW, tmp_path / "run", questions=own)
    assert JudgeRun.open(tmp_path / "run").unfinished > 0
    assert ask(Stubborn(), stimuli, FEW, tmp_path / "run", questions=own).unfinished == 0


def test_the_first_scene_that_can_be_asked_about_stands_for_the_others(
    tmp_path: Path, manifest: Callable[..., Path]
) -> None:
    rows = []
    for scene, size in (("s0", 16), ("s1", 8)):
        for kind, there in (("calm", 8), ("jump", size)):
            write_images(tmp_path / f"{kind}-{scene}", [9] * 6, size=there)
            name = f"{kind}-{scene}"
            rows.append({"clip": name, "path": name, "scene": scene, "possible": kind == "calm"})
    judge = load_any("planted:perfect")
    assert isinstance(judge, Judge)
    found = estimate(judge, load_stimuli(manifest(rows)), FEW)
    assert found.images >= 6 * found.requests > 0
