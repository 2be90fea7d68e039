"""Idempotency-Key: a request that is sent twice is done once (IETF draft idempotency-key-header)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from registry.domain.errors import IdempotencyKeyReused, InvalidInput, Violation
from registry.services.context import Actor
from registry.store import access

MAX_KEY_LENGTH = 255
KEPT_FOR = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Idempotency:
    """The header's value, and SHA-256 of what was asked with it."""

    key: str
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class Earlier:
    """What the first request with the same key recorded."""

    certificate_id: int
    sequence: int


def recall(connection: Connection, actor: Actor, idempotency: Idempotency | None) -> Earlier | None:
    """What this request did the first time, if it came before.

    Raises IdempotencyKeyReused if another request came with the key, InvalidInput for a key that is no key.
    """
    if idempotency is None or actor.api_key_id is None:
        return None
    if not 0 < len(idempotency.key) <= MAX_KEY_LENGTH or not idempotency.key.isprintable():
        raise InvalidInput([Violation(("Idempotency-Key",), f"must have 1 to {MAX_KEY_LENGTH} printable characters")])
    found = access.find_idempotent(connection, actor.api_key_id, idempotency.key)
    if found is None:
        return None
    fingerprint, certificate_id, sequence = found
    if fingerprint != idempotency.fingerprint:
        raise IdempotencyKeyReused("This Idempotency-Key came before with a different request. Use a new one.")
    return Earlier(certificate_id, sequence)


def remember(
    connection: Connection,
    actor: Actor,
    idempotency: Idempotency | None,
    certificate_id: int,
    sequence: int,
    now: datetime,
) -> None:
    """Note what a request did, in its own transaction. Raises IntegrityError if its twin was faster."""
    if idempotency is None or actor.api_key_id is None:
        return
    access.forget_idempotent(connection, now - KEPT_FOR)
    access.insert_idempotent(
        connection,
        api_key_id=actor.api_key_id,
        key=idempotency.key,
        fingerprint=idempotency.fingerprint,
        certificate_id=certificate_id,
        sequence=sequence,
        created_at=now,
    )
