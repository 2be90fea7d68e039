"""Suspending, restoring, withdrawing and cancelling; and keeping the cached states up to time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from registry.domain.errors import Conflict, NotFound
from registry.domain.lifecycle import StatusAt, StatusEvent, admit, recording_time, standing_at, status_at, status_of
from registry.domain.public_id import parse_public_id
from registry.domain.reasons import Act, Reason
from registry.services.context import Actor, Registry, Verb, audit
from registry.services.idempotency import Idempotency, recall, remember
from registry.services.log.integrate import integrate_at_once
from registry.services.log.record import log_status_event
from registry.store import certificates as store
from registry.store.certificates import StoredCertificate

_VERBS = {
    Act.SUSPEND: Verb.SUSPEND,
    Act.RESTORE: Verb.RESTORE,
    Act.WITHDRAW: Verb.WITHDRAW,
    Act.CANCEL: Verb.CANCEL,
    Act.SUPERSEDE: Verb.REISSUE,
}
_REFRESHED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Change:
    """A recorded act and the status after it was recorded."""

    certificate: StoredCertificate
    event: StatusEvent
    status: StatusAt


def change_status(
    registry: Registry,
    actor: Actor,
    public_id: str,
    act: Act,
    reason: Reason,
    effective_at: datetime | None = None,
    until: datetime | None = None,
    note: str | None = None,
    idempotency: Idempotency | None = None,
) -> Change:
    """Record an act on a certificate, effective now unless said otherwise.

    Raises NotFound (also for another issuer's certificate), IllegalMove, InvalidInput, NotPermitted.
    """
    actor.require(_VERBS[act])
    public_id = parse_public_id(public_id)
    try:
        change = _change(registry, actor, public_id, act, reason, effective_at, until, note, idempotency)
    except IntegrityError:
        # Its twin with the same Idempotency-Key was faster; the second look finds what that one did.
        change = _change(registry, actor, public_id, act, reason, effective_at, until, note, idempotency)
    integrate_at_once(registry)
    return change


def _change(
    registry: Registry,
    actor: Actor,
    public_id: str,
    act: Act,
    reason: Reason,
    effective_at: datetime | None,
    until: datetime | None,
    note: str | None,
    idempotency: Idempotency | None,
) -> Change:
    now = registry.now()
    with registry.database.transaction() as connection:
        earlier = recall(connection, actor, idempotency)
        if earlier is not None:
            return _replayed(connection, earlier.certificate_id, earlier.sequence)
        change = record_event(
            registry, connection, actor, public_id, act, reason, now, effective_at or now, until=until, note=note
        )
        remember(connection, actor, idempotency, change.certificate.id, change.event.sequence, now)
        return change


def record_event(
    registry: Registry,
    connection: Connection,
    actor: Actor,
    public_id: str,
    act: Act,
    reason: Reason,
    now: datetime,
    effective_at: datetime,
    until: datetime | None = None,
    note: str | None = None,
) -> Change:
    """Append a status event within a transaction, if the certificate's life allows it, and renew the cache."""
    row = store.find_stored(connection, public_id, actor.issuer_id, for_update=True)
    if row is None:
        raise NotFound("No certificate of yours has this id.")
    events = store.events_of(connection, [row.id])[row.id]
    recorded_at = recording_time(events, now)
    if effective_at == now:
        effective_at = recorded_at
    event = StatusEvent(len(events) + 1, act, reason, effective_at, recorded_at, until, note)
    admit(events, event, row.period)
    store.insert_events(connection, actor.name, [(row.id, event)])
    log_status_event(connection, registry.base_url, row, event)
    events.append(event)
    standing = standing_at(events, recorded_at, recorded_at)
    if standing is None:
        raise Conflict("The certificate has no status at this time; is the clock of this machine wrong?")
    store.update_standing(connection, row.id, standing, len(events))
    audit(connection, now, actor, f"certificate.{act}", public_id, reason=reason.value)
    return Change(row, event, status_of(standing, row.period, recorded_at))


def refresh_due(registry: Registry) -> None:
    """Renew the caches of certificates whose state has changed by itself since: planned acts, ended suspensions."""
    now = registry.now()
    with registry.database.read() as connection:
        if not store.due_for_change(connection, now, limit=1):
            return
    renewed = _REFRESHED_AT_ONCE
    while renewed == _REFRESHED_AT_ONCE:
        with registry.database.transaction() as connection:
            due = store.due_for_change(connection, now, _REFRESHED_AT_ONCE, lock=True)
            renewed = 0
            for key, events in store.events_of(connection, due).items():
                standing = standing_at(events, now, now)
                if standing is not None:
                    store.update_standing(connection, key, standing, len(events))
                    renewed += 1


def _replayed(connection: Connection, key: int, sequence: int) -> Change:
    """The answer that the first request got."""
    row = store.get_stored(connection, key)
    events = store.events_of(connection, [key])[key][:sequence]
    event = events[-1]
    status = status_at(events, row.period, event.recorded_at, event.recorded_at)
    assert status is not None  # noqa: S101 - the event was admitted at that time
    return Change(row, event, status)
