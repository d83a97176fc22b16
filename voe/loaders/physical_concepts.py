"""Physical Concepts (Piloto et al. 2022, Nature Human Behaviour): five probes in TFRecord files.

    probes/<concept>/data.tfrecord-00000-of-00020 ...

as google-deepmind/physical_concepts describes them: GZIP, raw bytes, `possible_image` and `impossible_image`
[2, 15, 64, 64, 3] a record. A record is a quadruplet: the impossible clips are segments of the possible ones,
spliced.
"""

from __future__ import annotations

from pathlib import Path

from voe.cards import StimuliCard
from voe.clips import Clip, Label, Quadruplet, Segment, Source, StimulusSet
from voe.errors import CardError
from voe.loaders.folders import concepts_of, layout_of, require_root

SHAPE = "15x64x64x3"


def load(card: StimuliCard, root: Path | None) -> StimulusSet:
    """Every record of every file as a quadruplet; `[layout] records` says how many a file holds.

    Raises:
        CardError: a folder that does not hold the probes, or a concept without files.
    """
    layout = layout_of(card, "records")
    folder = require_root(card, root, "probes") / "probes"
    clips: list[Clip] = []
    quadruplets: list[Quadruplet] = []
    for block in sorted(path for path in folder.iterdir() if path.is_dir()):
        concepts = concepts_of(card, block.name)
        shards = sorted(block.glob("data.tfrecord-*-of-*"))
        _require_all(block, shards)
        for shard in shards:
            for record in range(int(layout["records"])):
                four = _clips(shard, record, block.name, int(shard.name.split("-")[1]))
                clips += four
                aa, bb, ab, ba = (clip.id for clip in four)
                name = four[0].scene
                quadruplets.append(
                    Quadruplet(name, name, concepts, aa, ab, ba, bb, conditions={"block": block.name})
                )
    return StimulusSet(card.name, tuple(clips), (), tuple(quadruplets), align=card.align, root=folder)


def _require_all(block: Path, shards: list[Path]) -> None:
    """All files of a concept, as their names count them."""
    if not shards:
        raise CardError(
            f"{block}: there is no data.tfrecord-NNNNN-of-NNNNN in it; the download is incomplete"
        )
    total = int(shards[0].name.rpartition("-")[2])
    missing = sorted(set(range(total)) - {int(shard.name.split("-")[1]) for shard in shards})
    if missing:
        raise CardError(f"{block}: file {missing[0]:05d} of {total} is missing; the download is incomplete")


def _clips(shard: Path, record: int, block: str, number: int) -> list[Clip]:
    """Two possible and two impossible clips."""
    scene = f"{block}/{number:05d}-{record:03d}"
    made = []
    for label in Label:
        for index in range(2):
            part = f"{record}:{label.value}_image:{index}:{SHAPE}"
            segments = (Segment(Source(shard, kind="record", part=part), 0, 15),)
            tags = {"block": block}
            made.append(Clip(f"{scene}-{label.value}{index}", scene, label, segments, tags=tags))
    return made
