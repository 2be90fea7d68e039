"""`registry user`: who signs in to the console."""

from __future__ import annotations

import click

from registry.cli.terminal import with_registry, with_registry_to_read
from registry.services import people
from registry.services.context import Registry, operator
from registry.services.people import TERMINAL, Administrator, administrator
from registry.services.roles import ISSUER_ROLES, Role
from registry.store.people import StoredUser


@click.group()
def user() -> None:
    """People who sign in to the console."""


@user.command("add")
@click.argument("email")
@click.option("--name", required=True, help="The name that others see.")
@click.option("--issuer", "issuer_code", help="The certification body; without it, an operator of the registry.")
@click.option("--role", type=click.Choice([str(role) for role in ISSUER_ROLES]), help="What they are there.")
@click.option("--branch", "branch_code", help="The code of a branch.")
@with_registry
def add_user(
    registry: Registry, email: str, name: str, issuer_code: str | None, role: str | None, branch_code: str | None
) -> None:
    """Add the person with the e-mail address EMAIL, and print an invitation: whoever has it chooses the password."""
    if (issuer_code is None) != (role is None):
        raise click.UsageError("Give both --issuer and --role, or neither for an operator of the registry.")
    by = _administrator(registry, issuer_code)
    _show_invitation(people.invite(registry, by, email, name, role or Role.OPERATOR, branch_code))


@user.command("list")
@click.option("--issuer", "issuer_code", help="The certification body; without it, the operators of the registry.")
@with_registry_to_read
def list_users(registry: Registry, issuer_code: str | None) -> None:
    """List people: e-mail address, role, state, branch, name."""
    by, after = _administrator(registry, issuer_code), 0
    while page := people.list_people(registry, by, after):
        for one in page:
            click.echo(f"{one.email:30} {one.role:14} {_state(one):9} {one.branch_code or '-':12} {one.name}")
        after = page[-1].id


@user.command("reset")
@click.argument("email")
@with_registry
def reset_user(registry: Registry, email: str) -> None:
    """Let somebody begin anew: print a new invitation, end the password, the second factor and all sessions."""
    found, by = people.find_by_email(registry, email)
    _show_invitation(people.reset(registry, by, found.id))


@user.command("disable")
@click.argument("email")
@with_registry
def disable_user(registry: Registry, email: str) -> None:
    """Let somebody sign in no more."""
    found, by = people.find_by_email(registry, email)
    people.disable(registry, by, found.id)
    click.echo(f"{found.email} can't sign in any more. 'registry user reset' brings them back.")


def _administrator(registry: Registry, issuer_code: str | None) -> Administrator:
    return TERMINAL if issuer_code is None else administrator(operator(registry, issuer_code))


def _state(one: StoredUser) -> str:
    if one.disabled_at is not None:
        return "disabled"
    return "invited" if one.password_hash is None else "active"


def _show_invitation(address: str) -> None:
    click.echo(f"Hand this invitation over; it works once, within {people.INVITATION_DAYS} days:")
    click.echo(address)
