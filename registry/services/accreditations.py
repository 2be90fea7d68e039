"""Accreditations of issuers: entered and ended by the registry's operator, seen by all."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import Connection

from registry.domain.accreditation import Accreditation
from registry.domain.certificate import Authorization
from registry.domain.errors import InvalidInput, NotFound, Violation
from registry.domain.schemes import SCHEMES
from registry.services.context import Actor, Registry, audit_for, require_issuer
from registry.store import accreditations as store

MAX_BODY_LENGTH, MAX_NUMBER_LENGTH = 200, 64


def list_accreditations(registry: Registry, code: str) -> list[Accreditation]:
    """The accreditations of an issuer, oldest first. Raises NotFound."""
    with registry.database.read() as connection:
        return store.accreditations_of(connection, require_issuer(connection, code).id)


def add_accreditation(registry: Registry, code: str, accreditation: Accreditation, who: Actor | str) -> Accreditation:
    """Enter an accreditation; what the issuer decides within it from now on is accredited.

    Raises NotFound, InvalidInput.
    """
    check_accreditation(accreditation)
    with registry.database.transaction() as connection:
        issuer = require_issuer(connection, code)
        return enter(registry, connection, issuer.id, accreditation, who)


def end_accreditation(
    registry: Registry, code: str, accreditation_id: int, valid_until: date | None, who: Actor | str
) -> Accreditation:
    """Move the last day of an accreditation, or (None) take it away. What was issued stays as it is.

    Raises NotFound, InvalidInput.
    """
    with registry.database.transaction() as connection:
        issuer = require_issuer(connection, code)
        before = _require(connection, issuer.id, accreditation_id)
        if valid_until is not None and valid_until < before.valid_from:
            raise InvalidInput([Violation(("valid_until",), "the end is before the beginning")])
        store.update_end(connection, accreditation_id, valid_until)
        after = _require(connection, issuer.id, accreditation_id)
        audit_for(
            connection,
            registry.now(),
            who,
            issuer.id,
            "accreditation.end",
            after.number,
            before=_told(before),
            after=_told(after),
        )
    return after


def enter(
    registry: Registry, connection: Connection, issuer_id: int, accreditation: Accreditation, who: Actor | str
) -> Accreditation:
    """Store a checked accreditation within a transaction."""
    key = store.insert_accreditation(connection, issuer_id, accreditation)
    stored = _require(connection, issuer_id, key)
    audit_for(connection, registry.now(), who, issuer_id, "accreditation.add", stored.number, after=_told(stored))
    return stored


def accreditations_behind(authorizations: Iterable[Authorization]) -> list[Accreditation]:
    """Those that authorizations name, each with all the schemes of the same body, number and days."""
    schemes: dict[tuple[str, str, date, date | None], list[str]] = {}
    for one in authorizations:
        if one.accreditation_body is not None and one.accreditation_number is not None:
            same = (one.accreditation_body, one.accreditation_number, one.valid_from, one.valid_until)
            schemes.setdefault(same, []).append(one.scheme)
    return [
        Accreditation(body, number, tuple(covered), first, last)
        for (body, number, first, last), covered in schemes.items()
    ]


def check_accreditation(one: Accreditation) -> None:
    """Raises InvalidInput."""
    wrong = []
    for field, text, limit in (("body", one.body, MAX_BODY_LENGTH), ("number", one.number, MAX_NUMBER_LENGTH)):
        if not (text.strip() and len(text) <= limit and text.isprintable()):
            wrong.append(Violation((field,), f"must have 1 to {limit} printable characters"))
    if not one.schemes or len(set(one.schemes)) != len(one.schemes):
        wrong.append(Violation(("schemes",), "name at least one, and each once"))
    for position, scheme in enumerate(one.schemes):
        if scheme not in SCHEMES:
            wrong.append(Violation(("schemes", position), f"unknown scheme; known ones: {', '.join(SCHEMES)}"))
    if one.valid_until is not None and one.valid_until < one.valid_from:
        wrong.append(Violation(("valid_until",), "the end is before the beginning"))
    if wrong:
        raise InvalidInput(wrong)


def _require(connection: Connection, issuer_id: int, key: int) -> Accreditation:
    for one in store.accreditations_of(connection, issuer_id, for_update=True):
        if one.id == key:
            return one
    raise NotFound(f"This issuer has no accreditation number {key} in the list.")


def _told(one: Accreditation) -> dict[str, Any]:
    """An accreditation as the audit trail tells it."""
    return {
        "id": one.id,
        "body": one.body,
        "number": one.number,
        "schemes": list(one.schemes),
        "valid_from": one.valid_from.isoformat(),
        "valid_until": one.valid_until and one.valid_until.isoformat(),
    }
