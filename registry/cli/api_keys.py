"""`registry apikey`: the API keys of issuers."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from registry.cli.terminal import DAY, operators_name, with_registry, with_registry_to_read
from registry.services import api_keys
from registry.services.context import CERTIFICATE_VERBS, Registry, Verb


@click.group()
def apikey() -> None:
    """API keys of issuers."""


@apikey.command("create")
@click.option("--issuer", "issuer_code", required=True)
@click.option(
    "--verb",
    "verbs",
    multiple=True,
    type=click.Choice([verb.value for verb in Verb]),
    help="Default: all acts on certificates.",
)
@click.option("--label", default="", help="What it is for.")
@click.option("--expires", type=DAY, help="The day (UTC) on which it ends.")
@with_registry
def create_api_key(
    registry: Registry, issuer_code: str, verbs: tuple[str, ...], label: str, expires: datetime | None
) -> None:
    """Make an API key. It is shown once and can't be had again."""
    allowed = [Verb(verb) for verb in verbs] or list(CERTIFICATE_VERBS)
    end = expires and expires.replace(tzinfo=UTC)
    click.echo(api_keys.create_api_key(registry, issuer_code, allowed, label, end, operators_name()))


@apikey.command("list")
@click.option("--issuer", "issuer_code", required=True)
@with_registry_to_read
def list_api_keys(registry: Registry, issuer_code: str) -> None:
    """List an issuer's API keys: public part, state, verbs, label. Secrets can't be shown."""
    for one in api_keys.list_api_keys(registry, issuer_code):
        state = "active" if api_keys.is_usable(one, registry.now()) else "ended"
        click.echo(f"{one.key_id}  {state:7} {one.created_at:%Y-%m-%d}  {' '.join(one.verbs)}  {one.label}")


@apikey.command("revoke")
@click.argument("key")
@with_registry
def revoke_api_key(registry: Registry, key: str) -> None:
    """End an API key, named by its public part (the middle one)."""
    api_keys.revoke_api_key(registry, key, operators_name())
    click.echo("Revoked.")
