"""The tables of accreditations."""

from __future__ import annotations

from datetime import date

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from registry.store.models import Base, Id


class Accreditation(Base):
    """What an accreditation body has granted an issuer. One that is widened later is a further row."""

    __tablename__ = "accreditations"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    issuer_id: Mapped[int] = mapped_column(ForeignKey("issuers.id"), index=True)
    body: Mapped[str] = mapped_column(String(200))
    number: Mapped[str] = mapped_column(String(64))
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]


class AccreditationScheme(Base):
    """A scheme that an accreditation is for."""

    __tablename__ = "accreditation_schemes"

    accreditation_id: Mapped[int] = mapped_column(
        ForeignKey("accreditations.id"), primary_key=True, autoincrement=False
    )
    scheme: Mapped[str] = mapped_column(String(64), primary_key=True)
