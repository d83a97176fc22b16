import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from voe.stats import StatsError
from voe.stats.reference_tables import (
    COLUMNS,
    average_at,
    best_by_block,
    by_property,
    filtered,
    published_average,
    reference_table,
)

GOLDEN = Path(__file__).parents[1] / "golden" / "metrics"
BLOCKS = ("O1", "O2", "O3")


def whole_run():
    with np.load(GOLDEN / "main_metrics_inputs.npz") as arrays:
        surprise = {block: arrays[f"{block}/losses"] for block in BLOCKS}
        labels = {block: arrays[f"{block}/labels"] for block in BLOCKS}
    return reference_table(surprise, labels, [2, 4, 6, 8, 10], 2)


def test_table_of_a_run_to_the_character():
    text = whole_run().to_csv(sep=";", index=False, float_format="%.5f")
    assert text == (GOLDEN / "main_metrics.csv").read_text()


@pytest.mark.parametrize("metric", ["relative_accuracy_avg", "relative_accuracy_max"])
def test_what_the_notebook_picks(metric):
    table = pd.read_csv(GOLDEN / "main_metrics.csv", sep=";")
    expected = json.loads((GOLDEN / "notebook_selection.json").read_text())[COLUMNS[metric]]
    assert published_average(table, metric) == expected["get_average_acc"]
    for row in range(6):
        assert average_at(table, row, metric) == expected[f"get_average_acc_2 idx={row}"]
    filed = {"O1": ["Object Permanence"], "O2": ["Shape Constancy"], "O3": ["Continuity"]}
    got = by_property(table, filed, metric)
    assert {name: got.get(name, []) for name in expected["get_perf"]} == expected["get_perf"]
    assert published_average(whole_run(), metric) == pytest.approx(expected["get_average_acc"], abs=1e-5)
    assert list(best_by_block(table, metric)) == list(BLOCKS)


def test_tables_refuse():
    table = whole_run()
    with pytest.raises(StatsError, match="none at 6"):
        average_at(table, 6)
    with pytest.raises(StatsError, match="not one of"):
        published_average(table, "accuracy")
    with pytest.raises(StatsError, match="contexts"):
        reference_table({"O1": np.ones((2, 3, 4))}, {"O1": [1, 0]}, [2, 4], 2)
    with pytest.raises(StatsError, match="contexts"):
        filtered(np.ones((2, 2)))
