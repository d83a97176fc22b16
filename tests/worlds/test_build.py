"""A rendered set: complete or absent, independent of the number of processes, readable by the loader."""

import csv

import numpy as np
import pytest

from voe.errors import VoeError
from voe.loaders.load import load_stimuli
from voe.worlds import build
from voe.worlds.sheets import clip_frames, contact_sheet

CARD = "object-permanence"


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    out = tmp_path_factory.mktemp("sets") / "set"
    seen = []
    manifest = build.render_set(
        [CARD], count=2, seed=4, size=40, out=out, jobs=1, progress=lambda *x: seen.append(x)
    )
    assert seen == [(1, 2), (2, 2)]
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
    again = build.render_set([CARD], count=2, seed=4, size=40, out=tmp_path / "again", jobs=2)
    assert again.read_bytes() == rendered.read_bytes()
    for video in sorted((rendered.parent / "videos").iterdir()):
        assert (again.parent / "videos" / video.name).read_bytes() == video.read_bytes()


def test_a_killed_render_leaves_nothing(monkeypatch, tmp_path):
    def killed(job):
        (job.folder / "videos" / "half.mp4").write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(build, "render_job", killed)
    with pytest.raises(KeyboardInterrupt):
        build.render_set([CARD], count=1, seed=0, size=32, out=tmp_path / "set", jobs=1)
    assert list(tmp_path.iterdir()) == []


def test_a_set_that_is_there_is_not_overwritten(rendered):
    with pytest.raises(VoeError, match="there already"):
        build.render_set([CARD], count=1, seed=0, size=32, out=rendered.parent, jobs=1)


def test_nonsense_is_refused(tmp_path):
    for options in ({"count": 0, "size": 64}, {"count": 1, "size": 4}):
        with pytest.raises(VoeError):
            build.render_set([CARD], seed=0, out=tmp_path / "x", jobs=1, **options)
    with pytest.raises(VoeError, match="Did you mean 'object-permanence'"):
        build.render_set(["object-permanance"], count=1, seed=0, size=32, out=tmp_path / "x", jobs=1)
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
