"""`registry keys`: the signing keys of issuers, and of the registry itself."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from keys import Purpose
from registry.cli.terminal import with_registry
from registry.services import manage_keys
from registry.services.context import Registry
from registry.services.own_keys import OWN_PURPOSES

_PURPOSE = click.option(
    "--purpose",
    type=click.Choice([purpose.value for purpose in OWN_PURPOSES]),
    callback=lambda _context, _option, word: word and Purpose(word),
    help="Of the registry's own keys; the first one unless told.",
)


@click.group()
def keys() -> None:
    """Signing keys of issuers and of the registry itself ('registry')."""


@keys.command("list")
@with_registry
def list_keys(registry: Registry) -> None:
    """List all keys with their state."""
    now = registry.now()
    for one in manage_keys.published_keys(registry):
        key = one.published
        click.echo(f"{one.name:24} {one.purpose:11} {key.state_at(now):11} {key.active_from:%Y-%m-%d}")


@keys.command("create")
@click.argument("owner")
@_PURPOSE
@with_registry
def create_key(registry: Registry, owner: str, purpose: Purpose | None) -> None:
    """Make and publish a further key of OWNER, which signs from now on."""
    click.echo(f"Key {manage_keys.create_key(registry, owner, purpose).name} is published.")


@keys.command("rotate")
@click.argument("owner")
@_PURPOSE
@with_registry
def rotate_key(registry: Registry, owner: str, purpose: Purpose | None) -> None:
    """Make a new key of OWNER and retire the older ones. What they signed stays good."""
    click.echo(f"Key {manage_keys.rotate_key(registry, owner, purpose).name} signs from now on.")


@keys.command("retire")
@click.argument("name")
@with_registry
def retire_key(registry: Registry, name: str) -> None:
    """Let the key NAME sign no more. What it signed stays good."""
    click.echo(f"Key {manage_keys.retire_key(registry, name).name} is retired.")


@keys.command("compromise")
@click.argument("name")
@click.option("--since", type=click.DateTime(["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"]), required=True, help="In UTC.")
@with_registry
def compromise_key(registry: Registry, name: str, since: datetime) -> None:
    """Declare that others may have signed with the key NAME since a time."""
    manage_keys.mark_key_compromised(registry, name, since.replace(tzinfo=UTC))
    click.echo(f"Certificates that {name} signed since {since:%Y-%m-%d %H:%M:%S} UTC are invalid now.")
