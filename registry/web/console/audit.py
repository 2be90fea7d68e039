"""The audit trail, for those who may read it: filtered, page by page, and as a file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from flask import Blueprint, Response, request, stream_with_context
from flask.typing import ResponseReturnValue

from registry.domain.certificate import CERTIFICATE_ZONE
from registry.domain.errors import InvalidInput, RegistryError, Violation
from registry.domain.trail import TrailEvent
from registry.formats.audit_export import csv_lines, ndjson
from registry.services.audit_trail import export_own, list_events
from registry.services.context import Verb
from registry.store.audit_events import TrailFilters
from registry.web.console import forms, trail_texts
from registry.web.console.guard import allowed_to, the_actor
from registry.web.current import the_registry

blueprint = Blueprint("audit", __name__, url_prefix="/audit")
_AT_ONCE = 25
_FIELDS = {"act": 40, "subject": 120, "actor": 80, "since": 10, "until": 10}
_FORMATS = {"csv": (csv_lines, "text/csv; charset=utf-8"), "ndjson": (ndjson, "application/x-ndjson")}


class Change(NamedTuple):
    """A member of what was changed, as it was and as it became."""

    name: str
    before: str | None
    after: str | None


@blueprint.get("/")
@allowed_to(Verb.AUDIT)
def index() -> ResponseReturnValue:
    """What was done, newest first."""
    asked = _asked()
    shown: dict[str, Any] = {"asked": asked, "acts": trail_texts.ACTS, "changes": changes, "act_words": trail_texts.act}
    try:
        filters = _filters(asked)
        page = list_events(the_registry(), the_actor(), filters, request.args.get("after"), _AT_ONCE)
    except RegistryError as error:
        return forms.refused("audit.html", error, asked, items=[], next_after=None, **shown)
    return forms.page("audit.html", typed=asked, items=page.items, next_after=page.next_after, **shown)


@blueprint.get("/export.<form>")
@allowed_to(Verb.AUDIT)
def export(form: str) -> ResponseReturnValue:
    """The same as a file, oldest first."""
    if form not in _FORMATS:
        raise InvalidInput([Violation(("form",), "must be one of: csv, ndjson")])
    write, kind = _FORMATS[form]
    lines = write(export_own(the_registry(), the_actor(), _filters(_asked())))
    response = Response(stream_with_context(_gathered(lines)), content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="audit-trail.{form}"'
    return response


def changes(event: TrailEvent) -> list[Change]:
    """What differs between before and after, and the further details."""
    before, after = event.before or {}, event.after or {}
    told = []
    for name in sorted(before | after):
        old, new = before.get(name), after.get(name)
        if old != new:
            told.append(Change(trail_texts.member(name), trail_texts.value(name, old), trail_texts.value(name, new)))
    details = ((name, trail_texts.value(name, found)) for name, found in event.details.items())
    return told + [Change(trail_texts.member(name), None, said) for name, said in details if said is not None]


def _asked() -> dict[str, str]:
    return {name: request.args.get(name, "").strip()[:limit] for name, limit in _FIELDS.items()}


def _filters(asked: dict[str, str]) -> TrailFilters:
    """Days are days in China, both included. Raises InvalidInput."""
    until = _day("until", asked["until"])
    return TrailFilters(
        asked["act"] or None,
        asked["subject"] or None,
        asked["actor"] or None,
        _day("since", asked["since"]),
        until + timedelta(days=1) if until is not None else None,
    )


def _day(field: str, typed: str) -> datetime | None:
    if not typed:
        return None
    try:
        return datetime.combine(date.fromisoformat(typed), time.min, CERTIFICATE_ZONE)
    except ValueError:
        raise InvalidInput([Violation((field,), "not a day that exists")]) from None


def _gathered(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Larger pieces, of which each costs a turn of the server."""
    waiting = bytearray()
    for line in lines:
        waiting += line
        if len(waiting) >= 65_536:
            yield bytes(waiting)
            waiting.clear()
    yield bytes(waiting)
