"""What becomes of a certificate: its dates, and the issuer's acts up to the day that the samples are seen on."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum, auto
from itertools import accumulate
from random import Random

from registry.domain.schemes import Kind
from registry.services.sample.acts import (
    SampleAct,
    annulment,
    cancellation,
    instant_on,
    last_weekday,
    open_suspension,
    renunciation,
    restoration,
    suspension,
    withdrawal,
)

_DAYS_IN_YEAR = 365
_TERM_YEARS = {Kind.MANAGEMENT_SYSTEM: 3, Kind.SERVICE: 3, Kind.PRODUCT: 5}
# How far back certificates without an end go.
_LOOK_BACK_YEARS = 3
# Days between the decision and the first day of validity, at most.
_LONGEST_WAIT = 6
_FARTHEST_BEGINNING = 30
# The first surveillance is due within twelve months (ISO/IEC 17021-1:2015, 9.1.3.3); trouble comes after.
_FIRST_SURVEILLANCE = 368
# In most cases a suspension would not exceed six months (the same, 9.6.5).
_LONGEST_SUSPENSION = 180
_PATIENCE = (150, 184)
_FIRST_TROUBLE = 60
_WITHDRAWN_AFTER_SUSPENSION = 0.88
_CANCELLED_AFTER_SUSPENSION = 0.2
# How many recertifications came before, by weight: none, one, two, three.
_CYCLES = (58, 24, 12, 6)
_GOLDEN_RATIO = (5**0.5 - 1) / 2


class Fate(Enum):
    """How a certificate stands on the day that the samples are seen on."""

    VALID = auto()
    RESTORED = auto()
    SUSPENDED = auto()
    WITHDRAWN = auto()
    CANCELLED = auto()
    EXPIRED = auto()
    NOT_YET_VALID = auto()


_FATES: Mapping[Fate, float] = {
    Fate.VALID: 79.5,
    Fate.RESTORED: 2.7,
    Fate.SUSPENDED: 5.3,
    Fate.WITHDRAWN: 3.1,
    Fate.CANCELLED: 2.0,
    Fate.EXPIRED: 7.4,
    Fate.NOT_YET_VALID: 0.6,
}
# Without an end there is no surveillance, so nothing to suspend for, and nothing expires.
_FATES_WITHOUT_END: Mapping[Fate, float] = {Fate.VALID: 97, Fate.WITHDRAWN: 2, Fate.CANCELLED: 1}


@dataclass(frozen=True, slots=True)
class Case:
    """What the plan for a certificate depends on.

    `not_before` is since when its issuer may certify; `alone` says that the holder has no other certificate.
    """

    kind: Kind
    not_before: date
    alone: bool

    @property
    def term_years(self) -> int | None:
        """For how long the certificate is valid; None without end."""
        return _TERM_YEARS.get(self.kind)

    @property
    def days(self) -> int:
        """The days of validity, leap days apart; without an end, the days that are looked back on."""
        return _DAYS_IN_YEAR * (self.term_years or _LOOK_BACK_YEARS)


@dataclass(frozen=True, slots=True)
class Plan:
    """The dates of a certificate and what was done to it. `cycle` counts the recertifications."""

    cycle: int
    granted_on: date
    decided_on: date
    valid_from: date
    valid_until: date | None
    issued_at: datetime
    acts: tuple[SampleAct, ...]


class Fates:
    """Deals fates in their shares, evenly: even a few hundred certificates come close to them."""

    def __init__(self, rng: Random) -> None:
        self._positions = {True: rng.random(), False: rng.random()}

    def deal(self, case: Case) -> Fate:
        """The next fate for a certificate like this."""
        ends = case.term_years is not None
        # Steps of the golden ratio fill the unit interval more evenly than chance does.
        position = self._positions[ends] = (self._positions[ends] + _GOLDEN_RATIO) % 1
        shares = _FATES if ends else _FATES_WITHOUT_END
        limits = list(accumulate(shares.values()))
        return tuple(shares)[bisect_right(limits, position * limits[-1])]


def draw_plan(case: Case, fate: Fate, today: date, rng: Random) -> Plan:
    """Draw dates and acts that lead to `fate` at the beginning of `today`."""
    age = rng.randint(*_ages(fate, case))
    valid_from = today - timedelta(days=age)
    years = case.term_years
    valid_until = years_later(valid_from, years) - timedelta(days=1) if years else None
    latest = min(valid_from, today - timedelta(days=1))
    decided_on = last_weekday(latest - timedelta(days=rng.randint(0, _LONGEST_WAIT)))
    issued_on = decided_on + timedelta(days=rng.randint(0, (latest - decided_on).days))
    if issued_on != last_weekday(issued_on):
        issued_on = decided_on
    cycle, granted_on = _first_granting(decided_on, case, rng)
    acts = _Acts(case, valid_from, today, rng).leading_to(fate)
    return Plan(cycle, granted_on, decided_on, valid_from, valid_until, instant_on(issued_on, rng), acts)


def years_later(day: date, years: int) -> date:
    """The same day in another year; the 28th for a 29th of February that is not there."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def _ages(fate: Fate, case: Case) -> tuple[int, int]:
    """For how many days a certificate has been valid, at least and at most, to have met with `fate`."""
    days = case.days
    match fate:
        case Fate.VALID:
            return 1, days - 1
        case Fate.RESTORED:
            return _FIRST_SURVEILLANCE + 72, days - 5
        case Fate.SUSPENDED:
            return _FIRST_SURVEILLANCE + 32, days - 10
        case Fate.WITHDRAWN if case.term_years:
            return _FIRST_SURVEILLANCE + _PATIENCE[1] + 18, days + 300
        case Fate.WITHDRAWN | Fate.CANCELLED:
            return 2 * _FIRST_TROUBLE, days + (300 if case.term_years else 0)
        case Fate.EXPIRED:
            # Two more for the leap days that a term can have.
            return days + 2, days + _DAYS_IN_YEAR
        case Fate.NOT_YET_VALID:
            return -_FARTHEST_BEGINNING, -1


def _first_granting(decided_on: date, case: Case, rng: Random) -> tuple[int, date]:
    """How often the certificate was renewed before, and when it was first granted."""
    if case.term_years is None:
        return 0, decided_on
    cycle = rng.choices(range(len(_CYCLES)), _CYCLES)[0]
    # Renewals are decided a little before the end of the old period.
    early = rng.randint(0, 20)
    while cycle:
        granted_on = years_later(decided_on, -case.term_years * cycle) + timedelta(days=early)
        granted_on = last_weekday(granted_on)
        if granted_on >= case.not_before:
            return cycle, granted_on
        cycle -= 1
    return 0, decided_on


class _Acts:
    """Acts on one certificate. Days count from the first day of validity; `last` is the last for an act."""

    def __init__(self, case: Case, valid_from: date, today: date, rng: Random) -> None:
        self._case, self._valid_from, self._today, self._rng = case, valid_from, today, rng
        self._age = (today - valid_from).days
        self._last = min(self._age, case.days) - 1

    def leading_to(self, fate: Fate) -> tuple[SampleAct, ...]:
        """All acts, in order, that end in `fate`."""
        match fate:
            case Fate.SUSPENDED:
                return self._suspended()
            case Fate.RESTORED:
                return self._restored()
            case Fate.WITHDRAWN:
                return self._withdrawn()
            case Fate.CANCELLED:
                return self._cancelled()
            case _:
                return ()

    def _day(self, offset: int) -> date:
        return self._valid_from + timedelta(days=offset)

    def _suspended(self) -> tuple[SampleAct, ...]:
        longest = min(_LONGEST_SUSPENSION, self._age - _FIRST_SURVEILLANCE)
        day = self._day(self._age - self._rng.randint(1, longest))
        return (open_suspension(day, self._today, self._rng),)

    def _restored(self) -> tuple[SampleAct, ...]:
        begins = self._rng.randint(_FIRST_SURVEILLANCE, self._last - 30)
        lasts = self._rng.randint(14, min(_LONGEST_SUSPENSION, self._last - begins))
        first = suspension(self._day(begins), self._rng)
        return first, restoration(first, self._day(begins + lasts), self._rng)

    def _withdrawn(self) -> tuple[SampleAct, ...]:
        if self._case.term_years is None:
            return (annulment(self._any_day(), self._rng),)
        if self._rng.random() >= _WITHDRAWN_AFTER_SUSPENSION:
            return (withdrawal(self._any_day(), self._rng, suspended=False),)
        begins = self._rng.randint(_FIRST_SURVEILLANCE, self._last - _PATIENCE[1])
        end = self._day(begins + self._rng.randint(*_PATIENCE))
        return suspension(self._day(begins), self._rng), withdrawal(end, self._rng, suspended=True)

    def _cancelled(self) -> tuple[SampleAct, ...]:
        if self._case.term_years is None:
            return (renunciation(self._any_day(), self._rng),)
        last = cancellation(self._any_day(), self._rng, alone=self._case.alone)
        begins = (last.at.date() - self._valid_from).days - self._rng.randint(20, _LONGEST_SUSPENSION)
        if begins < _FIRST_SURVEILLANCE or self._rng.random() >= _CANCELLED_AFTER_SUSPENSION:
            return (last,)
        return suspension(self._day(begins), self._rng), last

    def _any_day(self) -> date:
        return self._day(self._rng.randint(_FIRST_TROUBLE, self._last))
