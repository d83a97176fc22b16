"""The comparisons of a run as a page shows them: curves, pictures, the answer, the clearest first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from voe.adapters.base import Predictor
from voe.clips import Pair, Quadruplet
from voe.contrasts import SCORED, Curves
from voe.inference import primary_comparisons
from voe.report.page.maps import heat_strips, token_maps
from voe.report.page.pictures import Pictures, data_address, pictures_of
from voe.results import Run
from voe.stats import predicted_time
from voe.windows import window_starts

_KINDS: Final = {1.0: "right", 0.0: "wrong", 0.5: "tie"}


def comparisons(
    run: Run,
    most: int,
    *,
    maps: int = 0,
    model: Predictor | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[list[dict[str, Any]], list[str]]:
    """The clearest successes and failures in turn, at most `most`, and what could not be pictured.

    Clear means a contrast that is large beside the surprise of its clips. Each is plain data: id, concept,
    conditions, answer ('right', 'wrong', 'tie' or why there is none), contrast, clips (label, curve,
    pictures). The first `maps` have heat maps too, for which `model` is asked again.
    """
    table = primary_comparisons(run)
    table = table.assign(clear=(table["contrast"] / table["mean_surprise"]).where(table["status"] == SCORED))
    order = _in_turn(table)
    chosen = table.iloc[order[:most]]
    designs = {_name(design): design for design in run.stimuli.quadruplets or run.stimuli.pairs}
    curves = run.curves if run.has_windows else None
    varied = _varied(list(designs.values()))
    found, missing = [], []
    for done, row in enumerate(chosen.to_dict("records"), 1):
        design = designs[str(row["comparison"])]
        pictures, failed = pictures_of([run.stimuli.clip(clip) for clip in design.clips])
        missing += [f"{name}: {reason}" for name, reason in failed.items()]
        heats = heat_strips(token_maps(model, run, design)) if model is not None and done <= maps else {}
        found.append(
            {
                "id": row["comparison"], "concept": ", ".join(design.concepts),
                "conditions": {k: v for k, v in design.conditions.items() if v and k in varied},
                "answer": _KINDS.get(row["score"], row["status"]),
                "contrast": _number(row["contrast"]), "clear": _number(row["clear"]),
                "spans": _spans(design),
                "clips": [
                    {
                        "id": clip, "role": role, "heat": data_address("image/webp", heats.get(clip)),
                        **_clip(run, curves, clip), **_shown(pictures.get(clip)),
                    }
                    for clip, role in zip(design.clips, _roles(design), strict=True)
                ],
            }
        )  # fmt: skip
        if progress is not None:
            progress(done, len(chosen))
    return found, missing


def _in_turn(table: pd.DataFrame) -> list[int]:
    """Rows by how clear they are, a success and a failure in turn, those without an answer last."""
    clear = table["clear"].to_numpy(dtype=np.float64)
    right = [i for i in np.argsort(-clear, kind="stable").tolist() if clear[i] > 0]
    wrong = [i for i in np.argsort(clear, kind="stable").tolist() if clear[i] < 0]
    turn: list[int] = []
    for k in range(max(len(right), len(wrong))):
        turn += [*right[k : k + 1], *wrong[k : k + 1]]
    return [*turn, *(i for i in range(len(table)) if i not in set(turn))]


def _name(design: Quadruplet | Pair) -> str:
    return design.id if isinstance(design, Quadruplet) else " | ".join(design.clips)


def _roles(design: Quadruplet | Pair) -> Sequence[str]:
    if isinstance(design, Quadruplet):
        return (
            "context A, outcome A",
            "context A, outcome B",
            "context B, outcome A",
            "context B, outcome B",
        )
    return ("", "")


def _spans(design: Quadruplet | Pair) -> list[int | None]:
    if isinstance(design, Quadruplet):
        return [design.context_ends, design.outcome_starts]
    return [None, None]


def _varied(designs: Sequence[Quadruplet | Pair]) -> set[str]:
    """Conditions that differ within the set, without those that say how it was made."""
    levels: dict[str, set[str]] = {}
    for design in designs:
        for key, value in design.conditions.items():
            levels.setdefault(key, set()).add(value)
    return {key for key, found in levels.items() if len(found) > 1} - {"draw", "generator", "seed"}


def _clip(run: Run, curves: Curves | None, clip: str) -> dict[str, Any]:
    source = run.stimuli.clip(clip)
    times, surprise = ([], []) if curves is None else _curve(run, curves, clip)
    return {
        "label": source.label.value if source.label is not None else "no label",
        "violation": source.violation_frame, "times": times, "surprise": surprise,
    }  # fmt: skip


def _shown(pictures: Pictures | None) -> dict[str, Any]:
    if pictures is None:
        return {}
    return {
        "video": pictures.video, "strip": pictures.strip, "width": pictures.width,
        "height": pictures.height, "numbers": list(pictures.numbers), "duration": pictures.duration_s,
    }  # fmt: skip


def _curve(run: Run, curves: Curves, clip: str) -> tuple[list[float], list[float]]:
    """Predicted time (frames of the clip) and surprise of each window at the primary setting."""
    stream, context = run.primary_setting
    if clip not in curves.numbers or context is None:
        return [], []
    numbers, protocol = curves.numbers[clip], run.protocol
    starts = window_starts(len(numbers), protocol.window, protocol.stride)
    times = predicted_time(numbers[starts[:, None] + np.arange(protocol.window)], context)
    return [round(t, 2) for t in times.tolist()], [
        float(f"{s:.5g}") for s in curves.of(clip, stream, context).tolist()
    ]


def _number(value: object) -> float | None:
    number = float(str(value))
    return number if np.isfinite(number) else None
