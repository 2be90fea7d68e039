"""`registry report`: suspected forgeries that the public has reported."""

from __future__ import annotations

from pathlib import Path

import click

from registry.cli.terminal import operators_name, printable, with_registry, with_registry_to_read
from registry.services import reports
from registry.services.context import Registry
from registry.services.reports import ReportState

_SHOWN = 60


@click.group()
def report() -> None:
    """Suspected forgeries that people have reported: list and show them, and say what became of them."""


@report.command("list")
@click.option("--issuer", help="Only those that concern the certification body of this code.")
@click.option("--state", type=click.Choice([state.value for state in ReportState]), help="Only those in this state.")
@with_registry_to_read
def list_all(registry: Registry, issuer: str | None, state: str | None) -> None:
    """List the reports, a line each, the newest first."""
    handler = reports.handler_at_terminal(registry, operators_name(), issuer)
    wanted = ReportState(state) if state else None
    after: str | None = None
    while True:
        found, after = reports.list_reports(registry, handler, wanted, after, 100)
        for one in found:
            at = f"{one.received_at:%Y-%m-%d %H:%M}"
            about = printable(one.public_id or one.about or "-")
            seen = printable(" ".join(one.seen.split())[:_SHOWN])
            click.echo(f"{one.reference}  {at}  {one.state:6}  {one.issuer_code or '-'}  {about}  {seen}")
        if after is None:
            return


@report.command("show")
@click.argument("reference")
@click.option(
    "--picture", type=click.Path(dir_okay=False, path_type=Path), help="Write the picture to this file (JPEG)."
)
@with_registry_to_read
def show(registry: Registry, reference: str, picture: Path | None) -> None:
    """Show one report, a line for each thing that was told."""
    handler = reports.handler_at_terminal(registry, operators_name())
    one = reports.read_report(registry, handler, reference)
    told = {
        "reference": one.reference,
        "received": f"{one.received_at:%Y-%m-%d %H:%M} UTC",
        "state": one.state,
        "issuer": one.issuer_code,
        "certificate": one.public_id,
        "about": one.about,
        "seen": one.seen,
        "place": one.place,
        "contact": one.contact,
        "picture": "yes" if one.has_picture else None,
        "note": one.note,
        "changed by": one.changed_by,
    }
    for name, value in told.items():
        if value:
            click.echo(f"{name + ':':13}{printable(value)}")
    if picture is not None:
        picture.write_bytes(reports.read_picture(registry, handler, reference))


@report.command("mark")
@click.argument("reference")
@click.argument("state", type=click.Choice([ReportState.SEEN.value, ReportState.CLOSED.value]))
@click.option("--note", default="", help="What was found out; needed to close it.")
@with_registry
def mark(registry: Registry, reference: str, state: str, note: str) -> None:
    """Say what becomes of the report REFERENCE."""
    handler = reports.handler_at_terminal(registry, operators_name())
    done = reports.mark_report(registry, handler, reference, ReportState(state), note.strip())
    click.echo(f"Report {done.reference} is {done.state}.")
