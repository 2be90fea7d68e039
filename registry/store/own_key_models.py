"""The tables of issuers that hold their keys themselves: what waits for a signature of theirs."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from registry.domain.public_id import LENGTH as PUBLIC_ID_LENGTH
from registry.store.models import Base, Id


class KeyChallenge(Base):
    """A challenge for whoever says that it has the private half of a key; gone once it was answered."""

    __tablename__ = "key_challenges"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    issuer_id: Mapped[int] = mapped_column(ForeignKey("issuers.id"))
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    challenge: Mapped[str] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("issuer_id", "public_key"),)


class Preparation(Base):
    """A certificate that has passed all checks and waits for its issuer's signature. Meanwhile it keeps its number."""

    __tablename__ = "preparations"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(PUBLIC_ID_LENGTH), unique=True)
    issuer_id: Mapped[int] = mapped_column(ForeignKey("issuers.id"))
    number: Mapped[str] = mapped_column(String(64))
    # The canonical bytes that are to be signed, without the proof.
    document: Mapped[bytes] = mapped_column(LargeBinary)
    cryptosuite: Mapped[str] = mapped_column(String(32))
    # The key for which it was prepared; another active one of the issuer's will do.
    signing_key_id: Mapped[int] = mapped_column(ForeignKey("signing_keys.id"))
    reason: Mapped[str] = mapped_column(String(40))
    note: Mapped[str | None] = mapped_column(Text)
    # The certificate that it will supersede.
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("certificates.id"))
    status_list_id: Mapped[int] = mapped_column(Integer)
    status_index: Mapped[int] = mapped_column(Integer)
    prepared_at: Mapped[datetime]
    expires_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("issuer_id", "number"),
        Index("ix_preparations_issuer_id_expires_at", "issuer_id", "expires_at"),
    )
