"""What an audit of the log reads: long tables in portions, each portion by one statement and so of one moment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, exists, func, or_, select, tuple_

from registry.domain.lifecycle import StatusEvent
from registry.domain.reasons import Act, Reason
from registry.store.certificates import AnySelect
from registry.store.log_models import LogEntry, LogTile, PendingEntry
from registry.store.models import Certificate, Credential, Issuer
from registry.store.models import StatusEvent as EventRow

_LEVELS = 8


@dataclass(frozen=True, slots=True)
class Recorded:
    """A status event as registered: its row id, whose it is, the signed credential's bytes, and the event."""

    event_id: int
    certificate_id: int
    public_id: str
    issuer_code: str
    document: bytes
    event: StatusEvent


class EntryAndRecord(NamedTuple):
    """An entry of the log, and what it records; None where the register has no such event."""

    log_index: int
    certificate_id: int
    sequence: int
    statement: bytes
    recorded: Recorded | None


class FirstEventCache(NamedTuple):
    """The columns of a certificate's row that repeat what its first event and the fold over all events say."""

    id: int
    public_id: str
    valid_from: date
    valid_until: date | None
    recorded_at: datetime
    first_reason: str
    state: str
    state_since: datetime
    state_reason: str
    state_changes_at: datetime | None
    event_count: int


_EVENT = (
    EventRow.sequence,
    EventRow.act,
    EventRow.reason,
    EventRow.effective_at,
    EventRow.recorded_at,
    EventRow.until,
    EventRow.note,
    EventRow.calls_off,
)
_RECORDED = (EventRow.id, EventRow.certificate_id, Certificate.public_id, Issuer.code, Credential.document, *_EVENT)
_PLACED = (LogEntry.log_index, LogEntry.certificate_id, LogEntry.sequence, LogEntry.statement)
_ENTRY = len(_PLACED)
_EVENT_AT = _ENTRY + len(_RECORDED) - len(_EVENT)
_CACHE = (
    Certificate.id,
    Certificate.public_id,
    Certificate.valid_from,
    Certificate.valid_until,
    Certificate.recorded_at,
    Certificate.first_reason,
    Certificate.state,
    Certificate.state_since,
    Certificate.state_reason,
    Certificate.state_changes_at,
    Certificate.event_count,
)


def entries_with_records(connection: Connection, first: int, count: int) -> list[EntryAndRecord]:
    """The entries with places from `first` on, below `first + count`, each beside what it records.

    Raises ValueError where a value of the register can't be read.
    """
    mine = and_(EventRow.certificate_id == LogEntry.certificate_id, EventRow.sequence == LogEntry.sequence)
    joined: AnySelect = select(*_PLACED, *_RECORDED).outerjoin(EventRow, mine)
    statement = (
        _with_certificate(joined, isouter=True)
        .where(LogEntry.log_index >= first, LogEntry.log_index < first + count)
        .order_by(LogEntry.log_index)
    )
    return [
        EntryAndRecord(
            row[0], row[1], row[2], row[3], None if None in row[_ENTRY:_EVENT_AT] else _recorded(row[_ENTRY:])
        )
        for row in connection.execute(statement)
    ]


def unlogged(connection: Connection, after: int, limit: int) -> list[Recorded]:
    """Status events that are neither in the log nor waiting, by their row ids, from above `after` on.

    Raises ValueError where a value of the register can't be read.
    """
    placed = select(LogEntry.log_index).where(
        LogEntry.certificate_id == EventRow.certificate_id, LogEntry.sequence == EventRow.sequence
    )
    # Without an index: read once, not once for each event.
    waiting = select(PendingEntry.certificate_id, PendingEntry.sequence)
    recorded: AnySelect = select(*_RECORDED)
    statement = (
        _with_certificate(recorded, isouter=False)
        .where(EventRow.id > after, ~exists(placed))
        .where(tuple_(EventRow.certificate_id, EventRow.sequence).not_in(waiting))
        .order_by(EventRow.id)
        .limit(limit)
    )
    return [_recorded(row) for row in connection.execute(statement)]


def count_events(connection: Connection) -> int:
    """How many status events are registered."""
    return connection.scalar(select(func.count()).select_from(EventRow)) or 0


def count_certificates(connection: Connection) -> int:
    """How many certificates are registered."""
    return connection.scalar(select(func.count()).select_from(Certificate)) or 0


def count_waiting(connection: Connection) -> int:
    """How many entries wait for their place."""
    return connection.scalar(select(func.count()).select_from(PendingEntry)) or 0


def caches_with_events(
    connection: Connection, after: int, limit: int
) -> list[tuple[FirstEventCache, list[StatusEvent]]]:
    """Certificates of row ids above `after`, each with its status events in their order.

    Raises ValueError where a value of the register can't be read.
    """
    chunk = select(Certificate.id).where(Certificate.id > after).order_by(Certificate.id).limit(limit)
    statement: AnySelect = (
        select(*_CACHE, *_EVENT)
        .outerjoin(EventRow, EventRow.certificate_id == Certificate.id)
        .where(Certificate.id.in_(chunk))
        .order_by(Certificate.id, EventRow.sequence)
    )
    caches: dict[int, FirstEventCache] = {}
    events: defaultdict[int, list[StatusEvent]] = defaultdict(list)
    for row in connection.execute(statement):
        cache = FirstEventCache(*row[: len(_CACHE)])
        caches[cache.id] = cache
        if row[len(_CACHE)] is not None:
            events[cache.id].append(_event(row[len(_CACHE) :]))
    return [(cache, events[key]) for key, cache in caches.items()]


def entries_beyond(connection: Connection, size: int) -> int:
    """How many entries have a place that a log of `size` entries has not."""
    outside = or_(LogEntry.log_index >= size, LogEntry.log_index < 0)
    return connection.scalar(select(func.count()).where(outside)) or 0


def edge_tile_sizes(connection: Connection, edge: Iterable[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """The length in bytes of all tiles at or beyond the edge: (level, index) of the first tile of each level."""
    edge = list(edge)
    at_edge = [and_(LogTile.level == level, LogTile.tile_index >= index) for level, index in edge]
    impossible = or_(LogTile.level < 0, LogTile.level >= _LEVELS, LogTile.tile_index < 0)
    statement = select(LogTile.level, LogTile.tile_index, func.length(LogTile.hashes)).where(or_(impossible, *at_edge))
    return {(level, index): length for level, index, length in connection.execute(statement)}


def highest_index(connection: Connection) -> int | None:
    """The last place that an entry has."""
    return connection.scalar(select(func.max(LogEntry.log_index)))


def _with_certificate(statement: AnySelect, *, isouter: bool) -> AnySelect:
    return (
        statement.join(Certificate, Certificate.id == EventRow.certificate_id, isouter=isouter)
        .join(Issuer, Issuer.id == Certificate.issuer_id, isouter=isouter)
        .join(Credential, Credential.certificate_id == Certificate.id, isouter=isouter)
    )


def _recorded(values: Sequence[Any]) -> Recorded:
    event_id, certificate_id, public_id, code, document, *event = values
    return Recorded(event_id, certificate_id, public_id, code, document, _event(event))


def _event(values: Iterable[Any]) -> StatusEvent:
    sequence, act, reason, effective_at, recorded_at, until, note, calls_off = values
    return StatusEvent(sequence, Act(act), Reason(reason), effective_at, recorded_at, until, note, calls_off)
