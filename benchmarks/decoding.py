"""Frames a second of `voe.video.decode`, beside the decoders that it stands on, used bare.

    python benchmarks/decoding.py

Three synthetic videos are written and decoded whole: 128 px without loss (as the built-in stimuli are),
256 px and 720p in ordinary H.264. Bare decoders check nothing; `voe` checks that a file is whole and sound.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args

import av
import numpy as np

from voe.clips import Source
from voe.errors import VideoError
from voe.video import Backend, backend_version, decode, write_lossless

SIZES = {"128 px lossless": (128, 128), "256 px": (256, 256), "720p": (720, 1280)}


def scene(height: int, width: int, n_frames: int) -> Iterator[np.ndarray]:
    """A textured ground across which ten squares move: uint8 [H, W, 3] frames."""
    rng = np.random.default_rng(0)
    ground = rng.integers(90, 140, (height, width, 3)).astype(np.uint8)
    side = height // 8
    starts, steps = rng.integers(0, height, (10, 2)), rng.integers(-4, 5, (10, 2))
    colours = rng.integers(0, 256, (10, 3), dtype=np.uint8)
    for number in range(n_frames):
        frame = ground.copy()
        for start, step, colour in zip(starts, steps, colours, strict=True):
            top, left = (start + number * step) % (height - side, width - side)
            frame[top : top + side, left : left + side] = colour
        yield frame


def write_h264(path: Path, frames: Iterator[np.ndarray], height: int, width: int) -> None:
    """H.264, 4:2:0, at x264's default quality."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.height, stream.width, stream.pix_fmt = height, width, "yuv420p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode(None))


def write_videos(folder: Path, n_frames: int) -> dict[str, Path]:
    """The three videos, by the name of their size."""
    paths = {}
    for name, (height, width) in SIZES.items():
        paths[name] = folder / f"{height}.mp4"
        if "lossless" in name:
            write_lossless(paths[name], np.stack(list(scene(height, width, n_frames))), 25)
        else:
            write_h264(paths[name], scene(height, width, n_frames), height, width)
    return paths


def bare_pyav(path: Path) -> int:
    """Every frame to RGB, as PyAV's own examples do it."""
    with av.open(str(path)) as container:
        return len([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


def bare_decord(path: Path) -> int:
    """Every frame to RGB in one batch."""
    import decord

    reader = decord.VideoReader(str(path))
    return len(reader.get_batch(range(len(reader))).asnumpy())


def through_voe(backend: Backend) -> Callable[[Path], int]:
    """Every frame through `decode`."""
    return lambda path: len(decode(Source(path), itertools.count(), backend).frames)


def frames_a_second(decode_all: Callable[[Path], int], path: Path, repeats: int) -> float:
    """The best of some repeats."""
    best = 0.0
    for _ in range(repeats):
        started = time.perf_counter()
        n_frames = decode_all(path)
        best = max(best, n_frames / (time.perf_counter() - started))
    return best


def main() -> int:
    """Print a table: decoder, size, frames a second."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    ways: dict[str, Callable[[Path], int]] = {"bare pyav": bare_pyav}
    for backend in get_args(Backend):
        try:
            print(backend_version(backend))
        except VideoError as error:
            print(error)
            continue
        ways[f"voe, {backend}"] = through_voe(backend)
        if backend == "decord":
            ways["bare decord"] = bare_decord
    print(f"\n{'decoder':16s}" + "".join(f"{name:>18s}" for name in SIZES) + "   (frames/s)")
    with tempfile.TemporaryDirectory() as folder:
        paths = write_videos(Path(folder), options.frames)
        for name, way in ways.items():
            speeds = [frames_a_second(way, path, options.repeats) for path in paths.values()]
            print(f"{name:16s}" + "".join(f"{speed:18,.0f}" for speed in speeds), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
