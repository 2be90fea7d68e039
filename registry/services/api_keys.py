"""API keys: made, recognized, revoked. The secret is shown once and kept only as a hash."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from datetime import datetime

from registry.domain.errors import NotAuthenticated, NotFound
from registry.services.context import Actor, Registry, Verb, require_issuer
from registry.store import access

# crk_<public part>_<secret>: a scanner can recognize one that was committed by mistake.
_TOKEN = re.compile(r"crk_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
_NOBODY = hashlib.sha256(b"no such key").digest()


def create_api_key(
    registry: Registry,
    issuer_code: str,
    verbs: Iterable[Verb],
    label: str,
    expires_at: datetime | None = None,
    actor: str = "terminal",
) -> str:
    """Make an API key of an issuer; returns the token, which can't be had again. Raises NotFound."""
    key_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    now = registry.now()
    allowed = sorted(verb.value for verb in set(verbs))
    with registry.database.transaction() as connection:
        issuer = require_issuer(connection, issuer_code)
        access.insert_api_key(
            connection,
            key_id=key_id,
            secret_hash=_hash(secret),
            issuer_id=issuer.id,
            verbs=allowed,
            label=label,
            created_at=now,
            expires_at=expires_at,
            revoked_at=None,
        )
        details = {"verbs": " ".join(allowed), "label": label}
        access.insert_audit(connection, now, actor, "apikey.create", issuer.id, key_id, details)
    return f"crk_{key_id}_{secret}"


def revoke_api_key(registry: Registry, key_id: str, actor: str = "terminal") -> None:
    """End an API key, named by its public part or by the whole token. Raises NotFound."""
    token = _TOKEN.fullmatch(key_id)
    key_id = token[1] if token else key_id
    now = registry.now()
    with registry.database.transaction() as connection:
        found = access.find_api_key(connection, key_id)
        if found is None:
            raise NotFound(f"No API key has the public part {key_id!r}.")
        access.revoke_api_key(connection, key_id, now)
        access.insert_audit(connection, now, actor, "apikey.revoke", found.issuer_id, key_id, {})


def list_api_keys(registry: Registry, issuer_code: str) -> list[access.StoredApiKey]:
    """The API keys of an issuer, oldest first, without their secrets. Raises NotFound."""
    with registry.database.read() as connection:
        return access.api_keys_of(connection, require_issuer(connection, issuer_code).id)


def authenticate(registry: Registry, token: str, origin: str | None = None) -> Actor:
    """Who sends this token, from the network address `origin`.

    Raises NotAuthenticated, with the same words whatever is wrong.
    The secret has 256 random bits, so a plain SHA-256 keeps it; the comparison takes the same time whether the key
    exists or not.
    """
    match = _TOKEN.fullmatch(token)
    found = None
    if match:
        with registry.database.read() as connection:
            found = access.find_api_key(connection, match[1])
    genuine = hmac.compare_digest(_hash(match[2] if match else ""), found.secret_hash if found else _NOBODY)
    if found is None or not genuine or not is_usable(found, registry.now()):
        raise NotAuthenticated("The API key is unknown, revoked or expired.")
    return Actor(f"apikey:{found.key_id}", found.issuer_id, frozenset(map(Verb, found.verbs)), found.id, origin=origin)


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def is_usable(key: access.StoredApiKey, now: datetime) -> bool:
    """Whether a key is neither revoked nor past its end."""
    return key.revoked_at is None and (key.expires_at is None or now < key.expires_at)
