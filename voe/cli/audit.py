"""`voe audit`: can the clips be told apart without physics?"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from voe.cli.options import backend_option, json_option, root_option

if TYPE_CHECKING:
    from voe.video import Backend

EXIT_NOT_PASSED = 1


@click.command(name="audit")
@click.argument("stimuli")
@root_option
@click.option("--frame-step", type=click.IntRange(1), help="Look at every n-th frame.  [default: the card's]")
@click.option("--out", type=click.Path(file_okay=False), help="Folder for pictures of first differences.")
@backend_option
@json_option
@click.option("--quiet", is_flag=True, help="No progress bar.")
def command(
    *,
    stimuli: str,
    root: str | None,
    frame_step: int | None,
    out: str | None,
    backend: Backend,
    as_json: bool,
    quiet: bool,
) -> None:
    """Look for whatever tells possible from impossible in STIMULI without any physics.

    STIMULI is the name or path of a card, or a manifest. Exit code 1: a shortcut or a structural fault was
    found; 0: none was. Lean accounts are reported and fail nothing.
    """
    from voe.audit import audit
    from voe.audit.text import audit_text
    from voe.cli.terminal import print_json, print_text, progress_bar

    changes = None if frame_step is None else {"frame_step": frame_step}
    with progress_bar(quiet) as progress:
        report = audit(
            stimuli, changes, root=root, out=out, backend=backend, progress=progress.of(0, "audit")
        )
    print_json(report.as_dict()) if as_json else print_text(audit_text(report))
    if not report.passed:
        sys.exit(EXIT_NOT_PASSED)
