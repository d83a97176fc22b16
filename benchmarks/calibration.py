"""Calibration of voe's statistics by simulation: false positives at 5 % and coverage of 95 % intervals.

    python benchmarks/calibration.py                                # print the tables
    python benchmarks/calibration.py --markdown docs/calibration.md # and write them
    python benchmarks/calibration.py --sets 500                     # a quick look

Seeds are fixed in `calibration_data.py`. Exits with 1 if a default method misses its limits.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import calibration_methods as methods
from calibration_data import ACCURACIES, DEPENDENCES, SCENES, SEED, UNEQUAL

MOST_FALSE_POSITIVES = 5.8
LEAST_FALSE_POSITIVES = 4.2
LEAST_COVERAGE = 94.0

Job = tuple[Callable[..., methods.Cell], tuple[object, ...]]


@dataclass(frozen=True)
class Table:
    """A table: its jobs (one a row), what it says, and the columns that must keep within limits.

    `upper` columns must not exceed 5.8 %, `both` columns must lie in 4.2 .. 5.8 %, `covered` columns must
    reach 94 %.
    """

    title: str
    text: str
    jobs: Sequence[Job]
    upper: tuple[str, ...] = ()
    both: tuple[str, ...] = ()
    covered: tuple[str, ...] = ()

    def misses(self, column: str, value: object) -> bool:
        """Whether a value of a column is outside its limits."""
        if not isinstance(value, float):
            return False
        too_high = column in self.upper + self.both and value > MOST_FALSE_POSITIVES
        too_low = column in self.both and value < LEAST_FALSE_POSITIVES
        return too_high or too_low or (column in self.covered and value < LEAST_COVERAGE)


def accuracy_tables(sets: int) -> list[Table]:
    """Accuracies: tests and intervals."""
    return [
        Table(
            "Accuracy: false positives",
            "Share (%) of data sets of accuracy 1/2 that are significantly above chance at 5 %, one-sided. "
            "Exact tests are discrete: they may lie below 5 %, never above.",
            [
                (methods.accuracy_false_positives, (index, dependence, scenes, sets))
                for index, (dependence, scenes) in enumerate(product(DEPENDENCES, SCENES))
            ],
            upper=("exact sign test over scenes (default)",),
        ),
        Table(
            "Accuracy: coverage of 95 % intervals",
            "Share (%) of intervals that hold the true accuracy. Where scores of an accuracy cannot have the "
            "correlation (-1 needs 50 %), it is the most negative that they can have. The bootstrap on 1,000 "
            "data sets a cell.",
            [
                (methods.coverage, (index, dependence, scenes, accuracy, sets))
                for index, (dependence, scenes, accuracy) in enumerate(
                    product(DEPENDENCES, SCENES, ACCURACIES)
                )
            ],
            covered=("Wilson, effective n, t (default)",),
        ),
        Table(
            "Accuracy where scenes differ in size: coverage of 95 % intervals",
            "Share (%) of intervals that hold the true accuracy; beta-binomial scores.",
            [
                (methods.unequal_coverage, (index, sizes, scenes, truth, sets))
                for index, (sizes, scenes, truth) in enumerate(
                    product(UNEQUAL, SCENES[:2], product((0.0, 0.3, 0.6), (0.5, 0.8)))
                )
            ],
            covered=("Wilson, effective n, t (default)",),
        ),
    ]


def selection_tables(sets: int) -> list[Table]:
    """The best of several settings, and several concepts."""
    fewer = max(sets // 5, 1)
    return [
        Table(
            "The best of five contexts: false positives",
            "Share (%) of data sets of chance whose best context is significant at 5 %.",
            [
                (methods.contexts_false_positives, (index, correlation, scenes, sets))
                for index, (correlation, scenes) in enumerate(product((0.0, 0.5), SCENES))
            ],
            upper=("maximum statistic (default)",),
        ),
        Table(
            "Nine concepts: false positives",
            "Share (%) of data sets of chance in which any of nine concepts is significant at 5 %.",
            [(methods.concepts_false_positives, (index, n, sets)) for index, n in enumerate(SCENES)],
            upper=("Holm (default)",),
        ),
        Table(
            "The best of five settings, chosen on other scenes: coverage",
            f"Cross-fitted accuracy with the pipeline bootstrapped; {fewer:,} data sets a cell.",
            [
                (methods.cross_fit_coverage, (index, scenes, accuracy, fewer))
                for index, (scenes, accuracy) in enumerate(product(SCENES, ACCURACIES))
            ],
            covered=("coverage",),
        ),
        Table(
            "Twenty checkpoints, stopped at will: false positives",
            "Share (%) of sweeps over checkpoints of chance, all on the same scenes, in which one is ever "
            "found: the running e-value reaches 20, or the exact test of some checkpoint is significant at "
            "5 %.",
            [
                (methods.sweep_false_positives, (index, scenes, correlation, sets))
                for index, (scenes, correlation) in enumerate(product((20, 60), (0.0, 0.8)))
            ],
            upper=("e-values, planned (default)", "e-values, no plan (default)"),
        ),
    ]


def other_tables(sets: int) -> list[Table]:
    """Everything else."""
    fewer = max(sets // 5, 1)
    return [
        Table(
            "AUROC of single clips",
            "Two possible and two impossible clips a scene. Two-sided size (%) of the 95 % interval at AUROC "
            "0.5, and its coverage (%) at 0.76.",
            [
                (methods.area_calibration, (index, scenes, correlation, sets))
                for index, (scenes, correlation) in enumerate(product((20, 60), (0.0, 0.5)))
            ],
            upper=("size, Obuchowski (default)",),
            covered=("coverage at 0.76",),
        ),
        Table(
            "Two models on the same scenes",
            "Two-sided tests of two equally good models, two quadruplets a scene; "
            f"{fewer:,} data sets a cell, fewer for GEE.",
            [(methods.model_calibration, (index, n, fewer)) for index, n in enumerate(SCENES)],
            upper=("exact swap of scenes (default)",),
            covered=("coverage of the difference",),
        ),
        Table(
            "Curves over time: false positives",
            f"Cluster-based permutation test, one-sided, of 12 correlated times; {fewer:,} data sets a cell.",
            [
                (methods.curve_false_positives, (index, scenes, skew, fewer))
                for index, (scenes, skew) in enumerate(product((20, 60), (False, True)))
            ],
            upper=("signs (default), median 0",),
        ),
        Table(
            "Latency of a mean curve",
            "Of 20 times, with noise of half the curve's height; times are 1 apart. Half of a *noisy* "
            "greatest value is reached late, and the error is skewed, so plus and minus two jackknife errors "
            f"are not an interval of 95 %: nothing here is a default. {fewer:,} data sets a cell.",
            [
                (methods.latency_coverage, (index, shape, scenes, fewer))
                for index, (shape, scenes) in enumerate(product(("a plateau", "a peak"), (20, 60, 200)))
            ],
        ),
        Table(
            "Other rates",
            "Each should be 5 % (a smaller one is on the safe side). The exact sign test supposes that a "
            "scene of a model without knowledge is as likely to lean either way; 'leaning skewed' is "
            "accuracy 1/2 without that (of three quadruplets, all wrong in a quarter of the scenes, two "
            "right in the rest).",
            [(methods.other_rates, (index, what, sets)) for index, what in enumerate(methods.OTHER)],
        ),
    ]


def tables(sets: int) -> list[Table]:
    """Every table, with `sets` data sets a cell."""
    return [*accuracy_tables(sets), *selection_tables(sets), *other_tables(sets)]


def run(job: Job) -> methods.Cell:
    """One row."""
    function, arguments = job
    return function(*arguments)


def as_markdown(table: Table, rows: Sequence[methods.Cell]) -> tuple[str, int]:
    """The table as Markdown, and how many values are outside their limits (in bold)."""
    columns, outside = list(rows[0]), 0
    lines = [
        f"## {table.title}",
        "",
        table.text,
        "",
        "| " + " | ".join(columns) + " |",
        "|---" * len(columns) + "|",
    ]
    for row in rows:
        cells = []
        for column in columns:
            missed = table.misses(column, row[column])
            outside += missed
            shown = _shown(column, row[column])
            cells.append(f"**{shown}**" if missed else shown)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join([*lines, ""]), outside


def _shown(column: str, value: object) -> str:
    """Widths and accuracies as shares, everything else that is not whole as a percentage."""
    if not isinstance(value, float):
        return str(value)
    if "width" in column:
        return f"{value:.3f}"
    if column in ("accuracy", "accuracy of each", "ICC", "correlation"):
        return f"{value:g}"
    return f"{value:.1f}"


def header(sets: int) -> str:
    """What stands above the tables."""
    error = 100 * (0.05 * 0.95 / sets) ** 0.5
    return (
        "# Calibration\n\n"
        "Written by `python benchmarks/calibration.py --markdown docs/calibration.md`; do not edit.\n\n"
        f"{sets:,} data sets a cell unless a table says otherwise (seed {SEED}, fixed beforehand), so a true "
        f"rate of 5 % is seen with a standard error of {error:.2f} points. Limits: false positives at most "
        f"{MOST_FALSE_POSITIVES} %, coverage at least {LEAST_COVERAGE:g} %. A default that misses its limit "
        "stands in bold; columns not marked as default are there to compare, and show what it avoids.\n"
    )


def main() -> int:
    """Run every table; 1 if a default misses its limits."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--markdown", type=Path, help="file to write the tables to")
    parser.add_argument("--sets", type=int, default=10_000, help="data sets a cell (default 10,000)")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--only", help="only tables whose title holds this; they are printed")
    options = parser.parse_args()
    if options.only is not None and options.markdown is not None:
        parser.error("--markdown writes every table; leave out --only")
    parts, outside = [header(options.sets)], 0
    with multiprocessing.Pool(options.processes) as pool:
        for table in tables(options.sets):
            if options.only is not None and options.only not in table.title:
                continue
            started = time.perf_counter()
            text, missed = as_markdown(table, pool.map(run, table.jobs, chunksize=1))
            print(f"{text}\n({time.perf_counter() - started:.0f} s)\n", flush=True)
            parts.append(text)
            outside += missed
    if options.markdown is not None:
        options.markdown.parent.mkdir(parents=True, exist_ok=True)
        options.markdown.write_text("\n".join(parts), encoding="utf-8")
    print(f"{outside} default values outside their limits")
    return int(outside > 0)


if __name__ == "__main__":
    sys.exit(main())
