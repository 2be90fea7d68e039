"""Reading the audit trail: pages by keyset, in the order of time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, tuple_

from registry.domain.trail import TrailEvent, TrailRecord
from registry.store.models import AuditEvent, Issuer


@dataclass(frozen=True, slots=True)
class TrailFilters:
    """What the trail is narrowed down by; `since` is included, `until` is not."""

    act: str | None = None
    subject: str | None = None
    actor: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def trail_events(
    connection: Connection,
    issuer_id: int | None,
    filters: TrailFilters,
    after: tuple[datetime, int] | None,
    limit: int,
    *,
    oldest_first: bool,
) -> list[TrailRecord]:
    """Events that concern an issuer, or all (None), from behind the (time, row id) of `after` on."""
    statement = select(
        *(getattr(AuditEvent, name) for name in TrailEvent._fields),
        Issuer.code,
        AuditEvent.position,
        AuditEvent.salt,
        AuditEvent.link,
    ).outerjoin(Issuer, Issuer.id == AuditEvent.issuer_id)
    equal: dict[Any, Any] = {
        AuditEvent.issuer_id: issuer_id,
        AuditEvent.act: filters.act,
        AuditEvent.subject: filters.subject,
        AuditEvent.actor: filters.actor,
    }
    statement = statement.where(*(column == value for column, value in equal.items() if value is not None))
    if filters.since is not None:
        statement = statement.where(AuditEvent.at >= filters.since)
    if filters.until is not None:
        statement = statement.where(AuditEvent.at < filters.until)
    place = tuple_(AuditEvent.at, AuditEvent.id)
    if after is not None:
        statement = statement.where(place > after if oldest_first else place < after)
    order = [column.asc() if oldest_first else column.desc() for column in (AuditEvent.at, AuditEvent.id)]
    rows = connection.execute(statement.order_by(*order).limit(limit))
    return [TrailRecord(TrailEvent(*row[:-4]), *row[-4:]) for row in rows]


def place_of(connection: Connection, issuer_id: int | None, event_id: int) -> tuple[datetime, int] | None:
    """The (time, row id) of an event that concerns an issuer, or of any (None)."""
    statement = select(AuditEvent.at, AuditEvent.id).where(AuditEvent.id == event_id)
    if issuer_id is not None:
        statement = statement.where(AuditEvent.issuer_id == issuer_id)
    row = connection.execute(statement).first()
    return None if row is None else (row.at, row.id)
