"""The life of signing keys: made, rotated, retired, compromised. Every act is published and audited."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from keys import Custody, KeyNotFound, KeyRecord, KeyState, KeyStoreError, Purpose
from registry.domain.errors import Conflict, InvalidInput, NotFound, Violation
from registry.domain.signing_key import PublishedKey
from registry.formats.did_web import issuer_did, registry_did
from registry.services.context import Actor, Registry, audit_for, require_issuer
from registry.services.log.renew import renew_checkpoints
from registry.services.own_keys import OWN_PURPOSES
from registry.store import issuers, signed_certificates
from registry.store.changes import insert_spoiled
from registry.store.issuers import StoredKey

REGISTRY_OWNER = "registry"
_TERMINAL = "terminal"
# Names of the registry's own keys begin so (log-1, status-list-1), and those of an issuer's with its code.
_PREFIXES = {purpose: purpose.value.replace("_", "-") for purpose in OWN_PURPOSES}
RESERVED_NAMES = frozenset(_PREFIXES.values())
LONGEST_OVERLAP = timedelta(days=3660)


def create_key(
    registry: Registry,
    owner: str,
    purpose: Purpose | None = None,
    actor: Actor | str = _TERMINAL,
    custody: Custody | None = None,
) -> StoredKey:
    """Make and publish a further key of an issuer, or of the registry itself ('registry') for one of its purposes.

    What is signed from now on is signed with the newest active key of the purpose. Without `custody` the key comes to
    where the newest one is. Raises NotFound, InvalidInput, Conflict, keys.KeyStoreError.
    """
    return _in_effect(registry, _create(registry, owner, _purpose(owner, purpose), actor, custody))


def _create(
    registry: Registry, owner: str, purpose: Purpose, actor: Actor | str, custody: Custody | None = None
) -> StoredKey:
    now = registry.now()
    with registry.database.read() as connection:
        issuer_id = None if owner == REGISTRY_OWNER else require_issuer(connection, owner).id
        published = issuers.all_keys(connection)
    custody = custody or _present_custody(published, owner, purpose)
    name, fragment = free_name(published, owner, purpose)
    record = _key_file(registry, name, owner, purpose, now, custody)
    did = registry_did(registry.base_url) if issuer_id is None else issuer_did(registry.base_url, owner)
    key = PublishedKey(f"{did}#{fragment}", record.public_key, now)
    try:
        with registry.database.transaction() as connection:
            issuers.insert_key(connection, issuer_id, name, purpose.value, key, record.custody)
            made = published_key(connection, name)
            audit_for(connection, now, actor, issuer_id, "key.create", name, after=told(made))
            return made
    except IntegrityError as error:
        raise Conflict(f"The key {name} was published by somebody else at this moment.") from error


def rotate_key(
    registry: Registry,
    owner: str,
    purpose: Purpose | None = None,
    *,
    old_until: datetime | None = None,
    actor: Actor | str = _TERMINAL,
    custody: Custody | None = None,
) -> StoredKey:
    """Make a new key, then retire the older active ones of the same purpose: at once, or at a time to come.

    Until that time the older ones stay active. Where several keys sign side by side (the log's), they still do;
    elsewhere the newest alone signs. Raises as `create_key`.
    """
    purpose = _purpose(owner, purpose)
    if old_until is not None:
        _check_planned_end(old_until, registry.now())
    new = _create(registry, owner, purpose, actor, custody)
    retire_older(registry, new, owner, old_until, actor)
    return _in_effect(registry, new)


def retire_older(registry: Registry, new: StoredKey, owner: str, at: datetime | None, actor: Actor | str) -> None:
    """Retire the active keys that serve the same purpose as a new one, now or at a time to come."""
    code = None if owner == REGISTRY_OWNER else owner
    for key in published_keys(registry, code) if code else own_keys(registry):
        if key.purpose == new.purpose and key.id != new.id and key.published.may_sign(registry.now()):
            _retire(registry, key.name, at, actor)


def retire_key(
    registry: Registry, name: str, *, at: datetime | None = None, actor: Actor | str = _TERMINAL
) -> StoredKey:
    """Let a key sign no more, from now or from a time to come; what it signed before stays good.

    An earlier end wins over a later. A key whose file is gone is retired as well: it can't sign anyhow.
    Raises NotFound, InvalidInput, keys.KeyStoreError.
    """
    if at is not None:
        _check_planned_end(at, registry.now())
    with registry.database.read() as connection:
        published_key(connection, name)
    return _in_effect(registry, _retire(registry, name, at, actor))


def _retire(registry: Registry, name: str, at: datetime | None, actor: Actor | str) -> StoredKey:
    with suppress(KeyNotFound):
        registry.keys.retire(name, at or registry.now())
    with registry.database.transaction() as connection:
        issuers.lock_key(connection, name)
        known = published_key(connection, name)
        key = known.published
        # Now that nobody holds the key any more: what was signed until this moment is good.
        now = registry.now()
        end = min(at or now, key.retired_at) if key.retired_at is not None else at or now
        issuers.update_key(connection, name, end, key.compromised_since)
        return _audited(connection, now, actor, "key.retire", known)


def mark_key_compromised(registry: Registry, name: str, since: datetime, actor: Actor | str = _TERMINAL) -> StoredKey:
    """Declare that from `since` on somebody else may have signed with a key; it signs no more, whatever `since` is.

    Only what the public log had seen before counts still. An earlier `since` wins over a later, and there is no
    way back. One of the registry's own keys gets its successor first, for without it nothing could be verified.
    Raises NotFound, InvalidInput, keys.KeyStoreError.
    """
    if since > registry.now():
        raise InvalidInput([Violation(("since",), "lies in the future")])
    with registry.database.read() as connection:
        known = published_key(connection, name)
    if known.issuer_code is None and not _has_successor(registry, known):
        successor = _create(registry, REGISTRY_OWNER, Purpose(known.purpose), actor)
        # So that the published checkpoint never rests on the compromised key alone. Its file may be gone.
        with suppress(KeyStoreError):
            _in_effect(registry, successor)
    with suppress(KeyNotFound):
        registry.keys.mark_compromised(name, since)
    with registry.database.transaction() as connection:
        issuers.lock_key(connection, name)
        known = published_key(connection, name)
        key = known.published
        earliest = min(since, key.compromised_since or since)
        issuers.update_key(connection, name, key.retired_at, earliest)
        insert_spoiled(connection, known.id, earliest, key.compromised_since, registry.now())
        marked = _audited(connection, registry.now(), actor, "key.compromise", known)
    return _in_effect(registry, marked)


def published_keys(registry: Registry, issuer_code: str | None = None) -> list[StoredKey]:
    """All published keys, or those of one issuer, oldest first. Raises NotFound."""
    with registry.database.read() as connection:
        if issuer_code is None:
            return issuers.all_keys(connection)
        return issuers.keys_of(connection, require_issuer(connection, issuer_code).id)


def own_keys(registry: Registry) -> list[StoredKey]:
    """All published keys of the registry itself, for all its purposes, oldest first."""
    with registry.database.read() as connection:
        return issuers.keys_of(connection, None)


def spoiled_certificates(registry: Registry, name: str) -> tuple[int, Iterator[tuple[str, str]]]:
    """How many certificates a compromised key has signed, and those of them that do not count any more.

    The latter as public id and number, in the order in which they were issued; a database connection stays open
    until they have been read. Raises NotFound, InvalidInput for a key that is not compromised.
    """
    with registry.database.read() as connection:
        key = published_key(connection, name)
        total = signed_certificates.count_signed(connection, key.id)
    since = key.published.compromised_since
    if since is None:
        raise InvalidInput([Violation(("name",), f"{name} is not marked as compromised")])

    def spoiled() -> Iterator[tuple[str, str]]:
        with registry.database.read() as connection:
            yield from signed_certificates.not_logged_before(connection, key.id, since)

    return total, spoiled()


def _has_successor(registry: Registry, own: StoredKey) -> bool:
    now = registry.now()
    return any(
        key.purpose == own.purpose and key.id != own.id and key.published.may_sign(now) for key in own_keys(registry)
    )


def _in_effect(registry: Registry, key: StoredKey) -> StoredKey:
    """Whoever knows only one of the log's keys must not have to wait for the next entry."""
    if key.purpose == Purpose.LOG:
        renew_checkpoints(registry)
    return key


def _purpose(owner: str, purpose: Purpose | None) -> Purpose:
    """What a key of this owner is for: the registry's keys have several purposes, an issuer's one."""
    allowed: tuple[Purpose, ...] = OWN_PURPOSES if owner == REGISTRY_OWNER else (Purpose.ISSUER,)
    chosen = purpose or allowed[0]
    if chosen not in allowed:
        words = ", ".join(allowed)
        raise InvalidInput([Violation(("purpose",), f"a key of {owner!r} can't be for {chosen}; it can be: {words}")])
    return chosen


def _present_custody(published: Sequence[StoredKey], owner: str, purpose: Purpose) -> Custody:
    """Where the newest key of an owner for a purpose is, so that its successor comes to the same place.

    Raises Conflict where the issuer holds that itself.
    """
    code = None if owner == REGISTRY_OWNER else owner
    newest = [key.custody for key in published if key.issuer_code == code and key.purpose == purpose][-1:]
    if newest == [Custody.ISSUER]:
        raise Conflict(
            f"The issuer {owner} holds its newest key itself. Let it register its next one, or name the custody "
            "in which the registry shall hold it: file, token."
        )
    return Custody(newest[0]) if newest else Custody.FILE


def free_name(published: Sequence[StoredKey], owner: str, purpose: Purpose) -> tuple[str, str]:
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


def _key_file(
    registry: Registry, name: str, owner: str, purpose: Purpose, now: datetime, custody: Custody
) -> KeyRecord:
    """The key in the key store, before it is published: a file without publication harms nobody."""
    existing = next((record for record in registry.keys.records() if record.name == name), None)
    if existing is None:
        return registry.keys.create(name, owner, purpose, now, custody)
    fits = existing.purpose is purpose and existing.custody is custody
    if existing.state_at(now) is not KeyState.ACTIVE or not fits:
        raise Conflict(f"A key file {name} that was never published is in the way; move it to another place.")
    return existing


def _check_planned_end(end: datetime, now: datetime) -> None:
    if not now < end <= now + LONGEST_OVERLAP:
        reason = f"must lie in the future, at most {LONGEST_OVERLAP.days} days ahead"
        raise InvalidInput([Violation(("end",), reason)])


def published_key(connection: Connection, name: str) -> StoredKey:
    """The published key of a name. Raises NotFound."""
    found = next((key for key in issuers.all_keys(connection) if key.name == name), None)
    if found is None:
        raise NotFound(f"No key with the name {name!r} is published. 'registry keys list' shows all.")
    return found


def _audited(connection: Connection, now: datetime, actor: Actor | str, act: str, before: StoredKey) -> StoredKey:
    key = published_key(connection, before.name)
    issuer_id = None if key.issuer_code is None else require_issuer(connection, key.issuer_code).id
    audit_for(connection, now, actor, issuer_id, act, key.name, before=told(before), after=told(key))
    return key


def told(key: StoredKey) -> dict[str, str | None]:
    """A key as the audit trail tells it."""
    published = key.published
    return {
        "purpose": key.purpose,
        "custody": key.custody,
        "verification_method": published.verification_method,
        "retired_at": published.retired_at.isoformat() if published.retired_at else None,
        "compromised_since": published.compromised_since.isoformat() if published.compromised_since else None,
    }
