"""What is fixed before the first score: `protocol.lock`.

A choice that is made after looking at the numbers is paid for in the p-value. So the windows, the context
that counts, the tolerance, the tests and how they are corrected are written down first, printed with every
table, and compared when a run is continued.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from voe.adapters.base import PredictorSpec
from voe.clips import StimulusSet
from voe.errors import ProtocolError
from voe.protocols import Protocol
from voe.stimulus_record import fingerprint

ALPHA = 0.05
TIE_LIMIT = 0.20
MARGIN_PER_CONCEPT, MARGIN_OVERALL = 0.10, 0.05


def resolve_protocol(
    spec: PredictorSpec, stimuli: StimulusSet, asked: Protocol | Mapping[str, object] | None = None
) -> Protocol:
    """The protocol of a run: what was asked, over the card's table for the model's family, over the card's
    default, over the model's own default. A whole `Protocol` is taken as it is.

    Raises:
        ProtocolError: an unknown field, or values that no window could satisfy.
    """
    if isinstance(asked, Protocol):
        return asked
    protocol = spec.protocol
    for table in ("default", spec.family):
        if table in stimuli.protocols:
            origin = f"card of {stimuli.name!r}, [protocol.{table}]"
            protocol = protocol.updated(stimuli.protocols[table], origin)
    return protocol.updated(asked, "the protocol asked for") if asked else protocol


def make_lock(
    spec: PredictorSpec,
    stimuli: StimulusSet,
    protocol: Protocol,
    asked: Protocol | Mapping[str, object] | None = None,
    control: str | None = None,
) -> dict[str, Any]:
    """The content of `protocol.lock`; `asked` is what `resolve_protocol` was given, `control` in `CONTROLS`.

    Raises:
        ProtocolError: the set has nothing to compare.
    """
    if not stimuli.pairs and not stimuli.quadruplets and not stimuli.unlabelled:
        raise ProtocolError(f"stimuli {stimuli.name!r}: there is no pair and no quadruplet to compare")
    return {
        **({"control": control} if control else {}),
        "stimuli": stimuli_entry(stimuli),
        "model": {"name": spec.name, "family": spec.family, "trained": spec.trained},
        "protocol": protocol.as_dict(),
        "protocol_from": {
            "origin": "card" if stimuli.protocols else "model",
            "changed": sorted(protocol.as_dict() if isinstance(asked, Protocol) else asked or ()),
        },
        "measure": {
            "headline": headline_of(stimuli),
            "stream": spec.streams[0],
            "aggregate": "mean",
            "windows": "informative",
            "tolerance_relative": 1e-6,
            "tolerance_rebatch_factor": 4,
            "tie_limit": TIE_LIMIT,
        },
        "tests": tests_entry(stimuli),
    }


def headline_of(stimuli: StimulusSet) -> str:
    """What the headline counts: 'quadruplets' where the set has them, else 'pairs', else 'none'."""
    return "quadruplets" if stimuli.quadruplets else "pairs" if stimuli.pairs else "none"


def stimuli_entry(stimuli: StimulusSet) -> dict[str, Any]:
    """What a lock says of the stimuli."""
    return {
        "name": stimuli.name,
        "card_sha256": stimuli.card_hash,
        "sha256": fingerprint(stimuli),
        "align": stimuli.align,
        "note": stimuli.note,
    }


def tests_entry(stimuli: StimulusSet) -> dict[str, Any]:
    """What a lock says of the tests, their family and their correction."""
    return {
        "alpha": ALPHA,
        "quadruplets": "exact one-sided sign test against 50 %",
        "pairs": "one-sided test of signs flipped by scene, against 50 %",
        "family": list(stimuli.concepts),
        "correction": "Holm over the concepts, verdicts included; the overall figure by itself",
        "margin_per_concept": MARGIN_PER_CONCEPT,
        "margin_overall": MARGIN_OVERALL,
    }


def digest(lock: Mapping[str, Any]) -> str:
    """The first 8 hexadecimal digits of a lock's SHA-256: what names a run's folder and its tables."""
    return hashlib.sha256(json.dumps(lock, sort_keys=True).encode()).hexdigest()[:8]
