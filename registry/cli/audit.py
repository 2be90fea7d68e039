"""`registry audit`: the audit trail of all that was done."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import Any

import click

from registry.cli.terminal import Moment, progress_bar, with_registry_to_read
from registry.formats.audit_export import csv_lines, ndjson
from registry.services.audit_trail import export_any
from registry.services.context import Registry
from registry.services.verify_trail import TrailAudit, verify_trail

_FORMATS = {"ndjson": ndjson, "csv": csv_lines}


@click.group()
def audit() -> None:
    """The audit trail: export it, verify it (docs/audit.md)."""


@audit.command("export")
@click.option("--format", "form", type=click.Choice(list(_FORMATS)), default="ndjson", show_default=True)
@click.option("--issuer", "issuer_code", help="Only what concerns this certification body.")
@click.option("--since", type=Moment(), help="The first moment.")
@click.option("--until", type=Moment(), help="The moment that is not included any more.")
@click.option("--output", type=click.File("wb"), default="-", help="A file; otherwise standard output.")
@with_registry_to_read
def export(
    registry: Registry, form: str, issuer_code: str | None, since: datetime | None, until: datetime | None, output: Any
) -> None:
    """Export the trail, oldest first.

    NDJSON has all that is needed to recompute the hash chain; CSV is for spreadsheets, and no cell of it is a formula.
    """
    for line in _FORMATS[form](export_any(registry, issuer_code, since, until)):
        output.write(line)


@audit.command("verify")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@with_registry_to_read
def verify(registry: Registry, as_json: bool) -> None:
    """Recompute the hash chain over the trail, and compare it with what the public log was told.

    Names the first event that was altered, removed or inserted. Exits with 1 where there is one.
    """
    with progress_bar("Verifying") as progress:
        found = verify_trail(registry, progress)
    click.echo(_as_json(found) if as_json else _as_text(found))
    sys.exit(1 if found.count else 0)


def _as_text(found: TrailAudit) -> str:
    lines = [one.text for one in found.findings]
    if found.count > len(found.findings):
        lines.append(f"and {found.count - len(found.findings):,} more")
    verdict = "The audit trail was CHANGED" if found.count else "The audit trail is whole"
    vouched = f"the log vouches for {found.anchored:,} of them, in {found.anchors:,} entries"
    waiting = f"; {found.waiting:,} wait for their place" if found.waiting else ""
    return "\n".join([*lines, f"{verdict}: {found.events:,} events, {vouched}{waiting}."])


def _as_json(found: TrailAudit) -> str:
    answer = {
        "whole": not found.count,
        "events": found.events,
        "anchored": found.anchored,
        "anchors": found.anchors,
        "waiting": found.waiting,
        "count": found.count,
        "findings": [{"position": one.position, "text": one.text} for one in found.findings],
    }
    return json.dumps(answer, ensure_ascii=False)
