"""From single checks to one verdict."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from registry.domain.lifecycle import Period, Status


class CheckName(StrEnum):
    """The checks of a verification, in the order in which they are told."""

    SIGNATURE = "signature"
    KEY = "key"
    ISSUER = "issuer"
    PERIOD = "period"
    STATUS = "status"
    LOG = "log"


class Outcome(StrEnum):
    """What a check found. `not_checked` is never a silent pass: the reason says why."""

    PASS = "pass"  # noqa: S105 - not a password
    FAIL = "fail"
    NOT_CHECKED = "not_checked"


class Finding(StrEnum):
    """Why a check came out as it did: a closed list, so that it can be told in any language."""

    SIGNATURE_HOLDS = "signature_holds"
    SIGNATURE_BROKEN = "signature_broken"
    PROOF_MISSING = "proof_missing"
    PROOF_UNSUPPORTED = "proof_unsupported"
    NOT_CHECKED_WITHOUT_KEY = "not_checked_without_key"
    DIFFERS_FROM_REGISTER = "differs_from_register"
    KEY_ACTIVE = "key_active"
    KEY_RETIRED_LATER = "key_retired_later"
    KEY_COMPROMISED_LATER = "key_compromised_later"
    KEY_RETIRED_BEFORE = "key_retired_before"
    KEY_COMPROMISED = "key_compromised"
    KEY_NOT_YET_ACTIVE = "key_not_yet_active"
    KEY_UNKNOWN = "key_unknown"
    KEY_OF_ANOTHER = "key_of_another"
    ISSUER_AUTHORIZED = "issuer_authorized"
    ISSUER_NOT_AUTHORIZED = "issuer_not_authorized"
    ISSUER_UNKNOWN = "issuer_unknown"
    PERIOD_RUNNING = "period_running"
    PERIOD_WITHOUT_END = "period_without_end"
    PERIOD_ENDED = "period_ended"
    PERIOD_NOT_BEGUN = "period_not_begun"
    STATUS_IN_FORCE = "status_in_force"
    STATUS_SUSPENDED = "status_suspended"
    STATUS_WITHDRAWN = "status_withdrawn"
    STATUS_CANCELLED = "status_cancelled"
    STATUS_SUPERSEDED = "status_superseded"
    STATUS_NOT_KNOWN = "status_not_known"
    NOT_REGISTERED = "not_registered"
    LOGGED = "logged"
    LOG_PENDING = "log_pending"
    LOG_MISSING = "log_missing"
    LOG_DIFFERS = "log_differs"
    LOG_NOT_AT_HAND = "log_not_at_hand"


class Check(NamedTuple):
    """One check: its name, what came out, why, and (for programs and experts) the detail, in English."""

    name: CheckName
    outcome: Outcome
    finding: Finding
    detail: str = ""


class Verdict(StrEnum):
    """The one word that a verification ends in."""

    VALID = "valid"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    INVALID = "invalid"
    UNKNOWN = "unknown"


_TRUST_CHECKS = frozenset({CheckName.SIGNATURE, CheckName.KEY, CheckName.ISSUER, CheckName.LOG})


def conclude(checks: Sequence[Check], status: Status | None) -> Verdict:
    """One verdict from all checks. `status` is None for what is not in the registry.

    A failure of trust (signature, key, issuer, log) outranks everything; then what is not registered is unknown;
    then the status speaks.
    """
    if any(check.outcome is Outcome.FAIL and check.name in _TRUST_CHECKS for check in checks):
        return Verdict.INVALID
    if status is None:
        return Verdict.UNKNOWN
    return Verdict(status.value)


def check_period(period: Period, now: datetime, told: str) -> Check:
    """The check of the dates alone. `told` is how the period is told to people."""
    if now < period.starts_at:
        return Check(CheckName.PERIOD, Outcome.FAIL, Finding.PERIOD_NOT_BEGUN, told)
    if period.ends_at is None:
        return Check(CheckName.PERIOD, Outcome.PASS, Finding.PERIOD_WITHOUT_END, told)
    if period.ends_at <= now:
        return Check(CheckName.PERIOD, Outcome.FAIL, Finding.PERIOD_ENDED, told)
    return Check(CheckName.PERIOD, Outcome.PASS, Finding.PERIOD_RUNNING, told)
