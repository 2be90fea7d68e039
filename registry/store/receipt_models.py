"""The table of receipts."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from registry.store.models import Base, Id


class Receipt(Base):
    """A signed receipt of a verification, kept for the relying party that asked for it. Never changed."""

    __tablename__ = "receipts"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    # In its address: random, so that nobody meets another's.
    name: Mapped[str] = mapped_column(String(32), unique=True)
    party_id: Mapped[int] = mapped_column(ForeignKey("relying_parties.id"))
    made_at: Mapped[datetime]
    verdict: Mapped[str] = mapped_column(String(16))
    # The certificate that was verified; empty where none fitted. As text: what is said of it stays.
    public_id: Mapped[str | None] = mapped_column(String(15))
    reference: Mapped[str | None] = mapped_column(String(200))
    document: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (Index("ix_receipts_party_id", "party_id", "id"),)
