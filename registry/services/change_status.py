"""Suspending, restoring, withdrawing and cancelling; and keeping the cached states up to time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from registry.domain.changes import changes_between
from registry.domain.errors import Conflict, InvalidInput, NotFound, Violation
from registry.domain.lifecycle import StatusAt, StatusEvent, standing_at, status_at, status_of
from registry.domain.public_id import parse_public_id
from registry.domain.reasons import Act, Reason
from registry.services.approvals import AwaitsApproval, ProposedAct, needs_approval, propose
from registry.services.context import Actor, Registry, Verb
from registry.services.idempotency import Idempotency, recall, remember
from registry.services.log.integrate import integrate_at_once
from registry.services.record_acts import IntendedAct, decide, open_lives, write_down
from registry.store import certificates as store
from registry.store.bulk_acts import update_standings
from registry.store.certificates import StoredCertificate
from registry.store.changes import insert_changes
from registry.store.models import Certificate
from registry.store.proposals import StoredProposal

ACT_VERBS = {
    Act.SUSPEND: Verb.SUSPEND,
    Act.RESTORE: Verb.RESTORE,
    Act.WITHDRAW: Verb.WITHDRAW,
    Act.CANCEL: Verb.CANCEL,
    Act.SUPERSEDE: Verb.REISSUE,
}
# As it is named where it waits for a second officer.
WITHDRAW = "certificate.withdraw"
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

    Raises NotFound (also for another issuer's certificate), IllegalMove, InvalidInput, NotPermitted, and AwaitsApproval
    for a withdrawal that waits for a second officer.
    """
    actor.require(ACT_VERBS[act])
    intended = IntendedAct(act, reason, effective_at, until, note)
    if act is Act.WITHDRAW and needs_approval(registry, actor):
        raise AwaitsApproval(_propose_withdrawal(registry, actor, parse_public_id(public_id), intended))
    return _perform(registry, actor, public_id, intended, idempotency)


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
    if named is None or named.act not in ACT_VERBS:
        raise InvalidInput(
            [Violation(("calls_off",), f"act {sequence} of this certificate is none that could be called off")]
        )
    actor.require(ACT_VERBS[named.act])
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
    """Append a status event within a transaction, if the certificate's life allows it, and renew the cache."""
    row = store.find_stored(connection, public_id, actor.issuer_id)
    if row is None:
        raise NotFound("No certificate of yours has this id.")
    lives = open_lives(connection, [row.id], lock=True)
    recorded = decide(lives[row.id], intended, now)
    write_down(registry, connection, actor, lives.values())
    status = status_of(recorded.standing, row.period, recorded.event.recorded_at)
    return Change(lives[row.id].row, recorded.event, status)


def _propose_withdrawal(registry: Registry, actor: Actor, public_id: str, intended: IntendedAct) -> StoredProposal:
    """Have a withdrawal wait that would be possible now."""
    with registry.database.read() as connection:
        row = store.find_stored(connection, public_id, actor.issuer_id)
        if row is None:
            raise NotFound("No certificate of yours has this id.")
        after = decide(open_lives(connection, [row.id], lock=False)[row.id], intended, registry.now())
    payload = {
        "public_id": public_id,
        "reason": intended.reason.value,
        "effective_at": intended.effective_at and intended.effective_at.isoformat(),
        "note": intended.note,
    }
    before = {"number": row.number, "holder": row.holder_name, "state": row.state}
    effective = intended.effective_at if after.event.effective_at > after.event.recorded_at else None
    told = {"state": "withdrawn", "reason": intended.reason.value, "effective_at": effective and effective.isoformat()}
    return propose(registry, actor, ProposedAct(WITHDRAW, public_id, payload, before, told))


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
            renewed = _refresh(connection, due, now)


def _refresh(connection: Connection, due: Sequence[int], now: datetime) -> int:
    """Renew the caches of certificates that are held; returns how many."""
    found = store.fetch_stored(connection, store.stored_certificates().where(Certificate.id.in_(due)))
    rows = {row.id: row for row in found}
    events = store.events_of(connection, due)
    standings = [(key, standing_at(events[key], now, now)) for key in due]
    renewed = [(key, standing, len(events[key])) for key, standing in standings if standing is not None]
    changes = [(key, one) for key in due for one in changes_between(rows[key].told, events[key], rows[key].period, now)]
    update_standings(connection, renewed)
    insert_changes(connection, changes, now)
    return len(renewed)


def _replayed(connection: Connection, key: int, sequence: int) -> Change:
    """The answer that the first request got."""
    row = store.get_stored(connection, key)
    events = store.events_of(connection, [key])[key][:sequence]
    event = events[-1]
    status = status_at(events, row.period, event.recorded_at, event.recorded_at)
    assert status is not None  # noqa: S101 - the event was admitted at that time
    return Change(row, event, status)
