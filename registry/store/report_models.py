"""The tables of reports from the public: what somebody takes for a forgery."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from registry.domain.public_id import LENGTH as PUBLIC_ID_LENGTH
from registry.store.models import Base, Id


class ForgeryReport(Base):
    """A suspected forgery. `issuer_id` is empty where nobody knows whose certificate it pretends to be."""

    __tablename__ = "forgery_reports"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    reference: Mapped[str] = mapped_column(String(16), unique=True)
    received_at: Mapped[datetime] = mapped_column(index=True)
    issuer_id: Mapped[int | None] = mapped_column(ForeignKey("issuers.id"))
    # The certificate that it is about, where it is registered, and what was typed for it.
    public_id: Mapped[str | None] = mapped_column(String(PUBLIC_ID_LENGTH))
    about: Mapped[str | None] = mapped_column(String(200))
    seen: Mapped[str] = mapped_column(Text)
    place: Mapped[str | None] = mapped_column(String(200))
    contact: Mapped[str | None] = mapped_column(String(200))
    has_picture: Mapped[bool]
    state: Mapped[str] = mapped_column(String(8))
    note: Mapped[str | None] = mapped_column(Text)
    changed_at: Mapped[datetime | None]
    changed_by: Mapped[str | None] = mapped_column(String(320))

    __table_args__ = (
        Index("ix_forgery_reports_issuer_id", "issuer_id", "id"),
        Index("ix_forgery_reports_state", "state", "id"),
    )


class ForgeryPicture(Base):
    """The picture that came with a report, as JPEG. Apart, so that lists need not read it."""

    __tablename__ = "forgery_pictures"

    report_id: Mapped[int] = mapped_column(ForeignKey("forgery_reports.id"), primary_key=True, autoincrement=False)
    content: Mapped[bytes] = mapped_column(LargeBinary)
