"""Telling relying parties what has changed: each change gets a number in the feed of everybody who watches it.

Changes are written together with what makes them, so none can be missing. Numbers are given out under one lock, and
all of it happens in one transaction: what is told, what is to be sent, and that it waits no more.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Connection

from registry.domain.changes import ChangeKind, event_type
from registry.services.context import Registry
from registry.store import party_events as store
from registry.store import webhooks
from registry.store.party_events import NewEvent
from registry.store.watches import who_watches

_AT_ONCE = 500
# For so long it is tried to deliver an event.
DELIVERED_WITHIN = timedelta(days=3)


def place_changes(registry: Registry) -> int:
    """Tell of all changes that wait; returns how many events that made. Raises StorageUnavailable."""
    told = 0
    while True:
        with registry.database.read() as connection:
            if not store.has_waiting(connection):
                return told
        with registry.database.transaction() as connection:
            store.lock_placing(connection)
            told += _place(registry, connection)


def tell(registry: Registry, connection: Connection, events: Sequence[NewEvent]) -> None:
    """Append events without numbers to the feeds of their parties, within a transaction, and have them delivered.

    Nobody else tells anything until that transaction ends.
    """
    store.lock_placing(connection)
    parties = {one.party_id for one in events}
    last = store.last_numbers(connection, parties)
    numbered = []
    for event in events:
        last[event.party_id] += 1
        numbered.append(event._replace(number=last[event.party_id]))
    store.insert_events(connection, numbered)
    endpoints = [one for one in webhooks.endpoints_of(connection, parties) if one.state == webhooks.ACTIVE]
    wanted = [
        (endpoint.id, event.number)
        for event in numbered
        for endpoint in endpoints
        if endpoint.party_id == event.party_id and endpoint.wants(event.type)
    ]
    now = registry.now()
    webhooks.insert_deliveries(connection, wanted, now, now + DELIVERED_WITHIN)


def _place(registry: Registry, connection: Connection) -> int:
    waiting = {one.id: one for one in store.waiting_changes(connection, _AT_ONCE)}
    if not waiting:
        return 0
    events = []
    for party, change_id in who_watches(connection, list(waiting)):
        change = waiting[change_id]
        kind = event_type(ChangeKind(change.kind))
        what = (change.at, change.reason, change.days, change.recorded_at)
        events.append(NewEvent(party, 0, kind, change.certificate_id, None, *what))
    if events:
        tell(registry, connection, events)
    store.remove_waiting(connection, list(waiting))
    return len(events)
