"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from voe.errors import ProtocolError

Function = TypeVar("Function", bound=Callable[..., Any])

DEFAULT_MODEL = "vjepa2:tiny-vjepa2"
DEFAULT_STIMULI = "builtin"

stimuli_option = click.option(
    "--stimuli",
    default=DEFAULT_STIMULI,
    show_default=True,
    help="Name or path of a card (.toml), or a manifest of your own clips (.csv).",
)
root_option = click.option(
    "--root", type=click.Path(file_okay=False), help="Folder of the downloaded data set."
)
model_option = click.option(
    "--model",
    default=DEFAULT_MODEL,
    show_default=True,
    help="family:reference[,key=value]; see `voe models`.",
)
backend_option = click.option(
    "--backend",
    type=click.Choice(["pyav", "decord", "torchcodec"]),
    default="pyav",
    show_default=True,
    help="Video decoder.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "csv", "json", "latex"]),
    default="text",
    show_default=True,
    help="Text and LaTeX round; CSV (one row a value) and JSON hold every number in full.",
)


def protocol_options(function: Function) -> Function:
    """--frame-step, --fps, --window, --stride, --contexts, --primary-context, --resize."""
    for option in reversed(
        (
            click.option("--frame-step", type=click.IntRange(1), help="Use every n-th frame."),
            click.option("--fps", type=click.FloatRange(0, min_open=True), help="Or resample to this rate."),
            click.option("--window", type=click.IntRange(2), help="Window, in sampled frames."),
            click.option("--stride", type=click.IntRange(1), help="Stride of windows, in sampled frames."),
            click.option("--contexts", help="Context lengths in sampled frames, such as 4,8,12."),
            click.option("--primary-context", type=click.IntRange(1), help="The context of the headline."),
            click.option("--resize", type=click.Choice(["centre-crop", "squash"])),
        )
    ):
        function = option(function)
    return function


def protocol_changes(
    *,
    frame_step: int | None,
    fps: float | None,
    window: int | None,
    stride: int | None,
    contexts: str | None,
    primary_context: int | None,
    resize: str | None,
) -> dict[str, object]:
    """Only what was given on the command line.

    Raises:
        ProtocolError: --contexts is not a list of whole numbers.
    """
    changes: dict[str, object] = {
        "frame_step": frame_step, "fps": fps, "window": window, "stride": stride,
        "primary_context": primary_context, "resize": resize,
    }  # fmt: skip
    if contexts is not None:
        try:
            changes["contexts"] = tuple(int(text) for text in contexts.split(","))
        except ValueError as error:
            raise ProtocolError(
                f"--contexts {contexts!r}: write whole numbers with commas between them, such as 4,8,12"
            ) from error
    return {name: value for name, value in changes.items() if value is not None}
