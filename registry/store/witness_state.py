"""What a witness remembers: the logs that it knows, the last checkpoint of each that it cosigned, and what it refused.

A database of the witness's own, in a file of its own; it has nothing to do with a registry's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, ForeignKey, Integer, LargeBinary, Text, delete, insert, select, update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from registry.store.database import Database
from registry.store.models import Id, Instant


class _Base(DeclarativeBase):
    type_annotation_map = {datetime: Instant()}  # noqa: RUF012 - read by SQLAlchemy


class _Witness(_Base):
    """One row: the name under which this witness signs."""

    __tablename__ = "witness"

    name: Mapped[str] = mapped_column(Text, primary_key=True)


class _Log(_Base):
    """A log; size 0 and no note before its first checkpoint. `note` has the log's signature and the witness's own."""

    __tablename__ = "logs"

    origin: Mapped[str] = mapped_column(Text, primary_key=True)
    size: Mapped[int] = mapped_column(Id)
    root: Mapped[bytes] = mapped_column(LargeBinary)
    note: Mapped[bytes | None] = mapped_column(LargeBinary)
    cosigned_at: Mapped[datetime | None]


class _LogKey(_Base):
    __tablename__ = "log_keys"

    origin: Mapped[str] = mapped_column(ForeignKey("logs.origin"), primary_key=True)
    vkey: Mapped[str] = mapped_column(Text, primary_key=True)


class _Refusal(_Base):
    """What a log's own signature stood under and was refused: one row a kind, with the newest evidence."""

    __tablename__ = "refusals"

    origin: Mapped[str] = mapped_column(ForeignKey("logs.origin"), primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    times: Mapped[int] = mapped_column(Integer)
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    refused_note: Mapped[bytes] = mapped_column(LargeBinary)
    standing_note: Mapped[bytes] = mapped_column(LargeBinary)


class _FirstEvidence(_Base):
    """The evidence of the first refusal of a kind: later ones, which others can cause, must not bury it."""

    __tablename__ = "first_evidence"

    origin: Mapped[str] = mapped_column(ForeignKey("logs.origin"), primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    refused_note: Mapped[bytes] = mapped_column(LargeBinary)
    standing_note: Mapped[bytes] = mapped_column(LargeBinary)


class RefusalKind(StrEnum):
    """Why a checkpoint with a good signature was refused."""

    # Another root hash at the size that was cosigned: two histories. The two notes prove it to anybody.
    FORK = "fork"
    # Larger than what was cosigned, and nothing shows that it continues that.
    NO_PROOF = "no_proof"
    # Smaller than what was cosigned.
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True)
class LogState:
    """A log as its witness knows it. Before the first checkpoint, size 0, the empty tree's root and no note."""

    origin: str
    size: int
    root: bytes
    note: bytes | None
    cosigned_at: datetime | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """A refused checkpoint, and the cosigned one that stood against it, with the log's signatures."""

    refused_note: bytes
    standing_note: bytes


@dataclass(frozen=True, slots=True)
class Refusal:
    """Refused checkpoints of one log, for one reason: how often, when, and the evidence of the first and the newest.

    Where these are the same, `evidence` has one item.
    """

    origin: str
    kind: RefusalKind
    times: int
    first_at: datetime
    last_at: datetime
    evidence: tuple[Evidence, ...]


def prepare(database: Database) -> None:
    """Make the tables that are missing."""
    with database.transaction() as connection:
        _Base.metadata.create_all(connection)


def witness_name(connection: Connection) -> str | None:
    """The witness's name; None for a witness that has not been initialized."""
    return connection.scalar(select(_Witness.name))


def set_witness_name(connection: Connection, name: str) -> None:
    """Name the witness, once and for all."""
    connection.execute(insert(_Witness), {"name": name})


def find_log(connection: Connection, origin: str) -> LogState | None:
    """A log by its origin."""
    row = connection.execute(select(_Log.__table__).where(_Log.origin == origin)).first()
    return None if row is None else LogState(*row)


def all_logs(connection: Connection) -> list[LogState]:
    """All logs, by origin."""
    return [LogState(*row) for row in connection.execute(select(_Log.__table__).order_by(_Log.origin))]


def insert_log(connection: Connection, origin: str, root: bytes) -> None:
    """Begin to know a log; `root` is that of the empty tree."""
    connection.execute(insert(_Log), {"origin": origin, "size": 0, "root": root, "note": None, "cosigned_at": None})


def log_vkeys(connection: Connection, origin: str) -> list[str]:
    """The keys of a log."""
    return list(connection.scalars(select(_LogKey.vkey).where(_LogKey.origin == origin).order_by(_LogKey.vkey)))


def insert_log_vkey(connection: Connection, origin: str, vkey: str) -> None:
    """Trust a further key of a log."""
    connection.execute(insert(_LogKey), {"origin": origin, "vkey": vkey})


def delete_log_vkey(connection: Connection, origin: str, vkey: str) -> bool:
    """Trust a key of a log no more; returns whether it was trusted."""
    deleted = connection.execute(delete(_LogKey).where(_LogKey.origin == origin, _LogKey.vkey == vkey))
    return bool(deleted.rowcount)


def replace_cosigned(connection: Connection, old_size: int, cosigned: LogState) -> bool:
    """Compare and set: remember a checkpoint in place of the one of `old_size`; False where that is not the last."""
    values = {
        "size": cosigned.size,
        "root": cosigned.root,
        "note": cosigned.note,
        "cosigned_at": cosigned.cosigned_at,
    }
    where = (_Log.origin == cosigned.origin, _Log.size == old_size)
    return bool(connection.execute(update(_Log).where(*where).values(values)).rowcount)


def record_refusal(
    connection: Connection, origin: str, kind: RefusalKind, times: int, at: datetime, evidence: Evidence
) -> None:
    """Count `times` refusals more, and keep the evidence of the last of them."""
    key = {"origin": origin, "kind": kind.value}
    notes = {"refused_note": evidence.refused_note, "standing_note": evidence.standing_note}
    where = (_Refusal.origin == origin, _Refusal.kind == kind.value)
    newest = {"last_at": at, **notes}
    counted = connection.execute(update(_Refusal).where(*where).values(times=_Refusal.times + times, **newest))
    if not counted.rowcount:
        connection.execute(insert(_Refusal), {**key, "times": times, "first_at": at, **newest})
    where = (_FirstEvidence.origin == origin, _FirstEvidence.kind == kind.value)
    if connection.scalar(select(_FirstEvidence.kind).where(*where)) is None:
        connection.execute(insert(_FirstEvidence), {**key, **notes})


def refusals(connection: Connection) -> list[Refusal]:
    """All refusals, by origin."""
    first = {(row.origin, row.kind): row for row in connection.execute(select(_FirstEvidence.__table__))}
    columns = _Refusal.__table__.c
    statement = select(_Refusal.__table__).order_by(columns.origin, columns.kind)
    found = []
    for row in connection.execute(statement):
        # A state from before first evidence was kept may lack it.
        notes = (first.get((row.origin, row.kind), row), row)
        evidence = tuple(dict.fromkeys(Evidence(one.refused_note, one.standing_note) for one in notes))
        found.append(Refusal(row.origin, RefusalKind(row.kind), row.times, row.first_at, row.last_at, evidence))
    return found
