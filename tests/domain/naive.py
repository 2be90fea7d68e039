"""A second, deliberately naive reading of the lifecycle: it walks through time hour by hour.

It shares nothing with `registry.domain.lifecycle` but the words, so that the two can be held against each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from registry.domain.lifecycle import Period, StatusEvent
from registry.domain.reasons import REASONS, Act

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
EARLIEST_HOUR = -60
FINAL = ("withdrawn", "cancelled", "superseded")
# What ISO/IEC 17021-1, 9.6.5 lets a certification body do to a certificate, by what the certificate is.
LEGAL = {
    "valid": {"suspend", "withdraw", "cancel", "supersede"},
    "not_yet_valid": {"suspend", "withdraw", "cancel", "supersede"},
    "suspended": {"restore", "withdraw", "cancel", "supersede"},
    "expired": {"withdraw", "supersede"},
    "withdrawn": set(),
    "cancelled": set(),
    "superseded": set(),
}
_MADE = {"withdraw": "withdrawn", "cancel": "cancelled", "supersede": "superseded", "suspend": "suspended"}


@dataclass(frozen=True)
class Deed:
    """An act with its times in hours; `calls_off` is the position, from 1, of the deed that it calls off."""

    act: str
    effective: int
    recorded: int
    until: int | None = None
    calls_off: int | None = None


@dataclass
class Story:
    """What a certificate is in one hour, and since when."""

    state: str = "unknown"
    since: int = 0
    ends: int | None = None


def moment(hour: int) -> datetime:
    return BEGINNING + timedelta(hours=hour)


def event(sequence: int, deed: Deed) -> StatusEvent:
    """The same for the code under test."""
    act = Act(deed.act)
    return StatusEvent(
        sequence,
        act,
        sorted(REASONS[act])[0],
        moment(deed.effective),
        moment(deed.recorded),
        None if deed.until is None else moment(deed.until),
        calls_off=deed.calls_off,
    )


def events_of(deeds: Sequence[Deed]) -> list[StatusEvent]:
    return [event(position, deed) for position, deed in enumerate(deeds, start=1)]


def period(starts: int, ends: int | None) -> Period:
    return Period(moment(starts), None if ends is None else moment(ends))


def story(deeds: Sequence[Deed], when: int, known: int) -> Story:
    """Live through every hour up to `when`, knowing what was recorded by `known`."""
    now = Story()
    for hour in range(EARLIEST_HOUR, when + 1):
        if now.state == "suspended" and now.ends == hour:
            now = Story("valid", hour)
        for position, deed in enumerate(deeds, start=1):
            if deed.effective == hour and deed.recorded <= known and not is_called_off(deeds, position, known):
                now = _after(now, deed)
    return now


def is_called_off(deeds: Sequence[Deed], position: int, known: int) -> bool:
    """Whether, by what was recorded until `known`, somebody called the deed off before its hour came."""
    hour = deeds[position - 1].effective
    return any(one.calls_off == position and one.recorded < hour for one in deeds if one.recorded <= known)


def status(deeds: Sequence[Deed], starts: int, ends: int | None, when: int, known: int) -> str:
    """The one word that everybody is told."""
    now = story(deeds, when, known)
    if now.state == "unknown" or now.state in FINAL:
        return now.state
    if ends is not None and when >= ends:
        return "expired"
    if now.state == "suspended":
        return "suspended"
    return "valid" if when >= starts else "not_yet_valid"


def _after(now: Story, deed: Deed) -> Story:
    if deed.act == "call_off":
        return now
    if now.state == "unknown":
        return Story("valid", deed.effective) if deed.act == "issue" else now
    if now.state == "suspended" and deed.act == "restore":
        return Story("valid", deed.effective)
    if deed.act in LEGAL[now.state] and deed.act != "restore":
        return Story(_MADE[deed.act], deed.effective, deed.until)
    return now
