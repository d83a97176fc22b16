"""Worlds to watch: possible, seeded, without anything that belongs to the probes' last exam."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from voe.worlds.heldout import held_out_values
from voe.worlds.room import NEAR
from voe.worlds.simulate import simulate
from voe.worlds.stage import Stage
from voe.worlds.watch import events, looks, store
from voe.worlds.watch.clips import LENGTH, World, watch

WORLD = World(seed=5)


def test_no_held_out_look_can_occur() -> None:
    held, shown = held_out_values(), looks.every_look()
    for look in shown:
        assert shown[look].isdisjoint(held.get(look, frozenset())), look
    assert {"shape", "floor", "floor_colour", "wall_colour", "screen_pattern", "screen_colour"} <= set(shown)


def test_a_clip_is_told_by_its_seed_and_number() -> None:
    one, again = watch(WORLD, 3, 24), watch(WORLD, 3, 24)
    assert one.shape == (LENGTH, 24, 24, 3) and one.dtype == np.uint8
    assert np.array_equal(one, again)
    assert not np.array_equal(one, watch(WORLD, 4, 24))
    assert not np.array_equal(one, watch(replace(WORLD, seed=6), 3, 24))


def test_panels_stand_slide_and_rise_and_none_swings() -> None:
    generator = np.random.default_rng(0)
    moved = set()
    for _ in range(60):
        boards, paths = events.panels(generator, NEAR, "textured", 0.2)
        for board in boards:
            path = paths[board.name]
            assert (path[:, 3:] == path[0, 3:]).all()  # it never turns
            assert (path[:, 1] == events.FRONT - 0.12 * int(board.name[-1])).all()
            moved.add((bool(np.ptp(path[:, 0])), bool(np.ptp(path[:, 2]))))
    assert moved == {(False, False), (True, False), (False, True)}


@pytest.mark.parametrize("event", sorted(set(events.EVENTS), key=lambda e: e.__name__))
def test_nothing_passes_through_the_floor_or_jumps(event) -> None:
    for seed in range(4):
        staged = event(np.random.default_rng(seed), NEAR)
        floor = events.thing(np.random.default_rng(0), "nothing").material
        from voe.worlds.stage import Part

        stage = Stage((Part("floor", "box", (4.0, 4.0, 0.1), floor, (0.0, 0.0, -0.1)), *staged.parts))
        poses = simulate(stage, staged.paths, events.N_FRAMES, events.FPS, elastic=staged.elastic)
        for part in staged.parts:
            track = poses[:, stage.index(part.name), :3]
            assert track[:, 2].min() > -0.02, part.name
            assert np.linalg.norm(np.diff(track, axis=0), axis=1).max() < 0.35, part.name  # metres a frame


def test_a_world_without_occluders_has_none() -> None:
    """Behind a panel less is seen; without it the same events are all in view."""
    with_them = [watch(WORLD, n, 16) for n in range(8)]
    without = [watch(replace(WORLD, occluders=False), n, 16) for n in range(8)]
    assert any(not np.array_equal(a, b) for a, b in zip(with_them, without, strict=True))


def test_unpredictable_detail_differs_from_frame_to_frame() -> None:
    noisy = watch(replace(WORLD, complexity="noisy"), 1, 32).astype(int)
    textured = watch(replace(WORLD, complexity="textured"), 1, 32).astype(int)
    assert np.abs(np.diff(noisy, axis=0)).mean() > np.abs(np.diff(textured, axis=0)).mean() + 5


def test_clips_are_kept_and_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOE_CACHE", str(tmp_path))
    monkeypatch.setattr(store, "SHARD", 2)
    made = []
    real = store.render_shard
    monkeypatch.setattr(store, "render_shard", lambda *given: (made.append(given[3]), real(*given)))
    seen: list[tuple[int, int]] = []
    first = store.watched(WORLD, 3, 16, jobs=1, progress=lambda *x: seen.append(x))
    assert made == [0, 1] and seen == [(0, 2), (1, 2), (2, 2)]
    more = store.watched(WORLD, 6, 16, jobs=1)
    assert made == [0, 1, 2] and len(more.shards) == 3
    assert np.array_equal(more.clips(np.array([2, 0])), np.stack([watch(WORLD, 2, 16), watch(WORLD, 0, 16)]))
    assert np.array_equal(first.clips(np.array([1])), more.clips(np.array([1])))
    assert not list(tmp_path.rglob("*.partial"))
