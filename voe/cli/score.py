"""`voe score`: the main job."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from voe.cli.options import (
    backend_option,
    json_option,
    model_option,
    protocol_changes,
    protocol_options,
    root_option,
    stimuli_option,
)
from voe.errors import ModelError

if TYPE_CHECKING:
    from voe.adapters.base import Predictor
    from voe.adapters.judge import Judge
    from voe.adapters.specs import ModelSpec
    from voe.clips import StimulusSet
    from voe.results import Run
    from voe.video import Backend

EXIT_WITH_FAILURES = 3


@click.command(name="score")
@model_option
@stimuli_option
@root_option
@click.option(
    "--out", type=click.Path(file_okay=False), help="Run folder.  [default: runs/MODEL--STIMULI-DIGEST]"
)
@click.option(
    "--seeds", type=click.IntRange(2), help="Score seeds 0 .. N-1 of a model that has them, and compare."
)
@click.option(
    "--control",
    type=click.Choice(["context-swap", "blank", "single-frame", "shuffled"]),
    help="context-swap: predictions from another scene's context. Of judges: other frames than the clip's.",
)
@protocol_options
@click.option("--batch-size", type=click.IntRange(1), default=8, show_default=True)
@click.option("--device", help="cpu, cuda, cuda:N or mps.  [default: the best that is there]")
@click.option("--dtype", help="float32, bfloat16 or float16.  [default: float32]")
@backend_option
@click.option("--prompts", type=click.Path(dir_okay=False), help="Judges: your own questions (.toml).")
@click.option("--ask", "kinds", help="Judges: rate,choose,comprehension,caption.  [default: all]")
@click.option("--frames", type=click.IntRange(2), help="Judges: frames of a clip at most.  [default: 16]")
@click.option("--size", type=click.IntRange(8), help="Judges: the longer side, in pixels.")
@click.option("--repeats", type=click.IntRange(1), help="Judges: how often each question is asked.")
@click.option(
    "--humans", multiple=True, type=click.Path(dir_okay=False),
    help="Ratings of people (`voe humans`) in place of a model; may be repeated.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Judges: say what would be sent, and send nothing.")
@json_option
@click.option("--quiet", is_flag=True, help="No progress bar.")
def command(
    *,
    model: str,
    stimuli: str,
    root: str | None,
    out: str | None,
    seeds: int | None,
    control: str | None,
    batch_size: int,
    device: str | None,
    dtype: str | None,
    backend: Backend,
    as_json: bool,
    quiet: bool,
    humans: tuple[str, ...],
    **options: Any,
) -> None:
    """Score a model on stimuli, and print how far above chance it is.

    With no arguments, the model that ships is scored on the stimuli that ship. The same command continues a
    run that was cut off. Exit code 3: done, but some clips could not be scored, or some answers failed.
    """
    from voe.adapters.load import load_any
    from voe.adapters.specs import parse_spec
    from voe.cli import judged
    from voe.cli.terminal import progress_bar, says_on_interrupt
    from voe.loaders.load import load_stimuli

    if humans:
        _score_humans(humans, load_stimuli(stimuli, root), out, as_json)
        return
    spec = parse_spec(model)
    _refuse_with_seeds(spec, model, seeds, dry_run=options["dry_run"])
    wanted = _Wanted(
        load_stimuli(stimuli, root),
        protocol={key: value for key, value in options.items() if key not in judged.OPTIONS},
        asked={key: value for key, value in options.items() if key in judged.OPTIONS},
        control=control, batch_size=batch_size, backend=backend, as_json=as_json,
    )  # fmt: skip
    specs = [spec] if seeds is None else [spec.with_options(seed=seed) for seed in range(seeds)]
    runs: list[Run] = []
    stopped = "stopped; what is scored is kept, and the same command continues"
    with says_on_interrupt(stopped), progress_bar(quiet, len(specs)) as progress:
        for position, one in enumerate(specs):
            loaded = load_any(one, device=device, dtype=dtype)
            told = progress.of(position, loaded.spec.name)
            found = _run_of(loaded, wanted, _folder(out, seeds, position), told)
            if found is None:
                return
            runs.append(found)
    _print(runs, as_json)
    if any(not run.whole for run in runs):
        sys.exit(EXIT_WITH_FAILURES)


@dataclass(frozen=True)
class _Wanted:
    """What was asked for, of every model alike; `protocol` and `asked` are options as they were given."""

    stimuli: StimulusSet
    protocol: dict[str, Any]
    asked: dict[str, Any]
    control: str | None
    batch_size: int
    backend: Backend
    as_json: bool


def _run_of(
    loaded: Predictor | Judge, wanted: _Wanted, folder: Path | None, told: Callable[[int, int], None]
) -> Run | None:
    """One model, scored; None of a dry run."""
    from voe.adapters.judge import Judge
    from voe.cli import judged
    from voe.scoring import score

    command_line = ["voe", *sys.argv[1:]]
    if isinstance(loaded, Judge):
        judged.refuse(wanted.protocol, "judge")
        asking = judged.asking(wanted.asked, wanted.protocol, wanted.control)
        return judged.run(
            loaded, wanted.stimuli, asking, folder, wanted.asked, backend=wanted.backend, progress=told,
            command=command_line, as_json=wanted.as_json,
        )  # fmt: skip
    judged.refuse(wanted.asked, "predictor")
    return score(
        loaded, wanted.stimuli, protocol_changes(**wanted.protocol), folder, batch_size=wanted.batch_size,
        backend=wanted.backend, progress=told, command=command_line,
        control=judged.predictor_control(wanted.control),
    )  # fmt: skip


def _refuse_with_seeds(spec: ModelSpec, model: str, seeds: int | None, *, dry_run: bool) -> None:
    """Refuse what makes no sense beside --seeds."""
    if seeds is None:
        return
    if "seed" in spec.options:
        raise ModelError(f"model {model!r} names a seed already; leave it out with --seeds")
    if dry_run:
        raise click.UsageError("--dry-run says what one run would send; leave out --seeds")


def _score_humans(tables: Sequence[str], stimuli: StimulusSet, out: str | None, as_json: bool) -> None:
    from voe.humans.results import score_humans

    command_line = ["voe", *sys.argv[1:]]
    run = score_humans([Path(t) for t in tables], stimuli, None if out is None else Path(out), command_line)
    _print([run], as_json)


def _folder(out: str | None, seeds: int | None, position: int) -> Path | None:
    """One folder, or one a seed inside it."""
    if out is None or seeds is None:
        return None if out is None else Path(out)
    return Path(out) / f"seed-{position}"


def _print(runs: Sequence[Run], as_json: bool) -> None:
    from voe.cli.terminal import print_json, print_text
    from voe.report.seeds import seeds_summary, seeds_text
    from voe.report.table import run_text

    if len(runs) == 1:
        print_json(runs[0].summary_record()) if as_json else print_text(run_text(runs[0]))
    else:
        print_json(seeds_summary(runs)) if as_json else print_text(seeds_text(runs))
