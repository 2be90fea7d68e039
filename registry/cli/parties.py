"""`registry party`: relying parties and their API keys."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click

from registry.cli.terminal import DAY, Duration, operators_name, with_registry, with_registry_to_read
from registry.domain.schemes import Text
from registry.services import party_keys, relying_parties
from registry.services.api_keys import state_of
from registry.services.context import Registry, RelyingParty, Scope
from registry.services.relying_parties import PartyKind


@click.group()
def party() -> None:
    """Relying parties: banks, insurers and others who check certificates."""


@party.command("add")
@click.argument("code")
@click.option("--name-zh", required=True)
@click.option("--name-en")
@click.option("--kind", required=True, type=click.Choice([kind.value for kind in PartyKind]))
@with_registry
def add_party(registry: Registry, code: str, name_zh: str, name_en: str | None, kind: str) -> None:
    """Make a relying party known under CODE."""
    relying_parties.add_party(registry, code, Text(name_zh, name_en), PartyKind(kind), operators_name())
    click.echo(f"Relying party {code} is known. Its keys: registry party key create {code}")


@party.command("list")
@with_registry_to_read
def list_parties(registry: Registry) -> None:
    """List the relying parties: code, kind, since when, names."""
    for one in relying_parties.list_parties(registry):
        names = "  ".join(filter(None, (one.name_zh, one.name_en)))
        click.echo(f"{one.code:32}  {one.kind:8}  {one.created_at:%Y-%m-%d}  {names}")


@party.group("key")
def party_key() -> None:
    """API keys of relying parties."""


@party_key.command("create")
@click.argument("code")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice([scope.value for scope in Scope]),
    help="Default: verify, watch and receipts.",
)
@click.option("--label", default="", help="What it is for.")
@click.option("--expires", type=DAY, help="The day (UTC) on which it ends.")
@with_registry
def create_key(registry: Registry, code: str, scopes: tuple[str, ...], label: str, expires: datetime | None) -> None:
    """Make an API key of the relying party CODE. It is shown once and can't be had again."""
    allowed = [Scope(scope) for scope in scopes] or [Scope.VERIFY, Scope.WATCH, Scope.RECEIPTS]
    end = expires and expires.replace(tzinfo=UTC)
    click.echo(party_keys.create_key(registry, _operator(registry, code), allowed, label, end).token)


@party_key.command("list")
@click.argument("code")
@with_registry_to_read
def list_keys(registry: Registry, code: str) -> None:
    """List the API keys of CODE: public part, state, made, ends, last used, scopes, label."""
    operator, after, now = _operator(registry, code), None, registry.now()
    while True:
        page, after = party_keys.list_keys(registry, operator, after)
        for one in page:
            used = f"{one.last_used_at:%Y-%m-%dT%H:%MZ}" if one.last_used_at else "never"
            ends = one.revoked_at or one.expires_at
            told = f"{one.key_id}  {state_of(one, now):7} {one.created_at:%Y-%m-%d}  {_day(ends):10}  {used:17}"
            click.echo(f"{told}  {' '.join(one.scopes)}  {one.label}")
        if after is None:
            return


@party_key.command("rotate")
@click.argument("code")
@click.argument("key")
@click.option("--overlap", type=Duration(), default="7d", show_default=True, help="How long the old one stays good.")
@with_registry
def rotate_key(registry: Registry, code: str, key: str, overlap: timedelta) -> None:
    """Make the successor of an API key of CODE, named by its public part (the middle one). It is shown once."""
    click.echo(party_keys.rotate_key(registry, _operator(registry, code), key, overlap).token)


@party_key.command("revoke")
@click.argument("code")
@click.argument("key")
@with_registry
def revoke_key(registry: Registry, code: str, key: str) -> None:
    """End an API key of CODE at once, named by its public part (the middle one)."""
    party_keys.revoke_key(registry, _operator(registry, code), key)
    click.echo("Revoked.")


def _operator(registry: Registry, code: str) -> RelyingParty:
    return relying_parties.party_operator(registry, code, operators_name())


def _day(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d}" if moment else "-"
