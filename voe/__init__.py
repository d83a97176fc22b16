"""voe: violation of expectation for video models.

A model that understands physics is more surprised by an impossible clip than by its matched possible twin.
`voe.score(model, stimuli)` measures that; `voe.surprise_curves` is its core, straight from arrays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from voe.errors import VoeError

if TYPE_CHECKING:
    from voe.adapters.base import Predictor, PredictorSpec
    from voe.adapters.load import load_model
    from voe.clips import Clip, Label, Match, Pair, Quadruplet, Segment, Source, StimulusSet
    from voe.engine import surprise_curves
    from voe.loaders.load import load_stimuli
    from voe.protocols import Protocol
    from voe.results import Run
    from voe.scoring import score

__version__ = "0.1.0.dev0"

# Public name -> module that defines it; imported when it is first asked for, so that `import voe` is quick.
_HOMES = {
    "Clip": "voe.clips",
    "Label": "voe.clips",
    "Match": "voe.clips",
    "Pair": "voe.clips",
    "Predictor": "voe.adapters.base",
    "PredictorSpec": "voe.adapters.base",
    "Protocol": "voe.protocols",
    "Quadruplet": "voe.clips",
    "Run": "voe.results",
    "Segment": "voe.clips",
    "Source": "voe.clips",
    "StimulusSet": "voe.clips",
    "load_model": "voe.adapters.load",
    "load_stimuli": "voe.loaders.load",
    "score": "voe.scoring",
    "surprise_curves": "voe.engine",
}

__all__ = [
    "Clip",
    "Label",
    "Match",
    "Pair",
    "Predictor",
    "PredictorSpec",
    "Protocol",
    "Quadruplet",
    "Run",
    "Segment",
    "Source",
    "StimulusSet",
    "VoeError",
    "__version__",
    "load_model",
    "load_stimuli",
    "score",
    "surprise_curves",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'voe' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
