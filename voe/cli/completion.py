"""`voe completion`: what a shell needs to complete commands and options."""

from __future__ import annotations

import click


@click.command(name="completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print a script for SHELL that completes `voe`: eval "$(voe completion bash)" in ~/.bashrc."""
    from click.shell_completion import get_completion_class

    from voe.cli.main import cli

    found = get_completion_class(shell)
    assert found is not None
    click.echo(found(cli, {}, "voe", "_VOE_COMPLETE").source())
