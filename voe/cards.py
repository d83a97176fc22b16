"""Cards: the TOML files in `stimuli/` (data sets) and `probes/` (physical concepts), read and validated.

This is the one place that knows where they lie: inside the package when it was installed from a wheel, at
the root of the checkout when it is an editable install, so that an edited card is the one that is read.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from voe.clips import Align
from voe.errors import CardError, ProtocolError, did_you_mean
from voe.protocols import Protocol

Kind = Literal["stimuli", "probes"]

_STIMULI_FIELDS = {
    "name": str, "title": str, "loader": str, "manifest": str, "align": str, "licence": str,
    "citation": str, "description": str, "get": str, "note": str,
}  # fmt: skip
_PROBE_FIELDS = ("name", "title", "definition")


@dataclass(frozen=True)
class StimuliCard:
    """What one data set is and how its paper scored it.

    `note` must stand above every table of its results. `protocols` holds the raw tables: 'default', and a
    model family ('latent', 'pixel', 'baseline') where the paper differs. `extra` holds the card's further
    tables, for the loader that knows them.
    """

    name: str
    title: str
    path: Path
    hash: str
    loader: str = "manifest"
    manifest: str = ""
    align: Align = "strict"
    licence: str = ""
    citation: str = ""
    description: str = ""
    get: str = ""
    note: str = ""
    protocols: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ProbeCard:
    """What one physical concept is. `table` is the whole card as read."""

    name: str
    title: str
    definition: str
    path: Path
    table: Mapping[str, Any]


def content_root() -> Path:
    """The folder that holds `stimuli/` and `probes/`.

    Raises:
        CardError: neither the package nor the checkout has them.
    """
    package = Path(__file__).resolve().parent
    for root in (package / "content", package.parent):
        if (root / "stimuli").is_dir() and (root / "probes").is_dir():
            return root
    raise CardError(
        f"looking for the cards of voe: neither {package / 'content'} nor {package.parent} holds stimuli/ "
        "and probes/; install voe again, from its wheel or with pip install -e"
    )


def card_names(kind: Kind) -> tuple[str, ...]:
    """Names of all cards of a kind, sorted."""
    return tuple(sorted(path.stem for path in (content_root() / kind).glob("*.toml")))


def card_path(kind: Kind, name: str) -> Path:
    """The file of a card that ships, or the given path if it ends in `.toml`.

    Raises:
        CardError: there is no such card.
    """
    path = Path(name) if name.endswith(".toml") else content_root() / kind / f"{name}.toml"
    if not path.is_file():
        known = card_names(kind)
        raise CardError(
            f"looking for the {kind} card {name!r}: there is none.{did_you_mean(name, known)} "
            f"Known: {', '.join(known)}; or give the path of a card (.toml) or of a manifest of your own "
            "clips (.csv)"
        )
    return path


def read_stimuli_card(name: str) -> StimuliCard:
    """Read and validate a data set's card by name or path.

    Raises:
        CardError: no such card, not TOML, or a field that is missing, unknown or of the wrong type.
    """
    path = card_path("stimuli", name)
    table, digest = _read_toml(path)
    head = _section(table, "stimuli", _STIMULI_FIELDS, required=("name", "title"), path=path)
    align = head.get("align", "strict")
    if align not in get_args(Align):
        raise CardError(f"{path}: [stimuli] align is {align!r}; it must be 'strict' or 'end'")
    protocols = table.get("protocol", {})
    _check_protocols(protocols, path)
    extra = {key: value for key, value in table.items() if key not in ("stimuli", "protocol")}
    return StimuliCard(**head, path=path, hash=digest, protocols=protocols, extra=extra)


def read_probe_card(name: str) -> ProbeCard:
    """Read and validate a concept's card by name or path (errors as for `read_stimuli_card`)."""
    path = card_path("probes", name)
    table, _ = _read_toml(path)
    missing = [key for key in _PROBE_FIELDS if not isinstance(table.get(key), str)]
    if missing:
        raise CardError(f"{path}: a probe card needs the text field(s) {', '.join(missing)}")
    return ProbeCard(table["name"], table["title"], table["definition"], path, table)


def _read_toml(path: Path) -> tuple[dict[str, Any], str]:
    """A TOML file and the SHA-256 of its bytes."""
    data = path.read_bytes()
    try:
        return tomllib.loads(data.decode("utf-8")), hashlib.sha256(data).hexdigest()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CardError(f"{path}: not a TOML file: {error}") from error


def _section(
    table: Mapping[str, Any], name: str, known: Mapping[str, type], required: tuple[str, ...], path: Path
) -> dict[str, Any]:
    """The table `[name]` of a card, with unknown, missing and mistyped fields refused."""
    section = table.get(name)
    if not isinstance(section, dict):
        raise CardError(f"{path}: the card has no [{name}] table")
    for key, value in section.items():
        if key not in known:
            raise CardError(f"{path}: [{name}] has an unknown field {key!r}.{did_you_mean(key, known)}")
        if not isinstance(value, known[key]):
            raise CardError(f"{path}: [{name}] {key} must be of type {known[key].__name__}, not {value!r}")
    for key in required:
        if key not in section:
            raise CardError(f"{path}: [{name}] lacks the field {key!r}")
    return section


def _check_protocols(protocols: object, path: Path) -> None:
    """Each [protocol.FAMILY] must make a valid protocol on top of [protocol.default]."""
    if not isinstance(protocols, dict) or any(not isinstance(t, dict) for t in protocols.values()):
        raise CardError(f"{path}: protocols are tables: [protocol.default], [protocol.latent], ...")
    try:
        default = Protocol().updated(protocols.get("default", {}), "[protocol.default]")
        for family, table in protocols.items():
            default.updated(table, f"[protocol.{family}]")
    except ProtocolError as error:
        raise CardError(f"{path}: {error}") from error
