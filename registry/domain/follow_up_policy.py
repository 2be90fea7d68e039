"""What an issuer wants to happen between certification decisions: whom to tell what, and when to suspend."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from registry.domain.errors import Violation

MAX_RECIPIENTS = 5
_MAX_REMINDERS = 6
_MAX_ADDRESS = 200
# One address of the plain kind: no names, no quotes, no comments, and nothing that could begin another header.
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


@dataclass(frozen=True, slots=True)
class FollowUpPolicy:
    """Days and months of an issuer.

    | member | what |
    |---|---|
    | `expiry_notice_days` | how many days before its end a certificate is reminded of, once each |
    | `surveillance_notice_days` | how many days before a surveillance audit is due the issuer is told |
    | `longest_interval_months` | at most so many months lie between two surveillance audits |
    | `suspends` | whether a certificate is suspended when its surveillance audit is missed |
    | `grace_days` | how many days after the due date that is |
    | `warning_days` | how many days before that the issuer is told, whatever happens |
    | `mail_to` | the addresses that notices are sent to, besides being listed |
    """

    expiry_notice_days: tuple[int, ...] = (90, 30)
    surveillance_notice_days: int = 60
    longest_interval_months: int = 12
    suspends: bool = False
    grace_days: int = 30
    warning_days: int = 14
    mail_to: tuple[str, ...] = ()


def check_policy(policy: FollowUpPolicy) -> list[Violation]:
    """Everything that is wrong with a policy."""
    return [
        *_within("surveillance_notice_days", policy.surveillance_notice_days, 0, 365),
        *_within("longest_interval_months", policy.longest_interval_months, 1, 24),
        *_within("grace_days", policy.grace_days, 0, 365),
        *_within("warning_days", policy.warning_days, 1, 365),
        *_check_reminders(policy.expiry_notice_days),
        *_check_addresses(policy.mail_to),
    ]


def is_mail_address(text: str) -> bool:
    """Whether this is one e-mail address of the plain kind."""
    return len(text) <= _MAX_ADDRESS and _ADDRESS.fullmatch(text) is not None


def _within(name: str, value: int, lowest: int, highest: int) -> Iterator[Violation]:
    if not lowest <= value <= highest:
        yield Violation((name,), f"must be {lowest} to {highest}")


def _check_reminders(days: tuple[int, ...]) -> Iterator[Violation]:
    if len(days) > _MAX_REMINDERS:
        yield Violation(("expiry_notice_days",), f"more than {_MAX_REMINDERS}")
    for position, one in enumerate(days):
        if not 1 <= one <= 365:
            yield Violation(("expiry_notice_days", position), "must be 1 to 365")
        if one in days[:position]:
            yield Violation(("expiry_notice_days", position), "is there twice")


def _check_addresses(addresses: tuple[str, ...]) -> Iterator[Violation]:
    if len(addresses) > MAX_RECIPIENTS:
        yield Violation(("mail_to",), f"more than {MAX_RECIPIENTS} addresses")
    for position, one in enumerate(addresses):
        if not is_mail_address(one):
            yield Violation(("mail_to", position), "not an e-mail address like quality@example.org")
