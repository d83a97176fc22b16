"""Clips to watch, rendered once and kept: memory-mapped shards in the cache, continued where cut off."""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from voe.cache import cache_folder
from voe.errors import VoeError
from voe.held import HeldError, held
from voe.worlds.watch.clips import GENERATOR, LENGTH, World, watch

SHARD: Final = 500
"""Clips a file."""


@dataclass(frozen=True)
class Watched:
    """A world's first `count` clips, uint8 [count, LENGTH, size, size, 3], in memory-mapped shards."""

    shards: tuple[npt.NDArray[np.uint8], ...]
    count: int

    @property
    def length(self) -> int:
        """Frames of each clip."""
        return int(self.shards[0].shape[1])

    def clips(self, numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        """The clips of these numbers: uint8 [n, LENGTH, size, size, 3]."""
        return np.stack([self.shards[n // SHARD][n % SHARD] for n in numbers.tolist()])


def place_of(world: World, size: int) -> Path:
    """The folder of a world's shards in the cache."""
    described = "-".join(f"{key}={value}" for key, value in asdict(world).items())
    return cache_folder() / "watched" / f"v{GENERATOR}-{described}-{size}px"


def watched(
    world: World,
    count: int,
    size: int = 64,
    *,
    jobs: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Watched:
    """A world's first `count` clips; those that are not in the cache are rendered, shard by shard.

    A larger count keeps the clips that a smaller one had: they are numbered.

    Args:
        jobs: processes; by default one a core. The clips do not depend on it.
        progress: called with (shards done, shards in all).

    Raises:
        VoeError: another process is rendering the same world.
    """
    folder = place_of(world, size)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "world.json").write_text(json.dumps({**asdict(world), "generator": GENERATOR, "size": size}))
    wanted = range(-(-count // SHARD))
    try:
        with held(folder):
            missing = [number for number in wanted if not _shard(folder, number).is_file()]
            said = progress or (lambda done, total: None)
            said(len(wanted) - len(missing), len(wanted))
            for done, _ in enumerate(
                _rendered(world, size, missing, jobs), start=len(wanted) - len(missing) + 1
            ):
                said(done, len(wanted))
    except HeldError as error:
        raise VoeError(f"rendering worlds into {folder}: another process is doing so; wait for it") from error
    shards = tuple(np.load(_shard(folder, n), mmap_mode="r") for n in wanted)
    return Watched(shards, count)


def _shard(folder: Path, number: int) -> Path:
    return folder / f"{number:05d}.npy"


def _rendered(world: World, size: int, missing: list[int], jobs: int | None) -> Iterator[None]:
    """Render the missing shards on several processes, and say so as they get done."""
    folder = place_of(world, size)
    if not missing:
        return
    workers = min(jobs or os.cpu_count() or 1, len(missing))
    if workers == 1:
        for number in missing:
            render_shard(world, size, folder, number)
            yield
        return
    # Fresh processes: forking a process in which torch has threads can hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        pending = [pool.submit(render_shard, world, size, folder, number) for number in missing]
        try:
            for future in as_completed(pending):
                future.result()
                yield
        finally:
            pool.shutdown(cancel_futures=True)


def render_shard(world: World, size: int, folder: Path, number: int) -> None:
    """Render one shard beside its place, and rename it."""
    frames = np.empty((SHARD, LENGTH, size, size, 3), np.uint8)
    for k in range(SHARD):
        frames[k] = watch(world, number * SHARD + k, size)
    aside = _shard(folder, number).with_suffix(f".{os.getpid()}.partial")
    with aside.open("wb") as file:
        np.save(file, frames)
    aside.replace(_shard(folder, number))
