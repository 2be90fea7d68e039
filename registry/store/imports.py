"""Files that were sent to be imported: the queries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO

from sqlalchemy import Connection, and_, delete, func, insert, or_, select, text, update

from registry.store.import_models import Import, ImportPart

# Of each piece of a file.
PART_BYTES = 1 << 20
OPEN_STATES = ("waiting", "checking", "accepted", "recording")
# Written out, as in the index: with parameters the planners could not tell that it serves.
_OPEN = text("imports.state IN ('waiting', 'checking', 'accepted', 'recording')")


@dataclass(frozen=True, slots=True)
class StoredImport:
    """A row of `imports`; the columns are explained there."""

    id: int
    name: str
    issuer_id: int
    kind: str
    format: str
    file_name: str | None
    size: int
    sha256: str
    actor: str
    verbs: list[str]
    api_key_id: int | None
    user_id: int | None
    origin: str | None
    idempotency_key: str | None
    state: str
    dry_run: bool
    skip_wrong: bool
    row_count: int | None
    new_count: int | None
    already_count: int | None
    wrong_count: int | None
    done: int
    total: int
    problem: str | None
    claim: str | None
    claimed_until: datetime | None
    attempts: int
    created_at: datetime
    changed_at: datetime


def insert_import(connection: Connection, **values: Any) -> int:
    """Store an import; returns its row id. Raises IntegrityError where its twin with the same key was faster."""
    return int(connection.execute(insert(Import).values(**values).returning(Import.id)).scalar_one())


def find_import(connection: Connection, issuer_id: int, name: str) -> StoredImport | None:
    """An issuer's import of a name."""
    return _first(connection, Import.issuer_id == issuer_id, Import.name == name)


def find_idempotent(connection: Connection, api_key_id: int, key: str) -> StoredImport | None:
    """The import that came with an Idempotency-Key."""
    return _first(connection, Import.api_key_id == api_key_id, Import.idempotency_key == key)


def list_imports(connection: Connection, issuer_id: int, before: str | None, limit: int) -> list[StoredImport]:
    """An issuer's imports, newest first, from the one named `before` on, which is not among them."""
    statement = select(Import.__table__).where(Import.issuer_id == issuer_id).order_by(Import.id.desc()).limit(limit)
    if before is not None:
        cursor = select(Import.id).where(Import.issuer_id == issuer_id, Import.name == before).scalar_subquery()
        statement = statement.where(Import.id < cursor)
    return [StoredImport(**row._mapping) for row in connection.execute(statement)]


def count_unfinished(connection: Connection, issuer_id: int) -> int:
    """How many imports of an issuer keep their file."""
    states = (*OPEN_STATES, "checked")
    statement = select(func.count()).where(Import.issuer_id == issuer_id, Import.state.in_(states))
    return connection.scalar(statement) or 0


def claim_next(connection: Connection, claim: str, now: datetime, until: datetime) -> StoredImport | None:
    """Take the oldest import that waits for a worker, or whose worker gives no sign of life any more."""
    abandoned = and_(Import.state.in_(("checking", "recording")), Import.claimed_until < now)
    statement = (
        select(Import.__table__)
        .where(_OPEN, or_(Import.state.in_(("waiting", "accepted")), abandoned))
        .order_by(Import.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    row = connection.execute(statement).first()
    if row is None:
        return None
    state = "checking" if row.state in {"waiting", "checking"} else "recording"
    values = {"state": state, "claim": claim, "claimed_until": until, "attempts": row.attempts + 1, "changed_at": now}
    connection.execute(update(Import).where(Import.id == row.id).values(**values))
    return StoredImport(**{**row._mapping, **values})


def has_work(connection: Connection, now: datetime) -> bool:
    """Whether `claim_next` would find any."""
    abandoned = and_(Import.state.in_(("checking", "recording")), Import.claimed_until < now)
    statement = select(Import.id).where(_OPEN, or_(Import.state.in_(("waiting", "accepted")), abandoned))
    return connection.scalar(statement.limit(1)) is not None


def update_claimed(connection: Connection, key: int, claim: str, /, **values: Any) -> bool:
    """Change an import that this worker still has; False where another has taken it."""
    result = connection.execute(update(Import).where(Import.id == key, Import.claim == claim).values(**values))
    return result.rowcount == 1


def update_import(connection: Connection, key: int, states: Iterable[str], **values: Any) -> bool:
    """Change an import that is in one of `states`; False where it is not."""
    statement = update(Import).where(Import.id == key, Import.state.in_(tuple(states))).values(**values)
    return connection.execute(statement).rowcount == 1


def delete_import(connection: Connection, key: int) -> None:
    """Forget an import with its files."""
    connection.execute(delete(ImportPart).where(ImportPart.import_id == key))
    connection.execute(delete(Import).where(Import.id == key))


def unfinished_before(connection: Connection, before: datetime) -> list[int]:
    """Row ids of imports that nobody has accepted, and that have not changed since."""
    statement = select(Import.id).where(Import.changed_at < before, Import.state == "checked")
    return list(connection.scalars(statement))


def reported_before(connection: Connection, before: datetime) -> list[int]:
    """Row ids of imports that are over, have not changed since, and still have files."""
    has_parts = select(ImportPart.import_id).where(ImportPart.import_id == Import.id).exists()
    over = Import.state.in_(("done", "refused"))
    return list(connection.scalars(select(Import.id).where(Import.changed_at < before, over, has_parts)))


def write_parts(connection: Connection, key: int, role: str, file: BinaryIO) -> None:
    """Keep a file in pieces, in place of an earlier one of the same role."""
    delete_parts(connection, key, role)
    number = 0
    while content := file.read(PART_BYTES):
        values = {"import_id": key, "role": role, "part": number, "content": content}
        connection.execute(insert(ImportPart), values)
        number += 1


def read_part(connection: Connection, key: int, role: str, number: int) -> bytes | None:
    """A piece of a file, counted from 0."""
    statement = select(ImportPart.content).where(
        ImportPart.import_id == key, ImportPart.role == role, ImportPart.part == number
    )
    return connection.scalar(statement)


def delete_parts(connection: Connection, key: int, role: str | None = None) -> None:
    """Forget a file; without a role, all files of an import."""
    statement = delete(ImportPart).where(ImportPart.import_id == key)
    connection.execute(statement if role is None else statement.where(ImportPart.role == role))


def _first(connection: Connection, *conditions: Any) -> StoredImport | None:
    row = connection.execute(select(Import.__table__).where(*conditions)).first()
    return None if row is None else StoredImport(**row._mapping)
