"""API keys, idempotency keys and the audit trail: the queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Update, delete, insert, or_, select, update

from registry.store.models import ApiKey, AuditEvent, IdempotencyKey


@dataclass(frozen=True, slots=True)
class StoredApiKey:
    """An API key without its secret."""

    id: int
    key_id: str
    secret_hash: bytes
    issuer_id: int
    verbs: tuple[str, ...]
    label: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    root_id: int | None
    user_id: int | None
    last_used_at: datetime | None


def insert_api_key(connection: Connection, **values: Any) -> None:
    """Store an API key; the columns of `ApiKey`."""
    connection.execute(insert(ApiKey).values(**values))


def api_keys_of(connection: Connection, issuer_id: int) -> list[StoredApiKey]:
    """The API keys of an issuer, oldest first."""
    statement = select(ApiKey.__table__).where(ApiKey.issuer_id == issuer_id).order_by(ApiKey.id)
    return [_api_key(row) for row in connection.execute(statement)]


def page_of_api_keys(connection: Connection, issuer_id: int, below: int | None, limit: int) -> list[StoredApiKey]:
    """The API keys of an issuer, newest first, from below a row id on."""
    statement = select(ApiKey.__table__).where(ApiKey.issuer_id == issuer_id)
    if below is not None:
        statement = statement.where(ApiKey.id < below)
    return [_api_key(row) for row in connection.execute(statement.order_by(ApiKey.id.desc()).limit(limit))]


def find_api_key(connection: Connection, key_id: str, *, for_update: bool = False) -> StoredApiKey | None:
    """The API key of a public part; `for_update` holds it until the transaction ends."""
    statement = select(ApiKey.__table__).where(ApiKey.key_id == key_id)
    if for_update:
        statement = statement.with_for_update(key_share=True)
    row = connection.execute(statement).first()
    return None if row is None else _api_key(row)


def get_api_key(connection: Connection, row_id: int) -> StoredApiKey:
    """The API key of a row id, which a foreign key has promised."""
    return _api_key(connection.execute(select(ApiKey.__table__).where(ApiKey.id == row_id)).one())


def update_api_key(connection: Connection, row_id: int, **values: Any) -> None:
    """Change when an API key ends; columns of `ApiKey`."""
    connection.execute(update(ApiKey).where(ApiKey.id == row_id).values(**values))


def use_of_api_key(row_id: int, at: datetime) -> Update:
    """The statement that notes when an API key was used; a later use that was noted stays."""
    earlier = or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at < at)
    return update(ApiKey).where(ApiKey.id == row_id, earlier).values(last_used_at=at)


def find_idempotent(connection: Connection, api_key_id: int, key: str) -> tuple[bytes, int, int] | None:
    """What an Idempotency-Key stands for: fingerprint of the request, certificate row id, event sequence."""
    statement = select(IdempotencyKey.fingerprint, IdempotencyKey.certificate_id, IdempotencyKey.sequence).where(
        IdempotencyKey.api_key_id == api_key_id, IdempotencyKey.key == key
    )
    row = connection.execute(statement).first()
    return None if row is None else (row.fingerprint, row.certificate_id, row.sequence)


def insert_idempotent(connection: Connection, **values: Any) -> None:
    """Remember what an Idempotency-Key stood for; the columns of `IdempotencyKey`."""
    connection.execute(insert(IdempotencyKey).values(**values))


def forget_idempotent(connection: Connection, before: datetime) -> None:
    """Drop Idempotency-Keys from before a time."""
    connection.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < before))


def insert_audit(
    connection: Connection,
    at: datetime,
    actor: str,
    act: str,
    issuer_id: int | None,
    subject: str,
    details: Mapping[str, Any],
    **more: Any,
) -> None:
    """Add to the audit trail, in the transaction of the change itself.

    `more`: other columns of `AuditEvent`, of those that tell who and from where, before and after.
    """
    values = {"at": at, "actor": actor, "act": act, "issuer_id": issuer_id, "subject": subject, "details": details}
    connection.execute(insert(AuditEvent).values(**values, **more))


def insert_audits(connection: Connection, acts: Sequence[Mapping[str, Any]]) -> None:
    """The same for many acts, all with the same columns of `AuditEvent`."""
    if acts:
        connection.execute(insert(AuditEvent), acts)


def _api_key(row: Row[*tuple[Any, ...]]) -> StoredApiKey:
    return StoredApiKey(**{**row._mapping, "verbs": tuple(row.verbs)})
