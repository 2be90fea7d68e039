"""Surveillance audits: when they are due, and what their results lead to (ISO/IEC 17021-1:2015, 9.6.2).

The first is due within twelve months of the certification decision; after that one in each calendar year but the year
of recertification (9.6.2.2), so that a term of three years has two. The issuer may set every date otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import IntEnum, StrEnum

from registry.domain.certificate import months_after
from registry.domain.errors import InvalidInput, Violation
from registry.domain.reasons import MAX_NOTE_LENGTH
from registry.domain.schemes import SCHEMES, Kind

_FIRST_WITHIN_MONTHS = 12


class AuditResult(StrEnum):
    """What has become of a surveillance audit; `scheduled`: the issuer sets its date."""

    PASSED = "passed"
    FAILED = "failed"
    POSTPONED = "postponed"
    SCHEDULED = "scheduled"


class Stage(IntEnum):
    """How far a surveillance audit that is not done has led."""

    PLANNED = 0
    # The issuer was told that it is due.
    ANNOUNCED = 1
    # The issuer was told that the certificate will be suspended.
    WARNED = 2
    # The certificate was suspended, until an audit is passed.
    MISSED = 3


@dataclass(frozen=True, slots=True)
class Plan:
    """When the next surveillance audit is due (None: none before recertification), and how many were passed so far."""

    due_on: date | None
    passed: int = 0


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """What an officer records: the result, the day of the audit, the date that is set for the next one, and a note."""

    result: AuditResult
    held_on: date | None = None
    due_on: date | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Term:
    """What of a certificate the plan depends upon."""

    scheme: str
    decided_on: date
    valid_until: date | None


def first_plan(term: Term) -> Plan:
    """The plan after a certification decision, by the rule of the scheme: management systems are surveilled yearly."""
    scheme = SCHEMES.get(term.scheme)
    if scheme is None or scheme.kind is not Kind.MANAGEMENT_SYSTEM:
        return Plan(None)
    return Plan(_within(months_after(term.decided_on, _FIRST_WITHIN_MONTHS), term))


def next_plan(plan: Plan, record: AuditRecord, term: Term, longest_interval: int) -> Plan:
    """The plan after a record that `check_record` has let through; `longest_interval` in months, by the issuer."""
    if record.result is AuditResult.FAILED:
        return plan
    if record.result is not AuditResult.PASSED or record.held_on is None:
        return replace(plan, due_on=record.due_on)
    passed = plan.passed + 1
    if record.due_on is not None:
        return Plan(record.due_on, passed)
    scheme = SCHEMES.get(term.scheme)
    if scheme is None or scheme.kind is not Kind.MANAGEMENT_SYSTEM:
        return Plan(None, passed)
    if scheme.years is not None and passed >= scheme.years - 1:
        return Plan(None, passed)
    in_next_year = date(record.held_on.year + 1, 12, 31)
    return Plan(_within(min(in_next_year, months_after(record.held_on, longest_interval)), term), passed)


def check_record(plan: Plan, record: AuditRecord, term: Term, stage: Stage, today: date) -> None:
    """Raises InvalidInput with all that is wrong."""
    wrong = [*_check_day(record, term, today), *_check_due(plan, record, term, today)]
    if record.note is not None and len(record.note) > MAX_NOTE_LENGTH:
        wrong.append(Violation(("note",), f"longer than {MAX_NOTE_LENGTH} characters"))
    elif record.note is not None and not "".join(record.note.split()).isprintable():
        wrong.append(Violation(("note",), "has characters that can't be printed"))
    if record.result is AuditResult.POSTPONED and not (record.note or "").strip():
        wrong.append(Violation(("note",), "a postponement needs a note that says why"))
    if stage is Stage.MISSED and record.result in {AuditResult.POSTPONED, AuditResult.SCHEDULED}:
        reason = "the audit was missed and the certificate is suspended for that; only a passed audit leads on"
        wrong.append(Violation(("result",), reason))
    if wrong:
        raise InvalidInput(wrong)


def _check_day(record: AuditRecord, term: Term, today: date) -> list[Violation]:
    held = record.result in {AuditResult.PASSED, AuditResult.FAILED}
    if not held:
        return [Violation(("held_on",), "no audit was held")] if record.held_on is not None else []
    if record.held_on is None:
        return [Violation(("held_on",), "the day of the audit is needed")]
    if record.held_on > today:
        return [Violation(("held_on",), "lies in the future")]
    if record.held_on < term.decided_on:
        return [Violation(("held_on",), f"before the certification decision ({term.decided_on})")]
    return []


def _check_due(plan: Plan, record: AuditRecord, term: Term, today: date) -> list[Violation]:
    due_on = record.due_on
    if record.result is AuditResult.FAILED:
        return [Violation(("due_on",), "a failed audit sets no date")] if due_on is not None else []
    if due_on is None:
        return [] if record.result is AuditResult.PASSED else [Violation(("due_on",), "the new date is needed")]
    if due_on < today:
        return [Violation(("due_on",), "lies in the past")]
    if term.valid_until is not None and due_on > term.valid_until:
        return [Violation(("due_on",), f"after the certificate's end ({term.valid_until})")]
    if record.result is AuditResult.POSTPONED and plan.due_on is not None and due_on <= plan.due_on:
        return [Violation(("due_on",), f"not later than it was ({plan.due_on}); to set a date at will: scheduled")]
    return []


def _within(due_on: date, term: Term) -> date | None:
    """Recertification takes the place of an audit that would be due at the end or beyond."""
    return due_on if term.valid_until is None or due_on < term.valid_until else None
