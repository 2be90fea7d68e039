"""The acts of issuers on sample certificates: when in the day, and for what reasons, as often as in life."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from registry.domain.certificate import CERTIFICATE_ZONE
from registry.domain.reasons import Act, Reason

_FRIDAY = 4
_OPENS, _CLOSES = 9 * 3600, 17 * 3600
# A suspension ends after six months at the latest; some say so from the beginning.
_ANNOUNCED_DAYS = 183
_ANNOUNCED_SHARE = 0.1
_SHORTEST_NOTICE = 7


@dataclass(frozen=True, slots=True)
class SampleAct:
    """An act after issuing, recorded and effective `at` the same instant (UTC)."""

    act: Act
    reason: Reason
    at: datetime
    until: datetime | None = None
    note: str | None = None


_SUSPENDED_FOR = {
    Reason.SURVEILLANCE_OVERDUE: 50,
    Reason.NONCONFORMITY_OPEN: 18,
    Reason.FEE_UNPAID: 14,
    Reason.HOLDER_ASKED_TO_SUSPEND: 8,
    Reason.COMPLAINT_UNDER_INVESTIGATION: 4,
    Reason.MISUSE_OF_MARK: 3,
    Reason.LEGAL_SANCTION: 2,
    Reason.OTHER: 2,
}
# What ends a suspension depends on what it was for.
_RESTORED_FOR = {
    Reason.SURVEILLANCE_OVERDUE: Reason.SURVEILLANCE_COMPLETED,
    Reason.NONCONFORMITY_OPEN: Reason.CORRECTIVE_ACTION_VERIFIED,
    Reason.FEE_UNPAID: Reason.FEE_SETTLED,
    Reason.HOLDER_ASKED_TO_SUSPEND: Reason.OTHER,
    Reason.COMPLAINT_UNDER_INVESTIGATION: Reason.COMPLAINT_UNFOUNDED,
    Reason.MISUSE_OF_MARK: Reason.CORRECTIVE_ACTION_VERIFIED,
    Reason.LEGAL_SANCTION: Reason.CORRECTIVE_ACTION_VERIFIED,
    Reason.OTHER: Reason.OTHER,
}
_IN_ERROR_SHARE = 0.03
_WITHDRAWN_AFTER_SUSPENSION = {
    Reason.SUSPENSION_NOT_RESOLVED: 78,
    Reason.REFUSED_SURVEILLANCE: 14,
    Reason.SERIOUS_NONCONFORMITY: 7,
    Reason.OTHER: 1,
}
_WITHDRAWN_AT_ONCE = {
    Reason.FRAUD_OR_FALSE_STATEMENT: 40,
    Reason.SERIOUS_NONCONFORMITY: 35,
    Reason.MISUSE_OF_MARK: 15,
    Reason.LEGAL_SANCTION: 10,
}
_CANCELLED_FOR = {Reason.HOLDER_REQUEST: 60, Reason.TRANSFER: 34, Reason.OTHER: 6}
# A firm that is no more holds nothing else either.
_CANCELLED_WITH_THE_FIRM = {
    Reason.HOLDER_REQUEST: 42,
    Reason.BUSINESS_CEASED: 22,
    Reason.HOLDER_DISSOLVED: 20,
    Reason.TRANSFER: 12,
    Reason.OTHER: 4,
}
_NOTES: Mapping[Act, tuple[str, ...]] = {
    Act.SUSPEND: (
        "厂房搬迁，待新场所现场确认 (moving to new premises, still to be visited)",
        "主要生产设备停产检修 (main production equipment is stopped for overhaul)",
    ),
    Act.RESTORE: (
        "新场所已现场确认，符合要求 (the new premises were visited and conform)",
        "已恢复正常生产，现场确认符合要求 (production has resumed; visited, and conforms)",
    ),
    Act.WITHDRAW: ("无法与获证组织取得联系 (the holder can't be reached any more)",),
    Act.CANCEL: (
        "与集团内另一组织合并 (merged into another organization of the group)",
        "获证范围内的产品不再生产 (the products in the scope are made no longer)",
    ),
}


def last_weekday(day: date) -> date:
    """`day`, or the Friday before a weekend."""
    return day - timedelta(days=max(0, day.weekday() - _FRIDAY))


def instant_on(day: date, rng: Random) -> datetime:
    """A moment within office hours in China, in UTC."""
    midnight = datetime.combine(day, time.min, CERTIFICATE_ZONE)
    return (midnight + timedelta(seconds=rng.randrange(_OPENS, _CLOSES))).astimezone(UTC)


def suspension(day: date, rng: Random) -> SampleAct:
    """A suspension that ends by another act."""
    return _act(Act.SUSPEND, _draw(_SUSPENDED_FOR, rng), day, rng)


def open_suspension(day: date, today: date, rng: Random) -> SampleAct:
    """A suspension that still holds on `today`; some have an announced end after it."""
    act = suspension(day, rng)
    end = day + timedelta(days=_ANNOUNCED_DAYS)
    if rng.random() >= _ANNOUNCED_SHARE or end < today + timedelta(days=_SHORTEST_NOTICE):
        return act
    until = datetime.combine(end, time.min, CERTIFICATE_ZONE).astimezone(UTC)
    return SampleAct(act.act, act.reason, act.at, until, act.note)


def restoration(suspended: SampleAct, day: date, rng: Random) -> SampleAct:
    """What ends `suspended`."""
    in_error = rng.random() < _IN_ERROR_SHARE
    reason = Reason.SUSPENDED_IN_ERROR if in_error else _RESTORED_FOR[suspended.reason]
    return _act(Act.RESTORE, reason, day, rng)


def withdrawal(day: date, rng: Random, *, suspended: bool) -> SampleAct:
    """The end against the holder's will, mostly of what was `suspended` before."""
    reasons = _WITHDRAWN_AFTER_SUSPENSION if suspended else _WITHDRAWN_AT_ONCE
    return _act(Act.WITHDRAW, _draw(reasons, rng), day, rng)


def annulment(day: date, rng: Random) -> SampleAct:
    """A training certificate or a recognition turns out to be got by a false statement."""
    return _act(Act.WITHDRAW, Reason.FRAUD_OR_FALSE_STATEMENT, day, rng)


def cancellation(day: date, rng: Random, *, alone: bool) -> SampleAct:
    """The end at the holder's request. `alone`: the firm holds no other certificate."""
    return _act(Act.CANCEL, _draw(_CANCELLED_WITH_THE_FIRM if alone else _CANCELLED_FOR, rng), day, rng)


def renunciation(day: date, rng: Random) -> SampleAct:
    """A holder gives a training certificate or a recognition back."""
    return _act(Act.CANCEL, Reason.HOLDER_REQUEST, day, rng)


def _draw(reasons: Mapping[Reason, int], rng: Random) -> Reason:
    return rng.choices(tuple(reasons), tuple(reasons.values()))[0]


def _act(act: Act, reason: Reason, day: date, rng: Random) -> SampleAct:
    note = rng.choice(_NOTES[act]) if reason is Reason.OTHER else None
    return SampleAct(act, reason, instant_on(last_weekday(day), rng), note=note)
