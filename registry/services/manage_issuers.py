"""Registering issuers, and the life of signing keys."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.exc import IntegrityError

from keys import KeyRecord, KeyState, Purpose
from registry.domain.certificate import Authorization
from registry.domain.errors import Conflict, InvalidInput, NotFound, Violation
from registry.domain.schemes import SCHEMES, Text
from registry.domain.signing_key import PublishedKey
from registry.formats.did_web import issuer_did, registry_did
from registry.services.context import Registry, require_issuer
from registry.services.own_keys import OWN_PURPOSES
from registry.store import access, issuers
from registry.store.issuers import StoredIssuer, StoredKey

_CODE = re.compile(r"[a-z0-9][a-z0-9-]{1,31}")
REGISTRY_OWNER = "registry"
# Names of the registry's own keys begin so: log-1, status-list-1.
_PREFIXES = {purpose: purpose.value.replace("_", "-") for purpose in OWN_PURPOSES}


def add_issuer(
    registry: Registry,
    code: str,
    name: Text,
    address: Text,
    mark: str,
    authorizations: Sequence[Authorization],
    website: str | None = None,
    actor: str = "terminal",
) -> StoredIssuer:
    """Register an issuer, make its first key and publish it. Raises InvalidInput, Conflict."""
    _check(code, name, address, mark, website, authorizations)
    now = registry.now()
    issuer = StoredIssuer(0, code, name, address, mark, website)
    try:
        with registry.database.transaction() as connection:
            issuer_id = issuers.insert_issuer(connection, issuer, now)
            for authorization in authorizations:
                issuers.insert_authorization(connection, issuer_id, authorization)
            access.insert_audit(connection, now, actor, "issuer.add", issuer_id, code, {"name": name.zh})
    except IntegrityError as error:
        raise Conflict(f"An issuer with the code {code!r} exists already.") from error
    create_key(registry, code, actor=actor)
    with registry.database.read() as connection:
        return require_issuer(connection, code)


def add_authorization(registry: Registry, code: str, authorization: Authorization, actor: str = "terminal") -> None:
    """Allow an issuer a further scheme. Raises NotFound, InvalidInput."""
    _check_authorizations([authorization])
    now = registry.now()
    with registry.database.transaction() as connection:
        issuer = require_issuer(connection, code)
        issuers.insert_authorization(connection, issuer.id, authorization)
        details = {"scheme": authorization.scheme, "accreditation": authorization.accreditation_number}
        access.insert_audit(connection, now, actor, "issuer.authorize", issuer.id, code, details)


def create_key(registry: Registry, owner: str, purpose: Purpose | None = None, actor: str = "terminal") -> KeyRecord:
    """Make and publish a further key of an issuer, or of the registry itself ('registry') for one of its purposes.

    What is signed from now on is signed with the newest active key of the purpose. Raises NotFound, InvalidInput,
    Conflict, keys.KeyStoreError.
    """
    purpose = _purpose(owner, purpose)
    now = registry.now()
    with registry.database.read() as connection:
        issuer_id = None if owner == REGISTRY_OWNER else require_issuer(connection, owner).id
        published = issuers.all_keys(connection)
    name, fragment = _free_name(published, owner, purpose)
    # The file first: a key that is published can sign, while a file without publication harms nobody.
    existing = next((record for record in registry.keys.records() if record.name == name), None)
    if existing is not None and (existing.state is not KeyState.ACTIVE or existing.purpose is not purpose):
        raise Conflict(f"A key file {name} that was never published is in the way; move it to another place.")
    record = existing or registry.keys.create(name, owner, purpose, now)
    did = registry_did(registry.base_url) if issuer_id is None else issuer_did(registry.base_url, owner)
    key = PublishedKey(f"{did}#{fragment}", record.public_key, now)
    try:
        with registry.database.transaction() as connection:
            issuers.insert_key(connection, issuer_id, name, purpose.value, key)
            access.insert_audit(connection, now, actor, "key.create", issuer_id, name, {"purpose": purpose.value})
    except IntegrityError as error:
        raise Conflict(f"The key {name} was published by somebody else at this moment.") from error
    return record


def _purpose(owner: str, purpose: Purpose | None) -> Purpose:
    """What a key of this owner is for: the registry's keys have several purposes, an issuer's one."""
    allowed: tuple[Purpose, ...] = OWN_PURPOSES if owner == REGISTRY_OWNER else (Purpose.ISSUER,)
    chosen = purpose or allowed[0]
    if chosen not in allowed:
        words = ", ".join(allowed)
        raise InvalidInput([Violation(("purpose",), f"a key of {owner!r} can't be for {chosen}; it can be: {words}")])
    return chosen


def _free_name(published: Sequence[StoredKey], owner: str, purpose: Purpose) -> tuple[str, str]:
    """The name in the key store and the DID URL fragment of the next key of an owner for a purpose."""
    own = purpose is not Purpose.ISSUER
    prefix = _PREFIXES[purpose] if own else owner
    code = None if own else owner
    number = 1 + sum(key.issuer_code == code and key.purpose == purpose for key in published)
    taken = {key.name for key in published}
    # An issuer that an earlier version let in may have one of these words as its code.
    while f"{prefix}-{number}" in taken:
        number += 1
    return f"{prefix}-{number}", f"{prefix}-{number}" if own else f"key-{number}"


def retire_key(registry: Registry, name: str, actor: str = "terminal") -> KeyRecord:
    """Let a key sign no more; certificates that it signed stay good. Raises keys.KeyStoreError."""
    record = registry.keys.retire(name, registry.now())
    _publish_end(registry, record, "key.retire", actor)
    return record


def mark_key_compromised(registry: Registry, name: str, since: datetime, actor: str = "terminal") -> KeyRecord:
    """Declare a key compromised: certificates recorded from `since` on that it signed are invalid."""
    if since > registry.now():
        raise InvalidInput([Violation(("since",), "lies in the future")])
    record = registry.keys.mark_compromised(name, since)
    _publish_end(registry, record, "key.compromise", actor)
    return record


def rotate_key(registry: Registry, owner: str, purpose: Purpose | None = None, actor: str = "terminal") -> KeyRecord:
    """Make a new key, then retire the older active ones of the same purpose."""
    purpose = _purpose(owner, purpose)
    old = [record for record in registry.keys.records() if record.owner == owner and record.purpose is purpose]
    new = create_key(registry, owner, purpose, actor)
    for record in old:
        if record.retired_at is None and record.name != new.name:
            retire_key(registry, record.name, actor)
    return new


def published_keys(registry: Registry, issuer_code: str | None = None) -> list[StoredKey]:
    """All published keys, or those of one issuer."""
    with registry.database.read() as connection:
        if issuer_code is None:
            return issuers.all_keys(connection)
        return issuers.keys_of(connection, require_issuer(connection, issuer_code).id)


def list_issuers(registry: Registry) -> list[StoredIssuer]:
    """All issuers by code."""
    with registry.database.read() as connection:
        return issuers.all_issuers(connection)


def issuer_with_authorizations(registry: Registry, code: str) -> tuple[StoredIssuer, list[Authorization]]:
    """One issuer and what it may certify. Raises NotFound."""
    with registry.database.read() as connection:
        issuer = require_issuer(connection, code)
        return issuer, issuers.authorizations_of(connection, issuer.id)


def _publish_end(registry: Registry, record: KeyRecord, act: str, actor: str) -> None:
    with registry.database.transaction() as connection:
        issuers.lock_key(connection, record.name)
        stored = next((key for key in issuers.all_keys(connection) if key.name == record.name), None)
        if stored is None:
            raise NotFound(f"The key {record.name} is in the key store but was never published.")
        # Now that nobody holds the key any more: what was signed until this moment is good.
        now = registry.now()
        retired_at = stored.published.retired_at or (record.retired_at and now)
        issuers.update_key(connection, record.name, retired_at, record.compromised_since)
        since = record.compromised_since and record.compromised_since.isoformat()
        issuer = stored.issuer_code and require_issuer(connection, stored.issuer_code).id
        access.insert_audit(connection, now, actor, act, issuer or None, record.name, {"since": since})


def _check(
    code: str, name: Text, address: Text, mark: str, website: str | None, authorizations: Sequence[Authorization]
) -> None:
    wrong = []
    reserved = set(_PREFIXES.values())
    if not _CODE.fullmatch(code) or code in reserved:
        words = ", ".join(sorted(reserved))
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
