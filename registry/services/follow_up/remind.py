"""What the worker does once an hour: it reminds of certificates that end, and tidies up."""

from __future__ import annotations

from datetime import date, timedelta

from registry.domain.certificate import day_of
from registry.domain.follow_up_policy import FollowUpPolicy
from registry.domain.notices import NoticeKind
from registry.services.change_status import refresh_due
from registry.services.context import Registry
from registry.store import notices, surveillance
from registry.store.notices import NewNotice

_AT_ONCE = 500


def remind_of_ends(registry: Registry) -> int:
    """Tell issuers of certificates that end soon and have no successor; returns how many notices were given.

    Each certificate once for each threshold: one that is issued, or a policy that is made, when several are passed
    already leads to the nearest alone.
    """
    refresh_due(registry)
    with registry.database.read() as connection:
        policies = notices.policies(connection, notices.all_issuers(connection))
    return sum(_remind(registry, issuer_id, stored.policy) for issuer_id, stored in policies.items())


def tidy(registry: Registry) -> None:
    """Take away the plans of certificates that are over."""
    today = day_of(registry.now())
    with registry.database.transaction() as connection:
        surveillance.remove_over(connection, today)


def _remind(registry: Registry, issuer_id: int, policy: FollowUpPolicy) -> int:
    given, nearer = 0, -1
    for threshold in sorted(policy.expiry_notice_days):
        given += _remind_at(registry, issuer_id, threshold, nearer + 1)
        nearer = threshold
    return given


def _remind_at(registry: Registry, issuer_id: int, threshold: int, least: int) -> int:
    """Certificates that have `least` to `threshold` days left, in portions of one transaction each."""
    now = registry.now()
    today = day_of(now)
    first, last = today + timedelta(least), today + timedelta(threshold)
    given, after = 0, (date.min, 0)
    while True:
        with registry.database.read() as connection:
            if not notices.expiring(connection, issuer_id, threshold, first, last, after, 1):
                return given
        with registry.database.transaction() as connection:
            found = notices.expiring(connection, issuer_id, threshold, first, last, after, _AT_ONCE)
            told = [
                NewNotice(NoticeKind.EXPIRY, one.id, one.valid_until, threshold) for one in found if one.valid_until
            ]
            given += notices.add_notices(connection, issuer_id, told, now)
        if len(found) < _AT_ONCE:
            return given
        after = (told[-1].about, found[-1].id)
