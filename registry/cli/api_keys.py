"""`registry apikey`: the API keys of issuers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click

from registry.cli.terminal import DAY, Duration, operators_name, with_registry, with_registry_to_read
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
    """List an issuer's API keys: public part, state, made, ends, last used, verbs, label. Secrets can't be shown."""
    now = registry.now()
    for one in api_keys.list_api_keys(registry, issuer_code):
        state, ends = api_keys.state_of(one, now), _day(one.revoked_at or one.expires_at)
        used = f"{one.last_used_at:%Y-%m-%dT%H:%MZ}" if one.last_used_at else "never"
        told = f"{one.key_id}  {state:7} {_day(one.created_at)}  {ends:10}  {used:17}"
        click.echo(f"{told}  {' '.join(one.verbs)}  {one.label}")


@apikey.command("rotate")
@click.argument("key")
@click.option("--overlap", type=Duration(), default="7d", show_default=True, help="How long the old one stays good.")
@click.option("--expires", type=DAY, help="The day (UTC) on which the new one ends.  [default: lasts as long]")
@with_registry
def rotate_api_key(registry: Registry, key: str, overlap: timedelta, expires: datetime | None) -> None:
    """Make the successor of an API key, named by its public part (the middle one). It is shown once."""
    end = expires and expires.replace(tzinfo=UTC)
    new = api_keys.rotate_api_key(registry, key, overlap, end, operators_name())
    click.echo(new.token)
    click.echo(f"The old one ends at {registry.now() + overlap:%Y-%m-%dT%H:%M:%SZ}, if not before.", err=True)


@apikey.command("revoke")
@click.argument("key")
@with_registry
def revoke_api_key(registry: Registry, key: str) -> None:
    """End an API key at once, named by its public part (the middle one)."""
    api_keys.revoke_api_key(registry, key, operators_name())
    click.echo("Revoked.")


def _day(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d}" if moment else "-"
