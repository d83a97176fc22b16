"""The tables of the miniature, for `voe reproduce`."""

from __future__ import annotations

import math

import pandas as pd

from voe.miniature.arms import ARMS, BUILTIN, FLAT_LESSONS, LATENT, PIXELS, UNTRAINED, set_of
from voe.miniature.results import Results
from voe.miniature.tables import (
    ablation_table,
    accuracy_table,
    beside_untrained,
    by_concept,
    group_differences,
    groups_met_whole,
    groups_with_results,
    latent_less_pixels,
    space_table,
)
from voe.miniature.work import HELDOUT
from voe.report.comparing import point_interval, points
from voe.report.formats import Record, Table, View, between, number, records_of, shown
from voe.report.table import interval, p_text, percent

_WORDS = {"none": "too many ties"}
_TESTS = {
    "welch": "Welch's test of trained against untrained seeds",
    "single case": "Crawford and Howell's test of the first trained seed",
    "rank": "rank of the worst trained seed among the untrained",
}
_TITLES = {LATENT: "LATENT PREDICTOR", PIXELS: "PIXEL PREDICTOR", UNTRAINED: "UNTRAINED NETWORKS"}
OF_FEW_CLIPS = ("clips-1000", "pixels-raw")
"""A latent predictor and one of raw pixels that watched the same thousand clips."""


def result_tables(results: Results) -> list[Table]:
    """Accuracy against chance and against untrained networks by concept, and every question's arms."""
    tables = []
    for stimuli in (HELDOUT, BUILTIN):
        # On the set that ships the other arms have tables of their own, by what they differ in.
        others = [arm.name for arm in ARMS if arm.name not in _TITLES] if stimuli == HELDOUT else []
        tables += [
            _accuracy(results, stimuli, arm) for arm in [*_TITLES, *others] if results.seeds(arm, stimuli)
        ]
        for arms in ((LATENT, PIXELS), OF_FEW_CLIPS):
            if all(results.seeds(arm, stimuli) for arm in arms):
                tables.append(_difference(results, stimuli, arms))
        if results.seeds(UNTRAINED, stimuli):
            tables += [
                _beside(results, stimuli, arm) for arm in (LATENT, PIXELS) if results.seeds(arm, stimuli)
            ]
    tables += [
        _differences(group, frame, HELDOUT)
        for group in groups_met_whole(results, HELDOUT)
        if len(frame := group_differences(results, group, HELDOUT))
    ]
    if any("@" in str(arm) for arm in results.verdicts["arm"].unique()):
        tables.append(_spaces(results))
    groups = [
        group for stimuli in (BUILTIN, *FLAT_LESSONS) for group in groups_with_results(results, stimuli)
    ]
    for group in groups:
        tables.append(_ablation(results, group))
        if len(differences := group_differences(results, group, set_of(group))):
            tables.append(_differences(group, differences, set_of(group)))
    return [*tables, _by_concept(results)] if groups_with_results(results, BUILTIN) else tables


def _accuracy(results: Results, stimuli: str, arm: str) -> Table:
    frame = accuracy_table(results, stimuli, (arm,))
    seeds = int(frame["seeds"].iloc[0])
    title = _TITLES.get(arm, arm.upper())
    view = View(
        f"{title} on {stimuli}, {seeds} seed{'s' if seeds > 1 else ''} (chance: 50 %)",
        {
            "concept": shown("concept"),
            "n": shown("n"),
            "right": shown("estimate", percent),
            "95 % interval": between("seeds_low", "seeds_high", interval),
            "p": shown("p_holm", p_text),
            "verdict": shown("verdict", lambda word: _WORDS.get(str(word), str(word))),
        },
        [
            "Interval: over other scenes and, of several seeds, other seeds. p and verdict: of these "
            "networks, a quadruplet with all its seeds being one cluster; p of being above chance, exact, "
            "one-sided, of concepts corrected over them (Holm), as those of 'below' are among themselves."
        ],
    )
    return Table(f"{arm}-{stimuli}", records_of(frame), (view,))


def _difference(results: Results, stimuli: str, arms: tuple[str, str]) -> Table:
    of_models = arms == (LATENT, PIXELS)
    title = "LATENT less PIXEL PREDICTOR" if of_models else " less ".join(arm.upper() for arm in arms)
    view = View(
        f"{title}, in points, {stimuli}",
        {
            "concept": shown("concept"),
            "n": shown("n"),
            "latent": shown("latent", percent),
            "pixels": shown("pixels", percent),
            "difference": shown("estimate", points),
            "95 % interval": between("low", "high", point_interval),
        },
        ["Each in its own space. Intervals over seeds and scenes drawn anew."],
    )
    name = f"difference-{stimuli}" if of_models else f"difference-{'-'.join(arms)}-{stimuli}"
    return Table(name, records_of(latent_less_pixels(results, stimuli, arms)), (view,))


def _beside(results: Results, stimuli: str, arm: str) -> Table:
    frame = beside_untrained(results, stimuli, arm)
    first = frame.iloc[0]
    shares = View(
        f"{_TITLES[arm]} beside {first['untrained_n']} untrained networks, {stimuli}",
        {
            "concept": shown("concept"),
            "n": shown("n"),
            "trained": shown("trained", percent),
            "untrained": shown("untrained_mean", percent),
            "sd": shown("untrained_sd", percent),
            "best of them": shown("untrained_high", percent),
        },
        ["On the quadruplets that all of them answered; means over seeds."],
    )
    tests = View(
        f"{_TITLES[arm]} against {first['untrained_n']} untrained networks, tests, {stimuli}",
        {
            "concept": shown("concept"),
            "p": shown("p_holm", p_text),
            "g": number(1, "g"),
            "95 % of g": _g_interval,
        },
        [
            f"p: {_TESTS[first['test']]}, one-sided, of concepts corrected over them (Holm). g: Hedges, from "
            "five seeds on."
        ],
    )
    return Table(f"{arm}-untrained-{stimuli}", records_of(frame), (shares, tests))


def _spaces(results: Results) -> Table:
    view = View(
        f"IN A THIRD SPACE, the same for all, {BUILTIN}",
        {
            "space": shown("space"),
            "predictor": shown("model"),
            "seeds": shown("seeds"),
            "R2": number(2, "r2"),
            "right": shown("estimate", percent),
            "95 % interval": between("low", "high", interval),
            "ties": shown("ties", percent),
        },
        [
            "What each predictor expects, read out linearly (fitted on worlds to watch): mean colours of "
            "4 x 4 cells of a token, or the latents of a latent predictor that takes no part. R2: how much "
            "of the space the readout explains in other clips of that kind. Interval: over other scenes and "
            "other seeds."
        ],
    )
    return Table("third-space", records_of(space_table(results, BUILTIN)), (view,))


def _small(share: float) -> str:
    """A share in per cent, with its sign, in whole per cent or to two digits."""
    return f"{100 * share:+.0f} %" if abs(share) >= 0.1 else f"{100 * share:+.2g} %"


def _g_interval(record: Record) -> str:
    low, high = float(record["g_low"]), float(record["g_high"])
    return "" if math.isnan(low) else f"{low:.1f} to {high:.1f}"


def _precisions(results: Results, arms: list[str]) -> list[str]:
    """A note where arms that stand beside each other were not all computed alike."""
    if results.trainings.empty:
        return []
    trained = results.trainings[results.trainings["arm"].isin(arms)]
    told = [
        f"in {kind!s}: {', '.join(dict.fromkeys(part['arm']))}"
        for kind, part in trained.groupby("computed_in")
    ]
    return [f"Trained {'; '.join(told)}."] if len(told) > 1 else []


def _ablation(results: Results, group: str) -> Table:
    stimuli = set_of(group)
    frame = ablation_table(results, group, stimuli)[0]
    effect = {"contrast": shown("effect", _small)} if frame["effect"].notna().all() else {}
    view = View(
        f"{group.upper()}, on {stimuli}",
        {
            "arm": shown("arm"),
            "level": shown("level"),
            "seeds": shown("seeds"),
            "right": shown("estimate", percent),
            "95 % interval": between("low", "high", interval),
            "verdict": shown("verdict", lambda word: _WORDS.get(str(word), str(word))),
            **effect,
        },
        [
            "Interval: over other scenes and, of several seeds, other seeds. verdict: of these networks."
            + (" contrast: the median, in per cent of surprise." if effect else ""),
            *_precisions(results, frame["arm"].tolist()),
        ],
    )
    return Table(group, records_of(frame), (view,))


def _differences(group: str, frame: pd.DataFrame, stimuli: str) -> Table:
    notes = ["Interval: over other seeds and other scenes, not corrected. Of arms with two seeds or more."]
    notes += [f"No interval: {reason}." for reason in dict.fromkeys(frame["reason"]) if reason]
    view = View(
        f"{group.upper()}, differences in points, on {stimuli}",
        {
            "arm": shown("first"),
            "less": shown("second"),
            "n": shown("n"),
            "difference": shown("estimate", points),
            "95 % interval": between("low", "high", point_interval),
        },
        notes,
    )
    name = f"{group}-differences" if stimuli == set_of(group) else f"{group}-differences-{stimuli}"
    return Table(name, records_of(frame), (view,))


_SHORT = {
    "object-permanence": "perm", "continuity": "cont", "shape-constancy": "shape",
    "colour-constancy": "colour", "support": "supp", "inertia": "inert", "gravity": "grav",
    "solidity": "solid", "collision": "coll",
}  # fmt: skip


def _by_concept(results: Results) -> Table:
    """Where each arm's score on the set that ships comes from."""
    frame = by_concept(results, BUILTIN)
    concepts = results.concepts(BUILTIN)
    quads = len(results.scores(str(frame["arm"].iloc[0]), BUILTIN, concepts[0]))
    view = View(
        f"BY CONCEPT, on {BUILTIN}",
        {
            "arm": shown("arm"),
            "seeds": shown("seeds"),
            **{_SHORT.get(c, c): shown(c, _whole) for c in concepts},
        },
        [
            f"Per cent right of {quads} quadruplets a concept, over the seeds of an arm (described, not "
            "tested). A tie counts one half, so 50 may be chance or nothing but ties.",
        ],
    )
    return Table("by concept", records_of(frame), (view,))


def _whole(share: float) -> str:
    """A share in whole per cent, without the sign."""
    return "" if math.isnan(share) else f"{100 * share:.0f}"
