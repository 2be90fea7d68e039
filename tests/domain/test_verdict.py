"""From checks to a verdict, and when a key's signature counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.domain.lifecycle import Status
from registry.domain.signing_key import PublishedKey, judge_key
from registry.domain.verdict import Check, CheckName, Finding, Outcome, Verdict, conclude

TRUST = {CheckName.SIGNATURE, CheckName.KEY, CheckName.ISSUER, CheckName.LOG}


def all_pass() -> dict[CheckName, Check]:
    return {name: Check(name, Outcome.PASS, Finding.STATUS_IN_FORCE) for name in CheckName}


@pytest.mark.parametrize("name", sorted(TRUST))
@pytest.mark.parametrize("status", [*Status, None])
def test_a_broken_signature_key_issuer_or_log_outranks_every_status(name: CheckName, status: Status | None) -> None:
    checks = all_pass() | {name: Check(name, Outcome.FAIL, Finding.SIGNATURE_BROKEN)}
    assert conclude(list(checks.values()), status) is Verdict.INVALID


@pytest.mark.parametrize("status", list(Status))
def test_without_a_failure_of_trust_the_status_speaks(status: Status) -> None:
    checks = all_pass()
    for name in (CheckName.PERIOD, CheckName.STATUS):
        checks[name] = Check(name, Outcome.FAIL, Finding.PERIOD_ENDED)
    assert conclude(list(checks.values()), status).value == status.value


def test_what_is_not_registered_is_unknown_and_never_valid() -> None:
    assert conclude(list(all_pass().values()), None) is Verdict.UNKNOWN


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(CheckName), st.sampled_from(Outcome)), max_size=8),
    st.none() | st.sampled_from(Status),
)
def test_only_a_certificate_in_force_whose_every_trust_check_did_not_fail_is_valid(
    outcomes: list[tuple[CheckName, Outcome]], status: Status | None
) -> None:
    verdict = conclude([Check(name, outcome, Finding.LOGGED) for name, outcome in outcomes], status)
    broken = any(outcome is Outcome.FAIL for name, outcome in outcomes if name in TRUST)
    assert (verdict is Verdict.VALID) == (status is Status.VALID and not broken)
    assert (verdict is Verdict.INVALID) == broken


DAY = datetime(2026, 3, 1, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)


def key(active_from: int = 0, retired_at: int | None = None, compromised_since: int | None = None) -> PublishedKey:
    """Times in days."""
    return PublishedKey(
        "did:web:registry.example:issuers:cqc#1",
        bytes(32),
        DAY + timedelta(days=active_from),
        None if retired_at is None else DAY + timedelta(days=retired_at),
        None if compromised_since is None else DAY + timedelta(days=compromised_since),
    )


@pytest.mark.parametrize(
    ("one", "signed_at", "good", "finding"),
    [
        (key(), DAY - INSTANT, False, Finding.KEY_NOT_YET_ACTIVE),
        (key(), DAY, True, Finding.KEY_ACTIVE),
        (key(), DAY + timedelta(days=9999), True, Finding.KEY_ACTIVE),
        (key(retired_at=10), DAY + timedelta(days=10) - INSTANT, True, Finding.KEY_RETIRED_LATER),
        (key(retired_at=10), DAY + timedelta(days=10), False, Finding.KEY_RETIRED_BEFORE),
        (key(compromised_since=5), DAY + timedelta(days=5) - INSTANT, True, Finding.KEY_COMPROMISED_LATER),
        (key(compromised_since=5), DAY + timedelta(days=5), False, Finding.KEY_COMPROMISED),
        (key(compromised_since=0), DAY, False, Finding.KEY_COMPROMISED),
        # Compromised before it was even active: nothing of it counts, and the graver reason is told.
        (key(5, compromised_since=0), DAY + timedelta(days=2), False, Finding.KEY_COMPROMISED),
        (key(retired_at=5, compromised_since=8), DAY + timedelta(days=9), False, Finding.KEY_COMPROMISED),
        (key(retired_at=5, compromised_since=8), DAY + timedelta(days=6), False, Finding.KEY_RETIRED_BEFORE),
        (key(retired_at=5, compromised_since=8), DAY + timedelta(days=4), True, Finding.KEY_COMPROMISED_LATER),
        (key(retired_at=8, compromised_since=5), DAY + timedelta(days=6), False, Finding.KEY_COMPROMISED),
    ],
)
def test_a_signature_counts_only_while_its_key_was_good(
    one: PublishedKey, signed_at: datetime, good: bool, finding: Finding
) -> None:
    assert judge_key(one, signed_at) == (good, finding)


def test_a_signature_counts_exactly_between_activation_and_the_first_of_retirement_and_compromise() -> None:
    ends = [None, *range(5)]
    for active_from, retired_at, compromised_since, signed in product(range(3), ends, ends, range(-1, 6)):
        first_end = min(end for end in (retired_at, compromised_since, 99) if end is not None)
        good, _ = judge_key(key(active_from, retired_at, compromised_since), DAY + timedelta(days=signed))
        assert good == (active_from <= signed < first_end)
