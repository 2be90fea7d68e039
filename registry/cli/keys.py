"""`registry keys`: the signing keys of issuers, and of the registry itself."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click

from keys import Custody, Purpose
from registry.cli.own_key import read_json_object, write_json
from registry.cli.terminal import MAX_FILE_BYTES, Moment, operators_name, with_prepared_registry, with_registry_to_read
from registry.domain.errors import InvalidInput, Violation
from registry.services import manage_keys
from registry.services.context import Registry, operator
from registry.services.log.keys import verifier_key
from registry.services.own_keys import OWN_PURPOSES
from registry.services.register_key import challenge_for, register_key
from registry.store.issuers import StoredKey

_PURPOSE = click.option(
    "--purpose",
    type=click.Choice([purpose.value for purpose in OWN_PURPOSES]),
    callback=lambda _context, _option, word: word and Purpose(word),
    help="Which of the registry's own keys; 'registry' unless told.",
)

_CUSTODY = click.option(
    "--custody",
    type=click.Choice([Custody.FILE.value, Custody.TOKEN.value]),
    callback=lambda _context, _option, word: word and Custody(word),
    help="Where the key is kept: in a file or on the PKCS#11 token. Unless told, where the newest one is.",
)


class _KeysGroup(click.Group):
    """Says what is wrong with an option without the name that it has in the services."""

    def invoke(self, ctx: click.Context) -> Any:
        """Raises click.ClickException."""
        try:
            return super().invoke(ctx)
        except InvalidInput as error:
            raise click.ClickException("; ".join(_in_words(one) for one in error.violations)) from error


@click.group(cls=_KeysGroup)
def keys() -> None:
    """Signing keys of issuers and of the registry itself ('registry'). docs/keys.md explains when to do what."""


@keys.command("list")
@click.argument("owner", required=False)
@with_registry_to_read
def list_keys(registry: Registry, owner: str | None) -> None:
    """List the keys of OWNER, or all: name, purpose, state, who holds it, active from, end."""
    now = registry.now()
    for one in _keys_of(registry, owner):
        key = one.published
        end = f"until {_said(key.retired_at)}" if key.retired_at else ""
        stolen = f"compromised since {_said(key.compromised_since)}" if key.compromised_since else ""
        columns = f"{one.name:24} {one.purpose:11} {key.state_at(now):11} {one.custody:6} {_said(key.active_from)}"
        click.echo(f"{columns}  {end}  {stolen}".rstrip())
        if one.purpose == Purpose.LOG:
            click.echo(f"{'':24} {verifier_key(registry, key).vkey}")


@keys.command("create")
@click.argument("owner")
@_PURPOSE
@_CUSTODY
@with_prepared_registry
def create_key(registry: Registry, owner: str, purpose: Purpose | None, custody: Custody | None) -> None:
    """Make and publish a further key of OWNER, which signs from now on."""
    new = manage_keys.create_key(registry, owner, purpose, operators_name(), custody)
    click.echo(f"Key {new.name} is published.")


@keys.command("rotate")
@click.argument("owner")
@_PURPOSE
@_CUSTODY
@click.option("--overlap", type=click.IntRange(1, manage_keys.LONGEST_OVERLAP.days), help="Days.")
@click.option("--until", metavar="TIME", type=Moment(), help="The same as a moment, in UTC.")
@with_prepared_registry
def rotate_key(
    registry: Registry,
    owner: str,
    purpose: Purpose | None,
    custody: Custody | None,
    overlap: int | None,
    until: datetime | None,
) -> None:
    """Make a new key of OWNER and retire the older ones: at once, or after an overlap.

    What the older ones signed stays good. During an overlap both log keys sign each checkpoint; for other purposes
    the newest key alone signs.
    """
    if overlap is not None and until is not None:
        raise click.UsageError("Give either --overlap or --until.")
    end = registry.now() + timedelta(days=overlap) if overlap is not None else until
    new = manage_keys.rotate_key(registry, owner, purpose, old_until=end, actor=operators_name(), custody=custody)
    click.echo(f"Key {new.name} signs from now on." + (f" Older ones end at {_said(end)}." if end else ""))
    if new.purpose == Purpose.LOG:
        click.echo(f"Give it to witnesses and mirrors: {verifier_key(registry, new.published).vkey}")


@keys.command("retire")
@click.argument("name")
@click.option("--at", metavar="TIME", type=Moment(), help="A moment to come, in UTC; now unless told.")
@with_prepared_registry
def retire_key(registry: Registry, name: str, at: datetime | None) -> None:
    """Let the key NAME sign no more. What it signed stays good."""
    key = manage_keys.retire_key(registry, name, at=at, actor=operators_name())
    click.echo(f"Key {name} is retired from {_said(key.published.retired_at)} on.")
    _warn_without_successor(registry, key)


@keys.command("compromise")
@click.argument("name")
@click.option(
    "--since", metavar="TIME", type=Moment(), required=True, help="In UTC. There is no way back to a later moment."
)
@with_prepared_registry
def compromise_key(registry: Registry, name: str, since: datetime) -> None:
    """Declare that others may have signed with the key NAME since a moment. It signs no more."""
    key = manage_keys.mark_key_compromised(registry, name, since, operators_name())
    bound = _said(key.published.compromised_since)
    if key.published.compromised_since != since:
        click.echo(f"It was declared compromised since an earlier moment before, and stays so: since {bound}.")
    click.echo(f"Of what {name} signed, only what the public log saw before {bound} is still valid.")
    if key.purpose == Purpose.ISSUER:
        total, spoiled = manage_keys.spoiled_certificates(registry, name)
        lost = sum(1 for _ in spoiled)
        click.echo(f"Of its {total} certificates {lost} are invalid now: registry keys spoiled {name}")
    _warn_without_successor(registry, key)


@keys.command("challenge")
@click.argument("owner", metavar="ISSUER")
@click.argument("public_key")
@click.option("--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="A file; else the terminal.")
@with_prepared_registry
def give_challenge(registry: Registry, owner: str, public_key: str, output: Path | None) -> None:
    """Hand out a challenge to the key PUBLIC_KEY (z6Mk…), which ISSUER keeps; 'register' takes the answer."""
    given = challenge_for(registry, operator(registry, owner, operators_name()), public_key)
    write_json({**given.request.as_json(), "expires_at": given.expires_at.isoformat()}, output)


@keys.command("register")
@click.argument("owner", metavar="ISSUER")
@click.argument("file", type=click.File("rb"))
@click.option("--retire-others", is_flag=True, help="Let all other keys of ISSUER sign no more.")
@with_prepared_registry
def register_own_key(registry: Registry, owner: str, file: Any, retire_others: bool) -> None:
    """Publish the key whose holder has signed its challenge in FILE: ISSUER signs with it itself from now on."""
    document = read_json_object(file.read(MAX_FILE_BYTES))
    actor = operator(registry, owner, operators_name())
    key = register_key(registry, actor, document, retire_others=retire_others)
    click.echo(f"Key {key.name} is published: {key.published.verification_method}")


@keys.command("spoiled")
@click.argument("name")
@with_registry_to_read
def list_spoiled(registry: Registry, name: str) -> None:
    """List the certificates that the compromised key NAME signed and the log did not see in time: to be reissued."""
    _, spoiled = manage_keys.spoiled_certificates(registry, name)
    for public_id, number in spoiled:
        click.echo(f"{public_id}  {number}")


def _in_words(wrong: Violation) -> str:
    """What is wrong, in the words of the command line."""
    subjects: dict[tuple[str | int, ...], str] = {("since",): "--since ", ("end",): "The end "}
    return subjects.get(wrong.path, "") + wrong.reason


def _keys_of(registry: Registry, owner: str | None) -> Iterable[StoredKey]:
    if owner == manage_keys.REGISTRY_OWNER:
        return manage_keys.own_keys(registry)
    return manage_keys.published_keys(registry, owner)


def _warn_without_successor(registry: Registry, ended: StoredKey) -> None:
    """Say so where nobody signs for that purpose any more."""
    owner = ended.issuer_code or manage_keys.REGISTRY_OWNER
    now = registry.now()
    if not any(key.purpose == ended.purpose and key.published.may_sign(now) for key in _keys_of(registry, owner)):
        purpose = "" if ended.issuer_code else f" --purpose {ended.purpose}"
        click.echo(f"Nothing can be signed until there is a new key: registry keys create {owner}{purpose}", err=True)


def _said(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}" if moment else ""
