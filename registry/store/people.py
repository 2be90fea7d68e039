"""Users, branches and recovery codes: the queries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, func, insert, or_, select, update

from registry.domain.schemes import Text
from registry.store.models import Issuer
from registry.store.people_models import Branch, RecoveryCode, User


@dataclass(frozen=True, slots=True)
class StoredUser:
    """A user, without the invitation. `issuer_code` and `branch_code` are empty where there is none."""

    id: int
    issuer_id: int | None
    issuer_code: str | None
    branch_id: int | None
    branch_code: str | None
    email: str
    name: str
    role: str
    created_at: datetime
    disabled_at: datetime | None
    invited_until: datetime | None
    totp_step: int | None
    password_hash: str | None = field(repr=False)
    totp_secret: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class StoredBranch:
    """A branch office of an issuer."""

    id: int
    issuer_id: int
    code: str
    name: Text
    created_at: datetime
    closed_at: datetime | None


_USERS = (
    select(
        User.id,
        User.issuer_id,
        Issuer.code,
        User.branch_id,
        Branch.code,
        User.email,
        User.name,
        User.role,
        User.created_at,
        User.disabled_at,
        User.invited_until,
        User.totp_step,
        User.password_hash,
        User.totp_secret,
    )
    .outerjoin(Issuer, Issuer.id == User.issuer_id)
    .outerjoin(Branch, Branch.id == User.branch_id)
)


def insert_user(connection: Connection, **values: Any) -> int:
    """Store a user, by the columns of `User`; returns the row id. Raises IntegrityError where the address is taken."""
    key: int | None = connection.scalar(insert(User).returning(User.id), values)
    assert key is not None  # noqa: S101 - RETURNING of an INSERT that did not raise
    return key


def update_user(connection: Connection, key: int, **values: Any) -> None:
    """Change columns of a user."""
    connection.execute(update(User).where(User.id == key).values(**values))


def find_user(connection: Connection, key: int, issuer_id: int | None = None) -> StoredUser | None:
    """The user of a row id; of one issuer only, where given."""
    owner = [] if issuer_id is None else [User.issuer_id == issuer_id]
    return _one(connection, User.id == key, *owner)


def find_user_by_email(connection: Connection, email: str) -> StoredUser | None:
    """The user of an e-mail address in small letters."""
    return _one(connection, User.email == email)


def find_invited(connection: Connection, invitation_hash: bytes, now: datetime) -> StoredUser | None:
    """The user whom an invitation that is still good was made for."""
    fitting = (User.invitation_hash == invitation_hash, User.invited_until > now, User.disabled_at.is_(None))
    return _one(connection, *fitting)


def users_of(connection: Connection, issuer_id: int | None, after: int, limit: int) -> list[StoredUser]:
    """The users of an issuer, or the operators of the registry (None), by row id, from the one after `after` on."""
    statement = _USERS.where(User.issuer_id == issuer_id, User.id > after).order_by(User.id).limit(limit)
    return [_user(row) for row in connection.execute(statement)]


def lock_users(connection: Connection, issuer_id: int | None, role: str) -> list[int]:
    """Row ids of those users of a role who can sign in, none of whom changes until the transaction ends."""
    statement = (
        select(User.id)
        .where(
            User.issuer_id == issuer_id,
            User.role == role,
            User.disabled_at.is_(None),
            User.password_hash.is_not(None),
        )
        .order_by(User.id)
        .with_for_update()
    )
    return list(connection.scalars(statement))


def take_invitation(connection: Connection, key: int, invitation_hash: bytes, password_hash: str) -> bool:
    """Set a first password and use the invitation up; whether it was still there."""
    taken = connection.execute(
        update(User)
        .where(User.id == key, User.invitation_hash == invitation_hash)
        .values(password_hash=password_hash, invitation_hash=None, invited_until=None)
    )
    return taken.rowcount == 1


def set_totp(connection: Connection, key: int, sealed: bytes, step: int) -> bool:
    """Give a user a second factor, its first code used up; whether there was none."""
    fitting = (User.id == key, User.totp_secret.is_(None))
    done = connection.execute(update(User).where(*fitting).values(totp_secret=sealed, totp_step=step))
    return done.rowcount == 1


def advance_totp(connection: Connection, key: int, step: int) -> bool:
    """Use the code of a time step up; whether neither it nor a later one has been used before."""
    unused = or_(User.totp_step.is_(None), User.totp_step < step)
    return connection.execute(update(User).where(User.id == key, unused).values(totp_step=step)).rowcount == 1


def replace_recovery_codes(connection: Connection, key: int, hashes: Iterable[bytes]) -> None:
    """Give a user new recovery codes; the old ones end."""
    connection.execute(delete(RecoveryCode).where(RecoveryCode.user_id == key))
    rows = [{"user_id": key, "code_hash": one} for one in hashes]
    if rows:
        connection.execute(insert(RecoveryCode), rows)


def take_recovery_code(connection: Connection, key: int, code_hash: bytes) -> bool:
    """Use a recovery code up; whether there was such a one."""
    fitting = (RecoveryCode.user_id == key, RecoveryCode.code_hash == code_hash)
    return connection.execute(delete(RecoveryCode).where(*fitting)).rowcount == 1


def count_recovery_codes(connection: Connection, key: int) -> int:
    """How many recovery codes a user has left."""
    return connection.scalar(select(func.count()).where(RecoveryCode.user_id == key)) or 0


def insert_branch(connection: Connection, issuer_id: int, code: str, name: Text, at: datetime) -> None:
    """Store a branch. Raises IntegrityError where the code is taken."""
    values = {"issuer_id": issuer_id, "code": code, "name_zh": name.zh, "name_en": name.en, "created_at": at}
    connection.execute(insert(Branch).values(**values))


def update_branch(connection: Connection, key: int, **values: Any) -> None:
    """Change columns of a branch."""
    connection.execute(update(Branch).where(Branch.id == key).values(**values))


def branches_of(connection: Connection, issuer_id: int) -> list[StoredBranch]:
    """The branches of an issuer by code."""
    statement = select(Branch.__table__).where(Branch.issuer_id == issuer_id).order_by(Branch.code)
    return [
        StoredBranch(row.id, row.issuer_id, row.code, Text(row.name_zh, row.name_en), row.created_at, row.closed_at)
        for row in connection.execute(statement)
    ]


def _one(connection: Connection, *conditions: ColumnElement[bool]) -> StoredUser | None:
    row = connection.execute(_USERS.where(*conditions)).first()
    return None if row is None else _user(row)


def _user(row: Row[*tuple[Any, ...]]) -> StoredUser:
    return StoredUser(*row)
