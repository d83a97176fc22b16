"""What `voe score` does with a judge: its options, and the dry run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, cast

import click

if TYPE_CHECKING:
    from voe.adapters.judge import Judge
    from voe.clips import StimulusSet
    from voe.controls import Control
    from voe.judging.plan import Asking
    from voe.results import Run
    from voe.video import Backend

OPTIONS: Final = ("prompts", "kinds", "frames", "size", "repeats", "dry_run")
_FLAGS: Final = {"kinds": "--ask"}
_SHARED: Final = ("fps",)


def refuse(options: Mapping[str, Any], kind: Literal["judge", "predictor"]) -> None:
    """Refuse options that mean nothing to this kind of model.

    Raises:
        click.UsageError: one of them was given.
    """
    for name, value in options.items():
        if value not in (None, False) and not (kind == "judge" and name in _SHARED):
            flag = _FLAGS.get(name, "--" + name.replace("_", "-"))
            other = "is asked about whole clips" if kind == "judge" else "is no judge"
            raise click.UsageError(f"{flag} means nothing to this model: it {other}; leave the option out")


def predictor_control(control: str | None) -> Control | None:
    """The control of a predictor.

    Raises:
        click.UsageError: it is one of judges.
    """
    if control not in (None, "context-swap"):
        raise click.UsageError(f"--control {control} is for judges; predictors have context-swap")
    return cast("Control | None", control)


def asking(options: Mapping[str, Any], protocol: Mapping[str, Any], control: str | None) -> Asking:
    """How clips are shown and how often is asked."""
    from voe.judging.plan import Asking

    if control == "context-swap":
        raise click.UsageError("--control context-swap is for predictors; judges have blank and others")
    kinds = tuple(kind.strip() for kind in options["kinds"].split(",")) if options["kinds"] else ()
    return Asking(
        options["frames"] or 16, protocol.get("fps"), options["size"], kinds, options["repeats"] or 1,
        control,  # type: ignore[arg-type]
    )  # fmt: skip


def run(
    judge: Judge,
    stimuli: StimulusSet,
    asked: Asking,
    folder: Path | None,
    options: Mapping[str, Any],
    *,
    backend: Backend,
    progress: Callable[[int, int], None],
    command: Sequence[str],
    as_json: bool = False,
) -> Run | None:
    """Ask, or with --dry-run say what would be asked (None)."""
    from voe.cli.terminal import print_json, print_text
    from voe.judging.asking import ask, estimate
    from voe.judging.questions import read_questions

    questions = read_questions(options["prompts"])
    if options["dry_run"]:
        found = estimate(judge, stimuli, asked, questions)
        print_json(asdict(found)) if as_json else print_text(found.text())
        return None
    return ask(
        judge, stimuli, asked, folder, questions=questions, backend=backend, progress=progress,
        command=command,
    )  # fmt: skip
