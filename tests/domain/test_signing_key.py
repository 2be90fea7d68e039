"""Which signatures of a key count: rotated, retired and compromised keys."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.signing_key import PublishedKey, judge_key
from registry.domain.verdict import Finding

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)


def day(number: int) -> datetime:
    return BEGAN + timedelta(days=number)


def key(retired: int | None = None, compromised: int | None = None) -> PublishedKey:
    """A key that began on day 0."""
    end = None if retired is None else day(retired)
    stolen = None if compromised is None else day(compromised)
    return PublishedKey("did:web:registry.example:issuers:cqc#key-1", b"\1" * 32, BEGAN, end, stolen)


# What became of the key, when the log saw the signature (None: never), and what follows.
CASES = [
    (key(), BEGAN - INSTANT, Finding.KEY_NOT_YET_ACTIVE),
    (key(), BEGAN, Finding.KEY_ACTIVE),
    (key(), day(500), Finding.KEY_ACTIVE),
    (key(), None, Finding.KEY_ACTIVE),
    (key(retired=9), day(9) - INSTANT, Finding.KEY_RETIRED_LATER),
    (key(retired=9), day(9), Finding.KEY_RETIRED_BEFORE),
    (key(retired=9), None, Finding.KEY_RETIRED_BEFORE),
    (key(compromised=5), day(5) - INSTANT, Finding.KEY_COMPROMISED_LATER),
    (key(compromised=5), day(5), Finding.KEY_COMPROMISED),
    (key(compromised=5), day(50), Finding.KEY_COMPROMISED),
    (key(compromised=5), None, Finding.KEY_COMPROMISED),
    (key(compromised=-5), day(1), Finding.KEY_COMPROMISED),
    (key(compromised=5), BEGAN - INSTANT, Finding.KEY_NOT_YET_ACTIVE),
    (key(retired=9, compromised=5), day(4), Finding.KEY_COMPROMISED_LATER),
    (key(retired=9, compromised=5), day(7), Finding.KEY_COMPROMISED),
    (key(retired=9, compromised=12), day(8), Finding.KEY_COMPROMISED_LATER),
    # After its end and before the theft: nobody had the key, and yet it did not sign any more.
    (key(retired=9, compromised=12), day(10), Finding.KEY_RETIRED_BEFORE),
]
COUNTS = {Finding.KEY_ACTIVE, Finding.KEY_RETIRED_LATER, Finding.KEY_COMPROMISED_LATER}


@pytest.mark.parametrize(("judged", "seen_at", "finding"), CASES)
def test_a_signature_counts_by_the_time_at_which_it_was_seen(
    judged: PublishedKey, seen_at: datetime | None, finding: Finding
) -> None:
    assert judge_key(judged, seen_at) == (finding in COUNTS, finding)


def test_a_signature_counts_exactly_between_the_beginning_and_the_first_of_retirement_and_compromise() -> None:
    ends = [None, *range(5)]
    for retired, compromised, seen in product(ends, ends, range(-1, 6)):
        first_end = min(end for end in (retired, compromised, 99) if end is not None)
        assert judge_key(key(retired, compromised), day(seen))[0] == (0 <= seen < first_end)


def test_what_was_signed_in_the_last_moment_before_an_orderly_end_stays_good() -> None:
    """The log takes it in a moment after the key was retired."""
    assert judge_key(key(retired=9), day(9) + INSTANT, recorded_at=day(9) - INSTANT) == (
        True,
        Finding.KEY_RETIRED_LATER,
    )
    # Not even there yet.
    assert judge_key(key(retired=9), None, recorded_at=day(9) - INSTANT) == (True, Finding.KEY_RETIRED_LATER)


def test_an_early_entry_in_the_database_does_not_help_against_a_compromise() -> None:
    """Whoever has the key may have the database as well. The log can't be told another time afterwards."""
    for seen_at in (day(5), day(6), None):
        assert judge_key(key(compromised=5), seen_at, recorded_at=day(1)) == (False, Finding.KEY_COMPROMISED)
    assert judge_key(key(compromised=5), day(4), recorded_at=day(1)) == (True, Finding.KEY_COMPROMISED_LATER)


DAYS = st.integers(-3, 30)
KEYS = st.builds(key, retired=st.none() | st.integers(0, 30), compromised=st.none() | DAYS)
MOMENTS = st.none() | st.builds(day, DAYS)


@given(KEYS, MOMENTS, MOMENTS)
def test_what_the_log_did_not_see_before_the_compromise_never_counts(
    judged: PublishedKey, seen_at: datetime | None, recorded_at: datetime | None
) -> None:
    since = judged.compromised_since
    counts, finding = judge_key(judged, seen_at, recorded_at)
    if since is not None and (seen_at is None or seen_at >= since):
        assert (counts, finding) == (False, Finding.KEY_COMPROMISED)
    assert counts == (finding in COUNTS)


@given(KEYS, MOMENTS, MOMENTS)
def test_to_be_seen_later_never_makes_a_signature_better(
    judged: PublishedKey, one: datetime | None, other: datetime | None
) -> None:
    earlier, later = sorted((one, other), key=lambda moment: (moment is None, moment or BEGAN))
    if earlier is None or earlier >= judged.active_from:
        assert judge_key(judged, earlier)[0] >= judge_key(judged, later)[0]


@given(KEYS, MOMENTS)
def test_neither_end_of_a_key_makes_a_signature_better(judged: PublishedKey, seen_at: datetime | None) -> None:
    endless = PublishedKey(judged.verification_method, judged.public_key, judged.active_from)
    assert judge_key(endless, seen_at)[0] >= judge_key(judged, seen_at)[0]


@given(KEYS, st.builds(day, DAYS))
def test_what_a_key_may_sign_counts_at_once_and_for_ever(judged: PublishedKey, moment: datetime) -> None:
    """Signing and judging agree: nothing is issued that is invalid from the first moment."""
    if judged.may_sign(moment) and moment >= judged.active_from:
        assert judge_key(judged, None, moment)[0]
        assert judge_key(judged, moment)[0]


def test_a_planned_end_leaves_the_key_active_until_then() -> None:
    judged = key(retired=9)
    assert (judged.state_at(day(9) - INSTANT), judged.state_at(day(9))) == ("active", "retired")
    assert (judged.may_sign(day(9) - INSTANT), judged.may_sign(day(9))) == (True, False)


def test_a_compromised_key_signs_nothing_at_any_time() -> None:
    judged = key(retired=9, compromised=20)
    assert {judged.state_at(day(number)) for number in (0, 10, 30)} == {"compromised"}
    assert not judged.may_sign(day(1))
