"""What an audit says: frozen records, and the one line that each comes to."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from voe.stats.accuracy import Accuracy

Form = Literal["score", "classifier"]
Verdict = Literal["cancels", "at chance", "inconclusive", "suspect", "SHORTCUT", "not tested"]
Severity = Literal["ok", "note", "FAULT"]
Power = Literal["solves", "above chance", "no", "below chance", "reversed", "ties", "not testable"]

VERDICTS = {
    "cancels": "its contrast is within rounding of 0 in every comparison",
    "at chance": "no shortcut, and accuracy is within 10 points of chance (two one-sided tests)",
    "inconclusive": "no shortcut shown, and too few scenes to say that there is none",
    "suspect": "significant by itself, not after correction over all detectors",
    "SHORTCUT": "tells possible from impossible, corrected over all detectors",
    "not tested": "a classifier needs ten scenes whose comparisons do not all cancel",
}


@dataclass(frozen=True)
class Best:
    """The best of everything that a detector searched: chosen afterwards, so its accuracy is too high.

    `right` of `n` comparisons, ties counting half; `what` and `among` say what was looked at, and in which
    concept ('all' for all); `sign` is '+' where the impossible clips have more of it, '-' where less.
    """

    what: str
    among: str
    right: float
    n: int
    sign: Literal["+", "-", ""]


@dataclass(frozen=True)
class Marginal:
    """One marginal detector in one form.

    `accuracy` is that of the one score (or classifier) fixed beforehand, over all comparisons; of a score,
    'right' is 'more in the impossible clip', so either side of 50 % is a shortcut. `p_value` is that of
    the best over everything that was searched, `p_holm` corrected over all detectors and forms.
    """

    detector: str
    form: Form
    accuracy: Accuracy
    best: Best | None
    p_value: float
    p_holm: float
    verdict: Verdict

    def sentence(self, unit: str) -> str:
        """What it found, in words; `unit` is what is compared, such as 'pairs'."""
        if self.best is None:
            return f"{self.detector} ({self.form}): nothing differs"
        where = "" if self.best.among == "all" else f" of {self.best.among}"
        told = f"tells possible from impossible in {self.best.right:g} of {self.best.n} {unit}{where}"
        if self.form == "classifier":
            return f"a classifier of {self.best.what}, trained on other scenes, {told}"
        more = "more" if self.best.sign == "+" else "less"
        return f"{self.best.what} {told} (the impossible has {more})"


@dataclass(frozen=True)
class LeanAccount:
    """How far an account that knows no objects gets with one concept. `p_holm`: over accounts and concepts.

    'solves' and 'reversed' are 90 % or more right, or wrong, and significantly so.
    """

    concept: str
    account: str
    accuracy: Accuracy
    p_holm: float
    power: Power


@dataclass(frozen=True)
class Check:
    """One property of the set's structure, and the comparisons, clips or values that lack it."""

    name: str
    severity: Severity
    message: str
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class FirstDifference:
    """Where two matched clips first differ, in frames of the impossible clip (None: nowhere that was looked).

    `kind` is 'as stated', 'early' or 'late' against the violation frame (to within the sampled frames),
    'codec noise' where they nearly agree before it, 'unmatched' where they never agreed, 'never', or
    'no violation stated'.
    """

    comparison: str
    scene: str
    possible: str
    impossible: str
    frame: int | None
    violation_frame: int | None
    kind: str


@dataclass(frozen=True)
class AuditReport:
    """The audit of a set of stimuli. `passed` is what the exit code of `voe audit` says."""

    stimuli: str
    root: Path
    n_clips: int
    n_scenes: int
    n_quadruplets: int
    n_pairs: int
    left_out: tuple[str, ...]
    sampling: str
    marginals: tuple[Marginal, ...]
    lean_accounts: tuple[LeanAccount, ...]
    checks: tuple[Check, ...]
    first_differences: tuple[FirstDifference, ...]
    drawn: tuple[Path, ...] = ()

    @property
    def unit(self) -> str:
        """What is compared."""
        if self.n_quadruplets and self.n_pairs:
            return "comparisons"
        return "quadruplets" if self.n_quadruplets else "pairs"

    @property
    def shortcuts(self) -> tuple[Marginal, ...]:
        """The marginal detectors that are not at chance."""
        return tuple(m for m in self.marginals if m.verdict == "SHORTCUT")

    @property
    def faults(self) -> tuple[Check, ...]:
        """What is wrong with the structure."""
        return tuple(check for check in self.checks if check.severity == "FAULT")

    @property
    def passed(self) -> bool:
        """No shortcut and no structural fault was found. That is not a proof that there is none."""
        return not self.shortcuts and not self.faults

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; numbers that do not exist are None."""
        record: dict[str, Any] = _plain(asdict(self))
        for entry, marginal in zip(record["marginals"], self.marginals, strict=True):
            entry["sentence"] = marginal.sentence(self.unit)
        return {"passed": self.passed, **record}


def _plain(value: Any) -> Any:
    """Dicts, lists, text and finite numbers only."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, str | int | None):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return [_plain(item) for item in value] if isinstance(value, Iterable) else str(value)
