"""The tables of watching: changes that wait to be told, and how far time has been followed."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from registry.store.models import Base, Id


class PendingChange(Base):
    """A change of a certificate, written in the transaction that made it, which nobody has been told of yet.

    No foreign key, as with entries of the log that wait.
    """

    __tablename__ = "pending_changes"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    certificate_id: Mapped[int] = mapped_column(Id)
    kind: Mapped[str] = mapped_column(String(24))
    at: Mapped[datetime]
    reason: Mapped[str | None] = mapped_column(String(40))
    days: Mapped[int] = mapped_column(SmallInteger)
    recorded_at: Mapped[datetime]


class ChangeClock(Base):
    """Up to which day certificates were looked at that end so many `days` later; -1: that ended the day before.

    `after` is how far the day behind that one has been gone through: a row id of certificates.
    """

    __tablename__ = "change_clocks"

    days: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    done: Mapped[date]
    after: Mapped[int] = mapped_column(Id)
