"""`voe models`: what can be asked."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import click

from voe.cli.options import json_option

if TYPE_CHECKING:
    from voe.adapters.catalogue import FamilyInfo


@click.command(name="models")
@json_option
def command(as_json: bool) -> None:
    """List model families, how a spec is written, and presets with parameters, licence and memory."""
    from dataclasses import asdict

    from voe.adapters.catalogue import PluginWarning, families
    from voe.cli.terminal import print_json

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", PluginWarning)
        found = families()
    for warning in caught:
        click.echo(f"voe: warning: {warning.message}", err=True)
    if as_json:
        print_json([{**asdict(family), "presets": _presets(family)} for family in found])
        return
    for family in found:
        click.echo("\n".join(_lines(family)) + "\n")


def _presets(family: FamilyInfo) -> list[dict[str, object]]:
    return [{"spec": p.spec, "parameters": p.parameters, "weights_gb": p.weights_gb} for p in family.presets]


def _lines(family: FamilyInfo) -> list[str]:
    """One family, at most 80 columns wide but for its spec."""
    lines = [f"{family.family}  ({family.origin}; weights: {family.licence})", f"    {family.what}"]
    lines.append(f"    {family.spec}")
    for preset in family.presets:
        size = f"{preset.parameters / 1e6:,.1f} M parameters, {preset.weights_gb:.2f} GB in float32"
        lines.append(f"      {preset.spec}: {size}")
    return lines
