"""The hash chain over the audit trail: the queries of those who extend it and of those who verify it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, exists, func, select, text, update

from registry.domain.trail import TrailEvent
from registry.store.log_models import AUDIT_TRAIL, LogEntry
from registry.store.models import AuditEvent

_EVENT = tuple(getattr(AuditEvent, name) for name in TrailEvent._fields)


class Link(NamedTuple):
    """An event's place in the chain, counted from 1."""

    event_id: int
    position: int
    salt: bytes
    link: bytes


class Linked(NamedTuple):
    """An event as it stands in the trail, with its place."""

    event: TrailEvent
    position: int
    salt: bytes
    link: bytes


class TrailState(NamedTuple):
    """How far the chain and the log are: whether events wait, the last position, and the log's newest word on it."""

    waiting: bool
    linked: int
    anchor_number: int
    anchor: bytes | None


class PlacedAnchor(NamedTuple):
    """An entry of the log about the trail."""

    log_index: int
    number: int
    statement: bytes


def trail_state(connection: Connection) -> TrailState:
    """How far the chain and the log are. One query, answered from indexes."""
    anchor = (
        select(LogEntry.sequence, LogEntry.statement)
        .where(LogEntry.certificate_id == AUDIT_TRAIL)
        .order_by(LogEntry.sequence.desc())
        .limit(1)
        .subquery()
    )
    now = select(
        exists(select(AuditEvent.id).where(AuditEvent.position.is_(None))).label("waiting"),
        select(func.max(AuditEvent.position)).scalar_subquery().label("linked"),
    ).subquery()
    statement = select(now, anchor).select_from(now.outerjoin(anchor, text("1 = 1")))
    waiting, linked, number, found = connection.execute(statement).one()
    return TrailState(bool(waiting), linked or 0, number or 0, found)


def unlinked(connection: Connection, limit: int) -> list[TrailEvent]:
    """The events that wait for their place, in the order in which they were written."""
    statement = select(*_EVENT).where(AuditEvent.position.is_(None)).order_by(AuditEvent.id).limit(limit)
    return [TrailEvent(*row) for row in connection.execute(statement)]


def last_link(connection: Connection) -> tuple[int, bytes] | None:
    """The last position of the chain, and its link."""
    statement = select(AuditEvent.position, AuditEvent.link).where(AuditEvent.position.is_not(None))
    row = connection.execute(statement.order_by(AuditEvent.position.desc()).limit(1)).first()
    return None if row is None or row[0] is None else (row[0], row[1] or b"")


def write_links(connection: Connection, links: Sequence[Link]) -> None:
    """Give events their places. Raises sqlalchemy.exc.IntegrityError where one is taken."""
    statement = (
        update(AuditEvent)
        .where(AuditEvent.id == bindparam("event_id"), AuditEvent.position.is_(None))
        .values(position=bindparam("at_position"), salt=bindparam("with_salt"), link=bindparam("with_link"))
    )
    values = [
        {"event_id": one.event_id, "at_position": one.position, "with_salt": one.salt, "with_link": one.link}
        for one in links
    ]
    connection.execute(statement, values)


def linked_from(connection: Connection, after: int, limit: int) -> list[Linked]:
    """Linked events of positions above `after`."""
    columns: tuple[Any, ...] = (*_EVENT, AuditEvent.position, AuditEvent.salt, AuditEvent.link)
    statement = select(*columns).where(AuditEvent.position > after).order_by(AuditEvent.position).limit(limit)
    return [Linked(TrailEvent(*row[:-3]), *row[-3:]) for row in connection.execute(statement)]


def links_at(connection: Connection, positions: Iterable[int]) -> dict[int, bytes]:
    """The links at some positions."""
    statement = select(AuditEvent.position, AuditEvent.link).where(AuditEvent.position.in_(list(positions)))
    return {position: link for position, link in connection.execute(statement) if position is not None and link}


def count_unlinked(connection: Connection) -> int:
    """How many events wait for their place."""
    return connection.scalar(select(func.count()).where(AuditEvent.position.is_(None))) or 0


def without_place(connection: Connection) -> int:
    """How many events have a place before the first."""
    return connection.scalar(select(func.count()).where(AuditEvent.position < 1)) or 0


def highest_position(connection: Connection) -> int:
    """The last place in the chain; 0 where it is empty."""
    return connection.scalar(select(func.max(AuditEvent.position))) or 0


def anchors_after(connection: Connection, number: int, limit: int) -> list[PlacedAnchor]:
    """The log's entries about the trail, in their order, from above `number` on."""
    statement = (
        select(LogEntry.log_index, LogEntry.sequence, LogEntry.statement)
        .where(LogEntry.certificate_id == AUDIT_TRAIL, LogEntry.sequence > number)
        .order_by(LogEntry.sequence)
        .limit(limit)
    )
    return [PlacedAnchor(*row) for row in connection.execute(statement)]
