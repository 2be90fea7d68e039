"""The tables of watching: changes that wait to be told, watches, what parties were told, and webhooks."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, Integer, LargeBinary, SmallInteger, String, UniqueConstraint, text
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


class Watch(Base):
    """What a relying party wants to be told of: a certificate with the versions that follow it, or all of a holder.

    A certificate is watched by the first of its versions (`certification_id`); `certificate_id` is the one that was
    named. `notice_days` has a bit for each of domain.changes.EXPIRY_NOTICE_DAYS, in their order. No foreign keys to
    certificates: they are never deleted, and 100,000 would be checked.
    """

    __tablename__ = "watches"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    watch_id: Mapped[str] = mapped_column(String(16), unique=True)
    party_id: Mapped[int] = mapped_column(ForeignKey("relying_parties.id"))
    certification_id: Mapped[int | None] = mapped_column(Id)
    certificate_id: Mapped[int | None] = mapped_column(Id)
    holder_id_scheme: Mapped[str | None] = mapped_column(String(16))
    holder_id: Mapped[str | None] = mapped_column(String(64))
    notice_days: Mapped[int] = mapped_column(SmallInteger)
    label: Mapped[str | None] = mapped_column(String(100))
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(80))

    __table_args__ = (
        # Each is watched once by each party; in this order, those who watch a certificate are found as well.
        UniqueConstraint("certification_id", "party_id"),
        UniqueConstraint("holder_id", "holder_id_scheme", "party_id"),
        Index("ix_watches_party_id", "party_id", "id"),
        Index("ix_watches_party_id_label", "party_id", "label", "id"),
    )


class PartyEventCounter(Base):
    """The number of the last event of a party."""

    __tablename__ = "party_event_counters"

    party_id: Mapped[int] = mapped_column(ForeignKey("relying_parties.id"), primary_key=True, autoincrement=False)
    last: Mapped[int] = mapped_column(Id)


class PartyEvent(Base):
    """Something that a relying party is told; only ever added to, under one lock, with numbers that count from 1.

    So numbers are committed in their order, and a reader who asks for what comes after a number misses none.
    `certificate_id` is empty, and `subject` is not, where it is about a webhook.
    """

    __tablename__ = "party_events"

    party_id: Mapped[int] = mapped_column(ForeignKey("relying_parties.id"), primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    # Of domain.changes.EVENT_TYPES.
    type: Mapped[str] = mapped_column(String(32))
    certificate_id: Mapped[int | None] = mapped_column(Id)
    subject: Mapped[str | None] = mapped_column(String(16))
    at: Mapped[datetime]
    reason: Mapped[str | None] = mapped_column(String(40))
    days: Mapped[int] = mapped_column(SmallInteger)
    recorded_at: Mapped[datetime]


class WebhookEndpoint(Base):
    """Where a relying party wants events sent to. Secrets are sealed (keys/), the older one until `old_secret_until`.

    `failures` are those without a success between, `failing_since` the first of them; nothing is sent before
    `paused_until`.
    """

    __tablename__ = "webhook_endpoints"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    endpoint_id: Mapped[str] = mapped_column(String(16), unique=True)
    party_id: Mapped[int] = mapped_column(ForeignKey("relying_parties.id"))
    url: Mapped[str] = mapped_column(String(1000))
    # Empty: all types of events.
    types: Mapped[list[str]]
    label: Mapped[str | None] = mapped_column(String(100))
    state: Mapped[str] = mapped_column(String(12))
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    old_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    old_secret_until: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(Integer)
    failing_since: Mapped[datetime | None]
    paused_until: Mapped[datetime | None]
    disabled_because: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(80))

    __table_args__ = (Index("ix_webhook_endpoints_party_id", "party_id", "id"),)


class WebhookDelivery(Base):
    """An event that an endpoint shall have, until it has it or the time is over.

    While it waits, `due_at` is when it is tried next; whoever tries it puts that off, so that nobody else does, and
    another goes on where that one dies.
    """

    __tablename__ = "webhook_deliveries"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("webhook_endpoints.id"))
    number: Mapped[int] = mapped_column(Id)
    state: Mapped[str] = mapped_column(String(10))
    attempts: Mapped[int] = mapped_column(Integer)
    due_at: Mapped[datetime]
    give_up_at: Mapped[datetime]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("endpoint_id", "number"),
        Index(
            "ix_webhook_deliveries_waiting",
            "endpoint_id",
            "due_at",
            "number",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_webhook_deliveries_endpoint_id_state", "endpoint_id", "state", "number"),
        Index("ix_webhook_deliveries_finished_at", "finished_at"),
    )


class WebhookAttempt(Base):
    """One attempt at a delivery: what was answered, or why nothing was."""

    __tablename__ = "webhook_attempts"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("webhook_deliveries.id"), index=True)
    at: Mapped[datetime]
    status: Mapped[int | None] = mapped_column(SmallInteger)
    problem: Mapped[str | None] = mapped_column(String(200))
    milliseconds: Mapped[int] = mapped_column(Integer)
