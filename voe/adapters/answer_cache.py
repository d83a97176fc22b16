"""Answers that were paid for once: kept by the content of what was asked, one small file each."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

from voe.adapters.judge import Answer
from voe.cache import cache_folder


class AnswerCache:
    """A folder of answers. `None` in place of a folder keeps nothing."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    @classmethod
    def shared(cls) -> AnswerCache:
        """The user's own, for all runs."""
        return cls(cache_folder() / "answers")

    def find(self, digest: str, question: str) -> Answer | None:
        """The answer to a question of that content, under the given question's id."""
        if self.folder is None or not (path := self._path(digest)).is_file():
            return None
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            return Answer(**{**content, "question": question})
        except (json.JSONDecodeError, TypeError):
            return None  # written by another version, or cut off: asked again

    def keep(self, digest: str, answer: Answer) -> None:
        """Keep an answer; one that failed is none."""
        if self.folder is None or answer.status == "failed":
            return
        path = self._path(digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(f"{path.name}.{os.getpid()}.partial")
        aside.write_text(json.dumps(asdict(answer), ensure_ascii=False), encoding="utf-8")
        aside.replace(path)

    def _path(self, digest: str) -> Path:
        assert self.folder is not None
        return self.folder / digest[:2] / f"{digest}.json"
