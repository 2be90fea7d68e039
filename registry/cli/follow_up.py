"""`registry surveillance`, `registry policy` and `registry notices`."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any

import click

from registry.cli.terminal import DAY, printable, with_registry, with_registry_to_read
from registry.domain.certificate import day_of
from registry.domain.public_id import grouped
from registry.domain.surveillance import AuditRecord, AuditResult, Stage
from registry.services.context import Registry, operator, operator_for
from registry.services.follow_up import notices as outbox
from registry.services.follow_up import policy as policies
from registry.services.follow_up import surveillance as service

_ISSUER = click.argument("code", metavar="ISSUER")


@click.group()
def surveillance() -> None:
    """Surveillance audits: what is due, and what was done."""


@surveillance.command("due")
@_ISSUER
@click.option("--within", "days", default=0, help="Also what is due so many days from today; 0: overdue only.")
@with_registry_to_read
def due(registry: Registry, code: str, days: int) -> None:
    """List the certificates in force whose audit is due, the longest overdue first."""
    actor = operator(registry, code)
    by = day_of(registry.now()) + timedelta(days=min(max(days, 0), 3650))
    after = None
    while True:
        page = service.list_due(registry, actor, by, after, service.MAX_PAGE)
        for one in page.items:
            missed = "  suspended for it" if one.plan.stage is Stage.MISSED else ""
            row = one.certificate
            name = printable(row.holder_name)
            click.echo(f"{one.plan.due_on}  {grouped(row.public_id)}  {printable(row.number)}  {name}{missed}")
        if page.next_after is None:
            return
        after = page.next_after


@surveillance.command("record")
@click.argument("public_id", metavar="ID")
@click.option("--result", required=True, type=click.Choice([one.value for one in AuditResult]))
@click.option("--on", "held_on", type=DAY, help="The day of the audit.")
@click.option("--due", "due_on", type=DAY, help="When the next one is due; by the scheme's rule unless said.")
@click.option("--note", help="Never made public; a postponement needs one.")
@with_registry
def record(
    registry: Registry,
    public_id: str,
    result: str,
    held_on: datetime | None,
    due_on: datetime | None,
    note: str | None,
) -> None:
    """Record what has become of an audit of the certificate with this public ID, or set the date of the next one."""
    wanted = AuditRecord(AuditResult(result), _day(held_on), _day(due_on), note)
    done = service.record_audit(registry, operator_for(registry, public_id), public_id, wanted)
    click.echo(f"The next surveillance audit is due on {done.plan.due_on}." if done.plan.due_on else _NONE_DUE)


@surveillance.command("history")
@click.argument("public_id", metavar="ID")
@with_registry_to_read
def history(registry: Registry, public_id: str) -> None:
    """List what was recorded for the certificate with this public ID, and when its next audit is due."""
    found = service.read_surveillance(registry, operator_for(registry, public_id), public_id)
    for one in found.records:
        held = f" on {one.record.held_on}" if one.record.held_on else ""
        note = f"  {printable(one.record.note)}" if one.record.note else ""
        click.echo(f"{one.sequence}  {one.record.result}{held}, next due {one.plan.due_on or 'never'}{note}")
    click.echo(f"Next due on {found.plan.due_on}." if found.plan.due_on else _NONE_DUE)


@click.group()
def policy() -> None:
    """What an issuer wants to happen between certification decisions."""


@policy.command("show")
@_ISSUER
@with_registry_to_read
def show(registry: Registry, code: str) -> None:
    """Show the policy of an issuer, a member a line."""
    stored = policies.read_policy(registry, operator(registry, code))
    click.echo(f"version {stored.version}")
    for name, value in asdict(stored.policy).items():
        click.echo(f"{name} {_told(value)}")


@policy.command("set")
@_ISSUER
@click.option("--expiry-notice", "expiry_notice_days", type=int, multiple=True, help="Days before the end; repeatable.")
@click.option("--surveillance-notice", "surveillance_notice_days", type=int, help="Days before an audit is due.")
@click.option("--longest-interval", "longest_interval_months", type=int, help="Months between two audits, at most.")
@click.option("--suspend/--no-suspend", "suspends", default=None, help="Suspend when an audit is missed.")
@click.option("--grace", "grace_days", type=int, help="Days after the due date before that.")
@click.option("--warning", "warning_days", type=int, help="Days of warning before that, whatever happens.")
@click.option("--mail-to", multiple=True, help="An address that notices are sent to; repeatable.")
@click.option("--no-mail", is_flag=True, help="Send no notices.")
@with_registry
def change(registry: Registry, /, code: str, no_mail: bool, **given: Any) -> None:
    """Change the policy of an issuer: what is not given stays."""
    changes = {name: value for name, value in given.items() if value is not None and value != ()}
    if no_mail:
        changes["mail_to"] = ()
    stored = policies.change_policy(registry, operator(registry, code), changes)
    click.echo(f"Version {stored.version} of the policy of {code} counts from now on.")


@click.command("notices")
@_ISSUER
@click.option("--after", default=0, help="The number of the last notice that you have seen.")
@with_registry_to_read
def notices(registry: Registry, code: str, after: int) -> None:
    """List what an issuer was told, oldest first: ends, audits that are due, suspensions to come and done."""
    actor = operator(registry, code)
    while found := outbox.list_notices(registry, actor, after, outbox.MAX_PAGE):
        for one in found:
            row = one.certificate
            what = f"{one.kind} {one.about}  {grouped(row.public_id)}  {printable(row.number)}"
            click.echo(f"{one.number}  {what}  {printable(row.holder_name)}")
        after = found[-1].number


_NONE_DUE = "No surveillance audit is due before recertification."


def _day(given: datetime | None) -> date | None:
    return given.date() if given else None


def _told(value: object) -> str:
    if isinstance(value, tuple):
        return " ".join(map(str, value)) or "-"
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
