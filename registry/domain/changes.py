"""What those who watch certificates are told: which changes there are, and how acts and time lead to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from registry.domain.lifecycle import Period, Standing, State, StatusEvent, standing_at
from registry.domain.reasons import Reason


class ChangeKind(StrEnum):
    """What has happened to a certificate."""

    SUSPENDED = "suspended"
    RESTORED = "restored"
    WITHDRAWN = "withdrawn"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    # Superseded by a version with a smaller scope.
    SCOPE_REDUCED = "scope_reduced"
    # Will end in some days (EXPIRY_NOTICE_DAYS), and has no successor.
    EXPIRING = "expiring"
    EXPIRED = "expired"
    # Somebody else may have signed it, and the public log had not seen it before: it counts no more.
    KEY_COMPROMISED = "key_compromised"


# How many days before its end one can be told of a certificate.
EXPIRY_NOTICE_DAYS = (7, 14, 30, 60, 90, 180)

# As events are named to those who watch. The last one tells that a webhook of theirs does not work any more.
WEBHOOK_DISABLED = "webhook.disabled"
EVENT_TYPES = (*(f"certificate.{kind}" for kind in ChangeKind), WEBHOOK_DISABLED)

_FINAL: Mapping[State, ChangeKind] = {
    State.WITHDRAWN: ChangeKind.WITHDRAWN,
    State.CANCELLED: ChangeKind.CANCELLED,
    State.SUPERSEDED: ChangeKind.SUPERSEDED,
}


def event_type(kind: ChangeKind) -> str:
    """The type of an event that tells of such a change."""
    return f"certificate.{kind}"


@dataclass(frozen=True, slots=True)
class Change:
    """A change of a certificate at a moment; `reason` where an act led to it, `days` before an end."""

    kind: ChangeKind
    at: datetime
    reason: Reason | None = None
    days: int = 0


def changes_between(before: Standing, events: Sequence[StatusEvent], period: Period, now: datetime) -> list[Change]:
    """What `events` have made of a certificate from the standing `before`, which was the last one told, until `now`.

    Planned acts and the ends of suspensions that have come meanwhile are told one by one, in their order. After the end
    of a certificate, only what is final counts.
    """
    found = []
    for standing in _standings(events, before.since, now):
        kind = _kind(before, standing)
        ended = period.ends_at is not None and period.ends_at <= standing.since
        if kind is not None and not (ended and kind in {ChangeKind.SUSPENDED, ChangeKind.RESTORED}):
            found.append(Change(kind, standing.since, None if kind is ChangeKind.RESTORED else standing.reason))
        before = standing
    return found


def _standings(events: Sequence[StatusEvent], first: datetime, last: datetime) -> Iterator[Standing]:
    for moment in sorted({one for one in _moments(events) if first <= one <= last}):
        standing = standing_at(events, moment, last)
        if standing is not None:
            yield standing


def _moments(events: Iterable[StatusEvent]) -> Iterator[datetime]:
    for event in events:
        yield event.effective_at
        if event.until is not None:
            yield event.until


def _kind(before: Standing, after: Standing) -> ChangeKind | None:
    if after.state is State.ACTIVE:
        return ChangeKind.RESTORED if before.state is State.SUSPENDED else None
    if after.state is State.SUSPENDED:
        # One suspension may begin where another ends.
        same = (before.state, before.since) == (after.state, after.since)
        return None if same else ChangeKind.SUSPENDED
    if before.state is after.state:
        return None
    if after.reason is Reason.SCOPE_REDUCTION:
        return ChangeKind.SCOPE_REDUCED
    return _FINAL[after.state]
