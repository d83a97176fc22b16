"""The command group, its lazy loading, and the one place where errors meet a person."""

from __future__ import annotations

import sys
from importlib import import_module

import click

import voe
from voe.errors import VoeError, did_you_mean

# Command -> (module, one line for `voe --help`). A module is imported when its command is called.
COMMANDS = {
    "score": ("voe.cli.score", "Score a model on stimuli: the main job."),
    "table": ("voe.cli.table", "Print the table of a finished run again."),
    "rows": ("voe.cli.rows", "The raw surprise rows of a run."),
    "stats": ("voe.cli.stats", "Every statistic of a run: intervals, tests, searches, time, reference."),
    "report": ("voe.cli.report", "One HTML page about a run, or several: opens without a network."),
    "humans": ("voe.cli.humans", "A page that asks people how surprising each clip is."),
    "compare": ("voe.cli.compare", "Runs on the same stimuli against each other."),
    "power": ("voe.cli.power", "How many quadruplets a claim needs."),
    "preview": ("voe.cli.preview", "A picture of exactly the frames that a model is fed."),
    "stimuli": ("voe.cli.stimuli", "List the stimuli that have a card; check and unpack downloads."),
    "models": ("voe.cli.models", "List model families and how to name a model."),
    "check-adapter": ("voe.cli.check_adapter", "Run the conformance suite on a model."),
    "import": ("voe.cli.importing", "The published raw surprises as run folders."),
    "export": ("voe.cli.export", "A run as the submission file of a benchmark."),
    "train": ("voe.cli.train", "Train a tiny model from nothing on worlds to watch."),
    "reproduce": ("voe.cli.reproduce", "The paper in miniature: train every arm, or show the results."),
    "render": ("voe.cli.render", "Render probes into a set of stimuli."),
    "completion": ("voe.cli.completion", "A script by which a shell completes commands and options."),
    "audit": ("voe.cli.audit", "Look for shortcuts and faults in stimuli."),
}


class _LazyGroup(click.Group):
    """Lists every command without importing any."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(COMMANDS[cmd_name][0]).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not ctx.resilient_parsing and args[0] not in COMMANDS and not args[0].startswith("-"):
            near = did_you_mean(args[0], COMMANDS)
            ctx.fail(f"there is no command {args[0]!r}.{near} Commands: {', '.join(COMMANDS)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(voe.__version__, prog_name="voe")
def cli() -> None:
    """Does this video model understand physics? Violation of expectation, measured.

    With no arguments, `voe score` scores the model that ships with the package on the stimuli that ship
    with it.
    """


def main() -> None:
    """Entry point: errors that a person can act on are printed without a traceback, exit code 1."""
    try:
        cli()
    except VoeError as error:
        click.echo(f"voe: {error}", err=True)
        sys.exit(1)
    except OSError as error:  # a file or folder of the user's that cannot be read or written
        click.echo(f"voe: {error.filename or 'a file'}: {error.strerror or error}; check the path", err=True)
        sys.exit(1)
