"""The flat world: hidden where it should be, two takes that differ in one thing, kept as lossless videos."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import scipy.stats

from voe.errors import VoeError
from voe.loaders.manifest import load_manifest
from voe.video import decode
from voe.worlds import flat_set
from voe.worlds.flat import CONCEPTS, GENERATOR, N_FRAMES, PROBE_SEEDS, SPLICE, FlatScene, filmed, flat_scene
from voe.worlds.flat_set import flat_probes


@pytest.mark.parametrize("size", [32, 64, 96])
def test_nothing_of_the_difference_shows_around_the_splice(size: int) -> None:
    for number in range(60):
        scene = flat_scene(3, number, size)
        spans = scene.spans(str(number))
        assert spans.context_starts == 0 and spans.context_ends < SPLICE
        assert SPLICE < spans.outcome_starts < spans.outcome_ends == N_FRAMES
        assert np.array_equal(scene.a[SPLICE - 1 : SPLICE + 1], scene.b[SPLICE - 1 : SPLICE + 1])


def test_a_scene_comes_from_its_seed_and_number_alone() -> None:
    first, again, other = flat_scene(3, 5), flat_scene(3, 5), flat_scene(4, 5)
    assert np.array_equal(first.a, again.a) and np.array_equal(first.b, again.b)
    assert not np.array_equal(first.a, other.a)


def test_colours_are_opposite_and_shapes_of_one_colour() -> None:
    for number in range(30):
        scene = flat_scene(8, number)
        differs = (scene.a[-1] != scene.b[-1]).any(axis=-1)
        a, b = (take[-1][differs].astype(int) for take in (scene.a, scene.b))
        saturation = [float(np.ptp(pixels, axis=1).mean()) for pixels in (a, b)]
        if scene.concept == "object-permanence":
            assert max(saturation) > min(saturation)  # one of them shows the room
        elif scene.concept == "colour-constancy":
            # Opposite hues of one saturation and value: their sum is grey, v (2 - s).
            grey = 255 * 0.85 * (2 - 0.85)
            assert np.median(a + b, axis=0) == pytest.approx([grey] * 3, abs=2)
        else:
            assert differs.sum() < 200  # an outline, not the whole thing


def test_both_takes_are_a_and_b_equally_often() -> None:
    there = [flat_scene(5, 3 * k) for k in range(200)]  # permanence
    empty_first = [np.array_equal(scene.a[0], scene.a[7]) for scene in there]
    assert 70 < sum(empty_first) < 130


def test_in_one_room_nothing_but_the_thing_changes_colour() -> None:
    rooms = [flat_scene(5, 3 * k, one_room=True).a for k in range(12)]
    corners = {tuple(frames[0, row, 0]) for frames in rooms for row in (0, -1)}
    assert len(corners) == 2  # a wall and a floor
    assert len({tuple(flat_scene(5, 3 * k).a[0, 0, 0]) for k in range(12)}) == 12
    colours = [flat_scene(5, 3 * k + 1, one_room=True) for k in range(40)]
    seen = set()
    for scene in colours:
        differs = (scene.a[-1] != scene.b[-1]).any(axis=-1)
        for take in (scene.a, scene.b):
            found, counts = np.unique(take[-1][differs], axis=0, return_counts=True)
            seen.add(tuple(found[counts.argmax()]))
    assert len(seen) == 2
    for number in range(60):
        flat_scene(5, number, one_room=True).spans(str(number))


def test_a_scene_that_shows_it_is_refused() -> None:
    scene = flat_scene(3, 0)
    spoiled = scene.b.copy()
    spoiled[SPLICE, 0, 0] ^= 1
    with pytest.raises(VoeError, match="what should be hidden can be seen"):
        FlatScene(scene.concept, scene.a, spoiled).spans("scene 0")


def test_probes_are_written_once_and_decode_to_what_was_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOE_CACHE", str(tmp_path))
    manifest = flat_probes(2, size=32)
    written = manifest.stat().st_mtime_ns
    assert flat_probes(2, size=32).stat().st_mtime_ns == written
    stimuli = load_manifest(manifest, name="flat")
    assert stimuli.concepts == CONCEPTS and len(stimuli.quadruplets) == 6
    scene = flat_scene(PROBE_SEEDS[0], 1, 32)
    quad = next(q for q in stimuli.quadruplets if q.scene == "flat-colour-constancy-000")
    for context, outcome in itertools.product("ab", repeat=2):
        clip = stimuli.clip(getattr(quad, context + outcome))
        shown = [decode(s.source, itertools.count()).frames[s.start : s.stop] for s in clip.segments]
        assert np.array_equal(np.concatenate(shown), scene.clip(context, outcome))
        assert clip.possible is (context == outcome)
    spans = scene.spans("it")
    assert (quad.context_ends, quad.outcome_starts) == (spans.context_ends, spans.outcome_starts)


def test_a_camera_has_normal_noise_of_its_own_in_each_clip() -> None:
    grey = np.full((40, 64, 64, 3), 128, np.uint8)
    first, second = (filmed(grey, 8.0, np.random.default_rng(seed)).astype(np.float64) for seed in (1, 2))
    for noise in (first - 128, second - 128, (first - second) / np.sqrt(2)):  # independent
        assert abs(noise.mean()) < 0.05 and noise.std() == pytest.approx(8.0, rel=0.01)
    assert scipy.stats.kurtosis(first, axis=None) == pytest.approx(0.0, abs=0.05)
    assert np.array_equal(filmed(grey, 8.0, np.random.default_rng(1)), first)
    white = filmed(np.full((4, 4), 255, np.uint8), 8.0, np.random.default_rng(1))
    assert white.dtype == np.uint8 and white.min() > 200  # it is cut off, and does not wrap around


def test_filmed_probes_share_no_frame_and_show_the_same_scene(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOE_CACHE", str(tmp_path))
    stimuli = load_manifest(flat_probes(2, size=32, one_room=True, noise=8.0), name="filmed")
    still = load_manifest(flat_probes(2, size=32, one_room=True), name="still")
    assert [q.scene for q in stimuli.quadruplets] == [q.scene for q in still.quadruplets]
    assert stimuli.root != still.root
    quad = stimuli.quadruplets[1]
    scene = flat_scene(PROBE_SEEDS[0], 1, 32, one_room=True)
    seen = {}
    for context, outcome in itertools.product("ab", repeat=2):
        clip = stimuli.clip(getattr(quad, context + outcome))
        [segment] = clip.segments
        frames = decode(segment.source, itertools.count()).frames[segment.start : segment.stop]
        noise = frames.astype(np.float64) - scene.clip(context, outcome)
        assert noise.std() == pytest.approx(8.0, rel=0.03)
        seen[context + outcome] = frames
        assert clip.possible is (context == outcome)
        assert clip.violation_frame == (None if clip.possible else scene.spans("it").outcome_starts)
    assert len({frame.tobytes() for frames in seen.values() for frame in frames}) == 4 * N_FRAMES


def test_frames_change_with_their_version_alone() -> None:
    """Sets in the cache and trainings go by the version: whoever changes a frame must change it too."""
    frames = [flat_scene(1, k, one_room=room).clip("a", "b") for k in range(3) for room in (False, True)]
    frames.append(filmed(frames[0], 8.0, np.random.default_rng(1)))
    assert GENERATOR == "2"
    assert [clip.mean() for clip in frames] == pytest.approx(
        [161.303, 148.015, 157.712, 146.187, 154.792, 146.287, 161.277], abs=2e-3
    )


@pytest.mark.parametrize("noise", [-1.0, 256.0, float("nan")])
def test_noise_of_probes_is_in_grey_levels(noise: float) -> None:
    with pytest.raises(VoeError, match="grey levels"):
        flat_probes(1, size=32, noise=noise)


def test_what_is_left_of_a_set_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOE_CACHE", str(tmp_path))
    manifest = flat_probes(1, size=32)
    text = manifest.read_text()
    manifest.unlink()
    assert flat_probes(1, size=32).read_text() == text
    assert [path.name[0] for path in manifest.parent.parent.iterdir()] == ["f"]


def test_who_comes_second_takes_what_the_first_made(tmp_path: Path) -> None:
    for name in ("first", "second", "place"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.csv").write_text(name)
    flat_set._put(tmp_path / "second", tmp_path / "place")
    assert (tmp_path / "place" / "manifest.csv").read_text() == "place"
    flat_set._put(tmp_path / "first", tmp_path / "new")
    assert (tmp_path / "new" / "manifest.csv").read_text() == "first"


def test_a_rendering_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOE_CACHE", str(tmp_path))

    def broken(*args: object, **asked: object) -> FlatScene:
        raise VoeError("no scene")

    monkeypatch.setattr(flat_set, "flat_scene", broken)
    with pytest.raises(VoeError, match="no scene"):
        flat_probes(1, size=32)
    assert not any((tmp_path / "stimuli").iterdir())
