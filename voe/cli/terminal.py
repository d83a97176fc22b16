"""What the commands print: text, JSON, and a progress bar that is quiet where nobody watches."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click


def print_json(content: object) -> None:
    """Print JSON to standard output."""
    click.echo(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False))


def print_text(text: str) -> None:
    """Print text to standard output."""
    click.echo(text)


class ProgressBar:
    """A bar over one or several jobs; `of` gives the callback of one."""

    def __init__(self, bar: Any, task: Any, jobs: int) -> None:
        self._bar, self._task, self._jobs = bar, task, jobs

    def of(self, position: int, label: str) -> Callable[[int, int], None]:
        """The callback (done, total) of job `position`, shown under `label`."""

        def report(done: int, total: int) -> None:
            if self._bar is not None:
                finished = position + (done / total if total else 1)
                name = label if self._jobs == 1 else f"{label} ({position + 1} of {self._jobs})"
                self._bar.update(self._task, completed=finished, description=f"{name}, scene {done}/{total}")

        return report


@contextmanager
def progress_bar(quiet: bool, jobs: int = 1) -> Iterator[ProgressBar]:
    """A bar with the time left on standard error; nothing if `quiet` or if that is no terminal."""
    if quiet or not sys.stderr.isatty():
        yield ProgressBar(None, None, jobs)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield ProgressBar(bar, bar.add_task("loading", total=jobs), jobs)


@contextmanager
def says_on_interrupt(text: str) -> Iterator[None]:
    """On Ctrl-C, print `text` and end with exit code 130."""
    try:
        yield
    except KeyboardInterrupt:
        click.echo(f"voe: {text}", err=True)
        sys.exit(130)
