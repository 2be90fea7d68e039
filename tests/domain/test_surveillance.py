"""When surveillance audits are due, by ISO/IEC 17021-1:2015, 9.6.2.2, and what an issuer may set otherwise."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.certificate import months_after
from registry.domain.errors import InvalidInput
from registry.domain.follow_up_policy import FollowUpPolicy, check_policy
from registry.domain.surveillance import (
    AuditRecord,
    AuditResult,
    Plan,
    Stage,
    Term,
    check_record,
    first_plan,
    next_plan,
)

TERM = Term("gbt19001-2016", date(2025, 1, 6), date(2028, 1, 7))
TODAY = date(2026, 3, 2)
PLAN = Plan(date(2026, 1, 6))


def passed(held_on: date, due_on: date | None = None) -> AuditRecord:
    return AuditRecord(AuditResult.PASSED, held_on, due_on)


def wrong(record: AuditRecord, stage: Stage = Stage.PLANNED, plan: Plan = PLAN) -> list[str]:
    try:
        check_record(plan, record, TERM, stage, TODAY)
    except InvalidInput as error:
        return [violation.pointer for violation in error.violations]
    return []


def test_the_first_is_due_within_twelve_months_of_the_decision() -> None:
    assert first_plan(TERM) == Plan(date(2026, 1, 6), 0)


@pytest.mark.parametrize("scheme", ["gbt19011-2021-training", "gb4706.1-2005", "unknown"])
def test_other_schemes_have_no_rule(scheme: str) -> None:
    assert first_plan(Term(scheme, date(2025, 1, 6), None)) == Plan(None)


def test_in_a_term_of_three_years_there_are_two_and_then_recertification() -> None:
    second = next_plan(first_plan(TERM), passed(date(2025, 12, 20)), TERM, 12)
    assert second == Plan(date(2026, 12, 20), 1)
    assert next_plan(second, passed(date(2026, 12, 1)), TERM, 12) == Plan(None, 2)


def test_each_calendar_year_has_one_whatever_interval_the_issuer_allows() -> None:
    assert next_plan(PLAN, passed(date(2025, 10, 1)), TERM, 15) == Plan(date(2026, 12, 31), 1)
    assert next_plan(PLAN, passed(date(2025, 3, 1)), TERM, 15) == Plan(date(2026, 6, 1), 1)


def test_at_the_end_recertification_takes_its_place() -> None:
    short = Term("gbt19001-2016", date(2025, 1, 6), date(2026, 1, 5))
    assert first_plan(short) == Plan(None)


def test_a_failed_audit_leaves_the_date() -> None:
    assert next_plan(PLAN, AuditRecord(AuditResult.FAILED, TODAY), TERM, 12) == PLAN


def test_the_issuer_sets_every_date_otherwise() -> None:
    later = date(2026, 5, 1)
    assert next_plan(PLAN, AuditRecord(AuditResult.POSTPONED, due_on=later, note="-"), TERM, 12) == Plan(later)
    assert next_plan(PLAN, AuditRecord(AuditResult.SCHEDULED, due_on=later), TERM, 12) == Plan(later)
    assert next_plan(PLAN, passed(TODAY, later), TERM, 12) == Plan(later, 1)


@pytest.mark.parametrize(
    ("record", "pointers"),
    [
        (passed(TODAY), []),
        (passed(date(2026, 3, 3)), ["/held_on"]),
        (passed(date(2025, 1, 5)), ["/held_on"]),
        (AuditRecord(AuditResult.PASSED), ["/held_on"]),
        (AuditRecord(AuditResult.FAILED, TODAY, date(2026, 4, 1)), ["/due_on"]),
        (AuditRecord(AuditResult.POSTPONED, due_on=date(2026, 4, 1)), ["/note"]),
        (AuditRecord(AuditResult.POSTPONED, due_on=date(2026, 4, 1), note=" "), ["/note"]),
        (AuditRecord(AuditResult.POSTPONED, note="flood"), ["/due_on"]),
        (AuditRecord(AuditResult.POSTPONED, TODAY, date(2026, 4, 1), "flood"), ["/held_on"]),
        (AuditRecord(AuditResult.SCHEDULED, due_on=date(2026, 3, 1)), ["/due_on"]),
        (AuditRecord(AuditResult.SCHEDULED, due_on=date(2028, 1, 8)), ["/due_on"]),
        (AuditRecord(AuditResult.SCHEDULED, due_on=date(2028, 1, 7)), []),
        (AuditRecord(AuditResult.PASSED, TODAY, note="x" * 501), ["/note"]),
        (AuditRecord(AuditResult.PASSED, TODAY, note="a\x00b"), ["/note"]),
    ],
)
def test_what_can_be_recorded(record: AuditRecord, pointers: list[str]) -> None:
    assert wrong(record) == pointers


def test_a_postponement_is_later() -> None:
    plan = Plan(date(2026, 6, 1))
    record = AuditRecord(AuditResult.POSTPONED, due_on=date(2026, 5, 1), note="flood")
    assert wrong(record, plan=plan) == ["/due_on"]
    assert wrong(AuditRecord(AuditResult.SCHEDULED, due_on=date(2026, 5, 1)), plan=plan) == []


def test_after_a_missed_audit_only_a_passed_one_leads_on() -> None:
    late = AuditRecord(AuditResult.POSTPONED, due_on=date(2026, 4, 1), note="flood")
    assert wrong(late, Stage.MISSED) == ["/result"]
    assert wrong(AuditRecord(AuditResult.SCHEDULED, due_on=date(2026, 4, 1)), Stage.MISSED) == ["/result"]
    assert wrong(passed(TODAY), Stage.MISSED) == []


@given(st.dates(date(2000, 1, 1), date(2060, 1, 1)), st.integers(0, 400), st.integers(1, 24))
def test_the_next_one_is_never_later_than_the_next_calendar_year(decided: date, days: int, interval: int) -> None:
    term = Term("gbt19001-2016", decided, months_after(decided, 36))
    held = date.fromordinal(decided.toordinal() + days)
    plan = next_plan(first_plan(term), passed(held), term, interval)
    assert plan.due_on is not None
    assert held < plan.due_on <= date(held.year + 1, 12, 31)
    assert plan.due_on <= months_after(held, interval)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"surveillance_notice_days": -1}, "/surveillance_notice_days"),
        ({"grace_days": 366}, "/grace_days"),
        ({"warning_days": 0}, "/warning_days"),
        ({"longest_interval_months": 25}, "/longest_interval_months"),
        ({"expiry_notice_days": (90, 0)}, "/expiry_notice_days/1"),
        ({"expiry_notice_days": (90, 90)}, "/expiry_notice_days/1"),
        ({"expiry_notice_days": tuple(range(1, 8))}, "/expiry_notice_days"),
        ({"mail_to": ("a@example.org",) * 6}, "/mail_to"),
        *(
            ({"mail_to": (address,)}, "/mail_to/0")
            for address in (
                "nobody",
                "a@b",
                "a@example.org\nBcc: b@example.org",
                "a@example.org\r\n",
                "A <a@example.org>",
                "a@example.org, b@example.org",
                "a b@example.org",
                "a@exämple.org",
                "x" * 65 + "@example.org",
            )
        ),
    ],
)
def test_a_policy_makes_sense(changes: dict[str, Any], pointer: str) -> None:
    assert pointer in [violation.pointer for violation in check_policy(FollowUpPolicy(**changes))]
    assert check_policy(FollowUpPolicy(mail_to=("quality.dept+iso@example.com.cn",))) == []
