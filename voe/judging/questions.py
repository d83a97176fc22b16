"""What a judge is asked: cards in `probes/questions/`, that a psychologist can edit, or a file of her own."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from voe.cards import content_root
from voe.errors import CardError, did_you_mean

Asks = Literal["possible", "impossible"]
KINDS: Final = ("rate", "choose", "comprehension", "caption")
_FIELDS: Final[Mapping[str, Mapping[str, type]]] = {
    "rate": {"name": str, "asks": str, "choices": list, "prompt": str, "concept": str},
    "choose": {"name": str, "asks": str, "choices": list, "prompt": str, "concept": str},
    "comprehension": {
        "name": str, "concept": str, "about": str, "where": dict, "choices": list, "answers": dict,
        "prompt": str,
    },
    "caption": {"name": str, "possible": str, "impossible": str, "concept": str},
}  # fmt: skip
_OPTIONAL: Final = ("concept", "where")


@dataclass(frozen=True)
class Prompt:
    """One way of asking.

    `asks` says what the first choice says of the event: that it is possible, or impossible (`rate`), or
    which of two clips is to be named (`choose`). A prompt with a `concept` names what to look for: it is
    asked of that concept's clips alone, and secondary. For comprehension `about` is 'context', 'outcome' or
    a condition, `answers` the right choice of each of its levels, and `where` the levels of other conditions
    at which it makes sense. A caption's choices are the possible and the impossible event.
    """

    kind: str
    name: str
    choices: tuple[str, ...]
    prompt: str = ""
    asks: Asks = "possible"
    concept: str = ""
    about: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class QuestionSet:
    """All prompts, and the SHA-256 of the files that they come from."""

    prompts: tuple[Prompt, ...]
    sha256: str
    origin: str

    def of(self, kind: str) -> list[Prompt]:
        """The prompts of one kind."""
        return [prompt for prompt in self.prompts if prompt.kind == kind]


def read_questions(path: str | Path | None = None) -> QuestionSet:
    """The prompts that ship, or those of a file; kinds that the file has none of keep those that ship.

    Raises:
        CardError: no such file, not TOML, or a prompt that lacks a field or has an unknown one.
    """
    folder = content_root() / "probes" / "questions"
    shipped = sorted(folder.glob("*.toml"))
    if path is None:
        return _set([_read(file) for file in shipped], "the prompts that ship")
    own = _read(Path(path))
    kept = [(data, [p for p in prompts if p.kind not in {one.kind for one in own[1]}])
            for data, prompts in map(_read, shipped)]  # fmt: skip
    return _set([own, *kept], str(path))


def _set(files: Sequence[tuple[bytes, list[Prompt]]], origin: str) -> QuestionSet:
    prompts = [prompt for _, found in files for prompt in found]
    names = [(prompt.kind, prompt.name) for prompt in prompts]
    for kind, name in names:
        if names.count((kind, name)) > 1:
            raise CardError(f"questions: two prompts of kind {kind!r} are called {name!r}; rename one")
    digest = hashlib.sha256()
    for data, found in files:
        if found:
            digest.update(data)
    return QuestionSet(tuple(prompts), digest.hexdigest(), origin)


def _read(path: Path) -> tuple[bytes, list[Prompt]]:
    if not path.is_file():
        raise CardError(f"reading questions: there is no file {path}")
    data = path.read_bytes()
    try:
        table = tomllib.loads(data.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CardError(f"{path}: not a TOML file: {error}") from error
    prompts = []
    for kind, entries in table.items():
        if kind not in _FIELDS or not isinstance(entries, list):
            raise CardError(
                f"{path}: [[{kind}]] is no kind of question.{did_you_mean(kind, KINDS)} Kinds: "
                f"{', '.join(f'[[{k}]]' for k in KINDS)}"
            )
        prompts += [_prompt(kind, entry, path) for entry in entries]
    if not prompts:
        raise CardError(f"{path}: there is no question in it")
    return data, prompts


def _prompt(kind: str, entry: Mapping[str, Any], path: Path) -> Prompt:
    if not isinstance(entry, dict):
        raise CardError(f"{path}: {entry!r} is no table; write each question under a line [[{kind}]]")
    known = _FIELDS[kind]
    who = f"{path}, [[{kind}]] {entry.get('name', '')!r}"
    for key, value in entry.items():
        if key not in known:
            raise CardError(f"{who}: unknown field {key!r}.{did_you_mean(key, known)}")
        if not isinstance(value, known[key]):
            raise CardError(f"{who}: {key} must be of type {known[key].__name__}, not {value!r}")
    missing = [key for key in known if key not in _OPTIONAL and not entry.get(key)]
    if missing:
        raise CardError(f"{who}: lacks the field(s) {', '.join(missing)}")
    if kind == "caption":
        captions = (entry["possible"], entry["impossible"])
        return Prompt(kind, entry["name"], captions, concept=entry.get("concept", ""))
    choices = tuple(map(str, entry["choices"]))
    if (
        len({choice.casefold().strip() for choice in choices} - {""}) < len(choices)
        or len(choices) < 2
        or (kind != "comprehension" and len(choices) != 2)
    ):
        raise CardError(f"{who}: choices are {list(choices)}; two different words are needed")
    if entry.get("asks", "possible") not in ("possible", "impossible"):
        raise CardError(f"{who}: asks is {entry['asks']!r}; it must be 'possible' or 'impossible'")
    for condition, levels in entry.get("where", {}).items():
        if not isinstance(levels, list):
            raise CardError(f"{who}: where.{condition} must be a list of levels, not {levels!r}")
    if unknown := set(map(str, entry.get("answers", {}).values())) - set(choices):
        raise CardError(f"{who}: the answer {min(unknown)!r} is none of the choices {list(choices)}")
    return Prompt(
        kind, entry["name"], choices, entry["prompt"], entry.get("asks", "possible"),
        entry.get("concept", ""), entry.get("about", ""), dict(entry.get("answers", {})),
        {key: tuple(map(str, levels)) for key, levels in entry.get("where", {}).items()},
    )  # fmt: skip
