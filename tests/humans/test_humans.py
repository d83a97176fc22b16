"""Ratings of people: what the page holds, what comes back, and what it is worth."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from voe.cli.main import cli
from voe.clips import Clip, Label, StimulusSet
from voe.errors import RunError, VoeError
from voe.humans.experiment import chosen_clips, code_of, experiment_page
from voe.humans.ratings import COLUMNS, read_ratings
from voe.humans.results import HumanRun, score_humans
from voe.loaders.load import load_stimuli
from voe.miniature.work import first_scenes
from voe.results import Run
from voe.stimulus_record import fingerprint


@pytest.fixture(scope="module")
def stimuli() -> StimulusSet:
    """Six quadruplets of each concept, with all clips of the set."""
    return first_scenes(load_stimuli("builtin"), 6)


def table(
    stimuli: StimulusSet, path: Path, participant: str, ratings: dict[str, int], **changes: str
) -> Path:
    """A table as the page saves it."""
    sha256 = fingerprint(stimuli)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        rows = [("practice-clip", 1, "1"), *((clip, value, "0") for clip, value in ratings.items())]
        for trial, (clip, value, practice) in enumerate(rows):
            code = clip if practice == "1" else code_of(clip, sha256)
            row = dict(
                zip(COLUMNS, (participant, code, trial, value, 900, 1, practice, sha256, "2026"), strict=True)
            )
            writer.writerow({**row, **changes} if trial == 1 else row)
    return path


def rated(
    stimuli: StimulusSet, *, possible: int, impossible: int, noise: int = 0, seed: int = 0
) -> dict[str, int]:
    generator = np.random.default_rng(seed)
    wanted = {clip for quad in stimuli.quadruplets for clip in quad.clips}
    return {
        clip.id: int(
            np.clip((possible if clip.label is Label.POSSIBLE else impossible)
                    + generator.integers(-noise, noise + 1), 1, 7)
        )
        for clip in stimuli.clips
        if clip.id in wanted
    }  # fmt: skip


def test_people_who_see_it(stimuli: StimulusSet, tmp_path: Path) -> None:
    tables = [
        table(stimuli, tmp_path / f"{n}.csv", f"p{n}", rated(stimuli, possible=low, impossible=low + 2))
        for n, low in enumerate((1, 3, 5))
    ]
    run = score_humans(tables, stimuli, tmp_path / "run")
    rows = run.summary().query("primary and measure == 'quadruplets'").set_index("concept")
    assert rows.loc["all", "estimate"] == 1.0 and rows.loc["all", "n"] == 54
    assert np.allclose(run.quadruplets()["contrast"], 4.0)  # centring takes nothing from a difference
    people = run.by_person().set_index("concept")
    assert people.loc["all", "people"] == 3 and people.loc["all", "lowest"] == 1.0
    again = Run.open(tmp_path / "run")
    assert isinstance(again, HumanRun) and len(again.ratings) == 3 * 216
    summary = json.loads((tmp_path / "run/summary.json").read_text())
    assert summary["by_person"][-1]["estimate"] == 1.0
    with pytest.raises(RunError, match="no surprise over time"):
        _ = run.curves


def test_people_who_rate_alike_tie_and_noise_is_at_chance(stimuli: StimulusSet, tmp_path: Path) -> None:
    flat = score_humans(
        [table(stimuli, tmp_path / "flat.csv", "flat", rated(stimuli, possible=4, impossible=4))],
        stimuli, tmp_path / "flat",
    )  # fmt: skip
    assert (flat.quadruplets()["score"] == 0.5).all()
    noisy = [
        table(
            stimuli, tmp_path / f"n{n}.csv", f"n{n}",
            rated(stimuli, possible=4, impossible=4, noise=3, seed=n),
        )
        for n in range(6)
    ]  # fmt: skip
    run = score_humans(noisy, stimuli, tmp_path / "noise")
    people = run.by_person().set_index("concept").loc["all"]
    assert people["low"] < 0.5 < people["high"] and people["high"] - people["low"] < 0.3


def test_a_person_who_rated_a_part(stimuli: StimulusSet, tmp_path: Path) -> None:
    whole = rated(stimuli, possible=1, impossible=7)
    quad = stimuli.quadruplets[0]
    part = {clip: value for clip, value in whole.items() if clip in quad.clips[:3]}
    run = score_humans([table(stimuli, tmp_path / "p.csv", "p", part)], stimuli, tmp_path / "run")
    assert set(run.quadruplets()["status"]) == {"failed"}
    assert run.pairs()["status"].value_counts()["scored"] == 2
    assert run.by_person().empty


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rating": "8"}, r"a\.csv, line 3: the rating is 8"),
        ({"rating": "five"}, "rating is 'five'; it must be a whole number"),
        ({"clip": "0000"}, "has no clip '0000'"),
        ({"fingerprint": "f"}, "ratings are of another set"),
    ],
)
def test_bad_tables(stimuli: StimulusSet, tmp_path: Path, changes: dict[str, str], words: str) -> None:
    path = table(stimuli, tmp_path / "a.csv", "p", rated(stimuli, possible=1, impossible=2), **changes)
    with pytest.raises(VoeError, match=words):
        read_ratings([path], stimuli)


def test_other_bad_tables(stimuli: StimulusSet, tmp_path: Path) -> None:
    path = table(stimuli, tmp_path / "a.csv", "p", rated(stimuli, possible=1, impossible=2))
    with pytest.raises(VoeError, match="rated this clip already"):
        read_ratings([path, path], stimuli)
    with pytest.raises(VoeError, match="there is no file"):
        read_ratings([tmp_path / "none.csv"], stimuli)
    (tmp_path / "b.csv").write_text("a,b\n1,2\n")
    with pytest.raises(VoeError, match=r"the column\(s\) participant, clip"):
        read_ratings([tmp_path / "b.csv"], stimuli)


def test_the_page_tells_nobody_the_answer(stimuli: StimulusSet) -> None:
    few = replace(first_scenes(stimuli, 1), pairs=())
    chosen = chosen_clips(few, None)
    one = replace(few, quadruplets=few.quadruplets[:1], pairs=())
    page = experiment_page(one, size=32, instructions="Look <here>.\n\nThen rate.")
    found = re.search(r'id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None and len(chosen) == 36
    data = json.loads(found.group(1))
    assert len(data["clips"]) == 4 and len({clip["scene"] for clip in data["clips"]}) == 1
    for clip in one.quadruplets[0].clips:
        assert clip not in page and code_of(clip, fingerprint(one)) in page
    assert "impossible" not in page and "Look &lt;here&gt;." in page
    assert "default-src &#39;none&#39;" in page and "unsafe" not in page


def test_people_are_not_asked_to_compare_unequal_clips(stimuli: StimulusSet) -> None:
    """A clip that ends before its twin differs from it in more than the event."""
    quad = stimuli.quadruplets[0]
    clip = stimuli.clip(quad.ab)
    *before, last = clip.segments
    shorter = replace(last, stop=last.start + (last.n_frames or 0) - 5)
    cut = replace(clip, segments=(*before, shorter))
    clips = tuple(cut if one.id == clip.id else one for one in stimuli.clips)
    with pytest.raises(
        VoeError, match=r"asking people about scene .*clips of unequal length, in frames: .* 91"
    ):
        experiment_page(replace(stimuli, clips=clips), scenes=1, size=32)


def test_all_faults_are_told_at_once(stimuli: StimulusSet, tmp_path: Path) -> None:
    chosen = chosen_clips(stimuli, 2)
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video")
    first = {scene: next(c.id for c in chosen if c.scene == scene) for scene in {c.scene for c in chosen}}

    def breaking(clip: Clip) -> Clip:
        segments = tuple(replace(s, source=replace(s.source, path=broken)) for s in clip.segments)
        return replace(clip, segments=segments)

    clips = tuple(breaking(clip) if clip.id in first.values() else clip for clip in stimuli.clips)
    with pytest.raises(VoeError) as caught:
        experiment_page(replace(stimuli, clips=clips), scenes=2, size=32)
    told = str(caught.value).splitlines()
    assert len(first) == 18
    assert told[0] == f"asking people about {stimuli.name!r}: 18 faults"
    assert len(told) == 1 + 10 + 1 and told[-1] == "  and 8 more"
    assert all(any(f"clip {name!r}: " in line for name in first.values()) for line in told[1:-1])


def test_the_commands(stimuli: StimulusSet, tmp_path: Path) -> None:
    whole = load_stimuli("builtin")
    path = table(whole, tmp_path / "a.csv", "p", rated(whole, possible=1, impossible=7))
    done = CliRunner().invoke(
        cli, ["score", "--humans", str(path), "--stimuli", "builtin", "--out", str(tmp_path / "run")]
    )
    assert done.exit_code == 0, done.output
    assert "people (n = 1), 432 ratings" in done.output and "SINGLE PEOPLE" in done.output
    assert all(len(line) <= 80 for line in done.output.splitlines() if "run folder" not in line)
    for command in (["table"], ["stats"]):
        assert CliRunner().invoke(cli, [*command, str(tmp_path / "run")]).exit_code == 0
