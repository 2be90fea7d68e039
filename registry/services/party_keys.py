"""API keys of relying parties: made, recognized, rotated, revoked. The secret is shown once and kept only as a hash."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from registry.domain.errors import Conflict, InvalidInput, NotAuthenticated, NotFound, NotPermitted, Violation
from registry.services.api_keys import (
    DEFAULT_OVERLAP,
    LONGEST_OVERLAP,
    MAX_LABEL_LENGTH,
    MAX_PAGE,
    USED_EVERY,
    KeyState,
    state_of,
)
from registry.services.context import Registry, RelyingParty, Scope, audit_for
from registry.services.key_tokens import TokenKind
from registry.store import parties
from registry.store.parties import StoredPartyKey

TOKENS = TokenKind("crp")


@dataclass(frozen=True, slots=True)
class NewPartyKey:
    """A key that was just made, and its token, which can't be had again."""

    key: StoredPartyKey
    token: str

    def __repr__(self) -> str:
        """Without the secret."""
        return f"NewPartyKey({self.key.key_id})"


def create_key(
    registry: Registry,
    party: RelyingParty,
    scopes: Collection[Scope],
    label: str = "",
    expires_at: datetime | None = None,
) -> NewPartyKey:
    """Make an API key of the party, allowing no more than whoever makes it. Raises NotPermitted, InvalidInput."""
    party.require(Scope.ADMINISTER)
    _require_all(party, set(scopes))
    with registry.database.transaction() as connection:
        return _create(registry, connection, party, set(scopes), label, expires_at)


def rotate_key(
    registry: Registry,
    party: RelyingParty,
    key_id: str,
    overlap: timedelta = DEFAULT_OVERLAP,
    expires_at: datetime | None = None,
) -> NewPartyKey:
    """Make the successor of one of the party's keys; the old one ends after the overlap.

    The new one allows the same, and lasts as long as the old one did, unless told. Raises NotFound, NotPermitted,
    InvalidInput, Conflict for a key that has ended.
    """
    party.require(Scope.ADMINISTER)
    now = registry.now()
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        raise InvalidInput([Violation(("overlap",), f"must be nothing to {LONGEST_OVERLAP.days} days")])
    with registry.database.transaction() as connection:
        old = _find(connection, party, key_id)
        scopes = set(map(Scope, old.scopes))
        _require_all(party, scopes)
        if state_of(old, now) is not KeyState.ACTIVE:
            raise Conflict(f"The API key {old.key_id} has ended. Make a new one.")
        if expires_at is None and old.expires_at is not None:
            expires_at = now + (old.expires_at - old.created_at)
        new = _create(registry, connection, party, scopes, old.label, expires_at)
        end = now + overlap if old.expires_at is None else min(now + overlap, old.expires_at)
        parties.update_party_key(connection, old.id, expires_at=end)
        after = {**_told(party, _find(connection, party, old.key_id)), "successor": new.key.key_id}
        audit_for(connection, now, party, None, "partykey.rotate", old.key_id, before=_told(party, old), after=after)
    return new


def revoke_key(registry: Registry, party: RelyingParty, key_id: str) -> StoredPartyKey:
    """End one of the party's keys at once. Raises NotFound, NotPermitted."""
    party.require(Scope.ADMINISTER)
    with registry.database.transaction() as connection:
        key = _find(connection, party, key_id)
        if key.revoked_at is not None:
            return key
        now = registry.now()
        parties.update_party_key(connection, key.id, revoked_at=now)
        ended = _find(connection, party, key.key_id)
        before, after = _told(party, key), _told(party, ended)
        audit_for(connection, now, party, None, "partykey.revoke", key.key_id, before=before, after=after)
    return ended


def list_keys(
    registry: Registry, party: RelyingParty, after: str | None = None, limit: int = MAX_PAGE
) -> tuple[Sequence[StoredPartyKey], str | None]:
    """A page of the party's keys, newest first, and the cursor of the next one. Raises NotPermitted, InvalidInput."""
    party.require(Scope.ADMINISTER)
    if not 0 < limit <= MAX_PAGE:
        raise InvalidInput([Violation(("limit",), f"must be 1 to {MAX_PAGE}")])
    with registry.database.read() as connection:
        below = None
        if after is not None:
            cursor = parties.find_party_key(connection, after)
            if cursor is None or cursor.party_id != party.party_id:
                reason = "not a cursor of this list; use the one in the page before"
                raise InvalidInput([Violation(("after",), reason)])
            below = cursor.id
        found = parties.keys_of_party(connection, party.party_id, below, limit + 1)
    return found[:limit], found[limit - 1].key_id if len(found) > limit else None


def authenticate_party(registry: Registry, token: str, origin: str | None = None) -> RelyingParty:
    """Who sends this token, from the network address `origin`.

    Raises NotAuthenticated, with the same words whatever is wrong.
    """
    public_part, now = TOKENS.public_part(token), registry.now()
    found, code = None, ""
    if public_part:
        with registry.database.read() as connection:
            found = parties.find_party_key(connection, public_part)
            code = parties.get_party(connection, found.party_id).code if found else ""
    genuine = TOKENS.is_genuine(token, found.secret_hash if found else None)
    if found is None or not genuine or state_of(found, now) is not KeyState.ACTIVE:
        raise NotAuthenticated("The API key is unknown, revoked or expired, or not one of a relying party (crp_…).")
    if found.last_used_at is None or now - found.last_used_at >= USED_EVERY:
        # Where the database is busy, the next request will tell.
        registry.database.attempt(parties.use_of_party_key(found.id, now))
    name, scopes = f"partykey:{found.key_id}", frozenset(map(Scope, found.scopes))
    return RelyingParty(name, found.party_id, code, scopes, found.key_id, origin)


def _create(
    registry: Registry,
    connection: Connection,
    party: RelyingParty,
    scopes: set[Scope],
    label: str,
    expires_at: datetime | None,
) -> NewPartyKey:
    now, label = registry.now(), label.strip()
    _check(scopes, label, expires_at, now)
    new = TOKENS.make()
    parties.insert_party_key(
        connection,
        key_id=new.key_id,
        secret_hash=new.secret_hash,
        party_id=party.party_id,
        scopes=sorted(scopes),
        label=label,
        created_at=now,
        expires_at=expires_at,
    )
    made = _find(connection, party, new.key_id)
    audit_for(connection, now, party, None, "partykey.create", new.key_id, after=_told(party, made))
    return NewPartyKey(made, new.token)


def _find(connection: Connection, party: RelyingParty, key_id: str) -> StoredPartyKey:
    """The party's key of a public part or of a whole token, held until the transaction ends. Raises NotFound."""
    found = parties.find_party_key(connection, TOKENS.public_part(key_id) or key_id, for_update=True)
    if found is None or found.party_id != party.party_id:
        # Whoever pastes a damaged token must not read its secret in a log.
        raise NotFound("No API key of this relying party has this public part, the one in the middle.")
    return found


def _check(scopes: set[Scope], label: str, expires_at: datetime | None, now: datetime) -> None:
    wrong = []
    if not scopes:
        wrong.append(Violation(("scopes",), "name at least one"))
    if len(label) > MAX_LABEL_LENGTH or not label.isprintable():
        wrong.append(Violation(("label",), f"at most {MAX_LABEL_LENGTH} printable characters"))
    if expires_at is not None and expires_at <= now:
        wrong.append(Violation(("expires_at",), "must lie in the future"))
    if wrong:
        raise InvalidInput(wrong)


def _require_all(party: RelyingParty, scopes: set[Scope]) -> None:
    """Nobody comes by more than they have through a key that they make."""
    beyond = sorted(scopes - party.scopes)
    if beyond:
        raise NotPermitted(f"You can't make a key that allows more than you may yourself: {', '.join(beyond)}.")


def _told(party: RelyingParty, key: StoredPartyKey) -> dict[str, Any]:
    """A key as the audit trail tells it."""
    return {
        "party": party.code,
        "scopes": list(key.scopes),
        "label": key.label,
        "expires_at": key.expires_at and key.expires_at.isoformat(),
        "revoked_at": key.revoked_at and key.revoked_at.isoformat(),
    }
