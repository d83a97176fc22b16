"""`voe preview`: look at what a model is fed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from voe.cli.options import (
    backend_option,
    model_option,
    protocol_changes,
    protocol_options,
    root_option,
    stimuli_option,
)
from voe.errors import CardError, did_you_mean

if TYPE_CHECKING:
    from voe.video import Backend


@click.command(name="preview")
@model_option
@stimuli_option
@root_option
@click.option("--scene", help="Name of a scene.  [default: the first]")
@click.option("--frames", "columns", type=click.IntRange(2), default=12, show_default=True, help="Per clip.")
@click.option("--out", type=click.Path(dir_okay=False), default="preview.png", show_default=True)
@protocol_options
@backend_option
def command(
    *,
    model: str,
    stimuli: str,
    root: str | None,
    scene: str | None,
    columns: int,
    out: str,
    backend: Backend,
    **protocol: Any,
) -> None:
    """Draw exactly the frames that a model is fed: sampled, cropped and resized as in `voe score`."""
    from voe.adapters.load import load_model
    from voe.loaders.load import load_stimuli
    from voe.lock import resolve_protocol
    from voe.report.preview import preview_scene

    shown = load_stimuli(stimuli, root)
    scenes = list(shown.scenes)
    if scene is not None and scene not in scenes:
        raise CardError(
            f"stimuli {shown.name!r} have no scene {scene!r}.{did_you_mean(scene, scenes)} "
            f"There are {len(scenes)}, from {scenes[0]!r} to {scenes[-1]!r}"
        )
    spec = load_model(model).spec
    resolved = resolve_protocol(spec, shown, protocol_changes(**protocol))
    picture = preview_scene(spec, shown, resolved, scene or scenes[0], columns=columns, backend=backend)
    picture.save(Path(out))
    click.echo(out)
