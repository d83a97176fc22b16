"""Statistics: pure functions of arrays and frames. No torch, no adapters.

scipy, pandas and statsmodels are imported inside the functions that need them, so importing this is cheap.
"""

from __future__ import annotations

from voe.stats.accuracy import Accuracy, accuracy_of
from voe.stats.chance import SignTest, bayes_factor, sign_test
from voe.stats.checks import StatsError
from voe.stats.clusters import (
    SceneTotals,
    design_effect,
    effective_number,
    intraclass_correlation,
    totals_by_scene,
)
from voe.stats.curves import CurveTest, Latency, TimeCluster, curve_test, jackknifed_latency, predicted_time
from voe.stats.evalues import Sweep, checkpoint_sweep, e_value, fresh_data
from voe.stats.families import adjust, adjust_family
from voe.stats.health import LatentHealth, effective_rank, health_of_sample, latent_health
from voe.stats.intervals import clopper_pearson, cluster_bootstrap, equivalence_p, wilson
from voe.stats.localisation import Localisation, localise
from voe.stats.measure import difference, informative_windows, interaction, score, tolerance
from voe.stats.models import Difference, bayesian_mixed_model, compare_two, gee
from voe.stats.power import (
    Plan,
    detectable_accuracy,
    plan_for_accuracy,
    plan_for_equivalence,
    simulated_power,
)
from voe.stats.ranking import auroc, average_precision
from voe.stats.reference import ReferenceWarning, corrected_metrics, reference_metrics
from voe.stats.reference_tables import published_average, reference_table
from voe.stats.selection import CrossFitted, MaxStatistic, cross_fitted, max_statistic
from voe.stats.single_clips import (
    Area,
    Discrimination,
    Thresholded,
    clustered_auroc,
    discrimination,
    fitted_threshold,
)
from voe.stats.untrained import (
    GroupDifference,
    SeedDifference,
    SingleCase,
    group_difference,
    rank_among_untrained,
    seeds_by_scenes,
    single_case,
)

__all__ = [
    "Accuracy",
    "Area",
    "CrossFitted",
    "CurveTest",
    "Difference",
    "Discrimination",
    "GroupDifference",
    "Latency",
    "LatentHealth",
    "Localisation",
    "MaxStatistic",
    "Plan",
    "ReferenceWarning",
    "SceneTotals",
    "SeedDifference",
    "SignTest",
    "SingleCase",
    "StatsError",
    "Sweep",
    "Thresholded",
    "TimeCluster",
    "accuracy_of",
    "adjust",
    "adjust_family",
    "auroc",
    "average_precision",
    "bayes_factor",
    "bayesian_mixed_model",
    "checkpoint_sweep",
    "clopper_pearson",
    "cluster_bootstrap",
    "clustered_auroc",
    "compare_two",
    "corrected_metrics",
    "cross_fitted",
    "curve_test",
    "design_effect",
    "detectable_accuracy",
    "difference",
    "discrimination",
    "e_value",
    "effective_number",
    "effective_rank",
    "equivalence_p",
    "fitted_threshold",
    "fresh_data",
    "gee",
    "group_difference",
    "health_of_sample",
    "informative_windows",
    "interaction",
    "intraclass_correlation",
    "jackknifed_latency",
    "latent_health",
    "localise",
    "max_statistic",
    "plan_for_accuracy",
    "plan_for_equivalence",
    "predicted_time",
    "published_average",
    "rank_among_untrained",
    "reference_metrics",
    "reference_table",
    "score",
    "seeds_by_scenes",
    "sign_test",
    "simulated_power",
    "single_case",
    "tolerance",
    "totals_by_scene",
    "wilson",
]
