"""The table of agreements to hand certifications over to another issuer."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from registry.store.models import Base, Id

_OPEN = text("revoked_at IS NULL AND taken_at IS NULL")


class Handover(Base):
    """An issuer agrees that another one takes a certification over, and so supersedes its certificate."""

    __tablename__ = "handovers"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    certificate_id: Mapped[int] = mapped_column(ForeignKey("certificates.id"))
    from_issuer_id: Mapped[int] = mapped_column(ForeignKey("issuers.id"))
    to_issuer_id: Mapped[int] = mapped_column(ForeignKey("issuers.id"))
    agreed_at: Mapped[datetime]
    agreed_by: Mapped[str] = mapped_column(String(80))
    # It counts for nothing from then on.
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    taken_at: Mapped[datetime | None]

    __table_args__ = (
        # One at a time is open.
        Index(
            "uq_handovers_certificate_id",
            "certificate_id",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
        Index("ix_handovers_from_issuer_id", "from_issuer_id", "id", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_handovers_to_issuer_id", "to_issuer_id", "id", sqlite_where=_OPEN, postgresql_where=_OPEN),
    )
