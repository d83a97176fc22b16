"""A rendered set: complete or absent, independent of the number of processes, readable by the loader."""

import csv
from dataclasses import replace

import numpy as np
import pytest

from voe.errors import VoeError
from voe.held import held
from voe.loaders.load import load_stimuli
from voe.worlds import build
from voe.worlds.build import SetPlan
from voe.worlds.sheets import clip_frames, contact_sheet

CARD = "object-permanence"
PLAN = SetPlan((CARD,), count=2, seed=4, size=40)


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    out = tmp_path_factory.mktemp("sets") / "set"
    seen = []
    manifest = build.render_set(PLAN, out, jobs=1, progress=lambda *x: seen.append(x))
    assert seen == [(0, 2), (1, 2), (2, 2)]
    assert sorted(path.name for path in out.iterdir()) == ["manifest.csv", "videos"]
    return manifest


def test_the_loader_reads_it(rendered):
    stimuli = load_stimuli(rendered)
    assert len(stimuli.quadruplets) == 2 and len(stimuli.clips) == 8 and len(stimuli.pairs) == 8
    assert stimuli.concepts == (CARD,)
    for quad in stimuli.quadruplets:
        frames = {i[-2:]: clip_frames(stimuli.clip(i)) for i in quad.clips}
        assert {f.shape for f in frames.values()} == {(96, 40, 40, 3)}
        k = stimuli.clip(quad.ab).segments[0].stop
        assert quad.context_ends < k < quad.outcome_starts
        assert np.array_equal(frames["ab"], np.concatenate([frames["aa"][:k], frames["bb"][k:]]))
        assert np.array_equal(frames["ba"], np.concatenate([frames["bb"][:k], frames["aa"][k:]]))
        same = (frames["aa"] == frames["bb"]).all(axis=(1, 2, 3))
        assert same[quad.context_ends : quad.outcome_starts].all()
        assert not same[quad.context_ends - 1] and not same[quad.outcome_starts]
        assert stimuli.clip(quad.ab).violation_frame == quad.outcome_starts
        assert stimuli.clip(quad.aa).violation_frame is None
        assert quad.conditions["occlusion"] == str(quad.outcome_starts - quad.context_ends)
        assert {"variant", "seed", "generator", "side", "shape"} <= set(quad.conditions)


def test_the_number_of_processes_changes_nothing(rendered, tmp_path):
    again = build.render_set(PLAN, tmp_path / "again", jobs=2)
    assert again.read_bytes() == rendered.read_bytes()
    for video in sorted((rendered.parent / "videos").iterdir()):
        assert (again.parent / "videos" / video.name).read_bytes() == video.read_bytes()


def test_the_first_scenes_of_a_set_are_those_of_the_whole(rendered, tmp_path):
    part = build.render_set(replace(PLAN, first=1), tmp_path / "part", jobs=1)
    assert part.read_text().splitlines() == rendered.read_text().splitlines()[:7]
    videos = sorted((part.parent / "videos").iterdir())
    assert [path.name for path in videos] == [f"{CARD}-000-a.mp4", f"{CARD}-000-b.mp4"]
    for video in videos:
        assert video.read_bytes() == (rendered.parent / "videos" / video.name).read_bytes()
    # A smaller set is another one: what is varied is spread over its scenes.
    fewer = build.render_set(replace(PLAN, count=1), tmp_path / "fewer", jobs=1)
    assert fewer.read_bytes() != part.read_bytes()
    with pytest.raises(VoeError, match="at least 1"):
        build.render_set(replace(PLAN, first=0), tmp_path / "none", jobs=1)


def test_a_killed_render_leaves_nothing(monkeypatch, tmp_path):
    def killed(job):
        (job.folder / "videos" / "half.mp4").write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(build, "render_job", killed)
    with pytest.raises(KeyboardInterrupt):
        build.render_set(SetPlan((CARD,), 1, 0, 32), tmp_path / "set", jobs=1)
    assert list(tmp_path.iterdir()) == []


def test_a_kept_rendering_goes_on_where_it_was_cut_off(rendered, monkeypatch, tmp_path):
    real, made = build.render_job, []

    def one_then_killed(job):
        if made:
            raise KeyboardInterrupt
        made.append(job.name)
        real(job)

    monkeypatch.setattr(build, "render_job", one_then_killed)
    with pytest.raises(KeyboardInterrupt):
        build.render_set(PLAN, tmp_path / "set", jobs=1, keep=True)
    assert [path.name for path in tmp_path.iterdir()] == [".set.partial"]
    monkeypatch.setattr(build, "render_job", lambda job: (made.append(job.name), real(job)))
    seen = []
    manifest = build.render_set(PLAN, tmp_path / "set", jobs=1, keep=True, progress=lambda *x: seen.append(x))
    assert made == [f"{CARD}-000", f"{CARD}-001"] and seen == [(1, 2), (2, 2)]
    assert manifest.read_bytes() == rendered.read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_two_processes_do_not_render_one_set(tmp_path):
    (tmp_path / ".set.partial").mkdir()
    with held(tmp_path / ".set.partial"), pytest.raises(VoeError, match="another process"):
        build.render_set(PLAN, tmp_path / "set", jobs=1, keep=True)


def test_masks_say_where_the_objects_are(rendered, tmp_path):
    manifest = build.render_set(replace(PLAN, count=1, masks=True), tmp_path / "set", jobs=1)
    stimuli = load_stimuli(manifest)
    [quad] = stimuli.quadruplets
    assert "masks" not in quad.conditions
    rows = list(csv.DictReader(manifest.open()))
    masks = {take: np.load(manifest.parent / f"masks/{CARD}-000-{take}.npz") for take in "ab"}
    assert {row["masks"] for row in rows} == {f"masks/{CARD}-000-{take}.npz" for take in "ab"}
    a, b = masks["a"]["object"], masks["b"]["object"]
    assert a.shape == (96, 40, 40) and a.dtype == bool
    assert not b.any()  # in take b there is no object
    hidden = range(quad.context_ends, quad.outcome_starts)
    assert a[0].any() and a[-1].any() and not a[hidden].any()
    # Where the object is seen, and only near there (its shadow), the takes differ.
    frames = {take: clip_frames(stimuli.clip(getattr(quad, take * 2))) for take in "ab"}
    differs = (frames["a"][-1] != frames["b"][-1]).any(axis=-1)
    assert differs[a[-1]].all() and differs.sum() < 3 * a[-1].sum()


def test_a_scene_is_rendered_for_each_hidden_span(tmp_path):
    plan = replace(PLAN, count=1, occlusions=(10, 20))
    stimuli = load_stimuli(build.render_set(plan, tmp_path / "set", jobs=1))
    assert [quad.conditions["occlusion"] for quad in stimuli.quadruplets] == ["10", "20"]
    assert [quad.outcome_starts - quad.context_ends for quad in stimuli.quadruplets] == [10, 20]
    assert [quad.id for quad in stimuli.quadruplets] == [f"{CARD}-000-hidden-10", f"{CARD}-000-hidden-20"]
    short, long = (clip_frames(stimuli.clip(quad.aa)) for quad in stimuli.quadruplets)
    # The same room, object and colours; only the screen stands a little elsewhere.
    assert (short[0] == long[0]).all(axis=-1).mean() > 0.9


def test_a_set_that_is_there_is_not_overwritten(rendered):
    with pytest.raises(VoeError, match="there already"):
        build.render_set(SetPlan((CARD,), 1, 0, 32), rendered.parent, jobs=1)


def test_nonsense_is_refused(tmp_path):
    for count, size in ((0, 64), (1, 4)):
        with pytest.raises(VoeError, match="at least"):
            build.render_set(SetPlan((CARD,), count, 0, size), tmp_path / "x", jobs=1)
    with pytest.raises(VoeError, match="Did you mean 'object-permanence'"):
        build.render_set(SetPlan(("object-permanance",), 1, 0, 32), tmp_path / "x", jobs=1)
    assert list(tmp_path.iterdir()) == []


def test_a_scene_has_six_rows_four_clips(rendered):
    rows = [row for row in csv.DictReader(rendered.open()) if row["scene"] == f"{CARD}-000"]
    assert [row["clip"][-2:] for row in rows] == ["aa", "ab", "ab", "ba", "ba", "bb"]
    assert [row["possible"] for row in rows] == ["true", "false", "false", "false", "false", "true"]


def test_contact_sheet(rendered, tmp_path):
    from PIL import Image

    stimuli = load_stimuli(rendered)
    out = contact_sheet(stimuli, f"{CARD}-001", tmp_path / "sheet.png", columns=8, scale=2)
    sheet = Image.open(out)
    assert sheet.height == 14 + 4 * (80 + 2)
    pixels = np.asarray(sheet)
    assert (pixels[12] == (198, 40, 40)).all(axis=-1).sum() >= 80
    with pytest.raises(VoeError, match="no quadruplet"):
        contact_sheet(stimuli, "nothing", tmp_path / "x.png")
