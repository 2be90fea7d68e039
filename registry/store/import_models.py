"""The tables of files that were sent to be imported."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, ForeignKey, Index, Integer, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from registry.store.models import Base, Id


class Import(Base):
    """A file, who sent it, what was found in it, and what has become of it."""

    __tablename__ = "imports"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    # What stands in addresses: random, so that nobody learns how many there are.
    name: Mapped[str] = mapped_column(String(22), unique=True)
    issuer_id: Mapped[int] = mapped_column(ForeignKey("issuers.id"))
    # 'certificates' or 'acts'.
    kind: Mapped[str] = mapped_column(String(16))
    format: Mapped[str] = mapped_column(String(8))
    file_name: Mapped[str | None] = mapped_column(String(200))
    size: Mapped[int] = mapped_column(Id)
    sha256: Mapped[str] = mapped_column(String(64))
    # On whose behalf the worker goes on: whoever sent the file, and then whoever accepted it.
    actor: Mapped[str] = mapped_column(String(80))
    verbs: Mapped[list[str]]
    api_key_id: Mapped[int | None] = mapped_column(Id)
    user_id: Mapped[int | None] = mapped_column(Id)
    origin: Mapped[str | None] = mapped_column(String(64))
    idempotency_key: Mapped[str | None] = mapped_column(String(255))
    state: Mapped[str] = mapped_column(String(16))
    # Whether the check alone is wanted, until somebody accepts what it found.
    dry_run: Mapped[bool] = mapped_column(Boolean)
    # Whether the right rows are to be recorded although others are wrong.
    skip_wrong: Mapped[bool] = mapped_column(Boolean)
    # What was found; empty before.
    row_count: Mapped[int | None] = mapped_column(Integer)
    new_count: Mapped[int | None] = mapped_column(Integer)
    already_count: Mapped[int | None] = mapped_column(Integer)
    wrong_count: Mapped[int | None] = mapped_column(Integer)
    # How far the present state has come, in bytes or in rows.
    done: Mapped[int] = mapped_column(Id)
    total: Mapped[int] = mapped_column(Id)
    # Why the file as a whole was refused.
    problem: Mapped[str | None] = mapped_column(Text)
    # Which worker is at it, and until when it must have given a sign of life.
    claim: Mapped[str | None] = mapped_column(String(22))
    claimed_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("api_key_id", "idempotency_key"),
        Index("ix_imports_issuer_id", "issuer_id", "id"),
        # What workers look for; all others, nearly all, are not in it.
        Index(
            "ix_imports_open",
            "id",
            sqlite_where=text("state IN ('waiting', 'checking', 'accepted', 'recording')"),
            postgresql_where=text("state IN ('waiting', 'checking', 'accepted', 'recording')"),
        ),
        Index("ix_imports_changed_at", "changed_at"),
    )


class ImportPart(Base):
    """A piece of a file: of the one that was sent (`file`), of the report of wrong rows, as a file and as JSON.

    In the database, so that any worker can take an import up, on whichever machine.
    """

    __tablename__ = "import_parts"

    import_id: Mapped[int] = mapped_column(ForeignKey("imports.id"), primary_key=True, autoincrement=False)
    role: Mapped[str] = mapped_column(String(8), primary_key=True)
    part: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    content: Mapped[bytes] = mapped_column(LargeBinary)
