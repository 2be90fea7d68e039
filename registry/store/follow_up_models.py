"""The tables of what happens between certification decisions: surveillance, policies, notices."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, SmallInteger, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from registry.store.models import Base, Id


class SurveillancePlan(Base):
    """When the next surveillance audit of a certification is due: a cache of what its records and its rule say.

    A certification is named by the first of its versions; there is no row where no audit is due. Rows come and go in
    the transactions of certificates, many at once, so that no further foreign keys are needed, which would be checked
    for each of 100,000.
    """

    __tablename__ = "surveillance_plans"

    first_version_id: Mapped[int] = mapped_column(ForeignKey("certificates.id"), primary_key=True, autoincrement=False)
    issuer_id: Mapped[int] = mapped_column(Id)
    # The newest of its versions.
    certificate_id: Mapped[int] = mapped_column(Id)
    due_on: Mapped[date]
    passed: Mapped[int] = mapped_column(SmallInteger)
    stage: Mapped[int] = mapped_column(SmallInteger)
    warned_on: Mapped[date | None]

    __table_args__ = (
        # The list of what is due.
        Index("ix_surveillance_plans_issuer_id_due_on", "issuer_id", "due_on", "first_version_id"),
        # What the worker has to do next.
        Index("ix_surveillance_plans_issuer_id_stage", "issuer_id", "stage", "due_on", "first_version_id"),
    )


class SurveillanceRecord(Base):
    """A surveillance audit that was held, or a date that was set; only ever added to."""

    __tablename__ = "surveillance_records"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    first_version_id: Mapped[int] = mapped_column(ForeignKey("certificates.id"))
    sequence: Mapped[int] = mapped_column(Integer)
    certificate_id: Mapped[int] = mapped_column(ForeignKey("certificates.id"))
    result: Mapped[str] = mapped_column(String(16))
    held_on: Mapped[date | None]
    # When the next audit is due from then on; empty: none before recertification.
    due_on: Mapped[date | None]
    passed: Mapped[int] = mapped_column(SmallInteger)
    note: Mapped[str | None] = mapped_column(Text)
    recorded_at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(80))

    __table_args__ = (UniqueConstraint("first_version_id", "sequence"),)


class FollowUpPolicyVersion(Base):
    """What an issuer wants, as it was from some moment on; only ever added to. The highest version counts."""

    __tablename__ = "follow_up_policies"

    issuer_id: Mapped[int] = mapped_column(ForeignKey("issuers.id"), primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    terms: Mapped[dict[str, Any]]
    recorded_at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(80))


class NoticeCounter(Base):
    """The last notice of an issuer, and the last one that was mailed. Who adds notices holds this row.

    So numbers are committed in their order, and a reader who asks for what comes after a number misses none.
    """

    __tablename__ = "notice_counters"

    issuer_id: Mapped[int] = mapped_column(ForeignKey("issuers.id"), primary_key=True, autoincrement=False)
    last: Mapped[int] = mapped_column(Integer)
    mailed: Mapped[int] = mapped_column(Integer)
    # The last notice of the mail that was begun; who tries again sends the same one.
    mailing: Mapped[int | None] = mapped_column(Integer)
    # Until when somebody is at work mailing what follows, or has put it off after a failure.
    busy_until: Mapped[datetime | None]


class Notice(Base):
    """Something that the issuer was told; only ever added to."""

    __tablename__ = "notices"

    issuer_id: Mapped[int] = mapped_column(ForeignKey("issuers.id"), primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(24))
    certificate_id: Mapped[int] = mapped_column(ForeignKey("certificates.id"))
    # The day that it is about: the end of the certificate, when the audit is due, when it will be suspended.
    about: Mapped[date]
    # How many days before its end a certificate is reminded of; 0 for other notices.
    threshold: Mapped[int] = mapped_column(SmallInteger)
    recorded_at: Mapped[datetime]

    # Each is told once.
    __table_args__ = (UniqueConstraint("certificate_id", "kind", "about", "threshold"),)
