"""Points in time as XML Schema writes them (XML Schema 1.1 part 2, sections 3.3.7 dateTime, 3.4.28 dateTimeStamp).

Years may lie outside of what `datetime` holds, so a point in time is the number of seconds since 1970-01-01T00:00:00Z,
as an exact fraction.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from fractions import Fraction

# Far more than any real time needs; keeps arithmetic on outside input small.
_MAX_LENGTH = 64
_FORM = re.compile(
    r"(-?(?:[1-9][0-9]{3,8}|0[0-9]{3}))-([0-9]{2})-([0-9]{2})"
    r"T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?"
    r"(?:(Z)|([+-])([0-9]{2}):([0-9]{2}))?",
    re.ASCII,
)
_DAY = 86_400
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class MalformedDateTime(ValueError):
    """Not a date and time of XML Schema, or one that no calendar has."""


def parse_date_time_stamp(text: object) -> Fraction:
    """The point in time of a dateTimeStamp, whose zone is required. Raises MalformedDateTime."""
    instant, zoned = _parse(text)
    if not zoned:
        raise MalformedDateTime("the time zone is missing ('Z' or an offset like '+08:00')")
    return instant


def parse_date_time(text: object) -> Fraction:
    """The point in time of a dateTime; one without a zone is taken as UTC. Raises MalformedDateTime."""
    return _parse(text)[0]


def instant_of(moment: datetime) -> Fraction:
    """The same measure for a `datetime` with a zone."""
    return Fraction((moment - _EPOCH) // timedelta(microseconds=1), 1_000_000)


def _parse(text: object) -> tuple[Fraction, bool]:
    match = _FORM.fullmatch(text) if isinstance(text, str) and len(text) <= _MAX_LENGTH else None
    if match is None:
        raise MalformedDateTime("expected a date and time like '2026-03-02T04:00:00Z'")
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    fraction, utc, sign, zone_hours, zone_minutes = match.groups()[6:]
    if not (1 <= month <= 12 and 1 <= day <= _days_in(year, month)):
        raise MalformedDateTime("no calendar has this day")
    seconds = Fraction(hour * 3600 + minute * 60 + second)
    if fraction:
        seconds += Fraction(int(fraction), 10 ** len(fraction))
    # 24:00:00 is the end of the day and nothing may follow it.
    if minute > 59 or second > 59 or hour > 24 or (hour == 24 and seconds > _DAY):
        raise MalformedDateTime("no clock shows this time")
    offset = 0
    if sign:
        offset = int(zone_hours) * 60 + int(zone_minutes)
        if int(zone_minutes) > 59 or offset > 14 * 60:
            raise MalformedDateTime("no zone is more than 14 hours from UTC")
        offset = -offset if sign == "-" else offset
    instant = _days_since_epoch(year, month, day) * _DAY + seconds - offset * 60
    return instant, bool(utc or sign)


def _days_in(year: int, month: int) -> int:
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 29 if month == 2 and leap else _LENGTHS[month - 1]


def _days_since_epoch(year: int, month: int, day: int) -> int:
    """Days in the proleptic Gregorian calendar, for any year (there is a year 0, as XML Schema 1.1 has it)."""
    # The calendar repeats after 400 years, so the year is moved to where `datetime` can count.
    cycles, within = divmod(year - 2000, 400)
    anchor = (datetime(within + 2000, month, day, tzinfo=UTC) - _EPOCH).days
    return anchor + cycles * 146_097
