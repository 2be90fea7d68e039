"""Webhook endpoints and their deliveries: the queries."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, delete, exists, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from registry.store.bulk import insert_rows
from registry.store.watch_models import PartyEvent, WebhookAttempt, WebhookDelivery, WebhookEndpoint

ACTIVE = "active"
UNVERIFIED = "unverified"
DISABLED = "disabled"
WAITING = "waiting"
DELIVERED = "delivered"
FAILED = "failed"
_REMOVED_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class StoredEndpoint:
    """A webhook endpoint: the columns of WebhookEndpoint."""

    id: int
    endpoint_id: str
    party_id: int
    url: str
    types: tuple[str, ...]
    label: str | None
    state: str
    secret: bytes
    old_secret: bytes | None
    old_secret_until: datetime | None
    failures: int
    failing_since: datetime | None
    paused_until: datetime | None
    disabled_because: str | None
    created_at: datetime
    created_by: str

    def __repr__(self) -> str:
        """Without the secrets."""
        return f"StoredEndpoint({self.endpoint_id}, {self.state})"

    def wants(self, event_type: str) -> bool:
        """Whether events of a type are to be sent there."""
        return not self.types or event_type in self.types


class ClaimedDelivery(NamedTuple):
    """A delivery (row id) of an event that somebody tries now, for the nth time."""

    id: int
    number: int
    attempts: int
    give_up_at: datetime


class Attempt(NamedTuple):
    """What came of an attempt: a status, or a problem."""

    at: datetime
    status: int | None
    problem: str | None
    milliseconds: int


@dataclass(frozen=True, slots=True)
class StoredDelivery:
    """A delivery with its attempts, oldest first."""

    number: int
    type: str
    state: str
    due_at: datetime
    created_at: datetime
    finished_at: datetime | None
    attempts: tuple[Attempt, ...]


def insert_endpoint(connection: Connection, **values: Any) -> None:
    """Store an endpoint; the columns of WebhookEndpoint."""
    connection.execute(insert(WebhookEndpoint).values(**values))


def find_endpoint(
    connection: Connection, party_id: int, endpoint_id: str, *, for_update: bool = False
) -> StoredEndpoint | None:
    """A party's endpoint; `for_update` holds it until the transaction ends."""
    mine = (WebhookEndpoint.party_id == party_id, WebhookEndpoint.endpoint_id == endpoint_id)
    return _find(connection, mine, for_update=for_update)


def get_endpoint(connection: Connection, key: int, *, for_update: bool = False) -> StoredEndpoint | None:
    """The endpoint of a row id, unless it was removed."""
    return _find(connection, (WebhookEndpoint.id == key,), for_update=for_update)


def _find(connection: Connection, mine: Sequence[Any], *, for_update: bool) -> StoredEndpoint | None:
    statement = select(WebhookEndpoint.__table__).where(*mine)
    if for_update:
        # Deliveries may be added meanwhile: their foreign key wants only that the row stays.
        statement = statement.with_for_update(key_share=True)
    row = connection.execute(statement).first()
    return None if row is None else _endpoint(row)


def endpoints_of(connection: Connection, party_ids: Collection[int]) -> list[StoredEndpoint]:
    """The endpoints of parties, oldest first."""
    statement = select(WebhookEndpoint.__table__).where(WebhookEndpoint.party_id.in_(party_ids))
    return [_endpoint(row) for row in connection.execute(statement.order_by(WebhookEndpoint.id))]


def update_endpoint(connection: Connection, key: int, **values: Any) -> None:
    """Change an endpoint; columns of WebhookEndpoint."""
    connection.execute(update(WebhookEndpoint).where(WebhookEndpoint.id == key).values(**values))


def remove_endpoint(connection: Connection, key: int) -> None:
    """Remove an endpoint with its deliveries."""
    mine = select(WebhookDelivery.id).where(WebhookDelivery.endpoint_id == key)
    connection.execute(delete(WebhookAttempt).where(WebhookAttempt.delivery_id.in_(mine)))
    connection.execute(delete(WebhookDelivery).where(WebhookDelivery.endpoint_id == key))
    connection.execute(delete(WebhookEndpoint).where(WebhookEndpoint.id == key))


_DELIVERY = ("endpoint_id", "number", "state", "attempts", "due_at", "give_up_at", "created_at")


def insert_deliveries(
    connection: Connection, wanted: Sequence[tuple[int, int]], due_at: datetime, give_up_at: datetime
) -> None:
    """Have events delivered: (endpoint, number of the event), in the transaction that gives out the numbers."""
    rows = [(endpoint, number, WAITING, 0, due_at, give_up_at, due_at) for endpoint, number in wanted]
    if rows:
        insert_rows(connection, WebhookDelivery.__table__, _DELIVERY, rows)


def deliver_again(
    connection: Connection, endpoint: StoredEndpoint, numbers: Sequence[int], due_at: datetime, give_up_at: datetime
) -> None:
    """Have events delivered, those too that were, or that there were no deliveries of."""
    rows = [
        dict(zip(_DELIVERY, (endpoint.id, number, WAITING, 0, due_at, give_up_at, due_at), strict=True))
        for number in numbers
    ]
    made = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(WebhookDelivery)
    again = {name: made.excluded[name] for name in ("state", "attempts", "due_at", "give_up_at")}
    key = ("endpoint_id", "number")
    connection.execute(made.on_conflict_do_update(index_elements=key, set_={**again, "finished_at": None}), rows)


def numbers_to_repeat(
    connection: Connection, endpoint: StoredEndpoint, after: int, until: int | None, limit: int
) -> list[int]:
    """The numbers of the events that an endpoint wants, behind `after` up to `until`."""
    statement = select(PartyEvent.number).where(PartyEvent.party_id == endpoint.party_id, PartyEvent.number > after)
    if until is not None:
        statement = statement.where(PartyEvent.number <= until)
    if endpoint.types:
        statement = statement.where(PartyEvent.type.in_(endpoint.types))
    return list(connection.scalars(statement.order_by(PartyEvent.number).limit(limit)))


def ready_endpoints(connection: Connection, now: datetime) -> list[int]:
    """The row ids of endpoints to which something is to be sent now."""
    due = exists().where(
        WebhookDelivery.endpoint_id == WebhookEndpoint.id,
        WebhookDelivery.state == WAITING,
        WebhookDelivery.due_at <= now,
    )
    open_ = or_(WebhookEndpoint.paused_until.is_(None), WebhookEndpoint.paused_until <= now)
    statement = select(WebhookEndpoint.id).where(WebhookEndpoint.state == ACTIVE, open_, due)
    return list(connection.scalars(statement.order_by(WebhookEndpoint.id)))


def claim(connection: Connection, endpoint: int, now: datetime, until: datetime, limit: int) -> list[ClaimedDelivery]:
    """Take over deliveries that are due, the oldest event first, until a moment; those that nobody else holds."""
    columns = (WebhookDelivery.id, WebhookDelivery.number, WebhookDelivery.attempts, WebhookDelivery.give_up_at)
    due = (
        WebhookDelivery.endpoint_id == endpoint,
        WebhookDelivery.state == WAITING,
        WebhookDelivery.due_at <= now,
    )
    statement = select(*columns).where(*due).order_by(WebhookDelivery.due_at, WebhookDelivery.number).limit(limit)
    found = [ClaimedDelivery(*row) for row in connection.execute(statement.with_for_update(skip_locked=True))]
    if found:
        mine = WebhookDelivery.id.in_([one.id for one in found])
        connection.execute(update(WebhookDelivery).where(mine).values(due_at=until))
    return found


def settle(connection: Connection, delivery: int, until: datetime, attempt: Attempt, **values: Any) -> bool:
    """Write what came of the attempt by whoever holds a delivery until that moment; False where somebody else does."""
    mine = (WebhookDelivery.id == delivery, WebhookDelivery.state == WAITING, WebhookDelivery.due_at == until)
    changed = {**values, "attempts": WebhookDelivery.attempts + 1}
    if connection.execute(update(WebhookDelivery).where(*mine).values(**changed)).rowcount == 0:
        return False
    connection.execute(insert(WebhookAttempt).values(delivery_id=delivery, **attempt._asdict()))
    return True


def give_back(connection: Connection, deliveries: Sequence[int], until: datetime, due_at: datetime) -> None:
    """Let go of deliveries that are held until that moment, so that they are tried from `due_at` on."""
    mine = (
        WebhookDelivery.id.in_(deliveries),
        WebhookDelivery.state == WAITING,
        WebhookDelivery.due_at == until,
    )
    connection.execute(update(WebhookDelivery).where(*mine).values(due_at=due_at))


def bring_forward(connection: Connection, endpoint: int, now: datetime, beyond: datetime) -> None:
    """Have everything that failed before, and was put off beyond a moment, tried now."""
    mine = (
        WebhookDelivery.endpoint_id == endpoint,
        WebhookDelivery.state == WAITING,
        WebhookDelivery.attempts > 0,
        WebhookDelivery.due_at > beyond,
    )
    connection.execute(update(WebhookDelivery).where(*mine).values(due_at=now))


def deliveries_of(
    connection: Connection, endpoint: StoredEndpoint, below: int | None, limit: int, state: str | None
) -> list[StoredDelivery]:
    """The deliveries of an endpoint, newest event first, from below a number on; in one state, where given."""
    event_type = (
        select(PartyEvent.type)
        .where(PartyEvent.party_id == endpoint.party_id, PartyEvent.number == WebhookDelivery.number)
        .scalar_subquery()
        .label("type")
    )
    columns = (
        *(WebhookDelivery.id, WebhookDelivery.number, event_type, WebhookDelivery.state, WebhookDelivery.due_at),
        *(WebhookDelivery.created_at, WebhookDelivery.finished_at),
    )
    statement = select(*columns).where(WebhookDelivery.endpoint_id == endpoint.id)
    if below is not None:
        statement = statement.where(WebhookDelivery.number < below)
    if state is not None:
        statement = statement.where(WebhookDelivery.state == state)
    rows = connection.execute(statement.order_by(WebhookDelivery.number.desc()).limit(limit)).all()
    attempts = _attempts(connection, [row[0] for row in rows])
    found = []
    for row in rows:
        values = dict(row._mapping)
        tried = attempts.get(values.pop("id"), ())
        found.append(StoredDelivery(**values, attempts=tuple(tried)))
    return found


def _attempts(connection: Connection, deliveries: Sequence[int]) -> dict[int, list[Attempt]]:
    found: dict[int, list[Attempt]] = {}
    mine = WebhookAttempt.delivery_id.in_(deliveries)
    columns = (WebhookAttempt.delivery_id, *(getattr(WebhookAttempt, name) for name in Attempt._fields))
    for key, *values in connection.execute(select(*columns).where(mine).order_by(WebhookAttempt.id)):
        found.setdefault(key, []).append(Attempt(*values))
    return found


def count_waiting(connection: Connection, endpoint: int) -> int:
    """How many deliveries wait."""
    mine = (WebhookDelivery.endpoint_id == endpoint, WebhookDelivery.state == WAITING)
    return connection.scalar(select(func.count()).where(*mine)) or 0


def remove_finished(connection: Connection, before: datetime) -> int:
    """Forget deliveries that were finished before a moment, some thousands; returns how many."""
    old = select(WebhookDelivery.id).where(WebhookDelivery.finished_at < before).limit(_REMOVED_AT_ONCE)
    keys = list(connection.scalars(old))
    for start in range(0, len(keys), 500):
        chunk = keys[start : start + 500]
        connection.execute(delete(WebhookAttempt).where(WebhookAttempt.delivery_id.in_(chunk)))
        connection.execute(delete(WebhookDelivery).where(WebhookDelivery.id.in_(chunk)))
    return len(keys)


def _endpoint(row: Row[*tuple[Any, ...]]) -> StoredEndpoint:
    return StoredEndpoint(**{**row._mapping, "types": tuple(row.types)})
