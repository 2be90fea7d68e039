"""Suspending, restoring, withdrawing and cancelling; and keeping the cached states up to time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from registry.domain.errors import Conflict, InvalidInput, NotFound, Violation
from registry.domain.lifecycle import (
    FINAL_STATES,
    StatusAt,
    StatusEvent,
    admit,
    outdated_restores,
    planned_acts,
    recording_time,
    standing_at,
    status_at,
    status_of,
)
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
class IntendedAct:
    """What shall be done to a certificate; `effective_at` None: now. `calls_off`: the sequence of a planned act."""

    act: Act
    reason: Reason
    effective_at: datetime | None = None
    until: datetime | None = None
    note: str | None = None
    calls_off: int | None = None


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
    return _perform(registry, actor, public_id, IntendedAct(act, reason, effective_at, until, note), idempotency)


def call_off(
    registry: Registry,
    actor: Actor,
    public_id: str,
    sequence: int,
    reason: Reason,
    note: str | None = None,
    idempotency: Idempotency | None = None,
) -> Change:
    """Call off a planned act, which `sequence` names; who may do the act may call it off.

    Raises NotFound, IllegalMove, InvalidInput, NotPermitted, and Conflict where a successor waits for its first day.
    """
    with registry.database.read() as connection:
        row = store.find_stored(connection, parse_public_id(public_id), actor.issuer_id)
        events = store.events_of(connection, [row.id])[row.id] if row is not None else []
    if row is None:
        raise NotFound("No certificate of yours has this id.")
    named = next((event for event in events if event.sequence == sequence), None)
    if named is None or named.act not in _VERBS:
        raise InvalidInput(
            [Violation(("calls_off",), f"act {sequence} of this certificate is none that could be called off")]
        )
    actor.require(_VERBS[named.act])
    if named.act is Act.SUPERSEDE and named.effective_at > registry.now():
        raise Conflict("Another certificate is to replace this one. Withdraw or cancel that one, and this one stays.")
    intended = IntendedAct(Act.CALL_OFF, reason, note=note, calls_off=sequence)
    return _perform(registry, actor, public_id, intended, idempotency)


def _perform(
    registry: Registry, actor: Actor, public_id: str, intended: IntendedAct, idempotency: Idempotency | None
) -> Change:
    public_id = parse_public_id(public_id)
    try:
        change = _change(registry, actor, public_id, intended, idempotency)
    except IntegrityError:
        # Its twin with the same Idempotency-Key was faster; the second look finds what that one did.
        change = _change(registry, actor, public_id, intended, idempotency)
    integrate_at_once(registry)
    return change


def _change(
    registry: Registry, actor: Actor, public_id: str, intended: IntendedAct, idempotency: Idempotency | None
) -> Change:
    now = registry.now()
    with registry.database.transaction() as connection:
        earlier = recall(connection, actor, idempotency)
        if earlier is not None:
            return _replayed(connection, earlier.certificate_id, earlier.sequence)
        change = record_event(registry, connection, actor, public_id, intended, now)
        remember(connection, actor, idempotency, change.certificate.id, change.event.sequence, now)
        return change


def record_event(
    registry: Registry, connection: Connection, actor: Actor, public_id: str, intended: IntendedAct, now: datetime
) -> Change:
    """Append a status event within a transaction, if the certificate's life allows it, and renew the cache.

    With it goes what it makes pointless: planned restores that would lift a new suspension, and the superseding of
    another certificate by this one, where this one is given up before its first day.
    """
    life = _open_life(connection, actor, public_id)
    recorded_at = recording_time([*life.events, *(life.replaced.events if life.replaced else [])], now)
    event = StatusEvent(
        len(life.events) + 1,
        intended.act,
        intended.reason,
        recorded_at if intended.effective_at is None or intended.effective_at == now else intended.effective_at,
        recorded_at,
        intended.until,
        intended.note,
        intended.calls_off,
    )
    admit(life.events, event, life.row.period)
    superseding = _superseding_given_up(life, event)
    outdated = outdated_restores(life.events, event) if event.act is Act.SUSPEND else []
    consequences = [
        _calling_off(event.sequence + offset, planned, Reason.SUSPENDED_ANEW, recorded_at)
        for offset, planned in enumerate(outdated, 1)
    ]
    change = _append(registry, connection, actor, life, [event, *consequences])
    if superseding is not None and life.replaced is not None:
        sequence = len(life.replaced.events) + 1
        calling_off = _calling_off(sequence, superseding, Reason.SUCCESSOR_GIVEN_UP, recorded_at)
        _append(registry, connection, actor, life.replaced, [calling_off])
        store.stop_replacing(connection, life.row.id)
    return change


@dataclass(slots=True)
class _Life:
    """A certificate, locked until the transaction ends, its events, and the one that it replaces or will replace."""

    row: StoredCertificate
    events: list[StatusEvent]
    replaced: _Life | None = None


def _open_life(connection: Connection, actor: Actor, public_id: str) -> _Life:
    row = store.find_stored(connection, public_id, actor.issuer_id)
    if row is None:
        raise NotFound("No certificate of yours has this id.")
    # The older one is locked first, as everywhere.
    keys = [row.id] if row.replaces_id is None else [row.replaces_id, row.id]
    rows = [store.get_stored(connection, key, for_update=True) for key in keys]
    events = store.events_of(connection, keys)
    lives = [_Life(row, events[row.id]) for row in rows]
    lives[-1].replaced = lives[0] if len(lives) > 1 else None
    return lives[-1]


def _append(
    registry: Registry, connection: Connection, actor: Actor, life: _Life, events: Sequence[StatusEvent]
) -> Change:
    """Store admitted events of one certificate with their entries for the log and the audit trail."""
    row, first = life.row, events[0]
    store.insert_events(connection, actor.name, [(row.id, event) for event in events])
    for event in events:
        log_status_event(connection, registry.base_url, row, event)
        audit(connection, event.recorded_at, actor, f"certificate.{event.act}", row.public_id, **_details(event))
    life.events.extend(events)
    standing = standing_at(life.events, first.recorded_at, first.recorded_at)
    if standing is None:
        raise Conflict("The certificate has no status at this time; is the clock of this machine wrong?")
    store.update_standing(connection, row.id, standing, len(life.events))
    return Change(row, first, status_of(standing, row.period, first.recorded_at))


def _details(event: StatusEvent) -> dict[str, str | int]:
    details: dict[str, str | int] = {"reason": event.reason.value}
    if event.calls_off is not None:
        details["calls_off"] = event.calls_off
    return details


def _calling_off(sequence: int, planned: StatusEvent, reason: Reason, now: datetime) -> StatusEvent:
    return StatusEvent(sequence, Act.CALL_OFF, reason, now, now, calls_off=planned.sequence)


def _superseding_given_up(life: _Life, event: StatusEvent) -> StatusEvent | None:
    """The planned superseding of the older certificate, where `event` gives its successor up before the first day.

    Raises InvalidInput where that is planned for later: whether the older one is superseded must be certain.
    """
    replaced = life.replaced
    if replaced is None or replaced.row.state in FINAL_STATES or event.act not in {Act.WITHDRAW, Act.CANCEL}:
        return None
    planned = planned_acts(replaced.events, event.recorded_at)
    superseding = next((one for one in planned if one.act is Act.SUPERSEDE), None)
    if superseding is None or superseding.effective_at <= event.effective_at:
        return None
    if event.effective_at > event.recorded_at:
        first_day = superseding.effective_at.isoformat()
        reason = f"before its first day ({first_day}) a certificate that replaces another is given up at once"
        raise InvalidInput([Violation(("effective_at",), reason)])
    return superseding


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
