"""The tables of the public log.

Nothing in them is ever changed but the tiles on the right edge, which grow, and the newest checkpoint's signatures
where the keys of the log change.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Integer, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from registry.store.models import Base, Id

# Stands in place of a certificate's row id in entries about the audit trail; the sequence then counts these entries.
AUDIT_TRAIL = 0


class PendingEntry(Base):
    """An entry that has been written, together with what it records, and has no place in the log yet."""

    __tablename__ = "log_pending"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    certificate_id: Mapped[int] = mapped_column(Id)
    sequence: Mapped[int] = mapped_column(Integer)
    statement: Mapped[bytes] = mapped_column(LargeBinary)


class LogEntry(Base):
    """An entry with its place. No status event can be in the log twice: the sequence is unique."""

    __tablename__ = "log_entries"

    log_index: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    # No foreign key: the entry stood in the transaction that stored its certificate.
    certificate_id: Mapped[int] = mapped_column(Id)
    sequence: Mapped[int] = mapped_column(Integer)
    # Canonical JSON (formats/log_entry.py): what is hashed and published.
    statement: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (UniqueConstraint("certificate_id", "sequence"),)


class LogTile(Base):
    """A hash tile (C2SP tlog-tiles), full or on the right edge."""

    __tablename__ = "log_tiles"

    level: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    tile_index: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    hashes: Mapped[bytes] = mapped_column(LargeBinary)


class LogCheckpoint(Base):
    """A signed checkpoint for each size that the log has had in public."""

    __tablename__ = "log_checkpoints"

    size: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    note: Mapped[bytes] = mapped_column(LargeBinary)
    integrated_at: Mapped[datetime]


class LogCosignature(Base):
    """A witness's cosignature of a checkpoint: a line of the signed note."""

    __tablename__ = "log_cosignatures"

    size: Mapped[int] = mapped_column(ForeignKey("log_checkpoints.size"), primary_key=True, autoincrement=False)
    witness: Mapped[str] = mapped_column(String(300), primary_key=True)
    line: Mapped[str] = mapped_column(String(1000))
