"""What `voe stats` prints: the tables of one run, in the order in which a reader should believe them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict

from voe.inference import chosen_settings, headline_statistics
from voe.lock import digest
from voe.over_time import CLIP, VIOLATION, surprise_over_time
from voe.reference_run import reference_of
from voe.report.formats import Record, Table, View, between, number, records_of, shown
from voe.report.table import interval, p_text, percent, verdict_text
from voe.results import Run
from voe.stats.curves import CAVEAT
from voe.stats.reference import METRICS
from voe.stats.reference_tables import COLUMNS

_CONCEPT = shown("concept")


def run_tables(run: Run) -> list[Table]:
    """The headline, what a search over settings is worth, and surprise over time.

    Raises:
        RunError: nothing was scored.
    """
    locks = (digest(run.lock),)
    searched = chosen_settings(run)
    tables = [
        headline_table(run, locks),
        _searched_table(records_of(searched.best), locks),
        Table("settings", records_of(searched.settings), (), locks),
    ]
    if not run.has_windows:  # asked about whole clips: no course of time, no latent space
        return tables
    over_time = surprise_over_time(run)
    return [
        *tables,
        _over_time_table(records_of(over_time.tests), locks),
        Table("curve", records_of(over_time.curve), (), locks),
        *_health_table(run, locks),
    ]


def _tight(low: float, high: float) -> str:
    """An interval of shares in percent, for tables with three of them."""
    return "" if math.isnan(low) else f"{100 * low:.1f}-{100 * high:.1f}"


def headline_table(run: Run, locks: Sequence[str]) -> Table:
    """Accuracy, tests, equivalence and evidence, and what the numbers rest on: four views of one table."""
    measure = run.lock["measure"]
    context = f", context {run.primary_setting[1]}" if run.has_windows else ""
    where = f"{measure['headline'].upper()} right, {measure['stream']}{context}"
    records = records_of(headline_statistics(run))
    reasons = dict.fromkeys(r["bayes_reason"] for r in records if r["bayes_reason"])
    accuracy = View(
        f"{where} (fixed beforehand; chance: 50 %)",
        {
            "concept": _CONCEPT,
            "n": shown("n"),
            "right": shown("estimate", percent),
            "95 % interval": between("low", "high", interval),
            "Clopper Pearson": between("clopper_pearson_low", "clopper_pearson_high", _tight),
            "bootstrap": between("bootstrap_low", "bootstrap_high", _tight),
        },
        ["95 % interval, the default: Wilson's, effective number of scores, t over scenes. Bootstrap: over "
         "scenes, percentile; too narrow with few scenes. A tie counts one half."],
    )  # fmt: skip
    tests = View(
        "TESTS against 50 %, one-sided",
        {
            "concept": _CONCEPT,
            "p": shown("p_value", p_text),
            "mid-p": shown("p_mid", p_text),
            "p (Holm)": shown("p_holm", p_text),
            "verdict": _verdict,
        },
        [
            "p: exact, signs flipped by scene. Holm: over the concepts. Verdicts rest on p, on that of the "
            "other side (below), and equivalence."
        ],
    )
    evidence = View(
        "EQUIVALENCE to 50 %, and EVIDENCE for better than 50 %",
        {
            "concept": _CONCEPT,
            "margin": lambda r: f"{100 * r['margin']:g} points",
            "p (TOST)": shown("p_equivalent", p_text),
            "BF10, U(.5, 1)": number(2, "bayes_factor"),
            "BF10, Beta(4, 4)": number(2, "bayes_factor_sensitivity"),
        },
        [
            "p (TOST): two one-sided tests; at .05 or less, accuracy lies within the margin of 50 %. BF10: "
            "above 1 for better than a coin, below 1 for a coin; 1/3 to 3 is anecdotal.",
            *(f"No Bayes factor: {reason}." for reason in reasons),
        ],
    )
    return Table("headline", records, (accuracy, tests, evidence, _counts()), locks)


def _verdict(record: Record) -> str:
    words = verdict_text(record, {"above": "above", "below": "below", "equivalent": "at chance",
                                  "inconclusive": "inconclusive", "none": "no verdict"})  # fmt: skip
    return f"{words}: {record['reason']}" if record["reason"] else words


def _counts() -> View:
    return View(
        "COUNTS",
        {
            "concept": _CONCEPT,
            "n": shown("n"),
            "scenes": shown("n_scenes"),
            "effective n": number(1, "effective_n"),
            "ICC": number(2, "icc"),
            "ties": shown("ties"),
            "not testable": shown("untestable"),
            "failed": shown("failed"),
        },
        ["Not testable (no informative window) and failed comparisons are left out, never tossed."],
    )


def _searched_table(records: Sequence[Record], locks: Sequence[str]) -> Table:
    best = View(
        "BEST OF ALL SETTINGS (streams, contexts, mean or max over windows)",
        {
            "concept": _CONCEPT,
            "settings": shown("n_settings"),
            "best": lambda r: f"{r['stream']} {r['context']} {r['aggregate']}",
            "right": shown("estimate", percent),
            "p": shown("p_value", p_text),
            "p (Holm)": shown("p_holm", p_text),
        },
        ["right: on the data that chose it, so too high. p: of the maximum over all settings, signs flipped "
         "by scene in all of them at once. Secondary."],
    )  # fmt: skip
    fitted = View(
        "THE BEST SETTING, CROSS-FITTED: chosen on other scenes than it is scored on",
        {
            "concept": _CONCEPT,
            "right": shown("cross_fitted", percent),
            "95 % interval": between("low", "high", interval),
        },
        [*dict.fromkeys(f"{r['concept']}: {r['reason']}." for r in records if r["reason"])],
    )
    return Table("best_setting", records, (best, fitted), locks)


def _over_time_table(records: Sequence[Record], locks: Sequence[str]) -> Table:
    reasons = dict.fromkeys(f"{r['concept']}: {r['reason']}." for r in records if r["reason"])
    aligned = dict.fromkeys(r["aligned_to"] for r in records)
    origin = {
        VIOLATION: "Times: frames from where outcomes begin to differ, or a pair states its violation.",
        CLIP: "Times: frames of the clip, since the set does not say where violations begin.",
    }
    view = View(
        "SURPRISE OVER TIME (secondary)",
        {
            "concept": _CONCEPT,
            "scenes": shown("n_scenes"),
            "p": shown("p_value", p_text),
            "p (Holm)": shown("p_holm", p_text),
            "cluster": between("start", "stop", _span),
            "latency": number(1, "latency"),
            "error": number(1, "latency_error"),
        },
        [
            "p: cluster-based permutation test of the signs of the contrasts. A window stands at the mean "
            "of the frames that it predicts. Cluster: the heaviest. Latency: half of the mean curve's peak, "
            "with its jackknife error, which makes no 95 % interval (docs: calibration).",
            *(
                origin[name] if len(aligned) == 1 else f"{', '.join(_of(records, name))}. {origin[name]}"
                for name in aligned
            ),
            CAVEAT,
            *reasons,
        ],
    )
    return Table("over_time", records, (view,), locks)


def _health_table(run: Run, locks: Sequence[str]) -> list[Table]:
    """The state of each stream; nothing for runs without a sample of it."""
    records = [{"stream": stream, **asdict(state)} for stream, state in run.health.items()]
    if not records:
        return []
    view = View(
        "THE SPACE in which surprise is measured, from a sample of tokens",
        {
            "stream": shown("stream"),
            "variance": number(3, "target_variance"),
            "relative": number(3, "relative_variance"),
            "effective rank": lambda r: f"{r['effective_rank']:.1f} of {r['full_rank']}",
            "norm ratio": number(2, "norm_ratio"),
            "dead channels": shown("dead_share", percent),
        },
        [
            "relative: variance of the targets over their mean square. Effective rank: RankMe. Norm ratio: "
            "predictions over targets.",
            *(f"WARNING, {r['stream']}: {sentence}." for r in records for sentence in r["warnings"]),
        ],
    )
    return [Table("health", records, (view,), locks)]


def _of(records: Sequence[Record], aligned: str) -> list[str]:
    """The concepts that are aligned so."""
    return [r["concept"] for r in records if r["aligned_to"] == aligned]


def _span(start: float, stop: float) -> str:
    return "none" if math.isnan(start) else f"{start:.1f} to {stop:.1f}"


def reference_tables(run: Run) -> list[Table]:
    """The published evaluation's arithmetic on a run, labelled as what it is.

    Raises:
        RunError: no pair was scored.
    """
    locks, found = (digest(run.lock),), reference_of(run)
    names = {column: metric for metric, column in COLUMNS.items()}
    table = found.table.rename(columns={"Block": "block", "Context length(s)": "contexts", **names})
    if run.protocol.frame_step is None:
        table = table.drop(columns="Frame skip")
    summary = [
        *records_of(found.best),
        {"block": "mean of blocks", f"best_{METRICS[0]}": found.average},
    ]
    views = (
        _reference_view(
            "REFERENCE ARITHMETIC, accuracies in percent (no test, no interval)",
            {"relative (avg)": METRICS[0], "relative (max)": METRICS[1], "absolute": METRICS[2],
             "best absolute": METRICS[4]},
            1,
            [
                f"Rows: {found.pairing}, the k-th possible clip with its impossible one; stream "
                f"{run.lock['measure']['stream']}; all windows. A tie counts as wrong.",
                "absolute: single clips, at entry ceil(0.9 n) of the n sorted possible ones. best absolute: "
                "at the best of 100 thresholds on the same clips. Filtered: minimum over contexts.",
                *found.notes,
            ],
        ),
        _reference_view(
            "REFERENCE ARITHMETIC, areas under curves (the possible clips are the positive ones)",
            {"AUROC (avg)": "auroc_avg", "AUROC (max)": "auroc_max", "AUPRC (avg)": "auprc_avg",
             "AUPRC (max)": "auprc_max"},
            4,
            ["AUPRC: trapezoidal, which is usually too high."],
        ),
    )  # fmt: skip
    return [
        Table("reference", records_of(table), views, locks),
        Table("reference_best", summary, (_best_view(),), locks),
        Table("corrected", records_of(found.corrected), (_corrected_view(run),), locks),
    ]


def _reference_view(title: str, metrics: dict[str, str], digits: int, notes: Sequence[str]) -> View:
    cells = {head: number(digits, metric) for head, metric in metrics.items()}
    return View(title, {"concept": shown("block"), "context": shown("contexts"), **cells}, notes)


def _best_view() -> View:
    return View(
        "REFERENCE ARITHMETIC, relative accuracy (avg) in percent, BEST OVER CONTEXTS and Filtered",
        {
            "concept": shown("block"),
            "primary context": number(1, METRICS[0]),
            "best": number(1, f"best_{METRICS[0]}"),
        },
        ["best: chosen on the data that it is reported for; by chance alone above 50 %. The last row is the "
         "published headline: its unweighted mean over blocks."],
    )  # fmt: skip


def _corrected_view(run: Run) -> View:
    return View(
        f"THE SAME, COMPUTED RIGHTLY, context {run.protocol.primary_context}",
        {
            "concept": shown("block"),
            "pairs": shown("pairs"),
            "relative (avg)": number(1, METRICS[0]),
            "absolute": number(1, METRICS[2]),
            "AUROC (avg)": number(4, "auroc_avg"),
            "AUPRC (avg)": number(4, "auprc_avg"),
        },
        ["Ties count one half, missing windows are left out, 90 % of the possible clips lie at or below the "
         "threshold, AUPRC is average precision."],
    )  # fmt: skip
