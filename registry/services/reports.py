"""Suspected forgeries: reported by anybody, seen by operators of the registry and the issuer concerned alone."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import Connection

from registry.domain.errors import Conflict, InvalidInput, NotFound, NotPermitted, Violation
from registry.domain.public_id import ALPHABET
from registry.formats.photo import UnusablePhoto, clean_photo
from registry.services.context import Registry, Verb, require_issuer
from registry.services.roles import Role
from registry.services.sessions import Person, name_of
from registry.store import access
from registry.store import reports as store
from registry.store.certificates import find_stored
from registry.store.issuers import find_issuer
from registry.store.reports import StoredReport

MAX_SEEN, MAX_LINE = 4000, 200
REFERENCE_LENGTH = 10
# Beyond this many on one day, of all people together, no more is taken in: it bounds what strangers can make us store.
MAX_A_DAY = 500
_AT_MOST = 100


class ReportState(StrEnum):
    """What has become of a report."""

    NEW = "new"
    SEEN = "seen"
    CLOSED = "closed"


# From which state to which; a closed one can be taken up again.
MOVES: Mapping[ReportState, frozenset[ReportState]] = {
    ReportState.NEW: frozenset({ReportState.SEEN, ReportState.CLOSED}),
    ReportState.SEEN: frozenset({ReportState.CLOSED}),
    ReportState.CLOSED: frozenset({ReportState.SEEN}),
}


@dataclass(frozen=True, slots=True)
class Suspicion:
    """What somebody reports. `about`: the number or id on the paper; `public_id`: the id that it was read as."""

    seen: str
    about: str = ""
    public_id: str | None = None
    issuer_code: str = ""
    place: str = ""
    contact: str = ""
    picture: bytes = b""


@dataclass(frozen=True, slots=True)
class Handler:
    """Who handles reports: those that concern an issuer, or (None) all of them."""

    name: str
    issuer_id: int | None = None
    user_id: int | None = None
    origin: str | None = None


def handler_of(person: Person, origin: str) -> Handler:
    """A person of the console: an operator handles all reports, an administrator the issuer's. Raises NotPermitted."""
    if not person.complete:
        raise NotPermitted("Sign in first.")
    if person.role is Role.OPERATOR:
        return Handler(name_of(person.user), None, person.user.id, origin)
    actor = person.actor(origin)
    actor.require(Verb.ADMINISTER)
    return Handler(actor.name, actor.issuer_id, actor.user_id, origin)


def report(registry: Registry, given: Suspicion) -> str:
    """Take a report in; returns its reference, which tells nobody anything. Raises InvalidInput, Conflict."""
    picture = _checked(given)
    now = registry.now()
    reference = "".join(secrets.choice(ALPHABET) for _ in range(REFERENCE_LENGTH))
    with registry.database.transaction() as connection:
        if store.count_received(connection, now - timedelta(days=1)) >= MAX_A_DAY:
            raise Conflict("Too many reports have come today. Try again tomorrow.")
        public_id, issuer_id = _concerned(connection, given)
        store.insert_report(
            connection,
            picture,
            reference=reference,
            received_at=now,
            issuer_id=issuer_id,
            public_id=public_id,
            about=given.about or None,
            seen=given.seen,
            place=given.place or None,
            contact=given.contact or None,
            state=ReportState.NEW.value,
        )
        access.insert_audit(connection, now, "public", "report.receive", issuer_id, reference, {})
    return reference


def list_reports(
    registry: Registry, handler: Handler, state: ReportState | None, after: str | None, limit: int = 25
) -> tuple[list[StoredReport], str | None]:
    """A page of the reports, newest first, and the reference to go on after; None on the last. Raises InvalidInput."""
    if not 0 < limit <= _AT_MOST:
        raise InvalidInput([Violation(("limit",), f"must be 1 to {_AT_MOST}")])
    with registry.database.read() as connection:
        below = None
        if after is not None:
            cursor = store.find_report(connection, handler.issuer_id, after)
            if cursor is None:
                raise InvalidInput([Violation(("after",), "not a cursor of this list; use the one in the page before")])
            below = cursor.id
        found = store.reports(connection, handler.issuer_id, state, below, limit + 1)
    return found[:limit], found[limit - 1].reference if len(found) > limit else None


def read_report(registry: Registry, handler: Handler, reference: str) -> StoredReport:
    """One report. Raises NotFound."""
    with registry.database.read() as connection:
        return _require(connection, handler, reference)


def read_picture(registry: Registry, handler: Handler, reference: str) -> bytes:
    """The picture that came with a report, as JPEG. Raises NotFound."""
    with registry.database.read() as connection:
        picture = store.picture_of(connection, _require(connection, handler, reference).id)
    if picture is None:
        raise NotFound("No picture came with this report.")
    return picture


def mark_report(registry: Registry, handler: Handler, reference: str, state: ReportState, note: str) -> StoredReport:
    """Say what becomes of a report; closing one takes a note. Raises NotFound, InvalidInput, Conflict."""
    if len(note) > MAX_SEEN:
        raise InvalidInput([Violation(("note",), f"longer than {MAX_SEEN} characters")])
    if state is ReportState.CLOSED and not note:
        raise InvalidInput([Violation(("note",), "must not be empty")])
    now = registry.now()
    with registry.database.transaction() as connection:
        before = _require(connection, handler, reference, for_update=True)
        if state not in MOVES[ReportState(before.state)]:
            raise Conflict(f"This report is {before.state} already.")
        kept = note or before.note
        store.update_report(
            connection, before.id, state=state.value, note=kept, changed_at=now, changed_by=handler.name
        )
        access.insert_audit(
            connection,
            now,
            handler.name,
            f"report.{state.value}",
            before.issuer_id,
            reference,
            {},
            before={"state": before.state, "note": before.note},
            after={"state": state.value, "note": kept},
            user_id=handler.user_id,
            origin=handler.origin,
        )
        return _require(connection, handler, reference)


def handler_at_terminal(registry: Registry, name: str, issuer_code: str | None = None) -> Handler:
    """The operator at the terminal, for all reports or those of an issuer. Raises NotFound."""
    if issuer_code is None:
        return Handler(name)
    with registry.database.read() as connection:
        return Handler(name, require_issuer(connection, issuer_code).id)


def _checked(given: Suspicion) -> bytes | None:
    """The picture as it is kept. Raises InvalidInput with everything that is wrong."""
    wrong = []
    if not given.seen:
        wrong.append(Violation(("seen",), "say what was seen"))
    limits = (
        ("seen", given.seen, MAX_SEEN),
        *((name, getattr(given, name), MAX_LINE) for name in ("about", "place", "contact")),
    )
    for name, text, limit in limits:
        if len(text) > limit:
            wrong.append(Violation((name,), f"longer than {limit} characters"))
        elif "\0" in text:
            wrong.append(Violation((name,), "a character that can't be stored or searched for"))
    picture = None
    try:
        picture = clean_photo(given.picture) if given.picture else None
    except UnusablePhoto as error:
        wrong.append(Violation(("picture",), str(error)))
    if wrong:
        raise InvalidInput(wrong)
    return picture


def _concerned(connection: Connection, given: Suspicion) -> tuple[str | None, int | None]:
    """The certificate and the issuer that a report is about; what is registered goes before what was chosen."""
    if given.public_id is not None:
        row = find_stored(connection, given.public_id)
        if row is not None:
            return row.public_id, row.issuer_id
    owners = store.issuers_of_number(connection, given.about.strip()) if given.about else []
    if len(owners) == 1:
        return None, owners[0]
    if not given.issuer_code:
        return None, None
    issuer = find_issuer(connection, given.issuer_code)
    if issuer is None:
        raise InvalidInput([Violation(("issuer",), f"No issuer has the code {given.issuer_code[:32]!r}.")])
    return None, issuer.id


def _require(connection: Connection, handler: Handler, reference: str, *, for_update: bool = False) -> StoredReport:
    found = store.find_report(connection, handler.issuer_id, reference, for_update=for_update)
    if found is None:
        raise NotFound(f"No report has the reference {reference[:REFERENCE_LENGTH]!r}.")
    return found
