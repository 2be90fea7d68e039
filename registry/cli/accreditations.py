"""`registry accreditation`: what accreditation bodies have granted to issuers."""

from __future__ import annotations

from datetime import datetime

import click

from registry.cli.terminal import DAY, operators_name, with_registry, with_registry_to_read
from registry.domain.accreditation import Accreditation
from registry.domain.schemes import SCHEMES
from registry.services import accreditations
from registry.services.context import Registry


@click.group()
def accreditation() -> None:
    """Accreditations of certification bodies: body, number, schemes, from when to when (docs/audit.md)."""


@accreditation.command("add")
@click.argument("code")
@click.option("--body", required=True, help="Who has granted it.")
@click.option("--number", required=True)
@click.option("--scheme", "schemes", multiple=True, required=True, type=click.Choice(list(SCHEMES)))
@click.option("--from", "valid_from", type=DAY, required=True, help="First day.")
@click.option("--until", "valid_until", type=DAY, help="Last day, where there is one.")
@with_registry
def add(
    registry: Registry,
    code: str,
    body: str,
    number: str,
    schemes: tuple[str, ...],
    valid_from: datetime,
    valid_until: datetime | None,
) -> None:
    """Enter an accreditation of the certification body CODE. One that is widened later is entered again."""
    given = Accreditation(body, number, schemes, valid_from.date(), valid_until and valid_until.date())
    made = accreditations.add_accreditation(registry, code, given, operators_name())
    click.echo(f"Accreditation {made.id} of {code} is entered.")


@accreditation.command("end")
@click.argument("code")
@click.argument("accreditation_id", metavar="ID", type=int)
@click.option("--on", "valid_until", type=DAY, help="The last day.")
@click.option("--open", "opened", is_flag=True, help="Take the end away.")
@with_registry
def end(registry: Registry, code: str, accreditation_id: int, valid_until: datetime | None, opened: bool) -> None:
    """Move the last day of the accreditation ID (see 'list') of the certification body CODE.

    Certificates that were decided on until then, and all that are issued already, stay as they are.
    """
    if opened == (valid_until is not None):
        raise click.UsageError("Give either --on or --open.")
    last = valid_until.date() if valid_until else None
    done = accreditations.end_accreditation(registry, code, accreditation_id, last, operators_name())
    click.echo(f"Accreditation {done.id} of {code} ends on {last}." if last else f"Accreditation {done.id} has no end.")


@accreditation.command("list")
@click.argument("code")
@with_registry_to_read
def list_all(registry: Registry, code: str) -> None:
    """List the accreditations of the certification body CODE, a line each."""
    for one in accreditations.list_accreditations(registry, code):
        until = one.valid_until or "no end"
        click.echo(f"{one.id:5}  {one.body}  {one.number}  {one.valid_from} to {until}  {' '.join(one.schemes)}")
