"""The life of a certificate: one state machine, and status as a fold over append-only events.

Each event has two times. `effective_at` is when it takes effect in the world, `recorded_at` is when the registry
learned of it. `status_at(events, period, when, known_at)` therefore answers "what did the registry say on day
`known_at` about day `when`" for any two times, and the past never changes.

An act that has not taken effect yet can be called off, which is an event as well: from its recording on, the act that
it names counts for nothing (docs/decisions/0014-planned-acts.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from registry.domain.errors import IllegalMove, InvalidInput, Violation
from registry.domain.reasons import MAX_NOTE_LENGTH, REASONS, Act, Reason


class State(StrEnum):
    """What the issuer's acts have made of a certificate, dates apart."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"


class Status(StrEnum):
    """What the world is told: the state, seen together with the dates of the certificate."""

    VALID = "valid"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"


MOVES: Mapping[tuple[State | None, Act], State] = {
    (None, Act.ISSUE): State.ACTIVE,
    (State.ACTIVE, Act.SUSPEND): State.SUSPENDED,
    (State.ACTIVE, Act.WITHDRAW): State.WITHDRAWN,
    (State.ACTIVE, Act.CANCEL): State.CANCELLED,
    (State.ACTIVE, Act.SUPERSEDE): State.SUPERSEDED,
    (State.SUSPENDED, Act.RESTORE): State.ACTIVE,
    (State.SUSPENDED, Act.WITHDRAW): State.WITHDRAWN,
    (State.SUSPENDED, Act.CANCEL): State.CANCELLED,
    (State.SUSPENDED, Act.SUPERSEDE): State.SUPERSEDED,
}
FINAL_STATES = frozenset({State.WITHDRAWN, State.CANCELLED, State.SUPERSEDED})
_FIRST_YEAR, _LAST_YEAR = 1900, 2999
# After its end a certificate can still be withdrawn (fraud comes to light) or replaced (recertification).
_ACTS_AFTER_EXPIRY = frozenset({Act.WITHDRAW, Act.SUPERSEDE})


@dataclass(frozen=True, slots=True)
class Period:
    """From `starts_at` (included) to `ends_at` (excluded); no end when None. Times carry a zone."""

    starts_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class StatusEvent:
    """One act of the issuer. `sequence` counts from 1 within a certificate, in the order of recording.

    `calls_off` is the sequence of the act that this one calls off.
    """

    sequence: int
    act: Act
    reason: Reason
    effective_at: datetime
    recorded_at: datetime
    until: datetime | None = None
    note: str | None = None
    calls_off: int | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """The state at some time: `since` when, for what `reason`, and when it `changes_at` by itself (None: never)."""

    state: State
    since: datetime
    reason: Reason
    changes_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StatusAt:
    """The status at some time, since when it holds, and the reason of the issuer's last act before."""

    status: Status
    since: datetime
    reason: Reason


def standing_at(events: Iterable[StatusEvent], when: datetime, known_at: datetime) -> Standing | None:
    """Fold what was known at `known_at` into the state at `when`; None before the certificate was issued.

    Events apply in the order of `effective_at`, then of recording. One that the state does not allow any more (a
    suspension planned for next week, after a withdrawal today) has no effect, and neither has one that was called off
    before its time.
    """
    known = sorted(
        standing_events(event for event in events if event.recorded_at <= known_at),
        key=lambda event: (event.effective_at, event.sequence),
    )
    state: State | None = None
    since: datetime | None = None
    reason: Reason | None = None
    until: datetime | None = None
    pending: datetime | None = None
    for event in known:
        if event.effective_at > when:
            pending = event.effective_at
            break
        if until is not None and until <= event.effective_at:
            state, since, until = State.ACTIVE, until, None
        moved_to = MOVES.get((state, event.act))
        if moved_to is not None:
            state, since, reason, until = moved_to, event.effective_at, event.reason, event.until
    if state is None or since is None or reason is None:
        return None
    if until is not None and until <= when:
        state, since, until = State.ACTIVE, until, None
    if state in FINAL_STATES:
        return Standing(state, since, reason)
    return Standing(state, since, reason, min((t for t in (pending, until) if t is not None), default=None))


def standing_events(events: Iterable[StatusEvent]) -> list[StatusEvent]:
    """The acts that count: all but those called off before they took effect, and the calling off itself."""
    acts = []
    called_off: dict[int, datetime] = {}
    for event in events:
        if event.act is not Act.CALL_OFF:
            acts.append(event)
        elif event.calls_off is not None:
            earlier = called_off.get(event.calls_off, event.recorded_at)
            called_off[event.calls_off] = min(earlier, event.recorded_at)
    if not called_off:
        return acts
    return [act for act in acts if act.sequence not in called_off or act.effective_at <= called_off[act.sequence]]


def planned_acts(events: Iterable[StatusEvent], now: datetime) -> list[StatusEvent]:
    """The acts that have been recorded and not called off, and take effect after `now`."""
    return [event for event in standing_events(events) if event.effective_at > now]


def outdated_restores(events: Sequence[StatusEvent], suspension: StatusEvent) -> list[StatusEvent]:
    """The planned restores among earlier `events` that would lift `suspension`, of which they could not know."""
    counting = standing_events([*events, suspension])
    outdated = []
    for planned in sorted(planned_acts(events, suspension.effective_at), key=lambda event: event.effective_at):
        if planned.act is not Act.RESTORE:
            continue
        without = [event for event in counting if event is not planned]
        then = standing_at(without, planned.effective_at, suspension.recorded_at)
        if then is not None and (then.state, then.since) == (State.SUSPENDED, suspension.effective_at):
            outdated.append(planned)
            counting = without
    return outdated


def status_of(standing: Standing, period: Period, when: datetime) -> StatusAt:
    """See a standing together with the dates.

    A final act outranks the dates (a withdrawn certificate is withdrawn even after its end), the end outranks a
    suspension, and a suspension outranks a beginning that has not come.
    """
    if standing.state in FINAL_STATES:
        return StatusAt(Status(standing.state.value), standing.since, standing.reason)
    if period.ends_at is not None and period.ends_at <= when:
        return StatusAt(Status.EXPIRED, period.ends_at, standing.reason)
    if standing.state is State.SUSPENDED:
        return StatusAt(Status.SUSPENDED, standing.since, standing.reason)
    if when < period.starts_at:
        return StatusAt(Status.NOT_YET_VALID, standing.since, standing.reason)
    return StatusAt(Status.VALID, max(standing.since, period.starts_at), standing.reason)


def status_at(events: Iterable[StatusEvent], period: Period, when: datetime, known_at: datetime) -> StatusAt | None:
    """The status at `when`, by what the registry knew at `known_at`; None if it knew of no certificate then."""
    standing = standing_at(events, when, known_at)
    return None if standing is None else status_of(standing, period, when)


def check_event(event: StatusEvent) -> None:
    """Check an event for itself. Raises InvalidInput for a reason that is not on the act's list, and the like."""
    violations = []
    if event.reason not in REASONS[event.act]:
        allowed = ", ".join(sorted(REASONS[event.act]))
        violations.append(
            Violation(("reason",), f"not a reason to {event.act.replace('_', ' ')}; use one of: {allowed}")
        )
    if event.reason is Reason.OTHER and not (event.note or "").strip():
        violations.append(Violation(("note",), "the reason 'other' needs a note that says which"))
    if event.note is not None and len(event.note) > MAX_NOTE_LENGTH:
        violations.append(Violation(("note",), f"longer than {MAX_NOTE_LENGTH} characters"))
    if event.note is not None and not "".join(event.note.split()).isprintable():
        violations.append(Violation(("note",), "has characters that can't be printed"))
    for name, moment in (("effective_at", event.effective_at), ("until", event.until)):
        # Beyond, converting between zones leaves the calendar.
        if moment is not None and not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
            violations.append(Violation((name,), f"must be in the years {_FIRST_YEAR} to {_LAST_YEAR}"))
    if event.until is not None:
        if event.act is not Act.SUSPEND:
            violations.append(Violation(("until",), "only a suspension has an end"))
        elif event.until <= event.effective_at:
            violations.append(Violation(("until",), "the suspension would end before it begins"))
    if (event.calls_off is not None) is not (event.act is Act.CALL_OFF):
        violations.append(Violation(("calls_off",), "says which act is called off, and nothing else"))
    elif event.calls_off is not None and event.effective_at != event.recorded_at:
        violations.append(Violation(("effective_at",), "an act is called off at once"))
    if violations:
        raise InvalidInput(violations)


def recording_time(events: Iterable[StatusEvent], now: datetime) -> datetime:
    """When an act counts as recorded: now, but never before the last one, though the clocks of machines differ."""
    return max([now, *(event.recorded_at for event in events)])


def admit(events: Sequence[StatusEvent], new: StatusEvent, period: Period) -> None:
    """Decide whether `new` may follow `events`.

    Raises InvalidInput for an event that is wrong in itself, recorded before the last one (`recording_time`), or dated
    before what has already taken effect (an act, or the end of a suspension), and IllegalMove, with the present
    status, where the state at `new.effective_at` does not allow the act.
    """
    check_event(new)
    if new.recorded_at != recording_time(events, new.recorded_at):
        # It would change what the registry said before, and could slip past a final act.
        raise InvalidInput([Violation(("recorded_at",), "earlier than the last act; is this machine's clock right?")])
    present = standing_at(events, new.recorded_at, new.recorded_at)
    if present is None:
        raise IllegalMove("The certificate has not been issued at that time.", "not_issued")
    if new.act is Act.CALL_OFF:
        _admit_calling_off(events, new, status_of(present, period, new.recorded_at).status)
        return
    done = [event for event in standing_events(events) if event.effective_at <= new.recorded_at]
    # What has no effect now might have one if something were inserted before it.
    floor = max(present.since, *(event.effective_at for event in done))
    if new.effective_at < floor:
        reason = f"earlier than what is already in force (since {floor.isoformat()}); history is not rewritten"
        raise InvalidInput([Violation(("effective_at",), reason)])
    too_late = period.ends_at is not None and max(new.recorded_at, period.ends_at) <= new.effective_at
    if too_late and new.act not in _ACTS_AFTER_EXPIRY and new.effective_at != new.recorded_at:
        raise InvalidInput([Violation(("effective_at",), "the certificate will have expired by then")])
    standing = standing_at(events, new.effective_at, new.recorded_at) or present
    status = status_of(standing, period, new.effective_at).status
    allowed = new.act in _ACTS_AFTER_EXPIRY if status is Status.EXPIRED else (standing.state, new.act) in MOVES
    if not allowed:
        raise IllegalMove(_refusal(new.act, status), status_of(present, period, new.recorded_at).status)


def _admit_calling_off(events: Sequence[StatusEvent], new: StatusEvent, status: Status) -> None:
    if status.value in FINAL_STATES:
        raise IllegalMove(_refusal(new.act, status), status)
    named = next((event for event in events if event.sequence == new.calls_off), None)
    if named is None or named.act is Act.CALL_OFF:
        reason = f"act {new.calls_off} of this certificate is none that could be called off"
    elif named.effective_at <= new.recorded_at:
        reason = f"act {named.sequence} ({named.act}) has taken effect, on {named.effective_at.isoformat()}"
    elif named not in standing_events(events):
        reason = f"act {named.sequence} ({named.act}) has been called off already"
    else:
        return
    raise InvalidInput([Violation(("calls_off",), reason)])


def possible_acts(status: Status) -> list[Act]:
    """The acts that a certificate's present status allows at once."""
    if status is Status.EXPIRED:
        return [act for act in Act if act in _ACTS_AFTER_EXPIRY]
    in_force = status in {Status.VALID, Status.NOT_YET_VALID}
    state = State.ACTIVE if in_force else State(status.value)
    return [act for act in Act if (state, act) in MOVES]


def _refusal(act: Act, status: Status) -> str:
    word = status.value.replace("_", " ")
    if status in {Status.WITHDRAWN, Status.CANCELLED, Status.SUPERSEDED}:
        return f"The certificate is {word} already, which is final: nothing changes it any more."
    if (status, act) == (Status.SUSPENDED, Act.SUSPEND):
        return "The certificate is suspended already."
    if act is Act.RESTORE:
        return f"Only a suspended certificate can be restored; this one is {word}."
    if status is Status.EXPIRED:
        return f"The certificate has expired; to {act} it is not possible. Reissue it after recertification."
    return f"To {act.replace('_', ' ')} a certificate that is {word} is not possible."
