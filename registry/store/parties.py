"""Relying parties and their API keys: the queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Update, insert, or_, select, update

from registry.store.party_models import PartyKey, RelyingParty


@dataclass(frozen=True, slots=True)
class StoredParty:
    """A relying party."""

    id: int
    code: str
    name_zh: str
    name_en: str | None
    kind: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class StoredPartyKey:
    """An API key of a relying party, without its secret."""

    id: int
    key_id: str
    secret_hash: bytes
    party_id: int
    scopes: tuple[str, ...]
    label: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


def insert_party(connection: Connection, **values: Any) -> None:
    """Store a relying party; the columns of `RelyingParty`. Raises IntegrityError where the code is taken."""
    connection.execute(insert(RelyingParty).values(**values))


def find_party(connection: Connection, code: str) -> StoredParty | None:
    """The relying party of a code."""
    row = connection.execute(select(RelyingParty.__table__).where(RelyingParty.code == code)).first()
    return None if row is None else StoredParty(*row)


def get_party(connection: Connection, row_id: int) -> StoredParty:
    """The relying party of a row id, which a foreign key has promised."""
    return StoredParty(*connection.execute(select(RelyingParty.__table__).where(RelyingParty.id == row_id)).one())


def all_parties(connection: Connection) -> list[StoredParty]:
    """All relying parties by code."""
    statement = select(RelyingParty.__table__).order_by(RelyingParty.code)
    return [StoredParty(*row) for row in connection.execute(statement)]


def insert_party_key(connection: Connection, **values: Any) -> None:
    """Store an API key; the columns of `PartyKey`."""
    connection.execute(insert(PartyKey).values(**values))


def find_party_key(connection: Connection, key_id: str, *, for_update: bool = False) -> StoredPartyKey | None:
    """The API key of a public part; `for_update` holds it until the transaction ends."""
    statement = select(PartyKey.__table__).where(PartyKey.key_id == key_id)
    if for_update:
        statement = statement.with_for_update(key_share=True)
    row = connection.execute(statement).first()
    return None if row is None else _party_key(row)


def keys_of_party(
    connection: Connection, party_id: int, below: int | None, limit: int | None
) -> Sequence[StoredPartyKey]:
    """The API keys of a party, newest first, from below a row id on; all of them for no limit."""
    statement = select(PartyKey.__table__).where(PartyKey.party_id == party_id)
    if below is not None:
        statement = statement.where(PartyKey.id < below)
    return [_party_key(row) for row in connection.execute(statement.order_by(PartyKey.id.desc()).limit(limit))]


def update_party_key(connection: Connection, row_id: int, **values: Any) -> None:
    """Change when an API key ends; columns of `PartyKey`."""
    connection.execute(update(PartyKey).where(PartyKey.id == row_id).values(**values))


def use_of_party_key(row_id: int, at: datetime) -> Update:
    """The statement that notes when an API key was used; a later use that was noted stays."""
    earlier = or_(PartyKey.last_used_at.is_(None), PartyKey.last_used_at < at)
    return update(PartyKey).where(PartyKey.id == row_id, earlier).values(last_used_at=at)


def _party_key(row: Row[*tuple[Any, ...]]) -> StoredPartyKey:
    return StoredPartyKey(**{**row._mapping, "scopes": tuple(row.scopes)})
