"""The table of acts that wait for a second officer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from registry.store.models import Base, Id


class Proposal(Base):
    """An act that somebody has proposed, and what became of it."""

    __tablename__ = "proposals"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    # Random, so that nobody learns how many there are.
    reference: Mapped[str] = mapped_column(String(16), unique=True)
    issuer_id: Mapped[int] = mapped_column(ForeignKey("issuers.id"))
    act: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(120))
    # What the act needs to be done.
    payload: Mapped[dict[str, Any]]
    # What it is about, as it is and as it would become, for the second officer's eyes.
    before: Mapped[dict[str, Any]]
    after: Mapped[dict[str, Any]]
    proposed_at: Mapped[datetime]
    proposed_by: Mapped[str] = mapped_column(String(80))
    api_key_id: Mapped[int | None] = mapped_column(ForeignKey("api_keys.id"))
    user_id: Mapped[int | None] = mapped_column(Id)
    expires_at: Mapped[datetime]
    # 'waiting', 'approved', 'refused' or 'taken_back'. One that has expired still says that it waits.
    state: Mapped[str] = mapped_column(String(16))
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(String(80))
    reason: Mapped[str | None] = mapped_column(Text)
    outcome: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))

    __table_args__ = (
        Index("ix_proposals_issuer_id", "issuer_id", "id"),
        Index("ix_proposals_issuer_id_state", "issuer_id", "state", "id"),
        Index("ix_proposals_issuer_id_subject", "issuer_id", "subject", "id"),
    )
