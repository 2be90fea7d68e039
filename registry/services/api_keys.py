"""API keys: made, recognized, rotated, revoked. The secret is shown once and kept only as a hash."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection

from registry.domain.errors import Conflict, InvalidInput, NotAuthenticated, NotFound, NotPermitted, Violation
from registry.services.context import Actor, Registry, Verb, audit_for, require_issuer
from registry.services.key_tokens import TokenKind
from registry.store import access
from registry.store.access import StoredApiKey
from registry.store.parties import StoredPartyKey

TOKENS = TokenKind("crk")
MAX_LABEL_LENGTH = 100
MAX_PAGE = 100
LONGEST_OVERLAP = timedelta(days=366)
DEFAULT_OVERLAP = timedelta(days=7)
# The time of the last use is not written more often than this.
USED_EVERY = timedelta(minutes=1)


class KeyState(StrEnum):
    """Whether an API key can be used."""

    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """A key that was just made, and its token, which can't be had again."""

    key: StoredApiKey
    token: str

    def __repr__(self) -> str:
        """Without the secret."""
        return f"NewApiKey({self.key.key_id})"


def create_api_key(
    registry: Registry,
    issuer_code: str,
    verbs: Iterable[Verb],
    label: str,
    expires_at: datetime | None = None,
    who: str = "terminal",
) -> str:
    """For the registry's operator: make an API key of an issuer; returns its token. Raises NotFound, InvalidInput."""
    with registry.database.transaction() as connection:
        issuer = require_issuer(connection, issuer_code)
        return _create(registry, connection, who, issuer.id, set(verbs), label, expires_at, None, None).token


def create_own(
    registry: Registry, actor: Actor, verbs: Iterable[Verb], label: str, expires_at: datetime | None = None
) -> NewApiKey:
    """Make an API key of the actor's issuer, allowing no more than the actor. Raises NotPermitted, InvalidInput."""
    actor.require(Verb.ADMINISTER)
    allowed = set(verbs)
    _require_all(actor, allowed)
    with registry.database.transaction() as connection:
        root = _root(connection, actor)
        return _create(registry, connection, actor, actor.issuer_id, allowed, label, expires_at, root, actor.user_id)


def rotate_own(
    registry: Registry,
    actor: Actor,
    key_id: str,
    overlap: timedelta = DEFAULT_OVERLAP,
    expires_at: datetime | None = None,
) -> NewApiKey:
    """Make the successor of one of the issuer's keys; the old one ends after the overlap.

    The new one allows the same, and lasts as long as the old one did, unless told. Raises NotFound, NotPermitted,
    InvalidInput, Conflict for a key that has ended.
    """
    actor.require(Verb.ADMINISTER)
    with registry.database.transaction() as connection:
        old = _find(connection, key_id, actor.issuer_id)
        _require_all(actor, {Verb(verb) for verb in old.verbs})
        return _rotate(registry, connection, actor, old, overlap, expires_at)


def rotate_api_key(
    registry: Registry,
    key_id: str,
    overlap: timedelta = DEFAULT_OVERLAP,
    expires_at: datetime | None = None,
    who: str = "terminal",
) -> NewApiKey:
    """The same for the registry's operator, and any issuer's key."""
    with registry.database.transaction() as connection:
        return _rotate(registry, connection, who, _find(connection, key_id), overlap, expires_at)


def revoke_own(registry: Registry, actor: Actor, key_id: str) -> StoredApiKey:
    """End one of the issuer's keys at once. Raises NotFound, NotPermitted."""
    actor.require(Verb.ADMINISTER)
    with registry.database.transaction() as connection:
        return _revoke(registry, connection, actor, _find(connection, key_id, actor.issuer_id))


def revoke_api_key(registry: Registry, key_id: str, who: str = "terminal") -> None:
    """The same for the registry's operator, and any issuer's key."""
    with registry.database.transaction() as connection:
        _revoke(registry, connection, who, _find(connection, key_id))


def list_own(
    registry: Registry, actor: Actor, after: str | None = None, limit: int = MAX_PAGE
) -> tuple[list[StoredApiKey], str | None]:
    """A page of the issuer's keys, newest first, and the cursor of the next one. Raises NotPermitted, InvalidInput."""
    actor.require(Verb.ADMINISTER)
    if not 0 < limit <= MAX_PAGE:
        raise InvalidInput([Violation(("limit",), f"must be 1 to {MAX_PAGE}")])
    with registry.database.read() as connection:
        below = None
        if after is not None:
            cursor = access.find_api_key(connection, after)
            if cursor is None or cursor.issuer_id != actor.issuer_id:
                reason = "not a cursor of this list; use the one in the page before"
                raise InvalidInput([Violation(("after",), reason)])
            below = cursor.id
        found = access.page_of_api_keys(connection, actor.issuer_id, below, limit + 1)
    return found[:limit], found[limit - 1].key_id if len(found) > limit else None


def read_own(registry: Registry, actor: Actor, key_id: str) -> StoredApiKey:
    """One of the issuer's keys. Raises NotFound, NotPermitted."""
    actor.require(Verb.ADMINISTER)
    with registry.database.read() as connection:
        return _find(connection, key_id, actor.issuer_id)


def list_api_keys(registry: Registry, issuer_code: str) -> list[StoredApiKey]:
    """The API keys of an issuer, oldest first, without their secrets. Raises NotFound."""
    with registry.database.read() as connection:
        return access.api_keys_of(connection, require_issuer(connection, issuer_code).id)


def state_of(key: StoredApiKey | StoredPartyKey, now: datetime) -> KeyState:
    """Whether a key can be used at a moment."""
    if key.revoked_at is not None:
        return KeyState.REVOKED
    return KeyState.EXPIRED if key.expires_at is not None and key.expires_at <= now else KeyState.ACTIVE


def authenticate(registry: Registry, token: str, origin: str | None = None) -> Actor:
    """Who sends this token, from the network address `origin`.

    Raises NotAuthenticated, with the same words whatever is wrong.
    """
    public_part, now = TOKENS.public_part(token), registry.now()
    found = None
    if public_part:
        with registry.database.read() as connection:
            found = access.find_api_key(connection, public_part)
    genuine = TOKENS.is_genuine(token, found.secret_hash if found else None)
    if found is None or not genuine or state_of(found, now) is not KeyState.ACTIVE:
        raise NotAuthenticated("The API key is unknown, revoked or expired.")
    if found.last_used_at is None or now - found.last_used_at >= USED_EVERY:
        # Where the database is busy, the next request will tell.
        registry.database.attempt(access.use_of_api_key(found.id, now))
    return Actor(
        f"apikey:{found.key_id}", found.issuer_id, frozenset(map(Verb, found.verbs)), found.id, found.user_id, origin
    )


def _create(
    registry: Registry,
    connection: Connection,
    who: Actor | str,
    issuer_id: int,
    verbs: set[Verb],
    label: str,
    expires_at: datetime | None,
    root_id: int | None,
    user_id: int | None,
) -> NewApiKey:
    now, label = registry.now(), label.strip()
    _check(verbs, label, expires_at, now)
    new = TOKENS.make()
    access.insert_api_key(
        connection,
        key_id=new.key_id,
        secret_hash=new.secret_hash,
        issuer_id=issuer_id,
        verbs=sorted(verbs),
        label=label,
        created_at=now,
        expires_at=expires_at,
        root_id=root_id,
        user_id=user_id,
    )
    made = _find(connection, new.key_id)
    audit_for(connection, now, who, issuer_id, "apikey.create", new.key_id, after=_told(made))
    return NewApiKey(made, new.token)


def _rotate(
    registry: Registry,
    connection: Connection,
    who: Actor | str,
    old: StoredApiKey,
    overlap: timedelta,
    expires_at: datetime | None,
) -> NewApiKey:
    now = registry.now()
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        raise InvalidInput([Violation(("overlap",), f"must be nothing to {LONGEST_OVERLAP.days} days")])
    if state_of(old, now) is not KeyState.ACTIVE:
        raise Conflict(f"The API key {old.key_id} has ended. Make a new one.")
    if expires_at is None and old.expires_at is not None:
        expires_at = now + (old.expires_at - old.created_at)
    user_id = who.user_id if isinstance(who, Actor) and who.user_id is not None else old.user_id
    verbs = {Verb(verb) for verb in old.verbs}
    root_id = old.root_id or old.id
    new = _create(registry, connection, who, old.issuer_id, verbs, old.label, expires_at, root_id, user_id)
    end = now + overlap if old.expires_at is None else min(now + overlap, old.expires_at)
    access.update_api_key(connection, old.id, expires_at=end)
    after = {**_told(_find(connection, old.key_id)), "successor": new.key.key_id}
    audit_for(connection, now, who, old.issuer_id, "apikey.rotate", old.key_id, before=_told(old), after=after)
    return new


def _revoke(registry: Registry, connection: Connection, who: Actor | str, key: StoredApiKey) -> StoredApiKey:
    if key.revoked_at is not None:
        return key
    now = registry.now()
    access.update_api_key(connection, key.id, revoked_at=now)
    ended = _find(connection, key.key_id)
    audit_for(connection, now, who, key.issuer_id, "apikey.revoke", key.key_id, before=_told(key), after=_told(ended))
    return ended


def _find(connection: Connection, key_id: str, issuer_id: int | None = None) -> StoredApiKey:
    """The key of a public part or of a whole token, held until the transaction ends; of one issuer, if told."""
    found = access.find_api_key(connection, TOKENS.public_part(key_id) or key_id, for_update=True)
    if found is None or (issuer_id is not None and found.issuer_id != issuer_id):
        # Whoever pastes a damaged token must not read its secret in a log.
        raise NotFound("No API key has this public part, the one in the middle.")
    return found


def _check(verbs: set[Verb], label: str, expires_at: datetime | None, now: datetime) -> None:
    wrong = []
    if not verbs:
        wrong.append(Violation(("verbs",), "name at least one"))
    if len(label) > MAX_LABEL_LENGTH or not label.isprintable():
        wrong.append(Violation(("label",), f"at most {MAX_LABEL_LENGTH} printable characters"))
    if expires_at is not None and expires_at <= now:
        wrong.append(Violation(("expires_at",), "must lie in the future"))
    if wrong:
        raise InvalidInput(wrong)


def _require_all(actor: Actor, verbs: set[Verb]) -> None:
    """Nobody comes by more than they have through a key that they make."""
    beyond = sorted(verbs - actor.verbs)
    if beyond:
        raise NotPermitted(f"You can't make a key that allows more than you may yourself: {', '.join(beyond)}.")


def _root(connection: Connection, actor: Actor) -> int | None:
    if actor.api_key_id is None:
        return None
    return access.get_api_key(connection, actor.api_key_id).root_id or actor.api_key_id


def _told(key: StoredApiKey) -> dict[str, Any]:
    """A key as the audit trail tells it."""
    return {
        "verbs": list(key.verbs),
        "label": key.label,
        "expires_at": key.expires_at and key.expires_at.isoformat(),
        "revoked_at": key.revoked_at and key.revoked_at.isoformat(),
    }
