"""What is drawn is what the table says."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.colors import to_hex

from voe.errors import VoeError
from voe.report import figures
from voe.report.figures.style import IMPOSSIBLE, POSSIBLE

mpl.use("Agg")
import matplotlib.pyplot as plt

CONCEPTS = ["gravity", "support", "all"]
ACCURACY = pd.DataFrame(
    {
        "concept": CONCEPTS,
        "estimate": [0.7, 0.4, 0.55],
        "low": [0.6, 0.3, np.nan],
        "high": [0.75, 0.6, np.nan],
    }
)


@pytest.fixture
def ax() -> Iterator[Axes]:
    with figures.style():
        figure, axes = plt.subplots()
        yield axes
    plt.close(figure)


def labels(ax: Axes) -> list[str]:
    legend = ax.get_legend()
    assert legend is not None
    return [text.get_text() for text in legend.get_texts()]


def test_bars_stand_at_the_estimates_and_families_keep_their_colour(ax: Axes) -> None:
    table = pd.DataFrame(
        {
            "stimuli": ["IntPhys", "GRASP", "IntPhys"], "model": ["a", "a", "b"],
            "family": ["latent", "latent", "pixel"], "estimate": [0.9, 0.6, 0.5], "low": [0.8, 0.5, 0.4],
            "high": [0.95, 0.7, 0.6],
        }
    )  # fmt: skip
    assert figures.accuracy_by_dataset(ax, table) is ax
    bars = [bar for container in ax.containers for bar in getattr(container, "patches", [])]
    assert [bar.get_height() for bar in bars] == [0.9, 0.6, 0.5]
    assert [round(bar.get_x() + bar.get_width() / 2, 3) for bar in bars] == [-0.2, 0.8, 0.2]
    assert [to_hex(bar.get_facecolor()) for bar in bars] == ["#0072b2", "#0072b2", "#d55e00"]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["IntPhys", "GRASP"]
    assert set(labels(ax)) == {"a", "b", "chance"}


def test_two_models_of_one_family_differ(ax: Axes) -> None:
    table = pd.DataFrame(
        {"stimuli": "s", "model": ["a", "b"], "family": "latent", "estimate": 0.5, "low": 0.4, "high": 0.6}
    )
    figures.accuracy_by_dataset(ax, table)
    first, second = (c.patches[0].get_facecolor() for c in ax.containers if hasattr(c, "patches"))
    assert to_hex(first) != to_hex(second)


def test_concepts_stand_in_order_with_untrained_and_published_beside(ax: Axes) -> None:
    untrained = pd.DataFrame({"concept": ["support", "elsewhere"], "mean": 0.52, "low": 0.45, "high": 0.58})
    published = pd.DataFrame({"concept": ["gravity"], "name": "adults", "who": "human", "value": [0.98]})
    figures.accuracy_by_concept(ax, ACCURACY, untrained=untrained, published=published)
    assert [tick.get_text() for tick in ax.get_yticklabels()] == CONCEPTS
    points = ax.containers[-1].lines[0]
    assert points.get_xdata().tolist() == [0.7, 0.4, 0.55]
    assert points.get_ydata().tolist() == [0, 1, 2]
    bar = ax.containers[0].patches[0]
    assert (bar.get_x(), round(bar.get_width(), 6), bar.get_y() + bar.get_height() / 2) == (0.45, 0.13, 1)
    [human] = [line for line in ax.lines if line.get_label() == "adults (published)"]
    assert (human.get_xdata()[0], human.get_ydata()[0]) == (0.98, 0)


def test_intervals_reach_from_low_to_high(ax: Axes) -> None:
    figures.accuracy_by_concept(ax, ACCURACY)
    [segments] = [c.lines[2][0].get_segments() for c in ax.containers]
    assert np.allclose(segments[0], [[0.6, 0], [0.75, 0]])
    assert len(segments[2]) == 0  # no interval, no line


def test_errors_of_people_and_models_share_one_scale(ax: Axes) -> None:
    figures.model_against_human(
        ax, pd.DataFrame({"block": ["O1"], "human_error": [0.3], "model_error": [0.1]})
    )
    assert ax.get_xlim() == ax.get_ylim()
    assert ax.collections[0].get_offsets().tolist() == [[0.3, 0.1]]
    assert ax.texts[0].get_text() == "O1"


def test_mean_and_maximum_are_told_apart(ax: Axes) -> None:
    figures.mean_and_maximum(ax, pd.DataFrame({"name": ["x"], "mean": [0.8], "maximum": [0.6]}))
    _, mean, maximum = ax.collections
    assert (mean.get_offsets().tolist(), maximum.get_offsets().tolist()) == ([[0.8, 0]], [[0.6, 0]])
    assert labels(ax)[:2] == ["mean over windows", "maximum over windows"]


def test_effects_without_significance_are_hollow(ax: Axes) -> None:
    table = pd.DataFrame(
        {"concept": ["a", "b"], "estimate": [2.0, 0.1], "low": [1, -1], "high": [3, 1], "p": [0.01, 0.6]}
    )
    figures.effect_by_concept(ax, table)
    sure, unsure = ax.collections[-2:]
    assert (sure.get_offsets().tolist(), unsure.get_offsets().tolist()) == ([[2.0, 0]], [[0.1, 1]])
    assert to_hex(unsure.get_facecolor()[0]) == "#ffffff"
    assert labels(ax) == ["p < .05, corrected", "p ≥ .05"]


def test_an_effect_of_unknown_p_promises_nothing(ax: Axes) -> None:
    figures.effect_by_concept(ax, pd.DataFrame({"concept": ["a"], "estimate": [2.0]}))
    assert ax.get_legend() is None


def test_ablations_keep_the_order_of_levels(ax: Axes) -> None:
    table = pd.DataFrame({"level": ["4 k", "1 k"], "estimate": [0.7, 0.6], "low": 0.5, "high": 0.8})
    seeds = pd.DataFrame({"level": ["4 k", "1 k", "1 k"], "estimate": [0.7, 0.63, 0.57]})
    figures.ablation(ax, table, seeds=seeds, label="clips")
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["4 k", "1 k"]
    dots = ax.collections[-1].get_offsets()  # those of "1 k", beside its mean; one seed alone is the mean
    assert dots[:, 1].tolist() == [0.63, 0.57] and (dots[:, 0] > 1).all() and (dots[:, 0] < 1.2).all()


def test_a_family_keeps_its_colour_where_it_stands_alone(ax: Axes) -> None:
    table = pd.DataFrame({"level": ["raw"], "family": ["pixel"], "estimate": 0.7, "low": 0.5, "high": 0.8})
    figures.ablation(ax, table, order=("latent", "pixel"))
    assert to_hex(ax.lines[0].get_color()) == "#d55e00"
    with pytest.raises(VoeError, match="lacks the column"):
        figures.ablation(ax, table.drop(columns="low"))


def test_contrasts_stand_at_their_share_however_small(ax: Axes) -> None:
    table = pd.DataFrame(
        {"level": ["taught", "taught", "scrambled", "scrambled"], "share": [1.0, 3.0, -0.0002, 0.0004]}
    )
    figures.contrasts(ax, table, order=("taught", "inverted", "scrambled"))
    assert [to_hex(dots.get_facecolor()[0]) for dots in ax.collections] == ["#0072b2", "#009e73"]
    dots = [collection.get_offsets()[:, 1].tolist() for collection in ax.collections]
    assert dots == [[100.0, 300.0], pytest.approx([-0.02, 0.04])]
    assert [line.get_ydata()[0] for line in ax.lines[:2]] == [200.0, pytest.approx(0.01)]
    assert ax.yaxis.get_transform().linthresh == pytest.approx(0.01)  # both kinds can be told from zero
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["taught", "scrambled"]


def test_contrasts_that_are_nothing_or_no_number(ax: Axes) -> None:
    table = pd.DataFrame({"level": ["a", "a", "b", "c"], "share": [0.0, np.nan, np.nan, 3.0]})
    figures.contrasts(ax, table, order=("c",))  # a and b come after it
    assert [collection.get_offsets()[:, 1].tolist() for collection in ax.collections] == [[0.0], [], [300.0]]
    assert ax.yaxis.get_transform().linthresh == 100.0 and len(ax.get_yticks()) < 10
    figures.contrasts(ax, table[:1])


def test_the_setting_fixed_beforehand_is_the_filled_one(ax: Axes) -> None:
    table = pd.DataFrame(
        {"setting": [4, 8], "estimate": [0.6, 0.7], "low": 0.5, "high": 0.8, "primary": [False, True]}
    )
    figures.sensitivity(ax, table)
    points = [c for c in ax.collections if isinstance(c, PathCollection)]
    filled, hollow = (c for c in points if len(c.get_offsets()) == 1)
    assert filled.get_offsets().tolist() == [[8, 0.7]]
    assert hollow.get_offsets().tolist() == [[4, 0.6]]
    assert to_hex(hollow.get_facecolor()[0]) == "#ffffff"
    assert "described, not tested" in labels(ax)


def test_development_draws_each_concept_once_and_all_of_them_last(ax: Axes) -> None:
    names = ["all", *(f"concept {n}" for n in range(9))]
    table = pd.DataFrame({"step": [100, 0] * 10, "concept": np.repeat(names, 2), "estimate": [0.6, 0.5] * 10})
    figures.development(ax, table)
    lines = ax.lines[:10]
    assert lines[-1].get_label() == "all"
    assert len({(line.get_color(), line.get_marker()) for line in lines}) == 10
    assert lines[0].get_xdata().tolist() == [0, 100]


def test_impossible_clips_are_drawn_apart_and_the_violation_is_marked(ax: Axes) -> None:
    table = pd.DataFrame(
        {"time": [0, 1] * 2, "clip": ["a", "a", "b", "b"], "possible": [True, True, False, False],
         "surprise": [1.0, 1.1, 1.0, 2.0]}
    )  # fmt: skip
    figures.surprise_over_time(ax, table, violation=1)
    assert [to_hex(line.get_color()).upper() for line in ax.lines[:2]] == [POSSIBLE, IMPOSSIBLE]
    assert ax.lines[1].get_ydata().tolist() == [1.0, 2.0]
    assert ax.lines[2].get_xdata() == [1, 1]
    assert labels(ax) == ["possible", "impossible", "violation"]


def test_judgements_of_possible_clips_stand_above_those_of_impossible_ones(ax: Axes) -> None:
    table = pd.DataFrame({"p": [0.95, 0.97, 0.02, np.nan], "possible": [True, False, False, True]})
    figures.probability_histogram(ax, table, bins=10)
    heights = np.array([bar.get_height() for bar in ax.patches])
    assert (heights[:10].tolist(), heights[10:].tolist()) == ([0] * 9 + [1], [-1] + [0] * 8 + [-1])


def test_a_name_that_begins_with_an_underscore_stands_in_the_legend(ax: Axes) -> None:
    table = pd.DataFrame({"concept": "c", "model": ["_mine", "b"], "estimate": 0.5, "low": 0.4, "high": 0.6})
    figures.accuracy_by_concept(ax, table)
    assert {name.lstrip("\u200b") for name in labels(ax)} == {"_mine", "b", "chance"}


def test_many_names_under_an_axis_stand_aslant(ax: Axes) -> None:
    names = [f"unchangeableness-{n}" for n in range(9)]
    table = pd.DataFrame({"level": names, "estimate": 0.5, "low": 0.4, "high": 0.6})
    figures.ablation(ax, table)
    assert [tick.get_rotation() for tick in ax.get_xticklabels()] == [35.0] * 9
    assert [tick.get_text() for tick in ax.get_xticklabels()] == names


def test_long_names_are_folded_and_dollars_are_no_formulas(ax: Axes) -> None:
    long = "unchangeableness of things that nobody sees, in $ or $"
    table = pd.DataFrame({"concept": [long], "estimate": 0.6, "low": 0.5, "high": 0.7})
    figures.accuracy_by_concept(ax, table)
    (label,) = ax.get_yticklabels()
    assert label.get_text() == "unchangeableness of things\nthat nobody sees, in \\$ or \\$"
    ax.figure.canvas.draw()  # a formula in it could not be parsed


@pytest.mark.parametrize(
    ("table", "words"),
    [(pd.DataFrame({"concept": ["a"]}), "lacks the column"), (ACCURACY.iloc[:0], "nothing to draw")],
)
def test_what_cannot_be_drawn_is_named(ax: Axes, table: pd.DataFrame, words: str) -> None:
    with pytest.raises(VoeError, match=words):
        figures.accuracy_by_concept(ax, table)


def test_figures_are_saved_in_three_formats_with_the_same_bytes(tmp_path: Path) -> None:
    saved = []
    for folder in ("one", "two"):
        with figures.style():
            figure, axes = plt.subplots()
            figures.accuracy_by_concept(axes, ACCURACY)
            saved.append([path.read_bytes() for path in figures.save(figure, tmp_path / folder, "concepts")])
            plt.close(figure)
    names = ["concepts.pdf", "concepts.png", "concepts.svg"]
    assert [path.name for path in sorted((tmp_path / "one").iterdir())] == names
    assert saved[0] == saved[1]


def test_letters_that_no_font_has_are_told_once(ax: Axes, tmp_path: Path) -> None:
    ax.set_title("\ue001 and \ue002, \ue001")  # private use
    with pytest.warns(UserWarning) as told:
        figures.save(ax.figure, tmp_path, "letters")
    assert [str(one.message).partition("Noto")[0] for one in told] == [
        "figure letters: \ue001\ue002 cannot be drawn, and boxes stand in their place. Figures use "
        "DejaVu Sans and, behind it, those that the system has of "
    ]


def test_other_warnings_of_a_figure_are_told_once(
    ax: Axes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def warned(*_: object, **__: object) -> None:
        for _time in range(3):
            warnings.warn("layout collapsed", UserWarning, stacklevel=1)

    monkeypatch.setattr(ax.figure, "savefig", warned)
    with pytest.warns(UserWarning) as told:
        warnings.simplefilter("default")
        figures.save(ax.figure, tmp_path, "letters")
    assert [str(one.message) for one in told] == ["layout collapsed"]


def test_an_unknown_format_is_refused(ax: Axes, tmp_path: Path) -> None:
    with pytest.raises(VoeError, match="unknown format 'gif'"):
        figures.save(ax.figure, tmp_path, "concepts", ["gif"])


def test_the_style_leaves_matplotlib_as_it_was() -> None:
    before = mpl.rcParams["axes.grid"]
    with figures.style():
        assert mpl.rcParams["axes.grid"] is True
    assert mpl.rcParams["axes.grid"] == before
