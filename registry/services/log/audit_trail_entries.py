"""Auditing the log's entries about the audit trail: that each says what the trail still says."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from registry.formats.log_entry import trail_head
from registry.services.log.findings import FindingKind, Findings
from registry.store import audit_chain
from registry.store.log_audit import EntryAndRecord
from registry.store.log_models import AUDIT_TRAIL


def audit_trail_entries(connection: Connection, entries: Iterable[EntryAndRecord], findings: Findings) -> None:
    """Report the entries about the trail that are not what its links say. One query at most.

    That the links are those of the events is found by 'registry audit verify' (services/verify_trail.py).
    """
    heads = [(entry, trail_head(entry.statement)) for entry in entries if entry.certificate_id == AUDIT_TRAIL]
    if not heads:
        return
    links = audit_chain.links_at(connection, {head.events for _, head in heads if head is not None})
    for entry, head in heads:
        if head is None:
            findings.add(FindingKind.ENTRY, f"Entry {entry.log_index} about the audit trail can't be read.")
        elif links.get(head.events) != head.head:
            text = f"Entry {entry.log_index} and the audit trail of {head.events} events differ"
            findings.add(FindingKind.TRAIL, f"{text}. Run: registry audit verify")
