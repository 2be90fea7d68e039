"""Pictures of the register in numbers: of all of it, or of one issuer's part.

Counting a million certificates takes a second, so the counts are kept for some minutes and say when they were made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from threading import Lock
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from registry.domain.certificate import day_of, period_of
from registry.domain.classifications import region_of, section_of
from registry.domain.lifecycle import Status
from registry.domain.reasons import Act
from registry.domain.schemes import SCHEMES, Kind
from registry.services.change_status import refresh_due
from registry.services.context import Actor, Registry, Verb
from registry.store import statistics as store
from registry.store.statistics import WHOLE_REGISTER

KEPT_FOR = timedelta(minutes=10)
_MONTHS = 24
_MONTHS_AHEAD = 12
_NOT_COUNTED = {Act.ISSUE, Act.CALL_OFF}
# One counting at a time in a process; whoever comes meanwhile gets the older counts.
_counting = Lock()


@dataclass(frozen=True, slots=True)
class Statistics:
    """Counts of certificates at `counted_at`.

    `statuses`: all, by status. `schemes`, `sections`, `regions`, `sizes`: the valid ones, by code. Months are like
    '2026-03', all of them in order: `issued` by the month of the decision and `acts` by the month of their effect go
    two years back, `expiring` a year ahead. `issuers`: the valid ones by
    the issuer's code, of the whole register only. `holders`: organizations with a valid certificate; `persons`: valid
    training certificates; `cases`: valid recognitions of improvement cases.
    """

    counted_at: datetime
    statuses: Mapping[Status, int]
    schemes: Mapping[str, int]
    sections: Mapping[str, int]
    regions: Mapping[str, int]
    sizes: Mapping[str, int]
    issued: Mapping[str, int]
    acts: Mapping[Act, Mapping[str, int]]
    expiring: Mapping[str, int]
    issuers: Mapping[str, int]
    holders: int
    persons: int
    cases: int


def statistics_of(registry: Registry, actor: Actor) -> Statistics:
    """The actor's issuer in numbers. Raises NotPermitted."""
    actor.require(Verb.READ)
    return _statistics(registry, actor.issuer_id)


def statistics_of_register(registry: Registry) -> Statistics:
    """The whole register in numbers: for everybody."""
    return _statistics(registry, WHOLE_REGISTER)


def _statistics(registry: Registry, scope: int) -> Statistics:
    with registry.database.read() as connection:
        kept = store.find_snapshot(connection, scope)
    now = registry.now()
    if kept is not None and now - kept[0] < KEPT_FOR:
        return _read(*kept)
    if not _counting.acquire(blocking=kept is None):
        assert kept is not None  # noqa: S101 - otherwise the lock was waited for
        return _read(*kept)
    try:
        return _read(now, _count_and_keep(registry, scope, now))
    finally:
        _counting.release()


def _count_and_keep(registry: Registry, scope: int, now: datetime) -> dict[str, Any]:
    refresh_due(registry)
    with registry.database.read() as connection:
        counts = _count(connection, scope, now)
    try:
        with registry.database.transaction() as connection:
            store.keep_snapshot(connection, scope, now, counts)
    except IntegrityError:
        # Another process has kept its own at the same moment; these are as good.
        return counts
    return counts


def _count(connection: Connection, scope: int, now: datetime) -> dict[str, Any]:
    """The counts as JSON. Months without any are left out."""
    statuses: Counter[str] = Counter()
    valid: dict[str, Counter[str]] = {name: Counter() for name in ("schemes", "sections", "regions", "sizes")}
    for group in store.count_groups(connection, scope, now):
        statuses[group.status] += group.members
        if group.status is Status.VALID:
            classes = (group.scheme, section_of(group.section), region_of(group.region), group.size)
            for counter, key in zip(valid.values(), classes, strict=True):
                if key is not None:
                    counter[key] += group.members
    today = day_of(now)
    first, last = _months_from(today, 1 - _MONTHS, _MONTHS)[0], _months_from(today, 0, _MONTHS_AHEAD + 1)[-1]
    since = date.fromisoformat(first + "-01")
    acts = store.count_acts(connection, scope, period_of(since, None).starts_at, now)
    return {
        "statuses": statuses,
        **valid,
        "issued": store.count_issued(connection, scope, since),
        "acts": [[act.value, month, count] for (act, month), count in acts.items()],
        "expiring": store.count_expiring(connection, scope, today, date.fromisoformat(last + "-01")),
        "issuers": store.count_by_issuer(connection, now) if scope == WHOLE_REGISTER else {},
        "holders": store.count_holders(connection, scope, now),
    }


def _read(counted_at: datetime, counts: dict[str, Any]) -> Statistics:
    today = day_of(counted_at)
    past = _months_from(today, 1 - _MONTHS, _MONTHS)
    acts: dict[Act, dict[str, int]] = {
        act: dict.fromkeys(past, 0) for act in Act if act not in {Act.ISSUE, Act.CALL_OFF}
    }
    for act, month, count in counts["acts"]:
        acts[Act(act)][month] = count
    return Statistics(
        counted_at,
        {status: counts["statuses"].get(status.value, 0) for status in Status},
        **{name: _largest_first(counts[name]) for name in ("schemes", "sections", "regions", "sizes")},
        issued={month: counts["issued"].get(month, 0) for month in past},
        acts=acts,
        expiring={month: counts["expiring"].get(month, 0) for month in _months_from(today, 0, _MONTHS_AHEAD)},
        # Counts that were kept by an older version have none.
        issuers=_largest_first(counts.get("issuers", {})),
        holders=counts["holders"],
        persons=_of_kind(counts["schemes"], Kind.TRAINING),
        cases=_of_kind(counts["schemes"], Kind.RECOGNITION),
    )


def _months_from(today: date, offset: int, count: int) -> list[str]:
    """`count` months like '2026-03', the first of them `offset` months after the one of `today`."""
    first = today.year * 12 + today.month - 1 + offset
    return [f"{month // 12:04}-{month % 12 + 1:02}" for month in range(first, first + count)]


def _largest_first(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _of_kind(schemes: Mapping[str, int], kind: Kind) -> int:
    return sum(count for code, count in schemes.items() if code in SCHEMES and SCHEMES[code].kind is kind)
