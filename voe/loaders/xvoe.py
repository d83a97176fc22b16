"""X-VoE (Dai et al., ICCV 2023): collision, blocking, continuity and permanence in TFRecord files.

    test/<scenario>/eval-part-000.tfrecord ... -005.tfrecord     (permanence: four parts)

as daibopku/X-VoE reads them: GZIP, `raw_image` a serialized tensor of 15 frames. The part says the label:
0, 2, 3 and 4 are possible, 1 and 5 impossible (permanence: 1). Item k of the parts is one scene; parts 0
and 1, and 4 and 5, are compared. Parts 2 and 3 are both possible, so between them there is no right answer.
"""

from __future__ import annotations

from pathlib import Path

from voe.cards import StimuliCard
from voe.clips import Clip, Label, Pair, Segment, Source, StimulusSet
from voe.errors import CardError
from voe.loaders.folders import concepts_of, require_root
from voe.video.records import count_records

IMPOSSIBLE = (1, 5)
COMPARED = ((0, 1), (4, 5))
PARTS = {"permanence": 4}


def load(card: StimuliCard, root: Path | None) -> StimulusSet:
    """All items of all scenarios. The first part of each is read whole, to count its items.

    Raises:
        CardError: a folder that does not hold the test part, or a scenario without all of its parts.
        VideoError: a damaged file.
    """
    folder = require_root(card, root, "test") / "test"
    clips: list[Clip] = []
    pairs: list[Pair] = []
    for place in sorted(path for path in folder.iterdir() if path.is_dir()):
        scenario, concepts = place.name, concepts_of(card, place.name)
        parts = [place / f"eval-part-{n:03d}.tfrecord" for n in range(PARTS.get(scenario, 6))]
        for path in parts:
            if not path.is_file():
                raise CardError(
                    f"{path}: it is missing; the label of a clip is the number of its file, so all are needed"
                )
        for item in range(count_records(parts[0])):
            scene = f"{scenario}/{item:04d}"
            clips += [_clip(path, n, item, scene) for n, path in enumerate(parts)]
            for real, magic in COMPARED:
                if magic < len(parts):
                    conditions = {"block": scenario, "parts": f"{real}-{magic}"}
                    names = (f"{scene}-{real}", f"{scene}-{magic}")
                    pairs.append(Pair(*names, scene, concepts, conditions=conditions))
    return StimulusSet(card.name, tuple(clips), tuple(pairs), align=card.align, root=folder)


def _clip(path: Path, part: int, item: int, scene: str) -> Clip:
    label = Label.IMPOSSIBLE if part in IMPOSSIBLE else Label.POSSIBLE
    segments = (Segment(Source(path, kind="record", part=f"{item}:raw_image")),)
    return Clip(
        f"{scene}-{part}", scene, label, segments, tags={"block": path.parent.name, "part": str(part)}
    )
