"""The audit trail in the log: events get their place in the hash chain, and its last link becomes an entry.

Both happen where entries are placed, under the same lock and in the same transaction (services/log/integrate.py).
Whoever acts only writes an event; so acts at the same time neither wait for each other nor fork the chain.
"""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import Connection

from registry.formats.audit_chain import GENESIS, SALT_BYTES, event_digest, next_link
from registry.formats.log_entry import audit_trail, trail_head
from registry.services.context import Registry
from registry.services.log.anchor import LogDamaged
from registry.store import audit_chain as store
from registry.store.audit_chain import Link, TrailState
from registry.store.log import Entry
from registry.store.log_models import AUDIT_TRAIL

_AT_ONCE = 5_000


def has_work(registry: Registry, connection: Connection) -> bool:
    """Whether events wait for their place, or the log for word of them."""
    state = store.trail_state(connection)
    return state.waiting or _is_due(registry, state, registry.now())


def extend(registry: Registry, connection: Connection) -> Entry | None:
    """Link events that wait, and return the entry about them, if it is time for one. The integration is locked.

    Raises LogDamaged.
    """
    waiting = store.unlinked(connection, _AT_ONCE)
    if waiting:
        position, link = store.last_link(connection) or (0, GENESIS)
        links = []
        for offset, event in enumerate(waiting, 1):
            salt = secrets.token_bytes(SALT_BYTES)
            link = next_link(link, event_digest(event, salt))
            links.append(Link(event.id, position + offset, salt, link))
        store.write_links(connection, links)
    state, now = store.trail_state(connection), registry.now()
    if state.waiting or not _is_due(registry, state, now):
        return None
    return _entry(connection, state, now)


def _entry(connection: Connection, state: TrailState, now: datetime) -> Entry:
    last = store.last_link(connection)
    assert last is not None  # noqa: S101 - there is more than the log knows of
    return Entry(AUDIT_TRAIL, state.anchor_number + 1, audit_trail(last[0], last[1], now))


def _is_due(registry: Registry, state: TrailState, now: datetime) -> bool:
    """Whether the log is behind by so long that it must be told. Raises LogDamaged."""
    interval = registry.settings.audit_interval
    if interval is None:
        return False
    if state.anchor is None:
        return state.linked > 0
    known = trail_head(state.anchor)
    if known is None:
        raise LogDamaged("The log's newest entry about the audit trail can't be read. Run: registry log verify")
    return state.linked > known.events and now - known.recorded_at >= interval
