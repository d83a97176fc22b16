from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.conftest import write_images
from voe.clips import Clip, Label, Segment, Source
from voe.protocols import Protocol
from voe.scenes import Scene, read_scene
from voe.video import write_lossless

PROTOCOL = Protocol(frame_step=2, window=2, contexts=(1,))


def clip(name: str, *segments: Segment) -> Clip:
    return Clip(name, "s", Label.POSSIBLE, segments)


def levels(scene: Scene, clip_id: str) -> list[int]:
    """Grey level of each sampled frame of a clip, as a model is fed it."""
    return scene.frames[scene.clips[clip_id].keys, 0, 0, 0].round().int().tolist()


def images(folder: Path, values: list[int], fps: float | None = None) -> Source:
    return Source(write_images(folder, values), "images", fps)


def test_an_edit_list_is_followed_on_the_clips_own_timeline(tmp_path: Path) -> None:
    a, b = images(tmp_path / "a", [0, 1, 2, 3, 4, 5, 6]), images(tmp_path / "b", [100, 101, 102, 103, 104])
    whole, spliced = clip("whole", Segment(a)), clip("spliced", Segment(a, 1, 4), Segment(b, 2, None))
    scene = read_scene("s", [whole, spliced], PROTOCOL, (8, 8))
    assert levels(scene, "whole") == [0, 2, 4, 6]
    # Timeline of the spliced clip: a1 a2 a3 b2 b3 b4; every second frame of it.
    assert levels(scene, "spliced") == [1, 3, 103]
    assert scene.clips["spliced"].numbers.tolist() == [0, 2, 4]
    assert scene.clips["spliced"].n_frames == 6


def test_a_source_used_twice_in_one_clip_gives_both_parts(tmp_path: Path) -> None:
    a = images(tmp_path / "a", list(range(10)))
    replay = clip("replay", Segment(a, 0, 4), Segment(a, 2, 6))
    assert levels(read_scene("s", [replay], PROTOCOL, (8, 8)), "replay") == [0, 2, 2, 4]


def test_clips_share_equal_frames_by_content(tmp_path: Path) -> None:
    a, b = images(tmp_path / "a", [7, 7, 8, 8, 9]), images(tmp_path / "b", [7, 0, 8, 0, 20])
    scene = read_scene("s", [clip("a", Segment(a)), clip("b", Segment(b))], PROTOCOL, (8, 8))
    assert len(scene.frames) == 4
    assert scene.clips["a"].keys[:2].tolist() == scene.clips["b"].keys[:2].tolist()


def test_lossless_video_and_images_of_the_same_frames_are_the_same(tmp_path: Path) -> None:
    frames = np.random.default_rng(0).integers(0, 256, (9, 16, 16, 3), dtype=np.uint8)
    write_lossless(tmp_path / "v.mp4", frames, 24)
    scene = read_scene("s", [clip("v", Segment(Source(tmp_path / "v.mp4")))], PROTOCOL, (16, 16))
    fed = scene.frames[scene.clips["v"].keys].numpy()
    assert np.array_equal(fed, frames[::2].transpose(0, 3, 1, 2).astype(np.float32))
    assert scene.clips["v"].fps == 24 and scene.clips["v"].verified


def test_a_failing_source_fails_only_the_clips_that_show_it(tmp_path: Path) -> None:
    good = images(tmp_path / "good", [1, 2, 3])
    (tmp_path / "bad.mp4").write_bytes(b"not a video")
    bad = Source(tmp_path / "bad.mp4")
    clips = [
        clip("good", Segment(good)),
        clip("bad", Segment(bad)),
        clip("mixed", Segment(good, 0, 2), Segment(bad)),
    ]
    scene = read_scene("s", clips, PROTOCOL, (8, 8))
    assert set(scene.clips) == {"good"} and set(scene.failures) == {"bad", "mixed"}
    assert "bad.mp4" in str(scene.failures["mixed"]) and "mixed" in str(scene.failures["mixed"])


def test_a_segment_beyond_its_source_is_an_error(tmp_path: Path) -> None:
    scene = read_scene("s", [clip("x", Segment(images(tmp_path / "a", [1, 2, 3]), 1, 9))], PROTOCOL, (8, 8))
    assert "frames 1..9 are asked for and it has 3" in str(scene.failures["x"])


def test_a_violation_after_the_last_frame_is_an_error(tmp_path: Path) -> None:
    source = images(tmp_path / "a", [1, 2, 3])
    clips = [
        Clip(f"v{frame}", "s", Label.IMPOSSIBLE, (Segment(source),), violation_frame=frame)
        for frame in (2, 3)
    ]
    scene = read_scene("s", clips, PROTOCOL, (8, 8))
    assert list(scene.clips) == ["v2"]
    assert "begin at frame 3, and it has 3 frames (0..2)" in str(scene.failures["v3"])


def test_segments_of_other_sizes_are_no_clip(tmp_path: Path) -> None:
    small = images(tmp_path / "a", [1, 2, 3])
    large = Source(write_images(tmp_path / "b", [1, 2, 3], size=16), kind="images")
    clips = [clip("mixed", Segment(small, 0, 2), Segment(large)), clip("large", Segment(large))]
    scene = read_scene("s", clips, PROTOCOL, (8, 8))
    assert scene.clips["large"].size == (16, 16)
    assert "different picture sizes" in str(scene.failures["mixed"]) and "16 x 16" in str(
        scene.failures["mixed"]
    )


def test_aligned_at_the_end_the_longer_clip_loses_its_first_frames(tmp_path: Path) -> None:
    long, short = images(tmp_path / "l", [0, 1, 2, 3, 4, 5, 6]), images(tmp_path / "s", [2, 3, 4, 5, 6])
    clips = [clip("long", Segment(long)), clip("short", Segment(short))]
    scene = read_scene("s", clips, PROTOCOL, (8, 8), align="end")
    assert levels(scene, "long") == levels(scene, "short") == [2, 4, 6]
    assert scene.clips["long"].numbers.tolist() == [2, 4, 6]


def test_resampling_needs_a_rate(tmp_path: Path) -> None:
    protocol = Protocol(frame_step=None, fps=5, window=2, contexts=(1,))
    known, unknown = images(tmp_path / "k", list(range(8)), 10), images(tmp_path / "u", list(range(8)))
    scene = read_scene("s", [clip("k", Segment(known)), clip("u", Segment(unknown))], protocol, (8, 8))
    assert levels(scene, "k") == [0, 2, 4, 6]
    assert "unknown" in str(scene.failures["u"])


def test_a_segment_beyond_its_source_does_not_shorten_the_others(tmp_path: Path) -> None:
    good = [clip(n, Segment(images(tmp_path / n, [1, 2, 3, 4]))) for n in ("a", "b")]
    bad = clip("bad", Segment(images(tmp_path / "bad", [1, 2, 3]), 100))
    scene = read_scene("s", [*good, bad], PROTOCOL, (8, 8), align="end")
    assert levels(scene, "a") == levels(scene, "b") == [1, 3]
    assert "it has 3" in str(scene.failures["bad"])
