"""`registry issue`, `suspend`, `restore`, `withdraw`, `cancel`, `call-off` and `history`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, ParamSpec

import click

from registry.cli.terminal import (
    MAX_FILE_BYTES,
    Moment,
    operators_name,
    printable,
    with_registry,
    with_registry_to_read,
)
from registry.domain.public_id import grouped
from registry.domain.reasons import REASONS, Act, Reason
from registry.domain.versions import VERSION_KINDS
from registry.formats.certificate_request import read_changes, read_issue_request
from registry.services import change_status, find
from registry.services.context import Registry, operator, operator_for
from registry.services.issue import issue
from registry.services.versions import issue_version

P = ParamSpec("P")
_NOTE = "Needed with the reason 'other'; never made public."


@click.command("issue")
@click.argument("file", type=click.File("rb"))
@click.option("--issuer", "issuer_code", required=True)
@with_registry
def issue_file(registry: Registry, file: Any, issuer_code: str) -> None:
    """Issue the certificate in FILE ('-': standard input), JSON as the API takes it."""
    request = read_issue_request(file.read(MAX_FILE_BYTES))
    row = issue(registry, operator(registry, issuer_code, operators_name()), **request)
    click.echo(f"{grouped(row.public_id)}  {registry.base_url}/v/{row.public_id}")


def _act_command(act: Act) -> click.Command:
    """One command for each act on a certificate."""

    @click.command(act.value, help=f"{act.value.capitalize()} the certificate with this public ID.")
    @click.argument("public_id", metavar="ID")
    @click.option("--reason", required=True, type=click.Choice(sorted(reason.value for reason in REASONS[act])))
    @click.option("--effective-at", type=Moment(), help="From when on; now unless said otherwise.")
    @_until(act)
    @click.option("--note", help=_NOTE)
    @with_registry
    def run(
        registry: Registry,
        public_id: str,
        reason: str,
        effective_at: datetime | None,
        note: str | None,
        until: datetime | None = None,
    ) -> None:
        actor = operator_for(registry, public_id, operators_name())
        done = change_status.change_status(registry, actor, public_id, act, Reason(reason), effective_at, until, note)
        _tell(done)

    return run


def _until(act: Act) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Only a suspension has an end."""
    if act is not Act.SUSPEND:
        return lambda command: command
    return click.option("--until", type=Moment(), help="The suspension ends by itself then.")


@click.command("reissue")
@click.argument("public_id", metavar="ID")
@click.argument("file", type=click.File("rb"))
@click.option("--kind", required=True, type=click.Choice(sorted(kind.value for kind in VERSION_KINDS)))
@click.option("--note", help=_NOTE)
@with_registry
def reissue(registry: Registry, public_id: str, file: Any, kind: str, note: str | None) -> None:
    """Issue a new version of the certificate with this public ID: one of another scope, name, term and so on.

    FILE ('-': standard input) has in JSON only the members that change, as the API takes them:
    {"scope": {"zh": "…", "en": "…"}}
    """
    changes = read_changes(file.read(MAX_FILE_BYTES))
    row = issue_version(registry, operator_for(registry, public_id), public_id, Reason(kind), changes, note)
    click.echo(f"{grouped(row.public_id)}  {registry.base_url}/v/{row.public_id}")


@click.command("call-off")
@click.argument("public_id", metavar="ID")
@click.option(
    "--act", "sequence", type=int, required=True, help="The planned act, by its number in 'registry history'."
)
@click.option("--reason", required=True, type=click.Choice(sorted(reason.value for reason in REASONS[Act.CALL_OFF])))
@click.option("--note", help=_NOTE)
@with_registry
def call_off(registry: Registry, public_id: str, sequence: int, reason: str, note: str | None) -> None:
    """Call off an act on the certificate with this public ID that was planned and has not taken effect."""
    actor = operator_for(registry, public_id, operators_name())
    _tell(change_status.call_off(registry, actor, public_id, sequence, Reason(reason), note))


@click.command("history")
@click.argument("public_id", metavar="ID")
@with_registry_to_read
def history(registry: Registry, public_id: str) -> None:
    """List all acts on the certificate with this public ID, the planned ones too, a line each."""
    now = registry.now()
    for one in find.history(registry, operator_for(registry, public_id, operators_name()), public_id):
        event = one.event
        until = f" until {event.until.isoformat()}" if event.until else ""
        which = f" act {event.calls_off}" if event.calls_off else ""
        planned = " (planned)" if event.effective_at > now else ""
        what = f"{event.act}{which} from {event.effective_at.isoformat()}{until}{planned}: {event.reason}"
        click.echo(f"{event.sequence}  {what}  [{printable(one.actor)}, {event.recorded_at.isoformat()}]")


def _tell(done: change_status.Change) -> None:
    click.echo(f"{grouped(done.certificate.public_id)} is {done.status.status} now.")


ACTS = [_act_command(act) for act in (Act.SUSPEND, Act.RESTORE, Act.WITHDRAW, Act.CANCEL)]
