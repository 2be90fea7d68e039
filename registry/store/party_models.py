"""The tables of relying parties: banks, insurers and others who check certificates."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from registry.store.models import Base, Id


class RelyingParty(Base):
    """A bank, an insurer, or somebody else who relies on certificates: a tenant of its own."""

    __tablename__ = "relying_parties"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    name_zh: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str | None] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime]


class PartyKey(Base):
    """An API key of a relying party. Only a hash of the secret is kept. `last_used_at` is only about right."""

    __tablename__ = "party_keys"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    key_id: Mapped[str] = mapped_column(String(16), unique=True)
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary)
    party_id: Mapped[int] = mapped_column(ForeignKey("relying_parties.id"))
    scopes: Mapped[list[str]]
    label: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_party_keys_party_id", "party_id", "id"),)
