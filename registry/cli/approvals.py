"""`registry approvals`: acts that wait for a second officer."""

from __future__ import annotations

import json

import click

from registry.cli.terminal import operators_name, printable, with_registry, with_registry_to_read
from registry.services import approvals as service
from registry.services import decide_proposal
from registry.services.approvals import ProposalState
from registry.services.context import Registry, operator


@click.group()
def approvals() -> None:
    """Acts that wait for a second officer (docs/audit.md).

    Whoever is at the terminal counts as one person, by the name of the login; who has proposed an act can't approve it.
    """


@approvals.command("list")
@click.option("--issuer", "issuer_code", required=True)
@click.option("--state", type=click.Choice([one.value for one in ProposalState]), help="All, unless told.")
@with_registry_to_read
def list_proposals(registry: Registry, issuer_code: str, state: str | None) -> None:
    """List what was proposed for an issuer, newest first, a line each: reference, state, act, subject, proposer."""
    actor, after = operator(registry, issuer_code, operators_name()), None
    wanted = ProposalState(state) if state else None
    while True:
        page = service.list_proposals(registry, actor, wanted, after, service.MAX_PAGE)
        for one in page.items:
            told = f"{one.reference}  {service.state_of(registry, one):10} {one.act}  {printable(one.subject)}"
            click.echo(f"{told}  [{printable(one.proposed_by)}, {one.proposed_at.isoformat()}]")
        after = page.next_after
        if after is None:
            return


@approvals.command("show")
@click.argument("reference")
@with_registry_to_read
def show(registry: Registry, reference: str) -> None:
    """Show a proposal: what it is about, as it is and as it would become."""
    actor = service.operator_of(registry, reference, operators_name())
    one = service.read_proposal(registry, actor, reference)
    click.echo(f"{one.act} of {printable(one.subject)}: {service.state_of(registry, one)}")
    click.echo(f"  proposed by  {printable(one.proposed_by)}, {one.proposed_at.isoformat()}")
    click.echo(f"  until        {one.expires_at.isoformat()}")
    for word, content in (("before", one.before), ("after", one.after), ("payload", one.payload)):
        click.echo(f"  {word:12} {printable(json.dumps(content, ensure_ascii=False))}")
    if one.decided_by and one.decided_at:
        reason = f": {printable(one.reason)}" if one.reason else ""
        click.echo(f"  decided by   {printable(one.decided_by)}, {one.decided_at.isoformat()}{reason}")


@approvals.command("approve")
@click.argument("reference")
@with_registry
def approve(registry: Registry, reference: str) -> None:
    """Approve what somebody else has proposed: it is done at once."""
    actor = service.operator_of(registry, reference, operators_name())
    done = decide_proposal.approve(registry, actor, reference)
    click.echo(f"Approved and done: {done.act} of {printable(done.subject)}.")


@approvals.command("refuse")
@click.argument("reference")
@click.option("--reason", required=True)
@with_registry
def refuse(registry: Registry, reference: str, reason: str) -> None:
    """Refuse what somebody else has proposed."""
    actor = service.operator_of(registry, reference, operators_name())
    decide_proposal.refuse(registry, actor, reference, reason)
    click.echo("Refused.")


@approvals.command("take-back")
@click.argument("reference")
@with_registry
def take_back(registry: Registry, reference: str) -> None:
    """Take back what you have proposed."""
    service.take_back(registry, service.operator_of(registry, reference, operators_name()), reference)
    click.echo("Taken back.")
