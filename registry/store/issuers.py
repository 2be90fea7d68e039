"""Issuers, their authorizations and the public halves of their keys: the queries."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, or_, select, update

from registry.domain.certificate import Authorization
from registry.domain.schemes import Text
from registry.domain.signing_key import PublishedKey
from registry.store.models import Authorization as AuthorizationRow
from registry.store.models import Issuer, SigningKey


@dataclass(frozen=True, slots=True)
class StoredIssuer:
    """A certification body as registered; `cryptosuite` is that of the proofs on its new certificates."""

    id: int
    code: str
    name: Text
    address: Text
    mark: str
    website: str | None
    cryptosuite: str = "eddsa-jcs-2022"


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A published key: its row, its name, what it signs, whose it is, and who holds its private half (keys.Custody)."""

    id: int
    name: str
    purpose: str
    issuer_code: str | None
    published: PublishedKey
    custody: str = "file"


def insert_issuer(connection: Connection, issuer: StoredIssuer, created_at: datetime) -> int:
    """Store an issuer (its `id` is ignored); returns the row id. Raises IntegrityError where the code is taken."""
    values = {
        "code": issuer.code,
        "name_zh": issuer.name.zh,
        "name_en": issuer.name.en,
        "address_zh": issuer.address.zh,
        "address_en": issuer.address.en,
        "mark": issuer.mark,
        "website": issuer.website,
        "cryptosuite": issuer.cryptosuite,
        "created_at": created_at,
    }
    key: int | None = connection.scalar(insert(Issuer).returning(Issuer.id), values)
    assert key is not None  # noqa: S101 - RETURNING of an INSERT that did not raise
    return key


def update_cryptosuite(connection: Connection, issuer_id: int, cryptosuite: str) -> None:
    """Change what an issuer's new certificates are signed with."""
    connection.execute(update(Issuer).where(Issuer.id == issuer_id).values(cryptosuite=cryptosuite))


def find_issuer(connection: Connection, code: str) -> StoredIssuer | None:
    """The issuer of a code."""
    row = connection.execute(select(Issuer.__table__).where(Issuer.code == code)).first()
    return None if row is None else _issuer(row)


def get_issuer(connection: Connection, issuer_id: int) -> StoredIssuer:
    """The issuer of a row id, which a foreign key has promised."""
    return _issuer(connection.execute(select(Issuer.__table__).where(Issuer.id == issuer_id)).one())


def all_issuers(connection: Connection) -> list[StoredIssuer]:
    """All issuers by code."""
    return [_issuer(row) for row in connection.execute(select(Issuer.__table__).order_by(Issuer.code))]


def insert_authorization(connection: Connection, issuer_id: int, authorization: Authorization) -> None:
    """Allow an issuer a scheme. The accreditation behind it is stored apart (store/accreditations.py)."""
    connection.execute(
        insert(AuthorizationRow).values(
            issuer_id=issuer_id,
            scheme=authorization.scheme,
            valid_from=authorization.valid_from,
            valid_until=authorization.valid_until,
        )
    )


def authorizations_of(connection: Connection, issuer_id: int) -> list[Authorization]:
    """What an issuer may certify, without the accreditations behind it."""
    statement = (
        select(AuthorizationRow.__table__)
        .where(AuthorizationRow.issuer_id == issuer_id)
        .order_by(AuthorizationRow.scheme, AuthorizationRow.valid_from)
    )
    return [
        Authorization(
            scheme=row.scheme,
            valid_from=row.valid_from,
            valid_until=row.valid_until,
        )
        for row in connection.execute(statement)
    ]


def schemes_on(connection: Connection, day: date) -> dict[int, list[str]]:
    """The schemes that each issuer, by its row id, may certify on a day."""
    statement = (
        select(AuthorizationRow.issuer_id, AuthorizationRow.scheme)
        .where(
            AuthorizationRow.valid_from <= day,
            or_(AuthorizationRow.valid_until.is_(None), AuthorizationRow.valid_until >= day),
        )
        .distinct()
        .order_by(AuthorizationRow.scheme)
    )
    allowed: defaultdict[int, list[str]] = defaultdict(list)
    for issuer_id, scheme in connection.execute(statement):
        allowed[issuer_id].append(scheme)
    return allowed


def insert_key(
    connection: Connection, issuer_id: int | None, name: str, purpose: str, key: PublishedKey, custody: str
) -> None:
    """Publish a key. Raises IntegrityError where the name or the key itself is published already."""
    connection.execute(
        insert(SigningKey).values(
            issuer_id=issuer_id,
            name=name,
            purpose=purpose,
            verification_method=key.verification_method,
            public_key=key.public_key,
            custody=custody,
            active_from=key.active_from,
            retired_at=key.retired_at,
            compromised_since=key.compromised_since,
        )
    )


def update_key(
    connection: Connection, name: str, retired_at: datetime | None, compromised_since: datetime | None
) -> None:
    """Publish that a key is retired or compromised."""
    connection.execute(
        update(SigningKey)
        .where(SigningKey.name == name)
        .values(retired_at=retired_at, compromised_since=compromised_since)
    )


_KEYS = select(
    SigningKey.id,
    SigningKey.name,
    SigningKey.purpose,
    Issuer.code,
    SigningKey.verification_method,
    SigningKey.public_key,
    SigningKey.active_from,
    SigningKey.retired_at,
    SigningKey.compromised_since,
    SigningKey.custody,
).outerjoin(Issuer, Issuer.id == SigningKey.issuer_id)


def all_keys(connection: Connection) -> list[StoredKey]:
    """All published keys, oldest first."""
    return [_key(row) for row in connection.execute(_KEYS.order_by(SigningKey.id))]


def keys_of(connection: Connection, issuer_id: int | None) -> list[StoredKey]:
    """The keys of one issuer, or of the registry itself (None), oldest first."""
    statement = _KEYS.where(SigningKey.issuer_id == issuer_id).order_by(SigningKey.id)
    return [_key(row) for row in connection.execute(statement)]


def get_key(connection: Connection, key: int) -> StoredKey:
    """The key of a row id, which a foreign key has promised."""
    return _key(connection.execute(_KEYS.where(SigningKey.id == key)).one())


def is_published(connection: Connection, public_key: bytes) -> bool:
    """Whether anybody has registered a key (32 bytes)."""
    return connection.scalar(select(SigningKey.id).where(SigningKey.public_key == public_key)) is not None


def hold_key(connection: Connection, key: int) -> PublishedKey:
    """A key, held in its present state until the transaction ends."""
    statement = _KEYS.where(SigningKey.id == key).with_for_update(read=True, of=SigningKey.__table__)
    return _key(connection.execute(statement).one()).published


def lock_key(connection: Connection, name: str) -> None:
    """Wait until nobody holds a key, and let nobody else hold it until the transaction ends."""
    connection.execute(select(SigningKey.id).where(SigningKey.name == name).with_for_update())


def find_key(connection: Connection, verification_method: str) -> StoredKey | None:
    """The key of a verification method."""
    statement = _KEYS.where(SigningKey.verification_method == verification_method)
    row = connection.execute(statement).first()
    return None if row is None else _key(row)


def _issuer(row: Row[*tuple[Any, ...]]) -> StoredIssuer:
    return StoredIssuer(
        id=row.id,
        code=row.code,
        name=Text(row.name_zh, row.name_en),
        address=Text(row.address_zh, row.address_en),
        mark=row.mark,
        website=row.website,
        cryptosuite=row.cryptosuite,
    )


def _key(row: Row[*tuple[Any, ...]]) -> StoredKey:
    return StoredKey(row[0], row[1], row[2], row[3], PublishedKey(*row[4:9]), row[9])
