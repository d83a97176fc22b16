"""What the loaders of benchmarks share: the root of a download, and what a card says of its blocks."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from voe.cards import StimuliCard, card_names
from voe.errors import CardError, did_you_mean


def require_root(card: StimuliCard, root: Path | None, *inside: str) -> Path:
    """The folder of a download, or the folder `inside` it that holds the data.

    Args:
        inside: names of folders of which all must be in the root, or in one of its own folders.

    Raises:
        CardError: no root was given, or it does not hold what the card says.
    """
    layout = str(card.extra.get("layout", {}).get("tree", "")).strip()
    described = f"\nIts layout:\n{layout}" if layout else ""
    if root is None:
        raise CardError(
            f"loading stimuli {card.name!r}: give the folder of the download with --root. How to get it: "
            f"{card.get or 'see its paper'}{described}"
        )
    for folder in (root, *sorted(path for path in root.iterdir() if path.is_dir())):
        if all((folder / name).exists() for name in inside):
            return folder
    raise CardError(
        f"loading stimuli {card.name!r}: {root} (and the folders in it) do not hold {', '.join(inside)}; "
        f"is it the right folder?{described}"
    )


def concepts_of(card: StimuliCard, block: str) -> tuple[str, ...]:
    """The probe concepts that a block of the data set measures, from the card's `[concepts]`.

    Raises:
        CardError: a block that the card does not map, or a concept that has no card.
    """
    table: Mapping[str, Any] = card.extra.get("concepts", {})
    if block not in table:
        raise CardError(
            f"{card.path}: [concepts] does not say what block {block!r} measures."
            f"{did_you_mean(block, table)} It has: {', '.join(table)}"
        )
    concepts = table[block]
    known = card_names("probes")
    for concept in concepts:
        if concept not in known:
            raise CardError(
                f"{card.path}: [concepts] {block} names {concept!r}.{did_you_mean(concept, known)} "
                f"Concepts: {', '.join(known)}"
            )
    return tuple(concepts)


def layout_of(card: StimuliCard, *required: str) -> Mapping[str, Any]:
    """The card's `[layout]` table.

    Raises:
        CardError: it lacks a field that the loader needs.
    """
    table: Mapping[str, Any] = card.extra.get("layout", {})
    for field in required:
        if field not in table:
            raise CardError(f"{card.path}: [layout] lacks the field {field!r}")
    return table


def read_csv(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """(line number, cells) of a CSV file that must have these columns.

    Raises:
        CardError: no such file, a missing column (the message names those that are there), or a line of
            another length.
    """
    if not path.is_file():
        raise CardError(f"reading {path}: there is no such file; is the download complete?")
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        found = [column.strip() for column in reader.fieldnames or []]
        for column in columns:
            if column not in found:
                raise CardError(
                    f"{path}, line 1: the column {column!r} is missing.{did_you_mean(column, found)} The "
                    f"header has: {', '.join(found)}"
                )
        for cells in reader:
            if None in cells or None in cells.values():
                raise CardError(f"{path}, line {reader.line_num}: not {len(found)} cells as in the header")
            yield reader.line_num, {key.strip(): value.strip() for key, value in cells.items()}
