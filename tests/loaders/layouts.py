"""The layouts of public benchmarks in miniature, as real videos and pictures of even grey."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tests.conftest import grey, write_images
from tests.video.tfrecords import example, tensor_proto, write_records
from voe.video import write_lossless

CALM, JUMP = [20] * 6 + [20] * 6, [20] * 6 + [200] * 6
"""A baseline that expects the last frame to stay is surprised by the jump."""


def video(path: Path, levels: Sequence[int], fps: int = 12, size: int = 16) -> Path:
    """A small mp4 of even grey frames."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_lossless(path, grey(levels, size), fps)
    return path


def intphys(root: Path, scenes: int = 2, frames: int = 100, part: str = "dev") -> Path:
    """IntPhys 2019. Possible clips stay dark or bright; impossible ones swap: the same frames in all."""
    for block in ("O1", "O2", "O3"):
        for scene in range(1, scenes + 1):
            name = f"{scene:02d}" if part == "dev" else f"{scene:04d}"
            half, dark, bright = frames // 2, 10 * scene, 200 + scene
            levels = {
                "1": [dark] * frames, "2": [dark] * half + [bright] * half,
                "3": [bright] * frames, "4": [bright] * half + [dark] * half,
            }  # fmt: skip
            for clip, values in levels.items():
                folder = root / part / block / name / clip
                write_images(folder / "scene", values)
                for old in sorted((folder / "scene").iterdir()):
                    old.rename(folder / "scene" / f"scene_{int(old.stem) + 1:03d}.png")
                if part == "dev":
                    status = {"header": {"is_possible": clip in "13"}}
                    (folder / "status.json").write_text(json.dumps(status))
    return root


def intphys2(root: Path, split: str = "Main", scenes: int = 2, old: bool = False) -> Path:
    """IntPhys 2, published layout or the older one."""
    folder, rows = root / split, []
    column = "filename" if old else "file_name"
    for scene in range(scenes):
        for prefix in "12":
            for word, levels in (("Possible", CALM), ("Impossible", JUMP)):
                name = f"{scene:01d}{prefix}{word[0].lower()}".encode().hex().ljust(64, "0")
                values = [level + scene for level in levels]
                if old:
                    write_images(folder / "Images" / name, values)
                else:
                    video(folder / "Videos" / f"{name}.mp4", values)
                row = {
                    "SceneIndex": scene, "name": name, column: name if old else f"Videos/{name}.mp4",
                    "condition": ["permanence", "immutability_texture"][scene % 2],
                    "type": f"{prefix}_{word}", "Difficulty": "Easy", "Camera": "Fixed",
                }  # fmt: skip
                if split == "HeldOut":
                    row = {"name": name, column: row[column]}
                rows.append(row)
    with (folder / ("labels.csv" if old else "metadata.csv")).open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return root


def grasp(root: Path, tests: Sequence[str] = ("Gravity", "Inertia2"), clips: int = 2) -> Path:
    """GRASP level 2."""
    for test in tests:
        for n in range(clips):
            video(root / "level2" / f"P_{test}" / f"{n:03d}.mp4", [v + n for v in CALM])
            video(root / "level2" / f"IP_{test}" / f"{n:03d}.mp4", [v + n for v in JUMP])
    return root


def inflevel(root: Path, *, tables: bool = True, extra: int = 0) -> Path:
    """InfLevel-lab, one set-up a block, two cameras; impossible clips start `extra` frames earlier."""
    kinds = {
        "continuity": {"vv": CALM, "ii": CALM, "vi": JUMP, "iv": JUMP},
        "gravity": {"ui": CALM, "cv": CALM, "uv": JUMP, "ci": JUMP},
        "solidity": {"ui": CALM, "cv": CALM, "uv": JUMP, "ci": JUMP},
    }
    for block, clips in kinds.items():
        rows = []
        for camera in ("left", "center"):
            for kind, levels in clips.items():
                end = "__LR" if block == "continuity" else ""
                name = f"{camera}__box__lid__toy_duck__{kind}{end}.mp4"
                more = extra if kind in ("vi", "iv", "uv", "ci") else 0
                video(root / block / name, [90] * (4 + more) + levels)
            for real, magic in (("vv", "vi"), ("ii", "iv"), ("ui", "uv"), ("cv", "ci")):
                if real in clips:
                    names = [f"{block}/{camera}__box__lid__toy_duck__{k}{end}.mp4" for k in (real, magic)]
                    rows.append({"vid1_path": names[0], "vid1_end_priming_2": 3,
                                 "vid2_path": names[1], "vid2_end_priming_2": 3})  # fmt: skip
        if tables:
            with (root / f"{block}.csv").open("w", newline="") as file:
                writer = csv.DictWriter(file, list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)
    return root


def likephys(root: Path, subgroups: int = 2) -> Path:
    """LikePhys: two scenarios, one valid clip and two violations a subgroup."""
    for scenario in ("ball_drop", "river"):
        for group in range(subgroups):
            folder = root / "data" / f"{scenario}_videos" / f"subgroup_{group:03d}"
            video(folder / "valid_00.mp4", [v + group for v in CALM])
            video(folder / "teleport_00.mp4", [v + group for v in JUMP])
            video(folder / "color_change_00.mp4", [v + 2 * group for v in CALM[:6]] + [60] * 6)
    return root


def physical_concepts(root: Path, records: int = 250) -> Path:
    """Physical Concepts: two files of one concept, the first record right and the others empty of events."""
    dark, bright, half = grey([20] * 15, 64), grey([200] * 15, 64), 7
    possible = np.stack([dark, bright]).tobytes()
    impossible = np.stack([[*dark[:half], *bright[half:]], [*bright[:half], *dark[half:]]]).tobytes()
    record = example({"possible_image": [possible], "impossible_image": [impossible]})
    for shard in range(2):
        path = root / "probes" / "solidity" / f"data.tfrecord-{shard:05d}-of-00002"
        write_records(path, [record] * records)
    return root


def xvoe(root: Path, items: int = 2) -> Path:
    """X-VoE: one scenario of six parts, one of four."""
    calm, jump = [20] * 15, [20] * 7 + [200] * 8
    for scenario, parts in (("blocking", 6), ("permanence", 4)):
        for part in range(parts):
            levels = jump if part in (1, 5) else calm
            clips = [grey([level + item for level in levels], 16) for item in range(items)]
            path = root / "test" / scenario / f"eval-part-{part:03d}.tfrecord"
            write_records(path, [example({"raw_image": [tensor_proto(clip)]}) for clip in clips])
    return root


def adept(root: Path) -> Path:
    """ADEPT: two violations of one shape, with one control and with three."""
    for name, levels in {
        "human_delay_cube_1": JUMP, "human_delay_cube_0": CALM, "human_disappear_cube_2": JUMP,
        "human_disappear_cube_0": CALM, "human_disappear_cube_3": CALM, "human_disappear_cube_4": CALM,
    }.items():  # fmt: skip
        video(root / f"{name}.mp4", levels)
    return root


def mvp(root: Path, pairs: int = 6) -> Path:
    """Minimal Video Pairs: two videos a pair, one question, opposite answers."""
    rows = []
    for pair in range(pairs):
        for which, levels, answer in (("a", CALM, "stays"), ("b", JUMP, "changes")):
            video(root / "videos" / f"intphys/{pair}_{which}.mp4", [level + pair for level in levels])
            rows.append({"video_id": f"intphys_{pair}_{which}", "video_path": f"intphys/{pair}_{which}.mp4",
                         "question": "What does the light do?", "candidates": str(["stays", "changes"]),
                         "answer": answer})  # fmt: skip
    (root / "mini.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return root


def implausibench(root: Path, pairs: int = 2) -> Path:
    """ImplausiBench, as its card supposes it to be."""
    rows = []
    for pair in range(pairs):
        for kind, levels in (("real", CALM), ("implausible", JUMP)):
            video(root / "ImplausiBench" / f"{pair}_{kind}.mp4", [level + pair for level in levels])
            rows.append({"video": f"{pair}_{kind}.mp4", "type": kind, "question": "?"})
    (root / "ImplausiBench-MCQA.json").write_text(json.dumps(rows))
    return root


def pictures(folder: Path) -> np.ndarray:
    """Mean level of each picture of a folder, in order."""
    from PIL import Image

    return np.array([np.asarray(Image.open(path)).mean() for path in sorted(folder.iterdir())])
