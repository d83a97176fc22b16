"""`voe check-adapter`: does a model keep the contract?"""

from __future__ import annotations

import sys

import click

from voe.cli.options import json_option


@click.command(name="check-adapter")
@click.argument("model")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the noise frames.")
@click.option("--device", help="cpu, cuda, cuda:N or mps.  [default: the best that is there]")
@click.option("--dtype", help="float32, bfloat16 or float16.  [default: float32]")
@json_option
def command(model: str, seed: int, device: str | None, dtype: str | None, as_json: bool) -> None:
    """Run the conformance suite on MODEL; exit code 1 if it breaks the contract.

    Shapes, finite values, determinism, batch invariance, order of clips, causality, legal windows. Of judges:
    one answer a question, its contents, determinism, order.
    """
    from dataclasses import asdict

    from voe.adapters.conformance import check_adapter, failures
    from voe.adapters.judge import Judge
    from voe.adapters.judge_conformance import check_judge
    from voe.adapters.load import load_any
    from voe.cli.terminal import print_json

    loaded = load_any(model, device=device, dtype=dtype)
    results = (
        check_judge(loaded, seed=seed) if isinstance(loaded, Judge) else check_adapter(loaded, seed=seed)
    )
    if as_json:
        print_json([asdict(result) for result in results])
    else:
        for result in results:
            word = "ok  " if result.passed else ("FAIL" if result.required else "note")
            click.echo(f"{word} {result.name}: {result.message}")
    if failures(results):
        sys.exit(1)
