"""Times of XML Schema: the forms that it allows, held against the standard library's calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.formats.date_time_stamp import MalformedDateTime, instant_of, parse_date_time, parse_date_time_stamp

zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30), timezones=zones)  # noqa: DTZ001


@given(moments)
def test_a_time_is_the_point_that_the_calendar_has(moment: datetime) -> None:
    assert parse_date_time_stamp(moment.isoformat()) == instant_of(moment.astimezone(UTC))


@given(moments)
def test_all_zones_mean_the_same_point(moment: datetime) -> None:
    written = moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
    assert parse_date_time_stamp(written) == parse_date_time_stamp(moment.isoformat())


@given(st.text(max_size=40))
def test_any_other_text_is_refused_and_nothing_else_happens(text: str) -> None:
    try:
        parse_date_time(text)
    except MalformedDateTime:
        return


def test_years_beyond_those_of_datetime_are_in_order() -> None:
    written = ["-0001-12-31T23:59:59Z", "0000-01-01T00:00:00Z", "9999-12-31T24:00:00Z", "10000-01-01T00:00:01Z"]
    instants = [parse_date_time_stamp(text) for text in written]
    assert instants == sorted(instants)
    assert instants[1] - instants[0] == 1
    assert instants[3] - instants[2] == 1


def test_fractions_of_a_second_are_exact() -> None:
    assert parse_date_time_stamp("1970-01-01T00:00:00.0000000001Z") == Fraction(1, 10**10)


def test_the_end_of_a_day_is_the_beginning_of_the_next() -> None:
    assert parse_date_time_stamp("2024-02-28T24:00:00Z") == parse_date_time_stamp("2024-02-29T00:00:00Z")


def test_without_a_zone_it_is_no_stamp_but_a_time_in_utc() -> None:
    assert parse_date_time("2026-03-02T04:00:00") == parse_date_time_stamp("2026-03-02T04:00:00Z")
    with pytest.raises(MalformedDateTime, match="zone"):
        parse_date_time_stamp("2026-03-02T04:00:00")


@pytest.mark.parametrize(
    "text",
    [
        "2023-02-29T00:00:00Z",
        "2023-13-01T00:00:00Z",
        "2023-01-01T24:00:01Z",
        "2023-01-01T23:59:60Z",
        "2023-01-01T00:00:00+14:01",
        "2023-01-01T00:00:00+01:60",
        "2023-01-01 00:00:00Z",
        "2023-01-01",
        "23-01-01T00:00:00Z",
        "02023-01-01T00:00:00Z",
        "2023-1-1T00:00:00Z",
        "2023-01-01T00:00:00z",
        "2023-01-01T00:00:00.Z",
        "２０２３-01-01T00:00:00Z",
        "2023-01-01T00:00:00Z\n",
        "Sat 25 Feb 2023 07:16:31 PM CST",
        "9" * 10_000 + "-01-01T00:00:00Z",
        "",
        None,
        1677373839,
        True,
    ],
)
def test_what_is_no_time_is_refused(text: object) -> None:
    with pytest.raises(MalformedDateTime):
        parse_date_time(text)
