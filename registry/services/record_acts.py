"""Recording acts on certificates, one or many at once: what each leads to, and everything that is written about it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from registry.domain.changes import Change, changes_between
from registry.domain.errors import Conflict, IllegalMove, InvalidInput, Violation
from registry.domain.lifecycle import (
    FINAL_STATES,
    Standing,
    Status,
    StatusEvent,
    admit,
    outdated_restores,
    planned_acts,
    recording_time,
    standing_at,
)
from registry.domain.reasons import Act, Reason
from registry.services.context import Actor, AuditedAct, Registry, audit_many
from registry.services.follow_up.plans import plan_without
from registry.services.log.record import log_status_events
from registry.store import bulk_acts, certificates, surveillance
from registry.store.certificates import StoredCertificate
from registry.store.changes import insert_changes
from registry.store.versions import stop_replacing

_MISSED = "It was suspended because a surveillance audit was missed. Record a passed audit first; then restore it."


@dataclass(frozen=True, slots=True)
class IntendedAct:
    """What shall be done to a certificate; `effective_at` None: now. `calls_off`: the sequence of a planned act."""

    act: Act
    reason: Reason
    effective_at: datetime | None = None
    until: datetime | None = None
    note: str | None = None
    calls_off: int | None = None


@dataclass(slots=True)
class Life:
    """A certificate, its events, and the one that it replaces or will replace.

    `added` of the events are new; `given_up`: it will not replace the other any more; `missed`: it is suspended because
    a surveillance audit was missed.
    """

    row: StoredCertificate
    events: list[StatusEvent]
    replaced: Life | None = None
    added: list[StatusEvent] = field(default_factory=list)
    given_up: bool = False
    missed: bool = False


class Recorded(NamedTuple):
    """An act that was admitted, and the standing right after it was recorded."""

    event: StatusEvent
    standing: Standing


def open_lives(connection: Connection, keys: Collection[int], *, lock: bool) -> dict[int, Life]:
    """Certificates by row id, with those that they replace; `lock` holds them until the transaction ends."""
    rows = bulk_acts.rows_with_replaced(connection, keys, lock=lock)
    events = certificates.events_of(connection, rows.keys())
    missed = surveillance.missed(connection, {row.first_version_id or row.id for row in rows.values()})
    lives = {
        key: Life(row, events[key], missed=(row.first_version_id or row.id) in missed) for key, row in rows.items()
    }
    for life in lives.values():
        if life.row.replaces_id is not None:
            life.replaced = lives.get(life.row.replaces_id)
    return lives


def decide(life: Life, intended: IntendedAct, now: datetime) -> Recorded:
    """Add an act to a life, if that allows it; nothing is written yet.

    With it goes what it makes pointless: planned restores that would lift a new suspension, and the superseding of
    another certificate by this one, where this one is given up before its first day. Raises IllegalMove, InvalidInput,
    Conflict.
    """
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
    if life.missed and event.act is Act.RESTORE:
        raise IllegalMove(_MISSED, Status.SUSPENDED)
    superseding = _superseding_given_up(life, event)
    outdated = outdated_restores(life.events, event) if event.act is Act.SUSPEND else []
    _add(life, event)
    for planned in outdated:
        _add(life, _calling_off(life, planned, Reason.SUSPENDED_ANEW, recorded_at))
    standing = _standing(life, recorded_at)
    if superseding is not None and life.replaced is not None:
        _add(life.replaced, _calling_off(life.replaced, superseding, Reason.SUCCESSOR_GIVEN_UP, recorded_at))
        life.given_up = True
    return Recorded(event, standing)


def write_down(registry: Registry, connection: Connection, actor: Actor, lives: Collection[Life]) -> None:
    """Store what was added to lives, within a transaction, with its entries for the log and the audit trail."""
    changed = [life for life in lives if life.added]
    added = [(life.row, event) for life in changed for event in life.added]
    certificates.insert_events(connection, actor.name, [(row.id, event) for row, event in added])
    log_status_events(connection, registry.base_url, added)
    standings = [_standing(life, life.added[0].recorded_at) for life in changed]
    audit_many(
        connection,
        actor,
        [_audited(life, event, after) for life, after in zip(changed, standings, strict=True) for event in life.added],
    )
    bulk_acts.update_standings(
        connection,
        [(life.row.id, after, len(life.events)) for life, after in zip(changed, standings, strict=True)],
    )
    insert_changes(connection, [(life.row.id, one) for life in changed for one in _changes(life)], registry.now())
    for life in changed:
        if life.given_up:
            stop_replacing(connection, life.row.id)
            if life.row.first_version_id is not None:
                plan_without(connection, life.row, life.row.first_version_id)
        life.added = []


def _add(life: Life, event: StatusEvent) -> None:
    life.events.append(event)
    life.added.append(event)


def _changes(life: Life) -> list[Change]:
    return changes_between(life.row.told, life.events, life.row.period, life.added[0].recorded_at)


def _standing(life: Life, at: datetime) -> Standing:
    standing = standing_at(life.events, at, at)
    if standing is None:
        raise Conflict("The certificate has no status at this time; is the clock of this machine wrong?")
    return standing


def _audited(life: Life, event: StatusEvent, after: Standing) -> AuditedAct:
    """An act as the audit trail tells it. The issuer's note is not repeated there: the event has it."""
    details: dict[str, str | int | None] = {"sequence": event.sequence, "reason": event.reason.value}
    if event.effective_at > event.recorded_at:
        details["effective_at"] = event.effective_at.isoformat()
    if event.until is not None:
        details["until"] = event.until.isoformat()
    if event.calls_off is not None:
        details["calls_off"] = event.calls_off
    row = life.row
    return AuditedAct(
        event.recorded_at,
        f"certificate.{event.act}",
        row.public_id,
        details,
        {"state": row.state, "reason": row.state_reason, "since": row.state_since.isoformat()},
        {"state": after.state.value, "reason": after.reason.value, "since": after.since.isoformat()},
    )


def _calling_off(life: Life, planned: StatusEvent, reason: Reason, now: datetime) -> StatusEvent:
    return StatusEvent(len(life.events) + 1, Act.CALL_OFF, reason, now, now, calls_off=planned.sequence)


def _superseding_given_up(life: Life, event: StatusEvent) -> StatusEvent | None:
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
