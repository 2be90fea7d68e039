"""Registering issuers, and what each may certify."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy.exc import IntegrityError

from keys import Custody
from registry.domain.certificate import Authorization
from registry.domain.errors import Conflict, InvalidInput, Violation
from registry.domain.schemes import SCHEMES, Text
from registry.formats.data_integrity import Cryptosuite
from registry.services import manage_keys
from registry.services.accreditations import accreditations_behind, check_accreditation, enter
from registry.services.context import Actor, Registry, audit_for, require_issuer
from registry.store import issuers
from registry.store.issuers import StoredIssuer

_CODE = re.compile(r"[a-z0-9][a-z0-9-]{1,31}")


def add_issuer(
    registry: Registry,
    code: str,
    name: Text,
    address: Text,
    mark: str,
    authorizations: Sequence[Authorization],
    website: str | None = None,
    actor: Actor | str = "terminal",
    custody: Custody = Custody.FILE,
) -> StoredIssuer:
    """Register an issuer, make its first key and publish it, unless it is to hold its keys itself.

    Raises InvalidInput, Conflict, keys.KeyStoreError.
    """
    _check(code, name, address, mark, website, authorizations)
    now = registry.now()
    issuer = StoredIssuer(0, code, name, address, mark, website)
    try:
        with registry.database.transaction() as connection:
            issuer_id = issuers.insert_issuer(connection, issuer, now)
            for authorization in authorizations:
                issuers.insert_authorization(connection, issuer_id, authorization)
            audit_for(connection, now, actor, issuer_id, "issuer.add", code, after=_told(issuer, authorizations))
            for accreditation in accreditations_behind(authorizations):
                enter(registry, connection, issuer_id, accreditation, actor)
    except IntegrityError as error:
        raise Conflict(f"An issuer with the code {code!r} exists already.") from error
    if custody is not Custody.ISSUER:
        manage_keys.create_key(registry, code, actor=actor, custody=custody)
    with registry.database.read() as connection:
        return require_issuer(connection, code)


def add_authorization(
    registry: Registry, code: str, authorization: Authorization, actor: Actor | str = "terminal"
) -> None:
    """Allow an issuer a further scheme. Raises NotFound, InvalidInput."""
    _check_authorizations([authorization])
    now = registry.now()
    with registry.database.transaction() as connection:
        issuer = require_issuer(connection, code)
        issuers.insert_authorization(connection, issuer.id, authorization)
        told = _told_authorization(authorization)
        audit_for(connection, now, actor, issuer.id, "issuer.authorize", code, after=told)
        for accreditation in accreditations_behind([authorization]):
            enter(registry, connection, issuer.id, accreditation, actor)


def set_cryptosuite(registry: Registry, code: str, cryptosuite: Cryptosuite, actor: Actor | str = "terminal") -> None:
    """Choose what an issuer's certificates are signed with from now on. Raises NotFound."""
    now = registry.now()
    with registry.database.transaction() as connection:
        issuer = require_issuer(connection, code)
        issuers.update_cryptosuite(connection, issuer.id, str(cryptosuite))
        before, after = {"cryptosuite": issuer.cryptosuite}, {"cryptosuite": str(cryptosuite)}
        audit_for(connection, now, actor, issuer.id, "issuer.cryptosuite", code, before=before, after=after)


def list_issuers(registry: Registry) -> list[StoredIssuer]:
    """All issuers by code."""
    with registry.database.read() as connection:
        return issuers.all_issuers(connection)


def issuer_with_authorizations(registry: Registry, code: str) -> tuple[StoredIssuer, list[Authorization]]:
    """One issuer and what it may certify, without the accreditations behind it. Raises NotFound."""
    with registry.database.read() as connection:
        issuer = require_issuer(connection, code)
        return issuer, issuers.authorizations_of(connection, issuer.id)


def _told(issuer: StoredIssuer, authorizations: Sequence[Authorization]) -> dict[str, Any]:
    """An issuer as the audit trail tells it."""
    return {
        "name_zh": issuer.name.zh,
        "name_en": issuer.name.en,
        "address_zh": issuer.address.zh,
        "address_en": issuer.address.en,
        "mark": issuer.mark,
        "website": issuer.website,
        "authorizations": [_told_authorization(one) for one in authorizations],
    }


def _told_authorization(one: Authorization) -> dict[str, Any]:
    return {
        "scheme": one.scheme,
        "valid_from": one.valid_from.isoformat(),
        "valid_until": one.valid_until and one.valid_until.isoformat(),
        "accreditation_body": one.accreditation_body,
        "accreditation_number": one.accreditation_number,
    }


def _check(
    code: str, name: Text, address: Text, mark: str, website: str | None, authorizations: Sequence[Authorization]
) -> None:
    wrong = []
    if not _CODE.fullmatch(code) or code in manage_keys.RESERVED_NAMES:
        words = ", ".join(sorted(manage_keys.RESERVED_NAMES))
        wrong.append(Violation(("code",), f"2 to 32 small letters, digits and hyphens; none of: {words}"))
    texts = (
        ("name", name.zh, 200),
        ("name", name.en, 200),
        ("address", address.zh, 300),
        ("address", address.en, 300),
        ("mark", mark, 32),
        ("website", website, 200),
    )
    for path, text, limit in texts:
        if text is not None and not (len(text.strip()) > 0 and len(text) <= limit and text.isprintable()):
            wrong.append(Violation((path,), f"must have 1 to {limit} printable characters"))
    if website is not None and not re.fullmatch(r"https?://[^\s/]+\S*", website):
        wrong.append(Violation(("website",), "must begin with https:// or http://"))
    if wrong:
        raise InvalidInput(wrong)
    _check_authorizations(authorizations)


def _check_authorizations(authorizations: Sequence[Authorization]) -> None:
    for position, authorization in enumerate(authorizations):
        path = ("authorizations", position)
        if authorization.scheme not in SCHEMES:
            raise InvalidInput([Violation((*path, "scheme"), f"unknown scheme; known ones: {', '.join(SCHEMES)}")])
        if authorization.valid_until is not None and authorization.valid_until < authorization.valid_from:
            raise InvalidInput([Violation((*path, "valid_until"), "the end is before the beginning")])
        if (authorization.accreditation_body is None) != (authorization.accreditation_number is None):
            raise InvalidInput([Violation(path, "an accreditation has both a body and a number")])
    for accreditation in accreditations_behind(authorizations):
        check_accreditation(accreditation)
