"""Time and memory of resampling 25,000 quadruplets 10,000 times, each method in a process of its own.

    python benchmarks/resampling.py

Exits with 1 if one takes 10 seconds or 2 GB.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import time

import numpy as np

from voe.stats import accuracy_of, cross_fitted, max_statistic

MOST_SECONDS = 10.0
MOST_GIGABYTES = 2.0
SETTINGS = 5


def scores(quadruplets: int) -> np.ndarray:
    """Scores of five settings of about 60 %: [5, quadruplets]."""
    return (np.random.default_rng(1).random((SETTINGS, quadruplets)) < 0.6).astype(float)


def bootstrap_each_its_own(quadruplets: int, resamples: int) -> str:
    """Bootstrap interval, one quadruplet a scene (10,000 resamples are its default)."""
    del resamples
    found = accuracy_of(scores(quadruplets)[0], method="bootstrap")
    return f"{found.estimate:.4f} [{found.low:.4f}, {found.high:.4f}]"


def bootstrap_scenes(quadruplets: int, resamples: int) -> str:
    """The same with scenes of 1 to 9 quadruplets."""
    del resamples
    sizes = np.random.default_rng(2).integers(1, 10, quadruplets)
    scenes = np.repeat(np.arange(quadruplets), sizes)[:quadruplets]
    found = accuracy_of(scores(quadruplets)[0], scenes, method="bootstrap")
    return f"{found.estimate:.4f} [{found.low:.4f}, {found.high:.4f}]"


def best_of_five(quadruplets: int, resamples: int) -> str:
    """Maximum statistic over five settings."""
    found = max_statistic(scores(quadruplets), flips=resamples)
    return f"p = {found.p_value:.4f}"


def cross_fit_of_five(quadruplets: int, resamples: int) -> str:
    """Cross-fitted choice of five settings, the pipeline bootstrapped."""
    found = cross_fitted(scores(quadruplets), resamples=resamples)
    return f"{found.estimate:.4f} [{found.low:.4f}, {found.high:.4f}]"


def measured(name: str, quadruplets: int, resamples: int) -> tuple[str, float, float]:
    """Result, seconds and peak gigabytes of one method, in the process that calls it."""
    started = time.perf_counter()
    result = globals()[name](quadruplets, resamples)
    seconds = time.perf_counter() - started
    return result, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


METHODS = ("bootstrap_each_its_own", "bootstrap_scenes", "best_of_five", "cross_fit_of_five")


def main() -> int:
    """Measure all methods; 1 if one is too slow or too large."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quadruplets", type=int, default=25_000)
    parser.add_argument("--resamples", type=int, default=10_000)
    options = parser.parse_args()
    failed = 0
    for name in METHODS:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            result, seconds, peak = pool.apply(measured, (name, options.quadruplets, options.resamples))
        print(f"{name:24s} {seconds:6.2f} s {peak:6.2f} GB   {result}")
        failed += seconds >= MOST_SECONDS or peak >= MOST_GIGABYTES
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
