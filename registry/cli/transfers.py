"""`registry accept`, `hand-over` and `keep`: certifications that come from, and go to, another body."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from registry.cli.terminal import DAY, MAX_FILE_BYTES, with_registry
from registry.domain.public_id import grouped
from registry.domain.transfer import Origin
from registry.formats.certificate_request import read_issue_request
from registry.services import transfers
from registry.services.context import Registry, operator, operator_for


@click.command("accept")
@click.argument("file", type=click.File("rb"))
@click.option("--issuer", "issuer_code", required=True, help="The accepting body.")
@click.option("--from", "public_id", metavar="ID", help="The former certificate, where it is in this registry.")
@click.option("--from-body", "body", help="Otherwise the name of the former body")
@click.option("--from-number", "number", help="and the number of its certificate.")
@with_registry
def accept(
    registry: Registry, file: Any, issuer_code: str, public_id: str | None, body: str | None, number: str | None
) -> None:
    """Issue the certificate in FILE ('-': standard input) for a certification that comes from another body."""
    request = read_issue_request(file.read(MAX_FILE_BYTES))
    actor = operator(registry, issuer_code)
    origin = Origin(public_id, body, number)
    row = transfers.accept_transfer(registry, actor, request["certificate"], origin, request.get("note"))
    click.echo(f"{grouped(row.public_id)}  {registry.base_url}/v/{row.public_id}")


@click.command("hand-over")
@click.argument("public_id", metavar="ID")
@click.option("--to", "code", required=True, metavar="ISSUER", help="The accepting body.")
@click.option("--until", "last_day", type=DAY, help="The last day on which it may do so; in 90 days unless told.")
@with_registry
def hand_over(registry: Registry, public_id: str, code: str, last_day: datetime | None) -> None:
    """Agree that another issuer takes over the certification behind this public ID, and supersedes its certificate."""
    transfers.agree_handover(registry, operator_for(registry, public_id), public_id, code, last_day and last_day.date())
    click.echo(f"{code} may take it over from now on; 'registry keep' takes that back.")


@click.command("keep")
@click.argument("public_id", metavar="ID")
@with_registry
def keep(registry: Registry, public_id: str) -> None:
    """Take back the agreement to hand over the certification behind this public ID."""
    transfers.revoke_handover(registry, operator_for(registry, public_id), public_id)
    click.echo("Nobody may take it over.")
