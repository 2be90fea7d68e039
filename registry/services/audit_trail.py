"""The audit trail as it is read: pages for an issuer, and the whole of it for export."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from registry.domain.errors import InvalidInput, Violation
from registry.domain.trail import TrailRecord
from registry.services.context import Actor, Registry, Verb, require_issuer
from registry.store import audit_events as store
from registry.store.audit_events import TrailFilters

MAX_PAGE = 100
_EXPORTED_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class TrailPage:
    """A page of the trail, newest first; `next_after` is the cursor of the next one, None on the last."""

    items: list[TrailRecord]
    next_after: str | None


def list_events(registry: Registry, actor: Actor, filters: TrailFilters, after: str | None, limit: int) -> TrailPage:
    """What concerned the actor's issuer, newest first. Raises InvalidInput, NotPermitted."""
    actor.require(Verb.AUDIT)
    if not 0 < limit <= MAX_PAGE:
        raise InvalidInput([Violation(("limit",), f"must be 1 to {MAX_PAGE}")])
    with registry.database.read() as connection:
        place = None
        if after is not None:
            place = store.place_of(connection, actor.issuer_id, int(after)) if _is_cursor(after) else None
            if place is None:
                reason = "not a cursor of this list; use the one in the page before"
                raise InvalidInput([Violation(("after",), reason)])
        found = store.trail_events(connection, actor.issuer_id, filters, place, limit + 1, oldest_first=False)
    return TrailPage(found[:limit], str(found[limit - 1].event.id) if len(found) > limit else None)


def export_own(registry: Registry, actor: Actor, filters: TrailFilters) -> Iterator[TrailRecord]:
    """All that concerned the actor's issuer, oldest first, read in portions. Raises NotPermitted."""
    actor.require(Verb.AUDIT)
    return _export(registry, actor.issuer_id, filters)


def export_any(
    registry: Registry, issuer_code: str | None, since: datetime | None, until: datetime | None
) -> Iterator[TrailRecord]:
    """For the registry's operator: what concerned one issuer, or all of the trail, oldest first. Raises NotFound."""
    issuer_id = None
    if issuer_code is not None:
        with registry.database.read() as connection:
            issuer_id = require_issuer(connection, issuer_code).id
    return _export(registry, issuer_id, TrailFilters(since=since, until=until))


def _export(registry: Registry, issuer_id: int | None, filters: TrailFilters) -> Iterator[TrailRecord]:
    place: tuple[datetime, int] | None = None
    while True:
        with registry.database.read() as connection:
            found = store.trail_events(connection, issuer_id, filters, place, _EXPORTED_AT_ONCE, oldest_first=True)
        yield from found
        if len(found) < _EXPORTED_AT_ONCE:
            return
        place = (found[-1].event.at, found[-1].event.id)


def _is_cursor(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19
