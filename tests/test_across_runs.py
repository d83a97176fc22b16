"""Models against each other: the family of a correction is what was announced, not what was left."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from voe import across_runs


@pytest.mark.parametrize("lost", [(), ("gravity",)])
def test_losing_a_concept_never_helps_the_others(
    lost: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    concepts = ("solidity", "gravity")
    rows = [
        (f"{concept}{n}", (concept,), 1.0, float(n >= 6))
        for concept in concepts
        if concept not in lost
        for n in range(12)
    ]
    scores = pd.DataFrame(rows, columns=["scene", "concepts", 0, 1]).set_index("scene", drop=False)
    monkeypatch.setattr(across_runs, "require_comparable", lambda *runs, **options: None)
    monkeypatch.setattr(across_runs, "primary_comparisons", lambda run: scores)
    monkeypatch.setattr(across_runs, "common_scores", lambda runs: scores)
    run: Any = SimpleNamespace(stimuli=SimpleNamespace(concepts=concepts), lock={"model": {"name": "m"}})
    table = across_runs.compare_runs([run, run]).differences.set_index("concept")
    assert table.loc["solidity", "p_value"] == pytest.approx(2 / 2**6)
    assert table.loc["solidity", "p_holm"] == pytest.approx(4 / 2**6)  # of a family of two
    assert table.loc["all", "p_holm"] == table.loc["all", "p_value"]
