"""The table of how issuers' printed certificates look."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from registry.store.models import Base


class IssuerLook(Base):
    """How an issuer's printed certificates look; issuers that have chosen nothing have no row."""

    __tablename__ = "issuer_looks"

    issuer_id: Mapped[int] = mapped_column(ForeignKey("issuers.id"), primary_key=True, autoincrement=False)
    template: Mapped[str] = mapped_column(String(16))
    colour: Mapped[str] = mapped_column(String(7))
    # SVG, as formats/logo.py leaves it.
    logo: Mapped[str | None] = mapped_column(Text)
