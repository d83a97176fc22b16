"""Run by test_mllm.py, in a process that sees torchvision: Qwen2-VL and SmolVLM, from disk to a run."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import torch


def main(torchvision: str, out: Path) -> None:
    sys.path.insert(0, torchvision)
    # Its own operators were built for another torch; the processors use none of them.
    schemas = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        schemas.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    from tests.adapters import tiny_mllm as tiny
    from voe.adapters.conformance import failures
    from voe.adapters.judge_conformance import check_judge
    from voe.adapters.load import load_any
    from voe.cli.main import cli
    from voe.loaders.load import load_stimuli
    from voe.miniature.work import first_scenes
    from voe.results import Run

    few = first_scenes(load_stimuli("builtin"), 1).quadruplets[0]
    rows = (load_stimuli("builtin").root / "manifest.csv").read_text().splitlines()
    kept = [rows[0], *(row for row in rows if f"{few.scene}-" in row)]
    videos = load_stimuli("builtin").root
    manifest = out / "one.csv"
    manifest.write_text("\n".join(row.replace("videos/", f"{videos}/videos/") for row in kept))
    for name in ("qwen", "smolvlm"):
        folder = getattr(tiny, f"save_{name}")(out / name)
        judge = load_any(f"mllm:{folder}", device="cpu")
        assert judge.layout == "video", judge.layout  # type: ignore[union-attr]
        assert not failures(check_judge(judge)), check_judge(judge)  # type: ignore[arg-type]
        answers = list(judge.ask([tiny.rate(0), tiny.rate(1), tiny.choose(0, 1), tiny.choose(1, 0)]))  # type: ignore[union-attr]
        assert all(a.status == "answered" and a.probabilities for a in answers), answers
        assert answers[0].probabilities != answers[1].probabilities
        unequal = replace(tiny.choose(0, 1), clips=(tiny.clip(0, n_frames=4), tiny.clip(1, n_frames=6)))
        print(name, "clips of unequal length:", next(judge.ask([unequal])).status)  # type: ignore[union-attr]
        run = out / f"run-{name}"
        cli(
            ["score", "--model", f"mllm:{folder}", "--stimuli", str(manifest), "--frames", "4", "--size",
             "56", "--out", str(run), "--quiet", "--device", "cpu"],
            standalone_mode=False,
        )  # fmt: skip
        found = Run.open(run).quadruplets()
        assert set(found["status"]) == {"scored"}, found
        print(name, "whole run", len(found))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
