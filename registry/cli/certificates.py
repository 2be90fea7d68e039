"""`registry issue`, `suspend`, `restore`, `withdraw` and `cancel`."""

from __future__ import annotations

from typing import Any

import click

from registry.cli.terminal import MAX_FILE_BYTES, with_registry
from registry.domain.public_id import grouped
from registry.domain.reasons import REASONS, Act, Reason
from registry.formats.certificate_request import read_issue_request
from registry.services import change_status
from registry.services.context import Registry, operator, operator_for
from registry.services.issue import issue


@click.command("issue")
@click.argument("file", type=click.File("rb"))
@click.option("--issuer", "issuer_code", required=True)
@with_registry
def issue_file(registry: Registry, file: Any, issuer_code: str) -> None:
    """Issue the certificate in FILE ('-': standard input), JSON as the API takes it."""
    request = read_issue_request(file.read(MAX_FILE_BYTES))
    row = issue(registry, operator(registry, issuer_code), **request)
    click.echo(f"{grouped(row.public_id)}  {registry.base_url}/v/{row.public_id}")


def _act_command(act: Act) -> click.Command:
    """One command for each act on a certificate."""

    @click.command(act.value, help=f"{act.value.capitalize()} the certificate with this public ID.")
    @click.argument("public_id", metavar="ID")
    @click.option("--reason", required=True, type=click.Choice(sorted(reason.value for reason in REASONS[act])))
    @click.option("--note", help="Needed with the reason 'other'; never made public.")
    @with_registry
    def run(registry: Registry, public_id: str, reason: str, note: str | None) -> None:
        actor = operator_for(registry, public_id)
        done = change_status.change_status(registry, actor, public_id, act, Reason(reason), note=note)
        click.echo(f"{grouped(done.certificate.public_id)} is {done.status.status} now.")

    return run


ACTS = [_act_command(act) for act in (Act.SUSPEND, Act.RESTORE, Act.WITHDRAW, Act.CANCEL)]
