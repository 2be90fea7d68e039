"""Auditing the register: that every act is in the log, and that no certificate's row says more than its acts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from registry.domain.certificate import period_of
from registry.domain.lifecycle import Standing, StatusEvent, standing_at
from registry.domain.reasons import Act
from registry.services.context import Registry
from registry.services.log.findings import FindingKind, Findings
from registry.store import log_audit
from registry.store.certificates import cached_standing
from registry.store.log_audit import FirstEventCache

_AT_ONCE = 1000


def audit_unlogged(registry: Registry, findings: Findings) -> None:
    """Report the acts that are neither in the log nor waiting for their place. Raises StorageUnavailable."""
    last = 0
    while True:
        with registry.database.read() as connection:
            try:
                found = log_audit.unlogged(connection, last, _AT_ONCE)
            except ValueError:
                findings.add(FindingKind.UNLOGGED, "Acts are not in the log, one of them with an unreadable value.")
                return
        for one in found:
            text = f"Act {one.event.sequence} ({one.event.act}) of certificate {one.public_id} is not in the log."
            findings.add(FindingKind.UNLOGGED, text)
        if len(found) < _AT_ONCE:
            return
        last = found[-1].event_id


def audit_rows(registry: Registry, findings: Findings, advance: Callable[[int], None]) -> int:
    """Report the rows that differ from their status events; returns how many certificates were looked at.

    `advance` is told how many more are done. Raises StorageUnavailable.
    """
    last, done = 0, 0
    while True:
        with registry.database.read() as connection:
            try:
                portion = log_audit.caches_with_events(connection, last, _AT_ONCE)
            except ValueError:
                text = f"A certificate or status event after row {last} holds an unreadable value; the rest is unread."
                findings.add(FindingKind.REGISTER, text)
                return done
        now = registry.now()
        for cache, events in portion:
            for difference in _differences(cache, events, now):
                findings.add(FindingKind.REGISTER, f"Certificate {cache.public_id}: {difference}.")
        done += len(portion)
        advance(len(portion))
        if len(portion) < _AT_ONCE:
            return done
        last = portion[-1][0].id


def _differences(cache: FirstEventCache, events: Sequence[StatusEvent], now: datetime) -> Iterator[str]:
    """What a row says otherwise than its events."""
    if [event.sequence for event in events] != list(range(1, cache.event_count + 1)):
        yield f"its row counts {cache.event_count} acts, and the register has {[one.sequence for one in events]}"
    if not events or events[0].act is not Act.ISSUE:
        yield "its first act is not its issuing"
        return
    first = events[0]
    starts_at = period_of(cache.valid_from, cache.valid_until).starts_at
    if (cache.recorded_at, cache.first_reason) != (first.recorded_at, first.reason):
        yield "its row tells another time or reason of issuing than the act"
    if first.effective_at != min(first.recorded_at, starts_at):
        yield "its issuing takes effect at another time than its first day says"
    # Another machine's clock may be ahead.
    at = max(now, *(event.recorded_at for event in events))
    folded = standing_at(events, at, at)
    try:
        cached = cached_standing(cache.state, cache.state_since, cache.state_reason, cache.state_changes_at, at)
    except ValueError:
        yield "its row has an unknown state or reason"
        return
    if cached is not None and cached != folded:
        yield f"its row says {_told(cached)}, its acts say {_told(folded)}"


def _told(standing: Standing | None) -> str:
    if standing is None:
        return "nothing"
    until = f" until {standing.changes_at.isoformat()}" if standing.changes_at else ""
    return f"{standing.state} since {standing.since.isoformat()}{until} ({standing.reason})"
