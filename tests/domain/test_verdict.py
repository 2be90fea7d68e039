"""From checks to a verdict."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.domain.lifecycle import Status
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
