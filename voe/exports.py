"""Submission files of the benchmarks whose labels are kept back, validated before they are written."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from voe.clips import Clip
from voe.errors import RunError, did_you_mean
from voe.own_metrics import clip_surprises
from voe.results import Run
from voe.words import counted


def export(run: Run, benchmark: str, out: Path) -> str:
    """Write the submission of a finished run.

    Args:
        benchmark: 'intphys' (a zip with answer.txt), 'intphys2' (jsonl) or 'inflevel' (tab-separated table).
        out: the file to write; it must not be there yet.

    Returns:
        One line on what was written and how scores were made.

    Raises:
        RunError: an unknown benchmark, a run of another one, clips that were not scored, a file in the way.
    """
    if benchmark not in _WRITERS:
        raise RunError(
            f"exporting {run.path}: there is no submission for {benchmark!r}."
            f"{did_you_mean(benchmark, _WRITERS)} Known: {', '.join(_WRITERS)}"
        )
    if out.exists():
        raise RunError(f"exporting {run.path}: {out} is there already; choose another file")
    scores = _plausibility(run)
    data, said = _WRITERS[benchmark](run, scores)
    partial = out.with_name(f".{out.name}.partial")
    partial.write_bytes(data)
    partial.replace(out)
    return said


def _plausibility(run: Run) -> dict[str, float]:
    """Minus the mean surprise of every clip; all of them must have been scored."""
    surprises = clip_surprises(run.curves, run.lock["measure"]["stream"])
    missing = [clip.id for clip in run.stimuli.clips if clip.id not in surprises]
    if missing:
        raise RunError(
            f"exporting {run.path}: {counted(len(missing), 'clip')} without a score, the first "
            f"{missing[0]!r}; a submission needs all. Finish the run, or repair what failed (failures.jsonl)"
        )
    return {clip: -surprise for clip, surprise in surprises.items()}


def _tagged(run: Run, tag: str, benchmark: str) -> list[Clip]:
    """The clips of the run, which must all carry a tag of the benchmark's loader."""
    if any(tag not in clip.tags for clip in run.stimuli.clips):
        raise RunError(f"exporting {run.path}: {run.stimuli.name!r} is not a set of {benchmark}")
    return list(run.stimuli.clips)


def _intphys(run: Run, scores: Mapping[str, float]) -> tuple[bytes, str]:
    """answer.txt in a zip: the strings of task.txt, and a plausibility in [0, 1]."""
    clips = _tagged(run, "task", "IntPhys 2019")
    values = np.array([scores[clip.id] for clip in clips])
    low, high = float(values.min()), float(values.max())
    scaled = np.full(len(values), 0.5) if high == low else (values - low) / (high - low)
    tasks = [clip.tags["task"] for clip in clips]
    if len(set(tasks)) != len(tasks):
        raise RunError(
            f"exporting {run.path}: two clips have the same task string; load them from their task.txt"
        )
    text = "".join(f"{task} {value:.9f}\n" for task, value in zip(tasks, scaled, strict=True))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(zipfile.ZipInfo("answer.txt", (1980, 1, 1, 0, 0, 0)), text)
    said = "plausibility is 1 - surprise, rescaled to [0, 1] over all clips"
    return buffer.getvalue(), f"answer.txt with {len(tasks)} lines; {said}"


def _intphys2(run: Run, scores: Mapping[str, float]) -> tuple[bytes, str]:
    """One JSON object a clip; model_answer is 1 for the more plausible half."""
    clips = _tagged(run, "name", "IntPhys 2")
    for clip in clips:
        name = clip.tags["name"]
        if len(name) != 64 or any(c not in "0123456789abcdef" for c in name):
            raise RunError(f"exporting {run.path}: row_id {name!r} is not 64 hexadecimal digits")
    middle = float(np.median([scores[clip.id] for clip in clips]))
    lines = [
        json.dumps(
            {
                "data_name": "intphys2",
                "task": "HeldOut",
                "row_id": clip.tags["name"],
                "model_answer": int(scores[clip.id] > middle),
            }
        )
        for clip in clips
    ]
    said = "model_answer is 1 (possible) for clips that surprise less than the median clip, else 0"
    return ("\n".join(lines) + "\n").encode(), f"{counted(len(lines), 'line')}; {said}"


def _inflevel(run: Run, scores: Mapping[str, float]) -> tuple[bytes, str]:
    """The table of the official evaluator: camera_loc, cover, obj, trial_type, dir, score (large: likely)."""
    clips = _tagged(run, "trial_type", "InfLevel")
    lines = ["\t".join(("camera_loc", "cover", "obj", "trial_type", "dir", "score"))]
    for clip in clips:
        cells = [clip.tags[name] for name in ("camera", "cover", "obj", "trial_type", "dir")]
        lines.append("\t".join([*cells, f"{scores[clip.id]:.9g}"]))
    said = f"{counted(len(clips), 'row')}; the score is minus the mean surprise"
    return ("\n".join(lines) + "\n").encode(), said


_WRITERS: dict[str, Callable[[Run, Mapping[str, float]], tuple[bytes, str]]] = {
    "intphys": _intphys,
    "intphys2": _intphys2,
    "inflevel": _inflevel,
}
