"""Runs in which whole clips are judged, by a model in words or by people: no windows, no course of time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING, Any

from voe.contrasts import Curves
from voe.errors import RunError
from voe.own_metrics import OwnMetric
from voe.protocols import Protocol
from voe.results import Run
from voe.stats.health import LatentHealth

if TYPE_CHECKING:
    import pandas as pd


class WholeClipRun(Run, ABC):
    """What compares comparisons works as for other runs; what needs windows says that there are none.

    Streams have no context; the column holds 0.
    """

    @property
    def primary_setting(self) -> tuple[str, int | None]:
        """The stream of the headline, fixed beforehand, and 0."""
        return self.lock["measure"]["stream"], 0

    @cached_property
    def protocol(self) -> Protocol:
        """There is none.

        Raises:
            RunError: always.
        """
        raise RunError(f"run {self.path}: whole clips were judged; there are no windows or contexts")

    @cached_property
    def curves(self) -> Curves:
        """There are none.

        Raises:
            RunError: always.
        """
        raise RunError(f"run {self.path}: whole clips were judged; there is no surprise over time")

    @abstractmethod
    def answers(self) -> pd.DataFrame:
        """One row a judgement: what was answered of which clip."""

    @cached_property
    def health(self) -> dict[str, LatentHealth]:
        """Nothing: no latent space is seen."""
        return {}

    def own_metrics(self) -> list[OwnMetric]:
        """Nothing: a benchmark's own measures are of surprise by window."""
        return []

    def summary_record(self) -> dict[str, Any]:
        """As for other runs, without what belongs to windows and latents."""
        record = super().summary_record()
        for key in ("rebatch_difference", "health"):
            record.pop(key)
        return record
