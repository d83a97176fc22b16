"""`voe report`: runs -> one HTML page."""

from __future__ import annotations

from pathlib import Path

import click

from voe.cli.options import json_option


@click.command(name="report")
@click.argument("runs", nargs=-1, required=True, type=click.Path(file_okay=False))
@click.option(
    "--out", type=click.Path(dir_okay=False), help="The page.  [default: report.html in the first run]"
)
@click.option(
    "--pairs", type=click.IntRange(0), default=40, show_default=True,
    help="Comparisons that are pictured, the clearest successes and failures first.",
)  # fmt: skip
@click.option(
    "--maps", type=click.IntRange(0), default=0, show_default=True,
    help="Comparisons with heat maps of surprise; the model of the first run is loaded for them.",
)  # fmt: skip
@click.option("--open", "open_it", is_flag=True, help="Open the page in a browser.")
@json_option
@click.option("--quiet", is_flag=True, help="No progress bar.")
def command(
    *,
    runs: tuple[str, ...],
    out: str | None,
    pairs: int,
    maps: int,
    open_it: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Write one page about RUNS that opens without a network: the first in full, and all beside each other.

    Runs of untrained networks are the second yardstick. A run is a run folder, or a folder of them.
    """
    from voe.across_runs import open_runs
    from voe.adapters.load import load_model
    from voe.cli.terminal import print_json, progress_bar
    from voe.report.page.build import build_page, write_page

    opened = open_runs(runs)
    model = load_model(opened[0].record["model"]["name"]) if maps else None
    with progress_bar(quiet) as progress:
        text = build_page(opened, pairs, maps=maps, model=model, progress=progress.of(0, "pictures"))
    path = Path(out) if out else opened[0].path / "report.html"
    write_page(text, path)
    size = len(text.encode())
    if as_json:
        print_json({"page": str(path), "bytes": size, "runs": [str(run.path) for run in opened]})
    else:
        click.echo(f"{path} ({size / 1e6:.1f} MB)")
    if open_it:
        click.launch(str(path))
