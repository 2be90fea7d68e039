"""Certificates that wait for a signature of their issuer's: the queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select

from registry.domain.reasons import Reason
from registry.store.bulk import among
from registry.store.own_key_models import Preparation
from registry.store.status_lists import StatusPlace


@dataclass(frozen=True, slots=True)
class StoredPreparation:
    """A prepared certificate: the canonical bytes to be signed, for which key, why it is issued, and until when.

    `reason` and `note` are those of the request: of the issuing, or of the superseding of `replaces_id`.
    """

    public_id: str
    number: str
    document: bytes
    cryptosuite: str
    signing_key_id: int
    reason: Reason
    note: str | None
    replaces_id: int | None
    place: StatusPlace
    prepared_at: datetime
    expires_at: datetime


def insert_preparation(connection: Connection, issuer_id: int, new: StoredPreparation) -> None:
    """Store a preparation. Raises IntegrityError where another one has its number."""
    connection.execute(
        insert(Preparation).values(
            public_id=new.public_id,
            issuer_id=issuer_id,
            number=new.number,
            document=new.document,
            cryptosuite=new.cryptosuite,
            signing_key_id=new.signing_key_id,
            reason=new.reason.value,
            note=new.note,
            replaces_id=new.replaces_id,
            status_list_id=new.place.list_id,
            status_index=new.place.index,
            prepared_at=new.prepared_at,
            expires_at=new.expires_at,
        )
    )


def find_preparation(connection: Connection, issuer_id: int, public_id: str) -> StoredPreparation | None:
    """An issuer's preparation, also one that has ended lately."""
    statement = _PREPARATIONS.where(Preparation.issuer_id == issuer_id, Preparation.public_id == public_id)
    return _only(connection.execute(statement).first())


def preparation_of_number(connection: Connection, issuer_id: int, number: str) -> StoredPreparation | None:
    """The preparation that keeps a number, also one that has ended lately."""
    statement = _PREPARATIONS.where(Preparation.issuer_id == issuer_id, Preparation.number == number)
    return _only(connection.execute(statement).first())


def preparations_of(
    connection: Connection, issuer_id: int, now: datetime, after: str, limit: int
) -> list[StoredPreparation]:
    """The open preparations of an issuer whose numbers come after one, by number."""
    statement = (
        _PREPARATIONS.where(
            Preparation.issuer_id == issuer_id, Preparation.number > after, Preparation.expires_at > now
        )
        .order_by(Preparation.number)
        .limit(limit)
    )
    return [_preparation(row) for row in connection.execute(statement)]


def kept_numbers(connection: Connection, issuer_id: int, numbers: Sequence[str], now: datetime) -> list[str]:
    """Those of `numbers` that open preparations of the issuer keep."""
    condition = among(connection, Preparation.number, numbers)
    statement = select(Preparation.number).where(
        Preparation.issuer_id == issuer_id, condition, Preparation.expires_at > now
    )
    return list(connection.scalars(statement))


def count_open(connection: Connection, issuer_id: int, now: datetime) -> int:
    """How many preparations of an issuer are open."""
    statement = select(func.count()).where(Preparation.issuer_id == issuer_id, Preparation.expires_at > now)
    return connection.scalar(statement) or 0


def remove_preparation(connection: Connection, issuer_id: int, public_id: str) -> bool:
    """Take a preparation away; False where somebody else did so before."""
    gone = delete(Preparation).where(Preparation.issuer_id == issuer_id, Preparation.public_id == public_id)
    return connection.execute(gone).rowcount == 1


def forget_ended(connection: Connection, issuer_id: int, number: str, now: datetime) -> None:
    """Free a number whose preparation has ended."""
    connection.execute(
        delete(Preparation).where(
            Preparation.issuer_id == issuer_id, Preparation.number == number, Preparation.expires_at <= now
        )
    )


def forget_preparations(connection: Connection, issuer_id: int, before: datetime) -> None:
    """Drop an issuer's preparations that ended before a moment."""
    connection.execute(delete(Preparation).where(Preparation.issuer_id == issuer_id, Preparation.expires_at < before))


_PREPARATIONS = select(
    Preparation.public_id,
    Preparation.number,
    Preparation.document,
    Preparation.cryptosuite,
    Preparation.signing_key_id,
    Preparation.reason,
    Preparation.note,
    Preparation.replaces_id,
    Preparation.status_list_id,
    Preparation.status_index,
    Preparation.prepared_at,
    Preparation.expires_at,
)


def _only(row: Row[*tuple[Any, ...]] | None) -> StoredPreparation | None:
    return None if row is None else _preparation(row)


def _preparation(row: Row[*tuple[Any, ...]]) -> StoredPreparation:
    return StoredPreparation(
        public_id=row.public_id,
        number=row.number,
        document=row.document,
        cryptosuite=row.cryptosuite,
        signing_key_id=row.signing_key_id,
        reason=Reason(row.reason),
        note=row.note,
        replaces_id=row.replaces_id,
        place=StatusPlace(row.status_list_id, row.status_index),
        prepared_at=row.prepared_at,
        expires_at=row.expires_at,
    )
