"""The tables on the page of the miniature are those that the results which ship give."""

from __future__ import annotations

from pathlib import Path

import pytest

from voe.miniature.arms import ARMS, MODELS, set_of
from voe.miniature.printing import result_tables
from voe.miniature.results import SHIPPED, read_results
from voe.report.formats import render

PAGE = Path(__file__).parents[2] / "docs/miniature.md"
RULE = "──"
pytestmark = pytest.mark.skipif(
    not (PAGE.is_file() and SHIPPED.is_dir()), reason="the page or the results are not here"
)


def tables(text: str) -> dict[str, list[str]]:
    """Title -> rows of each table of a text; a table ends where another begins or a fence closes."""
    lines = text.splitlines()
    found: dict[str, list[str]] = {}
    for number, line in enumerate(lines[:-2]):
        if lines[number + 2].startswith(RULE):
            title = line.strip()
            assert title not in found, f"two tables are called {title!r}"
            found[title] = []
            for row in [lines[number + 1], *lines[number + 3 :]]:
                if row.startswith(("```", "Interval", "On the", "p:", "Each", "What each", "Per cent")):
                    break
                if row.strip():
                    found[title].append(row)
    return found


def same(cell: str, other: str) -> bool:
    """The same word, or numbers that differ by no more than the last digit's rounding."""
    try:
        return abs(float(cell) - float(other)) < 0.11
    except ValueError:
        return cell == other


def test_tables_on_the_page_are_those_of_the_results() -> None:
    page, printed = (
        tables(PAGE.read_text(encoding="utf-8")),
        tables(render(result_tables(read_results()), "text")),
    )
    assert len(page) >= 12 and set(page) <= set(printed)
    for title, rows in page.items():
        cells, expected = ([row.split() for row in some] for some in (rows, printed[title]))
        assert [len(row) for row in cells] == [len(row) for row in expected], title
        for row, other in zip(cells, expected, strict=True):
            assert all(map(same, row, other)), f"{title}: {' '.join(row)}, now {' '.join(other)}"


def test_every_arm_was_run_and_every_question_has_its_table_on_the_page() -> None:
    results = read_results()
    assert {arm.name for arm in ARMS} <= set(results.verdicts["arm"])
    assert {arm.name for arm in ARMS} == set(results.trainings["arm"])
    groups = {arm.group for arm in ARMS if arm.group != MODELS}
    assert {f"{group.upper()}, on {set_of(group)}" for group in groups} <= set(
        tables(PAGE.read_text("utf-8"))
    )
