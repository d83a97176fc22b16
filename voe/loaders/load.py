"""A name, a card or a manifest -> `StimulusSet`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path

from voe.cards import StimuliCard, read_stimuli_card
from voe.clips import StimulusSet
from voe.errors import CardError
from voe.loaders.manifest import load_manifest

Loader = Callable[[StimuliCard, Path | None], StimulusSet]

BUILT_IN = {
    name: f"voe.loaders.{name}"
    for name in (
        "rendered",
        "pattern",
        "intphys",
        "intphys2",
        "grasp",
        "inflevel",
        "likephys",
        "physical_concepts",
        "xvoe",
        "adept",
        "annotations",
    )
}
"""Name of a loader -> the module whose `load` it is; imported when a card asks for it."""


def load_stimuli(name_or_card: str | Path, root: str | Path | None = None) -> StimulusSet:
    """Load a set of stimuli; no video is opened yet.

    Args:
        name_or_card: the name of a card that ships (`voe stimuli` lists them), a card's path (`.toml`), or
            a manifest (`.csv`).
        root: the folder of the downloaded data set, where its card does not bring the videos along.

    Raises:
        CardError: no such card, or a card, manifest or folder that does not hold what it should.
    """
    folder = None if root is None else Path(root)
    if folder is not None and not folder.is_dir():
        raise CardError(f"loading stimuli {str(name_or_card)!r}: --root {folder} is not a folder")
    if Path(name_or_card).suffix.lower() == ".csv":
        return load_manifest(Path(name_or_card), folder)
    card = read_stimuli_card(str(name_or_card))
    stimuli = _loader(card)(card, folder)
    return replace(
        stimuli,
        protocols=card.protocols,
        card_hash=card.hash,
        note=card.note,
        block=card.extra.get("blocks", {}).get("condition", stimuli.block),
        own_metrics=tuple(card.extra.get("metrics", {}).get("own", stimuli.own_metrics)),
    )


def _loader(card: StimuliCard) -> Loader:
    """The function that reads the folder of a card: built in, or an installed plugin's."""
    if card.loader == "manifest":
        return _from_manifest
    if card.loader in BUILT_IN:
        built_in: Loader = import_module(BUILT_IN[card.loader]).load
        return built_in
    plugins = {point.name: point for point in entry_points(group="voe.loaders")}
    if card.loader not in plugins:
        known = ", ".join(sorted({"manifest", *BUILT_IN, *plugins}))
        raise CardError(f"{card.path}: unknown loader {card.loader!r}; known: {known}")
    loader: Loader = plugins[card.loader].load()
    return loader


def _from_manifest(card: StimuliCard, root: Path | None) -> StimulusSet:
    """A card that brings its clips as a CSV manifest beside it."""
    if not card.manifest:
        raise CardError(f"{card.path}: [stimuli] needs the field 'manifest', a CSV file beside the card")
    return load_manifest(card.path.parent / card.manifest, root, name=card.name, align=card.align)
