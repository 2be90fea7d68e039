"""What relying parties are told: placing changes that wait, and reading by a cursor."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, delete, exists, func, select, text
from sqlalchemy.dialects import postgresql, sqlite

from registry.store.bulk import insert_rows
from registry.store.certificates import AnySelect, StoredCertificate, fetch_stored, stored_certificates
from registry.store.models import Certificate
from registry.store.party_models import RelyingParty
from registry.store.watch_models import PartyEvent, PartyEventCounter, PendingChange

# Any number that nothing else in the database uses for an advisory lock.
_PLACING_LOCK = 7_206_963
_PATIENCE = "10s"
_CHUNK = 500


class WaitingChange(NamedTuple):
    """A change that nobody was told of yet, of a certificate (row id)."""

    id: int
    certificate_id: int
    kind: str
    at: datetime
    reason: str | None
    days: int
    recorded_at: datetime


class NewEvent(NamedTuple):
    """What a party is told under a number: the columns of PartyEvent."""

    party_id: int
    number: int
    type: str
    certificate_id: int | None
    subject: str | None
    at: datetime
    reason: str | None
    days: int
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event of a party (code) with the certificate that it is about, as it is now, and the one that replaced it."""

    party: str
    number: int
    type: str
    subject: str | None
    at: datetime
    reason: str | None
    days: int
    recorded_at: datetime
    certificate: StoredCertificate | None
    replaced_by: str | None


def has_waiting(connection: Connection) -> bool:
    """Whether any change waits."""
    return bool(connection.scalar(select(exists(select(PendingChange.id)))))


def lock_placing(connection: Connection) -> None:
    """Until the transaction ends, nobody else gives out numbers of events.

    Raises sqlalchemy.exc.OperationalError where another process holds on to it.
    """
    if connection.dialect.name == "postgresql":
        patience = func.set_config("lock_timeout", _PATIENCE, True)
        connection.execute(select(patience, func.pg_advisory_xact_lock(_PLACING_LOCK)))
    # On SQLite, every transaction that writes is alone from its beginning, and waits as long (store/database.py).


def waiting_changes(connection: Connection, limit: int) -> list[WaitingChange]:
    """Changes that wait, oldest first."""
    statement = select(PendingChange.__table__).order_by(PendingChange.id).limit(limit)
    return [WaitingChange(*row) for row in connection.execute(statement)]


def remove_waiting(connection: Connection, ids: Sequence[int]) -> None:
    """Take away changes, as `waiting_changes` returned them: another transaction may have added one of a lower id."""
    if connection.dialect.name == "sqlite":
        connection.execute(delete(PendingChange).where(PendingChange.id <= max(ids)))
    else:
        connection.execute(text("DELETE FROM pending_changes WHERE id = ANY(:ids)"), {"ids": list(ids)})


def last_numbers(connection: Connection, party_ids: Collection[int]) -> dict[int, int]:
    """The number of each party's last event; 0 before the first."""
    mine = PartyEventCounter.party_id.in_(party_ids)
    found = {row.party_id: row.last for row in connection.execute(select(PartyEventCounter.__table__).where(mine))}
    return {one: found.get(one, 0) for one in party_ids}


def insert_events(connection: Connection, events: Sequence[NewEvent]) -> None:
    """Append events, whose numbers follow on the last ones in order, with the lock held."""
    insert_rows(connection, PartyEvent.__table__, NewEvent._fields, events)
    last = {one.party_id: one.number for one in events}
    made = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(PartyEventCounter)
    changed = made.on_conflict_do_update(index_elements=("party_id",), set_={"last": made.excluded.last})
    connection.execute(changed, [{"party_id": party, "last": number} for party, number in last.items()])


def events_after(connection: Connection, party_id: int, after: int, limit: int) -> list[StoredEvent]:
    """A party's events with numbers above `after`, in their order."""
    statement = _events(party_id).where(PartyEvent.number > after)
    return _read(connection, statement.order_by(PartyEvent.number).limit(limit))


def events_numbered(connection: Connection, party_id: int, numbers: Collection[int]) -> dict[int, StoredEvent]:
    """A party's events with these numbers."""
    statement = _events(party_id).where(PartyEvent.number.in_(numbers))
    return {one.number: one for one in _read(connection, statement)}


def _events(party_id: int) -> AnySelect:
    columns = (
        *(RelyingParty.code.label("party"), PartyEvent.number, PartyEvent.type, PartyEvent.subject, PartyEvent.at),
        *(PartyEvent.reason, PartyEvent.days, PartyEvent.recorded_at, PartyEvent.certificate_id),
    )
    joined = select(*columns).join(RelyingParty, RelyingParty.id == PartyEvent.party_id)
    return joined.where(PartyEvent.party_id == party_id)


def _read(connection: Connection, statement: AnySelect) -> list[StoredEvent]:
    rows = connection.execute(statement).all()
    keys = {row.certificate_id for row in rows if row.certificate_id is not None}
    certificates: dict[int, StoredCertificate] = {}
    successors: dict[int | None, str] = {}
    for chunk in _chunks(sorted(keys)):
        found = fetch_stored(connection, stored_certificates().where(Certificate.id.in_(chunk)))
        certificates.update((one.id, one) for one in found)
        newer = select(Certificate.replaces_id, Certificate.public_id).where(Certificate.replaces_id.in_(chunk))
        successors.update((replaced, public_id) for replaced, public_id in connection.execute(newer))
    events = []
    for row in rows:
        values = dict(row._mapping)
        key = values.pop("certificate_id")
        events.append(StoredEvent(**values, certificate=certificates.get(key), replaced_by=successors.get(key)))
    return events


def _chunks(keys: Sequence[int]) -> Iterator[Sequence[int]]:
    return (keys[start : start + _CHUNK] for start in range(0, len(keys), _CHUNK))
