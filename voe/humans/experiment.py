"""The page: clips in random order, one rating each, a table of ratings to send back. Nothing leaves the page.

Clips go by codes, and labels are not in the page, so that neither its source nor the table gives the answer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from importlib.resources import files
from typing import Final

from voe.clips import Clip, Pair, Quadruplet, StimulusSet
from voe.comparable import unequal
from voe.errors import VoeError
from voe.judging.frames import read_clips
from voe.judging.plan import Asking
from voe.report.page.build import embedded, policy_hash
from voe.report.page.pictures import data_address, webm
from voe.stimulus_record import fingerprint

SCALE: Final = 7
"""Ratings go from 1 (not at all surprising) to this."""
INSTRUCTIONS: Final = """\
You will see short videos of things that move, meet, hide and come out again.

After each video, say how surprising the event was: 1 means not at all surprising, 7 means extremely \
surprising. Judge what happens, not how well the pictures are made. There are no right or wrong answers, and \
you can stop at any time by closing the page; what you have rated so far is kept in this browser.

By pressing Begin you agree that your ratings are saved in a file that you send back yourself. Nothing else \
is recorded, and nothing is sent by this page.
"""
_FRAMES: Final = 240
_PRACTICE: Final = 2
_FAULTS: Final = 10
"""Of the faults of stimuli so many at most are told, and the number of the others."""
_CRF: Final = 10
"""Near lossless: nobody should rate the coding."""


def code_of(clip: str, sha256: str) -> str:
    """The name of a clip in the page and in the ratings: says nothing of what the clip shows."""
    return hashlib.sha256(f"{sha256}|{clip}".encode()).hexdigest()[:10]


def chosen_clips(stimuli: StimulusSet, scenes: int | None) -> list[Clip]:
    """The clips of comparisons, of the first `scenes` scenes of each concept (None: of all)."""
    designs: list[Quadruplet | Pair] = [*stimuli.quadruplets, *stimuli.pairs]
    wanted: dict[str, None] = {}
    for concept in stimuli.concepts or ("",):
        of_concept = [one for one in designs if not concept or concept in one.concepts]
        names = list(dict.fromkeys(one.scene for one in of_concept))[:scenes]
        wanted |= {clip: None for one in of_concept if one.scene in names for clip in one.clips}
    if not wanted:
        raise VoeError(f"asking people about {stimuli.name!r}: the set has nothing to compare")
    return [clip for clip in stimuli.clips if clip.id in wanted]


def experiment_page(
    stimuli: StimulusSet,
    *,
    scenes: int | None = None,
    size: int = 256,
    instructions: str = INSTRUCTIONS,
    progress: Callable[[int, int], None] | None = None,
) -> str:
    """One HTML page that needs nothing but itself.

    Args:
        stimuli: a set with pairs or quadruplets.
        scenes: of each concept; None for all.
        size: longer side of the videos, in pixels.
        instructions: what a person reads first; paragraphs are separated by empty lines.
        progress: called with (clips done, clips in all).

    Raises:
        VoeError: nothing to compare, a clip that cannot be read, or clips of a comparison that differ in
            rate, picture size or (but for pairs that their card aligns at their ends) length.
    """
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    sha256 = fingerprint(stimuli)
    clips = chosen_clips(stimuli, scenes)
    data = {
        "stimuli": stimuli.name,
        "fingerprint": sha256,
        "scale": SCALE,
        "practice": _PRACTICE,
        "clips": _videos(stimuli, clips, sha256, size, progress),
    }
    style, script = _file("experiment.css"), _file("experiment.js")
    policy = (
        f"default-src 'none'; media-src data:; style-src {policy_hash(style)}; "
        f"script-src {policy_hash(script)}; base-uri 'none'; form-action 'none'"
    )
    environment = Environment(
        loader=FunctionLoader(_file), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    paragraphs = [part.strip() for part in instructions.split("\n\n") if part.strip()]
    return environment.get_template("experiment.html").render(
        title=stimuli.name, paragraphs=paragraphs, scale=SCALE, policy=policy, style=style, script=script,
        data=embedded(data),
    )  # fmt: skip


def _videos(
    stimuli: StimulusSet,
    clips: Sequence[Clip],
    sha256: str,
    size: int,
    progress: Callable[[int, int], None] | None,
) -> list[dict[str, object]]:
    """Code, video and a code of the scene (so that one scene is not shown twice in a row).

    After a fault nothing more is encoded, but the other scenes are read: their faults are told with it.
    """
    made: list[dict[str, object]] = []
    faults: list[str] = []
    scenes = list(dict.fromkeys(clip.scene for clip in clips))
    for scene in scenes:
        of_scene = [clip for clip in clips if clip.scene == scene]
        read = read_clips(of_scene, Asking(frames=_FRAMES, size=size))
        faults += [f"clip {n!r}: {e}; repair it, or leave its scene out" for n, e in read.failures.items()]
        faults += [
            f"scene {scene!r}: {failure.reason}, or leave the scene out"
            for failure in unequal(stimuli, scene, read.facts)
        ]
        if faults:
            continue
        for clip in of_scene:
            frames = read.shown[clip.id].frames
            even = frames[:, : frames.shape[1] // 2 * 2, : frames.shape[2] // 2 * 2]
            video = webm(even, min(max(read.shown[clip.id].fps, 1.0), 60.0), crf=_CRF)
            made.append(
                {
                    "code": code_of(clip.id, sha256), "scene": code_of(scene, sha256),
                    "video": data_address("video/webm", video),
                }
            )  # fmt: skip
            if progress is not None:
                progress(len(made), len(clips))
    if len(faults) == 1:
        raise VoeError(f"asking people about {faults[0]}")
    if faults:
        raise VoeError(f"asking people about {stimuli.name!r}: {_listed(faults)}")
    return made


def _listed(faults: Sequence[str]) -> str:
    """The first faults, one a line, and how many there are."""
    more = [f"and {len(faults) - _FAULTS} more"] if len(faults) > _FAULTS else []
    return "\n  ".join([f"{len(faults)} faults", *faults[:_FAULTS], *more])


def _file(name: str) -> str:
    return files("voe.humans").joinpath(name).read_text(encoding="utf-8")
