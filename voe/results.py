"""A run, read: its rows, its comparisons, its table."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from voe.clips import EVERYTHING, Match, Pair, Quadruplet, StimulusSet
from voe.contrasts import FAILED, NOT_TESTABLE, Curves, pair_contrasts, quadruplet_contrasts
from voe.errors import RunError, did_you_mean
from voe.lock import ALPHA, MARGIN_OVERALL, MARGIN_PER_CONCEPT, digest
from voe.own_metrics import OwnMetric, own_metrics
from voe.protocols import Protocol
from voe.runs import Failure, RunFolder
from voe.stats.accuracy import accuracy_of, verdict_of
from voe.stats.families import adjust_family
from voe.stats.health import LatentHealth, health_of_sample

ALL = EVERYTHING
QUADRUPLETS, PAIRS = "quadruplets", "pairs"

_ACCURACY_COLUMNS = (
    "estimate", "low", "high", "confidence", "n", "n_scenes", "effective_n", "icc", "ties", "tie_share",
    "p_value", "p_mid", "p_below", "p_equivalent", "margin", "method", "verdict", "reason",
)  # fmt: skip


class Run:
    """A run folder and what follows from it. Nothing is scored here.

    >>> run = Run.open(Path("runs/mine"))  # doctest: +SKIP
    >>> run.summary().query("primary")[["measure", "concept", "estimate", "low", "high"]]  # doctest: +SKIP
    """

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder

    @classmethod
    def open(cls, path: str | Path) -> Run:
        """The run in a folder.

        Raises:
            RunError: there is none, or it was cut off before its first part.
        """
        folder = RunFolder.open(Path(path))
        if cls is Run and "judge" in folder.lock:
            from voe.judging.results import JudgeRun

            return JudgeRun(folder)
        if cls is Run and "humans" in folder.lock:
            from voe.humans.results import HumanRun

            return HumanRun(folder)
        return cls(folder)

    @property
    def path(self) -> Path:
        """The run folder."""
        return self.folder.path

    @cached_property
    def lock(self) -> dict[str, Any]:
        """What was fixed before the first score (`protocol.lock`)."""
        return self.folder.lock

    @cached_property
    def record(self) -> dict[str, Any]:
        """What was run, on what, with what (`run.json`)."""
        return self.folder.record

    @cached_property
    def stimuli(self) -> StimulusSet:
        """The clips and comparisons of the run."""
        return self.folder.stimuli()

    @cached_property
    def protocol(self) -> Protocol:
        """Windows, contexts and sampling of the run."""
        return Protocol(**self.lock["protocol"])

    @property
    def has_windows(self) -> bool:
        """Whether clips were scored window by window; whole clips are judged by people, or in words."""
        return "window" in self.lock["protocol"]

    @property
    def primary_setting(self) -> tuple[str, int | None]:
        """Stream and context of the headline, fixed beforehand."""
        return self.lock["measure"]["stream"], self.protocol.primary_context

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Clips and comparisons that could not be scored, and why; in the order of the set, whatever order
        they were met in.
        """
        ranks = {scene: rank for rank, scene in enumerate(self.stimuli.scenes)}
        return tuple(sorted(self.folder.failures(), key=lambda f: (ranks[f.scene], f.kind, f.clip)))

    @property
    def unfinished(self) -> int:
        """Clips neither scored nor failed: more than 0 in a run that was cut off or still goes on."""
        failed = {f.clip for f in self.failures if f.kind == "clip"}
        known = failed | set(self.folder.clips()["clip"])
        return sum(clip.id not in known for clip in self.stimuli.clips)

    @property
    def whole(self) -> bool:
        """Whether nothing failed and nothing is left to do."""
        return not self.failures and not self.unfinished

    def require_finished(self) -> None:
        """Refuse to test a part of a run: looking before the end, and stopping when it suits, is no test.

        Raises:
            RunError: something is still to be scored or asked.
        """
        if self.unfinished:
            raise RunError(
                f"run {self.path}: it is unfinished ({self.unfinished} still to do), and a part of a run is "
                "not tested; give the same command again to finish it. `voe table` describes what is there"
            )

    def rows(self) -> pd.DataFrame:
        """Raw rows: clip, window_start (frame of the clip), context, stream, surprise (float32)."""
        return self.folder.rows()

    @cached_property
    def curves(self) -> Curves:
        """The surprise of each clip by stream, context and window.

        Raises:
            RunError: no clip was scored.
        """
        rows, clips = self.rows(), self.folder.clips()
        if rows.empty and not self.failures:
            raise RunError(f"run {self.path}: no clip was scored yet; run its `voe score` to the end")
        if rows.empty:
            raise RunError(
                f"run {self.path}: no clip was scored ({len(self.failures)} failures in failures.jsonl; "
                "the first says why)"
            )
        return Curves.from_tables(
            rows, clips, self.protocol, self.record["rebatch_difference"], self.stimuli.align
        )

    @cached_property
    def _quadruplets(self) -> pd.DataFrame:
        return quadruplet_contrasts(self.stimuli, self.curves)

    @cached_property
    def _pairs(self) -> pd.DataFrame:
        return pair_contrasts(self.stimuli, self.curves)

    @cached_property
    def health(self) -> dict[str, LatentHealth]:
        """State of each space in which surprise was measured (`voe.stats.health_of_sample`), by stream.

        Empty for baselines, which have no learned space, and for runs that took no sample.
        """
        sample = self.folder.latents()
        if sample is None:
            return {}
        return {
            str(stream): health_of_sample(
                np.stack(part["target"].to_list()), part["expected_norm"].to_numpy()
            )
            for stream, part in sample.groupby("stream", sort=False)
            if len(part) > 1
        }

    def quadruplets(self) -> pd.DataFrame:
        """One row a quadruplet, stream and context (`voe.contrasts.quadruplet_contrasts`)."""
        return self._quadruplets.copy()

    def pairs(self) -> pd.DataFrame:
        """One row a pair, stream and context (`voe.contrasts.pair_contrasts`)."""
        return self._pairs.copy()

    def summary(self) -> pd.DataFrame:
        """The table: one row a measure, concept, stream and context.

        Columns: measure ('quadruplets', 'outcome-matched', 'prefix-matched', 'pairs'), concept ('all' or a
        name), stream, context, primary (the headline setting, fixed beforehand), estimate (share right, a
        tie counting one half) with its interval, tests and verdict (`voe.stats.accuracy.Accuracy`), p_holm
        and p_below_holm (corrected over concepts; the verdict 'below' rests on the latter), failed,
        untestable.

        A test is given only for the headline measure at the primary setting. Other settings and measures
        are described by estimate and interval: whoever picks the best of them must pay for the choice.
        """
        return pd.DataFrame(self._summary_records())

    def _summary_records(self) -> list[dict[str, Any]]:
        records = []
        for measure, table in self._measures():
            settings = table[["stream", "context"]].drop_duplicates().itertuples(index=False)
            for stream, context in settings:
                chosen = table[(table["stream"] == stream) & (table["context"] == context)]
                primary = (stream, context) == self.primary_setting
                headline = primary and measure == self.lock["measure"]["headline"]
                block = [
                    {
                        "measure": measure, "concept": concept, "stream": stream, "context": int(context),
                        "primary": bool(primary), **_accuracy(part, concept, headline),
                    }
                    for concept, part in self._by_concept(chosen)
                ]  # fmt: skip
                records += _with_holm(block, headline)
        return records

    def _measures(self) -> Iterator[tuple[str, pd.DataFrame]]:
        if self.stimuli.quadruplets:
            yield QUADRUPLETS, self._quadruplets
        for match in Match:
            if len(self._pairs) and (self._pairs["match"] == match.value).any():
                name = PAIRS if match is Match.NONE else match.value
                yield name, self._pairs[self._pairs["match"] == match.value]

    def _by_concept(self, table: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
        concepts = [c for c in self.stimuli.concepts if table["concepts"].map(lambda cs, c=c: c in cs).any()]
        for concept in concepts:
            yield concept, table[table["concepts"].map(lambda cs, c=concept: c in cs)]
        yield ALL, table

    @property
    def scored_comparisons(self) -> int:
        """How many comparisons of the headline measure were scored at the primary setting."""
        table = self.summary()
        overall = table["primary"] & (table["concept"] == ALL)
        return int(table.loc[overall & (table["measure"] == self.lock["measure"]["headline"]), "n"].iloc[0])

    def by_condition(self, condition: str) -> pd.DataFrame:
        """The headline measure at the primary setting by the levels of a condition, one row a level.

        Columns as in `summary`, with `condition` and `level` in place of concept. Described, not tested: the
        levels were not announced beforehand. Comparisons without a value of the condition are left out.

        Raises:
            RunError: no comparison has such a condition.
        """
        headline = self.lock["measure"]["headline"]
        table = self._quadruplets if headline == QUADRUPLETS else self._pairs
        stream, context = self.primary_setting
        designs: Sequence[Quadruplet | Pair] = self.stimuli.quadruplets or self.stimuli.pairs
        known = dict.fromkeys(name for design in designs for name in design.conditions)
        if condition not in known:
            raise RunError(
                f"run {self.path}: no comparison has a condition {condition!r}."
                f"{did_you_mean(condition, known)} Conditions: {', '.join(known) or 'none'}"
            )
        chosen = table[(table["stream"] == stream) & (table["context"] == context)]
        levels = chosen[condition].fillna("").astype(str)
        return pd.DataFrame(
            [
                {"condition": condition, "level": level, **_accuracy(chosen[levels == level], level, False)}
                for level in sorted(set(levels) - {""}, key=_natural)
            ]
        )

    def own_metrics(self) -> list[OwnMetric]:
        """The benchmark's own measures (`voe.own_metrics`); none before the run is finished."""
        if not self.stimuli.own_metrics or self.unfinished or not len(self.folder.clips()):
            return []
        return own_metrics(self.stimuli, self.curves, self.lock["measure"]["stream"])

    def clip_counts(self) -> dict[str, int]:
        """How many clips there are, were scored, and were read whole: all, scored, verified, unverified."""
        clips = self.folder.clips()
        decode = clips["decode"].value_counts()
        return {
            "all": len(self.stimuli.clips),
            "scored": clips["clip"].nunique(),
            "verified": int(decode.get("verified", 0)),
            "unverified": int(decode.get("unverified", 0)),
        }

    def summary_record(self) -> dict[str, Any]:
        """The content of `summary.json`: the table and what it rests on, the same bytes for the same rows."""
        clips = self.clip_counts()
        failures = [asdict(failure) for failure in self.failures]
        return {
            "lock": self.lock,
            "lock_digest": digest(self.lock),
            "rebatch_difference": self.record["rebatch_difference"],
            "decoder": self.record["engine"]["decoder"],
            "clips": clips,
            "failures": failures,
            **({"own_metrics": [asdict(one) for one in own]} if (own := self.own_metrics()) else {}),
            "health": {stream: _plain(asdict(state)) for stream, state in self.health.items()},
            "table": [_plain(record) for record in self._summary_records()] if clips["scored"] else [],
        }

    def write_summary(self) -> None:
        """Write `summary.json`."""
        self.folder.write_summary(self.summary_record())


def _natural(level: str) -> tuple[float, str]:
    """8 before 10, and numbers before words."""
    return (float(level), "") if level.replace(".", "", 1).isdecimal() else (math.inf, level)


def _accuracy(part: pd.DataFrame, concept: str, headline: bool) -> dict[str, Any]:
    """Accuracy over comparisons; tests and verdict only where they were announced beforehand."""
    margin = MARGIN_OVERALL if concept == ALL else MARGIN_PER_CONCEPT
    compared = part[part["status"] != FAILED]
    found = accuracy_of(
        compared["score"].to_numpy(), compared["scene"].to_numpy(dtype=str), margin=margin, alpha=ALPHA
    )
    values = {name: getattr(found, name) for name in _ACCURACY_COLUMNS}
    if not headline:
        silent = dict.fromkeys(("p_value", "p_mid", "p_below", "p_equivalent"), math.nan)
        values |= {**silent, "verdict": "none", "reason": "secondary: described, not tested"}
    counts = {
        "untestable": int((part["status"] == NOT_TESTABLE).sum()),
        "failed": int((part["status"] == FAILED).sum()),
    }
    return {**values, **counts}


def _with_holm(block: list[dict[str, Any]], headline: bool) -> list[dict[str, Any]]:
    """Add p_holm and p_below_holm; verdicts of concepts follow the corrected p-values (Holm 1979).

    The family is every concept of the block: one that lost all its clips still counts, as p = 1.
    """
    for record in block:
        record["p_holm"] = record["p_below_holm"] = math.nan
    concepts = [record for record in block if record["concept"] != ALL]
    if not headline or not concepts:
        return block
    above, below, equivalent = (
        adjust_family({r["concept"]: r[key] for r in concepts})
        for key in ("p_value", "p_below", "p_equivalent")
    )
    for record in concepts:
        name = record["concept"]
        if math.isnan(record["p_value"]):
            continue
        record["p_holm"], record["p_below_holm"] = above[name], below[name]
        if record["verdict"] != "none":
            record["verdict"] = verdict_of(above[name], below[name], equivalent[name], ALPHA)
    return block


def _plain(record: Mapping[str, Any]) -> dict[str, Any]:
    """Values that JSON has: NaN becomes null."""
    plain = {key: value.item() if isinstance(value, np.generic) else value for key, value in record.items()}
    return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in plain.items()}
