"""Raw surprises of the published evaluation -> run folders.

The download of Garrido et al. (2025) has one folder a model, with `performance.csv` (one row a block and
context, `;` between cells) and `raw_surprises/` with PyTorch files: surprise [rows, contexts, windows] and
labels (1 possible) of each block, two rows a pair in either order. All of it is kept; the run then goes
through the same statistics as any other, and `--protocol reference` gives back `performance.csv`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from voe.clips import Clip, Label, Pair, Segment, Source, StimulusSet
from voe.errors import VoeError
from voe.lock import make_lock
from voe.protocols import Protocol
from voe.results import Run
from voe.runs import CLIP_TYPES, ROW_TYPES, RunFolder
from voe.stats import reference_table
from voe.stats.reference_tables import FILTERED

PERFORMANCE: Final = "performance.csv"
RAW: Final = "raw_surprises"
STREAM: Final = "surprise"
_BLOCK, _CONTEXT, _SKIP = "Block", "Context length(s)", "Frame skip"
_SURPRISE_KEYS = ("losses", "surprises", "surprise", "loss")
_LABEL_KEYS = ("labels", "label", "targets")
_INTPHYS_BLOCKS = re.compile(r"O[1-3]\b", re.IGNORECASE)
_TOLERANCE: Final = 1e-4
"""Percent points by which five printed decimals may differ."""

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Published:
    """One model's folder: block -> surprise float32 [rows, contexts, windows] (NaN where a clip has ended)
    and block -> 'possible' [rows]; the contexts and frame step of `performance.csv`, and that table.
    """

    name: str
    surprise: Mapping[str, Floats]
    possible: Mapping[str, npt.NDArray[np.bool_]]
    contexts: tuple[int, ...]
    frame_step: int
    performance: pd.DataFrame


def model_folders(folder: Path) -> list[Path]:
    """The folders in it, itself included, that hold a model's results.

    Raises:
        VoeError: there is none.
    """
    found = sorted({path.parent for path in folder.rglob(PERFORMANCE) if (path.parent / RAW).is_dir()})
    if not found:
        raise VoeError(
            f"importing {folder}: no folder in it holds both {PERFORMANCE} and {RAW}/; name the folder that "
            "the download unpacks to"
        )
    return found


def read_published(folder: Path) -> Published:
    """One model's raw surprises; nothing is unpickled but tensors and plain containers.

    Raises:
        VoeError: a file that is missing or damaged or holds something else, or blocks that do not fit.
    """
    performance = _performance(folder / PERFORMANCE)
    blocks = list(dict.fromkeys(performance[_BLOCK].astype(str)))
    contexts = tuple(
        int(text) for text in dict.fromkeys(performance[_CONTEXT].astype(str)) if text != FILTERED
    )
    files = sorted((folder / RAW).glob("*.pth"))
    surprise, possible = {}, {}
    for block in blocks:
        path = _file_of(block, files, folder)
        surprise[block], possible[block] = _raw(path, len(contexts))
    step = int(performance[_SKIP].iloc[0])
    return Published(folder.name, surprise, possible, contexts, step, performance)


def mismatches(published: Published) -> list[str]:
    """Cells of `performance.csv` that the reference's arithmetic on the raw surprises does not give back."""
    import warnings

    full = {block: np.nan_to_num(values, nan=0.0) for block, values in published.surprise.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours = reference_table(full, published.possible, published.contexts, published.frame_step)
    computed = {(str(row[_BLOCK]), str(row[_CONTEXT])): row for row in ours.to_dict("records")}
    found = []
    for row in published.performance.to_dict("records"):
        key = (str(row[_BLOCK]), str(row[_CONTEXT]))
        if key not in computed:
            found.append(f"{', '.join(key)}: no such block and context among the raw surprises")
            continue
        for column in sorted(set(row) & set(computed[key]) - {_BLOCK, _CONTEXT, _SKIP}, key=str):
            stated, here = float(row[column]), float(computed[key][column])
            if abs(stated - here) > _TOLERANCE:
                found.append(f"{', '.join(key)}, {column}: {stated:.5f} stated, {here:.5f} computed")
    return found


def import_model(
    folder: Path, out: Path, *, window: int = 16, stride: int = 2, command: Sequence[str] = ()
) -> Run:
    """One model's folder -> a run folder.

    Args:
        folder: with `performance.csv` and `raw_surprises/`.
        out: the run folder.
        window, stride: in sampled frames, as the evaluation of that data set had them (windows of 16; 32 for
            InfLevel); they place windows in time and change no surprise.
        command: the command line, for the record.

    Raises:
        VoeError: see `read_published`; or `out` holds another run.
    """
    published = read_published(folder)
    protocol = Protocol(
        frame_step=published.frame_step or 1, window=window, stride=stride, contexts=published.contexts,
        primary_context=published.contexts[0],
    )  # fmt: skip
    stimuli = _stimuli(published, folder)
    lock = make_lock(_spec(published, protocol), stimuli, protocol)
    lock["imported"] = {"from": PERFORMANCE, "window_and_stride": "as given, not stated in the files"}
    record = {
        "model": {**lock["model"], "details": {"imported_from": str(folder)}},
        "stimuli": {"name": stimuli.name, "clips": len(stimuli.clips)},
        "engine": {"decoder": "none: imported", "batch_size": 0},
        "rebatch_difference": 0.0,
        "versions": {},
        "command": list(command),
        "started": "",
    }
    with RunFolder.made(out).held():
        run_folder = RunFolder.create(out, lock, record, stimuli)
        if not len(run_folder.clips()):
            run_folder.append("part-00000", *_tables(published, stimuli, protocol))
        run_folder.write_failures(())
        run = Run(run_folder)
        run.write_summary()
    return run


def _performance(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise VoeError(f"importing {path.parent}: there is no {PERFORMANCE}")
    with path.open(encoding="utf-8", newline="") as file:
        separator = csv.Sniffer().sniff(file.readline(), delimiters=";,").delimiter
    table = pd.read_csv(path, sep=separator)
    if missing := [name for name in (_BLOCK, _CONTEXT, _SKIP) if name not in table]:
        raise VoeError(
            f"{path}: the column(s) {', '.join(missing)} are missing; it has {', '.join(map(str, table))}"
        )
    return table


def _file_of(block: str, files: Sequence[Path], folder: Path) -> Path:
    """The file whose name holds the block's, as a word of its own."""
    wanted = re.compile(rf"(?<![A-Za-z0-9]){re.escape(block)}(?![A-Za-z0-9])", re.IGNORECASE)
    fitting = [path for path in files if wanted.search(path.stem)]
    if len(fitting) != 1:
        names = ", ".join(path.name for path in (fitting or files)) or "nothing"
        raise VoeError(
            f"importing {folder}: block {block!r} of {PERFORMANCE} needs one file in {RAW}/ with that name "
            f"in its own; there is {names}"
        )
    return fitting[0]


def _raw(path: Path, contexts: int) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Surprise [rows, contexts, windows] and 'possible' [rows] of one file."""
    import pickle

    import torch

    try:
        content: Any = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise VoeError(
            f"{path}: it cannot be read as tensors alone ({' '.join(str(error).split())[:300]}); files that "
            "need more are never opened"
        ) from error
    surprise, labels = _parts(content, path)
    values = np.asarray(surprise, dtype=np.float32)
    if values.ndim == 2 and contexts == 1:
        values = values[:, None]
    possible = np.asarray(labels).reshape(-1)
    if values.ndim != 3 or values.shape[1] != contexts or len(possible) != len(values) or len(values) % 2:
        raise VoeError(
            f"{path}: surprise of shape {values.shape} and {len(possible)} labels; wanted are [rows, "
            f"{contexts} contexts, windows] with an even number of rows, and a label each"
        )
    if not np.isin(possible, (0, 1)).all() or (possible.reshape(-1, 2).sum(axis=1) != 1).any():
        raise VoeError(f"{path}: rows 2i and 2i + 1 must be one possible (1) and one impossible clip (0)")
    return _without_padding(values), possible.astype(np.bool_)


def _parts(content: Any, path: Path) -> tuple[Any, Any]:
    if isinstance(content, Mapping):
        surprise = next((content[key] for key in _SURPRISE_KEYS if key in content), None)
        labels = next((content[key] for key in _LABEL_KEYS if key in content), None)
        if surprise is not None and labels is not None:
            return surprise, labels
        raise VoeError(
            f"{path}: it holds {', '.join(map(str, content))}; wanted are {_SURPRISE_KEYS[0]!r} and "
            f"{_LABEL_KEYS[0]!r}"
        )
    if isinstance(content, (tuple, list)) and len(content) == 2:
        return content[0], content[1]
    raise VoeError(f"{path}: it holds a {type(content).__name__}; wanted are surprise and labels")


def _without_padding(values: Floats) -> Floats:
    """NaN in place of the zeros that fill up shorter clips: windows that are zero at every context."""
    filled = values.copy()
    for row in filled:
        empty = (row == 0).all(axis=0)
        used = np.flatnonzero(~empty)
        row[:, (used[-1] + 1 if len(used) else 0) :] = np.nan
    return filled


def _spec(published: Published, protocol: Protocol) -> Any:
    from voe.adapters.base import PredictorSpec

    return PredictorSpec(
        name=published.name, family="latent", size=(1, 1), streams=(STREAM,), protocol=protocol,
        context_multiple=1, window_multiple=1, min_window=2, trained="random" not in published.name.lower(),
        details={},
    )  # fmt: skip


def _stimuli(published: Published, folder: Path) -> StimulusSet:
    """Pairs of clips that are not here: rows 2i and 2i + 1; two pairs a scene in the blocks of IntPhys."""
    clips, pairs = [], []
    for block, possible in published.possible.items():
        per_scene = 4 if _INTPHYS_BLOCKS.fullmatch(block) and len(possible) % 4 == 0 else 2
        for row, is_possible in enumerate(possible.tolist()):
            scene = f"{block}-{row // per_scene:04d}"
            label = Label.POSSIBLE if is_possible else Label.IMPOSSIBLE
            source = Source(folder / RAW / f"{block}.pth", part=str(row))
            clips.append(Clip(f"{block}-{row:05d}", scene, label, (Segment(source),)))
            if row % 2:
                two = {clip.label: clip.id for clip in clips[-2:]}
                pairs.append(Pair(two[Label.POSSIBLE], two[Label.IMPOSSIBLE], scene, concepts=(block,)))
    return StimulusSet(
        name=f"raw surprises of {folder.parent.name or 'a download'}", clips=tuple(clips), pairs=tuple(pairs),
        align="end", root=folder,
    )  # fmt: skip


def _tables(
    published: Published, stimuli: StimulusSet, protocol: Protocol
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The clips and the surprise rows of the run."""
    clips, rows = [], []
    by_block = {block: iter(values) for block, values in published.surprise.items()}
    step = protocol.frame_step or 1
    for clip in stimuli.clips:
        block = clip.id.rpartition("-")[0]
        values = next(by_block[block])
        windows = int((~np.isnan(values[0])).sum())
        sampled = (windows - 1) * protocol.stride + protocol.window
        clips.append(
            {"clip": clip.id, "scene": clip.scene, "n_frames": sampled * step, "n_sampled": sampled,
             "fps": float("nan"), "height": 0, "width": 0, "decode": "imported",
             "numbers": np.arange(0, sampled * step, step, dtype=np.int32)}
        )  # fmt: skip
        starts = np.arange(windows) * protocol.stride * step
        for context, curve in zip(protocol.contexts, values, strict=True):
            rows.append(
                pd.DataFrame(
                    {"clip": clip.id, "window_start": starts, "context": context, "stream": STREAM,
                     "surprise": curve[:windows]}
                )
            )  # fmt: skip
    return (
        pd.DataFrame(clips, columns=list(CLIP_TYPES)).astype(CLIP_TYPES),
        pd.concat(rows, ignore_index=True).astype(ROW_TYPES),
    )
