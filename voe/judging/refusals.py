"""What a judge is not asked: clips that cannot be read, and what would serve refused comparisons alone."""

from __future__ import annotations

from collections.abc import Iterable

from voe.clips import Pair, Quadruplet, StimulusSet
from voe.judging.plan import Item
from voe.runs import JOINED, Failure


class Refusals:
    """The failures of a judging run, looked up by clip and by comparison."""

    def __init__(self, stimuli: StimulusSet, failures: Iterable[Failure]) -> None:
        self._stimuli = stimuli
        named: dict[str, set[str]] = {"clip": set(), "comparison": set()}
        for failure in failures:
            named[failure.kind].add(failure.clip)
        self._clips, self._comparisons = named["clip"], named["comparison"]

    def hold(self, design: Quadruplet | Pair) -> bool:
        """Whether a comparison is refused: its clips differ in more than the event."""
        return JOINED.join(design.clips) in self._comparisons

    def cover(self, item: Item) -> bool:
        """Whether a question is not asked: a clip of it cannot be read, or all that it serves is refused."""
        clips = set(item.clips)
        if clips & self._clips:
            return True
        if not self._comparisons:
            return False
        serves = [one for one in self._stimuli.designs_of(item.scene) if clips <= set(one.clips)]
        return bool(serves) and all(map(self.hold, serves))
