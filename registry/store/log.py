"""The public log's rows: entries waiting and placed, tiles, checkpoints, cosignatures."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, delete, exists, func, insert, or_, select, text, tuple_, update

from registry.store.bulk import insert_rows
from registry.store.log_models import LogCheckpoint, LogCosignature, LogEntry, LogTile, PendingEntry
from registry.store.models import StatusEvent

# Any number that nothing else in the database uses for an advisory lock.
_INTEGRATION_LOCK = 7_206_962
_PATIENCE = "10s"
_PLACED_COLUMNS = ("log_index", "certificate_id", "sequence", "statement")


class Entry(NamedTuple):
    """What is written into the log: which status event of which certificate (store/log_models.py), and its words."""

    certificate_id: int
    sequence: int
    statement: bytes


@dataclass(frozen=True, slots=True)
class Placed:
    """An entry with its place in the log, counted from 0."""

    log_index: int
    certificate_id: int
    sequence: int
    statement: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """The log at one size: the signed checkpoint (a note's bytes), and when it was made."""

    size: int
    note: bytes
    integrated_at: datetime


def insert_pending(connection: Connection, entries: Iterable[tuple[int, int, bytes]]) -> None:
    """Write entries, (certificate row id, sequence, statement), in the transaction of what they record."""
    insert_rows(connection, PendingEntry.__table__, ("certificate_id", "sequence", "statement"), list(entries))


def has_pending(connection: Connection) -> bool:
    """Whether any entry waits for its place."""
    return bool(connection.scalar(select(exists(select(PendingEntry.id)))))


def lock_integration(connection: Connection) -> None:
    """Until the transaction ends, nobody else places entries.

    Raises sqlalchemy.exc.OperationalError where another process holds on to it: acts must not wait for it for ever.
    """
    if connection.dialect.name == "postgresql":
        patience = func.set_config("lock_timeout", _PATIENCE, True)
        connection.execute(select(patience, func.pg_advisory_xact_lock(_INTEGRATION_LOCK)))
    # On SQLite, every transaction that writes is alone from its beginning, and waits as long (store/database.py).


def place_entry(connection: Connection, log_index: int, entry: Entry) -> None:
    """Give an entry a place that never waited for one."""
    insert_rows(connection, LogEntry.__table__, _PLACED_COLUMNS, [(log_index, *entry)])


def place_entries(connection: Connection, first: int, limit: int) -> list[bytes]:
    """Give up to `limit` waiting entries, oldest first, the places from `first` on; returns their leaf hashes in order.

    A leaf hash is SHA-256 over a zero byte and the statement (RFC 6962, section 2.1).
    """
    if connection.dialect.name == "postgresql":
        placed = connection.execute(_PLACE, {"first": first, "limit": limit}).all()
        return [leaf for _, leaf in sorted(placed)]
    columns = (PendingEntry.id, PendingEntry.certificate_id, PendingEntry.sequence, PendingEntry.statement)
    waiting = connection.execute(select(*columns).order_by(PendingEntry.id).limit(limit)).all()
    if waiting:
        rows = [(first + offset, *entry[1:]) for offset, entry in enumerate(waiting)]
        insert_rows(connection, LogEntry.__table__, _PLACED_COLUMNS, rows)
        connection.execute(delete(PendingEntry).where(PendingEntry.id <= waiting[-1].id))
    return [hashlib.sha256(b"\0" + entry.statement).digest() for entry in waiting]


# Nothing is carried to and fro. Both looks at the waiting entries are at one snapshot, so that just those are taken
# that were counted, though another transaction may be adding one of a lower id. There is no join: for one, a planner
# that last saw an empty table chooses the way that takes the square of the time (38 s for 10,000 entries).
_PLACE = text(
    """
    WITH taken AS (
        DELETE FROM log_pending
        WHERE id <= (SELECT max(id) FROM (SELECT id FROM log_pending ORDER BY id LIMIT :limit) AS waiting)
        RETURNING id, certificate_id, sequence, statement
    )
    INSERT INTO log_entries (log_index, certificate_id, sequence, statement)
    SELECT :first - 1 + row_number() OVER (ORDER BY id), certificate_id, sequence, statement FROM taken
    RETURNING log_index, sha256('\\x00'::bytea || statement)
    """
)


def newest_head(connection: Connection) -> Head | None:
    """The log as it is now; None before its first entry."""
    statement = select(LogCheckpoint.size, LogCheckpoint.note, LogCheckpoint.integrated_at)
    row = connection.execute(statement.order_by(LogCheckpoint.size.desc()).limit(1)).first()
    return None if row is None else Head(*row)


def seen_at(connection: Connection, log_index: int) -> datetime | None:
    """When the log took an entry in: the time of the first checkpoint that covers it."""
    statement = select(LogCheckpoint.integrated_at).where(LogCheckpoint.size > log_index)
    return connection.scalar(statement.order_by(LogCheckpoint.size).limit(1))


def size_before(connection: Connection, moment: datetime) -> int:
    """How many entries the log had taken in before a moment. Later checkpoints are larger."""
    return connection.scalar(select(func.max(LogCheckpoint.size)).where(LogCheckpoint.integrated_at < moment)) or 0


def is_pending(connection: Connection, certificate_id: int) -> bool:
    """Whether the issuing of a certificate waits for its place, or has got it since the caller looked.

    One statement, so that no entry slips past it on its way from one table to the other.
    """
    waiting = select(PendingEntry.id).where(PendingEntry.certificate_id == certificate_id, PendingEntry.sequence == 1)
    placed = select(LogEntry.log_index).where(LogEntry.certificate_id == certificate_id, LogEntry.sequence == 1)
    return bool(connection.scalar(select(or_(exists(waiting), exists(placed)))))


def heads_between(connection: Connection, after: int, until: int) -> list[Head]:
    """The checkpoints of sizes above `after` up to `until`, in order."""
    statement = (
        select(LogCheckpoint.size, LogCheckpoint.note, LogCheckpoint.integrated_at)
        .where(LogCheckpoint.size > after, LogCheckpoint.size <= until)
        .order_by(LogCheckpoint.size)
    )
    return [Head(*row) for row in connection.execute(statement)]


def newest_cosigned(connection: Connection, quorum: int) -> Head | None:
    """The newest checkpoint that at least `quorum` witnesses cosigned."""
    # Read from the end of the primary key until one has enough, however many there are before.
    cosigned = (
        select(LogCosignature.size)
        .group_by(LogCosignature.size)
        .having(func.count() >= quorum)
        .order_by(LogCosignature.size.desc())
        .limit(1)
        .scalar_subquery()
    )
    columns = (LogCheckpoint.size, LogCheckpoint.note, LogCheckpoint.integrated_at)
    row = connection.execute(select(*columns).where(LogCheckpoint.size == cosigned)).first()
    return None if row is None else Head(*row)


def insert_head(connection: Connection, head: Head) -> None:
    """Publish a checkpoint. Raises sqlalchemy.exc.IntegrityError where the log has one of that size."""
    values = {"size": head.size, "note": head.note, "integrated_at": head.integrated_at}
    connection.execute(insert(LogCheckpoint), values)


def replace_note(connection: Connection, size: int, note: bytes) -> None:
    """Publish a checkpoint under other signatures of the log."""
    connection.execute(update(LogCheckpoint).where(LogCheckpoint.size == size).values(note=note))


def cosignatures_of(connection: Connection, size: int) -> list[str]:
    """The cosignature lines of a checkpoint."""
    statement = select(LogCosignature.line).where(LogCosignature.size == size).order_by(LogCosignature.witness)
    return list(connection.scalars(statement))


def insert_cosignature(connection: Connection, size: int, witness: str, line: str) -> None:
    """Keep a witness's cosignature; a later one of the same witness for the same size replaces it."""
    where = (LogCosignature.size == size, LogCosignature.witness == witness)
    connection.execute(delete(LogCosignature).where(*where))
    connection.execute(insert(LogCosignature), {"size": size, "witness": witness, "line": line})


def cosigned_sizes(connection: Connection) -> dict[str, int]:
    """The largest size that each witness has cosigned."""
    statement = select(LogCosignature.witness, func.max(LogCosignature.size)).group_by(LogCosignature.witness)
    return {row.witness: row[1] for row in connection.execute(statement)}


def read_tiles(connection: Connection, tiles: Collection[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
    """Tiles by (level, index); those that do not exist are left out. One query."""
    if not tiles:
        return {}
    statement = select(LogTile.level, LogTile.tile_index, LogTile.hashes).where(
        tuple_(LogTile.level, LogTile.tile_index).in_(list(tiles))
    )
    return {(level, index): hashes for level, index, hashes in connection.execute(statement)}


def write_tiles(connection: Connection, tiles: Mapping[tuple[int, int], bytes]) -> None:
    """Store tiles, in place of narrower ones of the same name."""
    keys = list(tiles)
    # Only those on the edge exist already: the first of each level.
    edge = {level: min(index for one, index in keys if one == level) for level, _ in keys}
    connection.execute(delete(LogTile).where(tuple_(LogTile.level, LogTile.tile_index).in_(list(edge.items()))))
    rows = [(level, index, hashes) for (level, index), hashes in tiles.items()]
    insert_rows(connection, LogTile.__table__, ("level", "tile_index", "hashes"), rows)


def bundle(connection: Connection, first: int, count: int) -> list[bytes]:
    """The statements of up to `count` entries from `first` on."""
    statement = (
        select(LogEntry.statement)
        .where(LogEntry.log_index >= first, LogEntry.log_index < first + count)
        .order_by(LogEntry.log_index)
    )
    return list(connection.scalars(statement))


def entries_of(connection: Connection, certificate_id: int) -> list[Placed]:
    """What the log says of a certificate, in the order of its events."""
    columns = (LogEntry.log_index, LogEntry.certificate_id, LogEntry.sequence, LogEntry.statement)
    statement = select(*columns).where(LogEntry.certificate_id == certificate_id).order_by(LogEntry.sequence)
    return [Placed(*row) for row in connection.execute(statement)]


def entries_from(connection: Connection, first: int, count: int) -> list[Placed]:
    """Up to `count` entries from place `first` on."""
    columns = (LogEntry.log_index, LogEntry.certificate_id, LogEntry.sequence, LogEntry.statement)
    statement = select(*columns).where(LogEntry.log_index >= first).order_by(LogEntry.log_index).limit(count)
    return [Placed(*row) for row in connection.execute(statement)]


def unlogged_events(connection: Connection, limit: int) -> list[int]:
    """Row ids of certificates with a status event that is neither in the log nor waiting."""
    logged = select(LogEntry.log_index).where(
        LogEntry.certificate_id == StatusEvent.certificate_id, LogEntry.sequence == StatusEvent.sequence
    )
    waiting = select(PendingEntry.id).where(
        PendingEntry.certificate_id == StatusEvent.certificate_id, PendingEntry.sequence == StatusEvent.sequence
    )
    statement = select(StatusEvent.certificate_id).where(~exists(logged), ~exists(waiting)).distinct().limit(limit)
    return list(connection.scalars(statement))
