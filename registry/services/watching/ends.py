"""What time alone brings about: certificates that will end, and that have ended.

Each day is gone through once for each number of days before an end, in portions of one transaction each, in which a
clock is moved on. So several workers, and one that is killed at any point, tell everything once; days on which no
worker ran are made up for.
"""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import Connection

from registry.domain.certificate import day_of, period_of
from registry.domain.changes import EXPIRY_NOTICE_DAYS, Change, ChangeKind
from registry.services.change_status import refresh_due
from registry.services.context import Registry
from registry.store import changes as store
from registry.store.changes import Clock

_AT_ONCE = 1_000
# A certificate has expired on the day after its last one.
_EXPIRED = -1
_CLOCKS = (_EXPIRED, *EXPIRY_NOTICE_DAYS)


def follow_ends(registry: Registry) -> int:
    """Note the ends that have come, or come near, since the last time; returns how many.

    A registry that is asked for the first time begins with tomorrow.
    """
    today = day_of(registry.now())
    with registry.database.read() as connection:
        clocks = store.clocks(connection)
    missing = set(_CLOCKS) - {one.days for one in clocks}
    if missing:
        with registry.database.transaction() as connection:
            store.start_clocks(connection, sorted(missing), today)
    day = min((one.done for one in clocks), default=today)
    if day < today:
        refresh_due(registry)
    noted = 0
    while day < today:
        day += timedelta(days=1)
        noted += sum(_follow(registry, one.days, day) for one in clocks)
    return noted


def _follow(registry: Registry, days: int, until: date) -> int:
    noted = 0
    while True:
        with registry.database.transaction() as connection:
            clock = store.hold_clock(connection, days)
            if clock.done >= until:
                return noted
            noted += _go_on(registry, connection, clock)


def _go_on(registry: Registry, connection: Connection, clock: Clock) -> int:
    """One portion of the day behind the last one that is done."""
    day = clock.done + timedelta(days=1)
    expired = clock.days == _EXPIRED
    found = store.ending_on(connection, day + timedelta(days=clock.days), clock.after, _AT_ONCE, alone=not expired)
    kind = ChangeKind.EXPIRED if expired else ChangeKind.EXPIRING
    change = Change(kind, period_of(day, None).starts_at, days=0 if expired else clock.days)
    store.insert_changes(connection, [(key, change) for key in found], registry.now())
    more = len(found) == _AT_ONCE
    store.set_clock(connection, clock._replace(after=found[-1]) if more else Clock(clock.days, day, 0))
    return len(found)
