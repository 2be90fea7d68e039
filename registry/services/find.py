"""Finding certificates: the issuer's list, and the public search. Pages by keyset, newest first."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, select, tuple_

from registry.domain.certificate import HolderId, HolderType
from registry.domain.errors import InvalidInput, NotFound, Violation
from registry.domain.lifecycle import Status, StatusAt, StatusEvent, standing_at, status_of
from registry.domain.public_id import MalformedPublicId, parse_public_id
from registry.services.change_status import refresh_due
from registry.services.context import Actor, Registry, Verb
from registry.store import certificates as store
from registry.store import versions as version_store
from registry.store.certificates import AnySelect, StoredCertificate
from registry.store.holder_names import fold_name, name_begins, name_contains
from registry.store.models import Certificate

MAX_PAGE = 100
MAX_QUERY_LENGTH = 200
# More than a certification body makes of one certificate.
_MAX_VERSIONS = 50
# More often than any certification goes on to another body.
_MAX_HANDOVERS = 10


class NameMatch(StrEnum):
    """How a holder's name is compared."""

    PREFIX = "prefix"
    CONTAINS = "contains"


@dataclass(frozen=True, slots=True)
class Found:
    """A certificate in a list, with its status now."""

    certificate: StoredCertificate
    status: StatusAt


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list; `next_after` is the cursor of the next one, None on the last."""

    items: list[Found]
    next_after: str | None


@dataclass(frozen=True, slots=True)
class Filters:
    """What an issuer's list is narrowed down by."""

    status: Status | None = None
    scheme: str | None = None
    holder: str | None = None
    issued_from: date | None = None
    issued_until: date | None = None
    number: str | None = None
    holder_id: str | None = None
    # A part of the holder's name.
    name: str | None = None
    branch_id: int | None = None


def list_certificates(registry: Registry, actor: Actor, filters: Filters, after: str | None, limit: int) -> Page:
    """The issuer's certificates, newest first; where dates are asked for, by that date.

    `filters.holder` is an identifier or the beginning of a name; dates are of validity.

    Raises InvalidInput, NotPermitted.
    """
    actor.require(Verb.READ)
    refresh_due(registry)
    with registry.database.read() as connection:
        statement = store.stored_certificates().where(*narrowed(registry, connection, actor, filters))
        return _page(registry, connection, statement, after, limit, _order(filters))


def search_own(registry: Registry, actor: Actor, typed: str, filters: Filters, after: str | None, limit: int) -> Page:
    """The issuer's certificates by whatever was typed: a number, an identifier or a part of the holder's name.

    Raises InvalidInput, NotPermitted.
    """
    if len(typed) > MAX_QUERY_LENGTH:
        raise InvalidInput([Violation(("q",), f"longer than {MAX_QUERY_LENGTH} characters")])
    page = list_certificates(registry, actor, replace(filters, number=typed), after, limit)
    if not page.items:
        page = list_certificates(registry, actor, replace(filters, holder_id=typed.upper()), after, limit)
    if not page.items:
        page = list_certificates(registry, actor, replace(filters, name=typed), after, limit)
    return page


def narrowed(registry: Registry, connection: Connection, actor: Actor, filters: Filters) -> list[ColumnElement[bool]]:
    """The conditions on Certificate for those of the issuer's that `filters` lets through."""
    conditions: list[ColumnElement[bool]] = [Certificate.issuer_id == actor.issuer_id]
    if filters.status is not None:
        conditions.append(store.status_condition(filters.status, registry.now()))
    if filters.scheme is not None:
        conditions.append(Certificate.scheme == filters.scheme)
    if filters.holder is not None:
        conditions.append((Certificate.holder_id == filters.holder) | name_begins(connection, filters.holder))
    if filters.number is not None:
        conditions.append(Certificate.number.in_(spellings(filters.number)))
    if filters.holder_id is not None:
        conditions.append(Certificate.holder_id == filters.holder_id)
    if filters.name is not None:
        conditions += _by_name(connection, filters.name, NameMatch.CONTAINS)
    if filters.branch_id is not None:
        conditions.append(Certificate.branch_id == filters.branch_id)
    if filters.issued_from is not None:
        conditions.append(Certificate.valid_from >= filters.issued_from)
    if filters.issued_until is not None:
        conditions.append(Certificate.valid_from <= filters.issued_until)
    return conditions


def _order(filters: Filters) -> Any:
    """The column that the list is ordered by before the order of issuing, if any.

    A filter on dates is ordered by that date: then one index serves both, however few certificates fit.
    """
    if filters.status is Status.EXPIRED:
        return Certificate.valid_until
    if filters.status is Status.NOT_YET_VALID or filters.issued_from or filters.issued_until:
        return Certificate.valid_from
    return None


def read_certificate(registry: Registry, actor: Actor, public_id: str) -> tuple[Found, bytes]:
    """One of the issuer's certificates with its signed credential. Raises NotFound, NotPermitted."""
    actor.require(Verb.READ)
    with registry.database.read() as connection:
        row = _own(connection, actor, public_id)
        document = store.document_of(connection, row.public_id)
        assert document is not None  # noqa: S101 - stored with the certificate
        return with_status(connection, [row], registry.now())[0], document


def issued_certificate(registry: Registry, actor: Actor, public_id: str) -> tuple[StoredCertificate, bytes]:
    """A certificate that the actor has just issued, with its signed credential."""
    with registry.database.read() as connection:
        row = _own(connection, actor, public_id)
        document = store.document_of(connection, row.public_id)
    assert document is not None  # noqa: S101 - stored with the certificate
    return row, document


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """A status event and who recorded it."""

    event: StatusEvent
    actor: str


def history(registry: Registry, actor: Actor, public_id: str) -> list[RecordedEvent]:
    """All status events of one of the issuer's certificates. Raises NotFound, NotPermitted."""
    actor.require(Verb.READ)
    with registry.database.read() as connection:
        row = _own(connection, actor, public_id)
        recorded = store.recorded_events(connection, [row.id])
    return [RecordedEvent(event, actor) for _, event, actor in recorded]


def versions(registry: Registry, actor: Actor, public_id: str) -> list[Found]:
    """All versions of one of the issuer's certificates, oldest first. Raises NotFound, NotPermitted."""
    actor.require(Verb.READ)
    with registry.database.read() as connection:
        row = _own(connection, actor, public_id)
        if row.first_version_id is None:
            return with_status(connection, [row], registry.now())
        return versions_of(connection, row.first_version_id, registry.now())


def versions_of(connection: Connection, first_version_id: int, now: datetime) -> list[Found]:
    """The versions that began with a certificate, oldest first, also those yet to begin; of very many the newest."""
    return with_status(connection, version_store.versions_of(connection, first_version_id, _MAX_VERSIONS), now)


def versions_across(connection: Connection, key: int, now: datetime) -> list[Found]:
    """The versions of a certificate, and those before and after it by other issuers that handed it over, oldest first.

    Empty where there is but one.
    """
    first = version_store.first_of(connection, key)
    chain = newest = _chain(connection, first, now)
    before = first
    for _ in range(_MAX_HANDOVERS):
        if before.replaces_id is None:
            break
        before = version_store.first_of(connection, before.replaces_id)
        chain = _chain(connection, before, now) + chain
    for _ in range(_MAX_HANDOVERS):
        mine = [one.certificate.id for one in newest]
        taker = version_store.taken_over_by(connection, mine, newest[0].certificate.issuer_id)
        if taker is None:
            break
        newest = _chain(connection, version_store.first_of(connection, taker), now)
        chain = chain + newest
    return chain if len(chain) > 1 else []


def _chain(connection: Connection, first: StoredCertificate, now: datetime) -> list[Found]:
    if first.first_version_id is None:
        return with_status(connection, [first], now)
    return versions_of(connection, first.id, now)


def search(
    registry: Registry,
    number: str | None = None,
    uscc: str | None = None,
    name: str | None = None,
    match: NameMatch = NameMatch.CONTAINS,
    after: str | None = None,
    limit: int = 20,
) -> Page:
    """The public search, by exactly one of number, USCC and holder's name.

    Persons are found by certificate number alone. Raises InvalidInput.
    """
    given = [field for field, value in (("number", number), ("uscc", uscc), ("name", name)) if value]
    if len(given) != 1:
        raise InvalidInput([Violation((), "give exactly one of: number, uscc, name")])
    if max(len(value or "") for value in (number, uscc, name)) > MAX_QUERY_LENGTH:
        raise InvalidInput([Violation((given[0],), f"longer than {MAX_QUERY_LENGTH} characters")])
    refresh_due(registry)
    with registry.database.read() as connection:
        statement = store.stored_certificates()
        if number:
            statement = statement.where(Certificate.number.in_(spellings(number)))
        elif uscc:
            statement = statement.where(Certificate.holder_id.in_(_identifiers(uscc)))
        else:
            statement = statement.where(*_by_name(connection, name or "", match))
        return _page(registry, connection, statement, after, limit)


def search_anything(registry: Registry, typed: str, after: str | None = None, limit: int = 20) -> Page:
    """The one search box: an id, a number, a USCC or a name. Raises InvalidInput."""
    typed = typed.strip()
    page = search(registry, number=typed, after=after, limit=limit)
    if not page.items:
        page = search(registry, uscc=typed, after=after, limit=limit)
    if page.items:
        return page
    return search(registry, name=typed, after=after, limit=limit)


def certificates_of_holder(registry: Registry, holder: HolderId, after: str | None = None, limit: int = 20) -> Page:
    """All certificates of an organization, those that began last before the others.

    Persons are found by certificate number alone. Raises InvalidInput, NotFound.
    """
    refresh_due(registry)
    with registry.database.read() as connection:
        statement = store.stored_certificates().where(
            Certificate.holder_id.in_(_identifiers(holder.value)),
            Certificate.holder_id_scheme == holder.scheme,
            Certificate.holder_type == HolderType.ORGANIZATION,
        )
        page = _page(registry, connection, statement, after, limit, Certificate.valid_from)
    if not page.items:
        raise NotFound("No certificate of a holder with this identifier is in the registry.")
    return page


def has_number(row: StoredCertificate, typed: str) -> bool:
    """Whether what was typed is the certificate's number."""
    return row.number in spellings(typed)


def is_of_holder(row: StoredCertificate, typed: str) -> bool:
    """Whether what was typed is the holder's identifier, or all of one of its names."""
    if row.holder_id in _identifiers(typed):
        return True
    return fold_name(typed) in {fold_name(name) for name in (row.holder_name, row.holder_name_en) if name}


def stored_document(registry: Registry, typed: str) -> tuple[str, bytes]:
    """The public id and the signed credential behind it. Raises MalformedPublicId, NotFound."""
    public_id = parse_public_id(typed)
    with registry.database.read() as connection:
        document = store.document_of(connection, public_id)
    if document is None:
        raise NotFound("No certificate with this id is in the registry.")
    return public_id, document


def spellings(number: str) -> set[str]:
    """A number as it may stand in the register: people type small letters, and blanks for hyphens or for nothing."""
    typed = " ".join(unicodedata.normalize("NFKC", number).split())
    upper = typed.upper()
    return {number.strip(), typed, upper, upper.replace(" ", "-"), upper.replace(" ", "")}


def _identifiers(typed: str) -> set[str]:
    """An identifier as it may stand in the register: people type small letters, and blanks between groups."""
    return {typed.strip(), "".join(unicodedata.normalize("NFKC", typed).split()).upper()}


def _by_name(connection: Connection, name: str, match: NameMatch) -> list[ColumnElement[bool]]:
    if match is NameMatch.PREFIX:
        if not name.strip():
            raise InvalidInput([Violation(("name",), "must not be empty")])
        return [name_begins(connection, name)]
    conditions = name_contains(connection, name)
    if not conditions:
        reason = "too short: type at least two Chinese characters, or three letters"
        raise InvalidInput([Violation(("name",), reason)])
    return conditions


def _page(
    registry: Registry,
    connection: Connection,
    statement: AnySelect,
    after: str | None,
    limit: int,
    order: Any = None,
) -> Page:
    """A page by keyset: from the certificate that the cursor names on, in falling order of `order` and of issuing."""
    if not 0 < limit <= MAX_PAGE:
        raise InvalidInput([Violation(("limit",), f"must be 1 to {MAX_PAGE}")])
    columns = [Certificate.id] if order is None else [order, Certificate.id]
    if after is not None:
        statement = statement.where(tuple_(*columns) < tuple_(*_cursor(connection, after, columns)))
    statement = statement.order_by(*(column.desc() for column in columns)).limit(limit + 1)
    rows = store.fetch_stored(connection, statement)
    items = with_status(connection, rows[:limit], registry.now())
    return Page(items, rows[limit - 1].public_id if len(rows) > limit else None)


def _cursor(connection: Connection, public_id: str, columns: Sequence[Any]) -> Sequence[Any]:
    try:
        row = connection.execute(select(*columns).where(Certificate.public_id == parse_public_id(public_id))).first()
    except MalformedPublicId:
        row = None
    if row is None or None in row:
        raise InvalidInput([Violation(("after",), "not a cursor of this list; use the one in the page before")])
    return row


def with_status(connection: Connection, rows: Sequence[StoredCertificate], now: datetime) -> list[Found]:
    """Add the status to each; those whose cache has run out are folded anew, with one query for all of them."""
    standings = {row.id: row.standing(now) for row in rows}
    stale = [key for key, standing in standings.items() if standing is None]
    if stale:
        for key, events in store.events_of(connection, stale).items():
            standings[key] = standing_at(events, now, now)
    found = []
    for row in rows:
        standing = standings[row.id]
        if standing is not None:
            found.append(Found(row, status_of(standing, row.period, now)))
    return found


def _own(connection: Connection, actor: Actor, public_id: str) -> StoredCertificate:
    row = store.find_stored(connection, parse_public_id(public_id), actor.issuer_id)
    if row is None:
        raise NotFound("No certificate of yours has this id.")
    return row
