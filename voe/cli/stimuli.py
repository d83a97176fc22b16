"""`voe stimuli`: what can be shown."""

from __future__ import annotations

import click

from voe.cli.options import json_option


@click.command(name="stimuli")
@json_option
def command(as_json: bool) -> None:
    """List the data sets that have a card, and how to get them."""
    from voe.cards import card_names, read_stimuli_card
    from voe.cli.terminal import print_json

    cards = [read_stimuli_card(name) for name in card_names("stimuli")]
    if as_json:
        print_json([{"name": c.name, "title": c.title, "licence": c.licence, "get": c.get} for c in cards])
        return
    for card in cards:
        click.echo(f"{card.name}: {card.title}")
        for label, text in (("licence", card.licence), ("get", card.get)):
            if text:
                click.echo(f"    {label}: {text}")
