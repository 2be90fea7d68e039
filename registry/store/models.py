"""The tables. Certificates, credentials, status events and audit events are only ever added to.

The columns of `certificates` from `state` on are a cache of the fold over its status events, renewed in the
transaction that adds an event, so that reading the status of a certificate needs no second query.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from registry.domain.public_id import LENGTH as PUBLIC_ID_LENGTH
from registry.store.packed_document import PackedDocument


class Instant(TypeDecorator[datetime]):
    """A moment in UTC; SQLite, which has no zones, keeps it without one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse times without a zone: which moment they mean is anybody's guess."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a zone")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Give the zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# SQLite numbers rows by itself only in INTEGER columns.
Id = BigInteger().with_variant(Integer, "sqlite")

# Compared symbol by symbol, whatever language the database sorts in: the search by prefix is a range.
FoldedName = String(200).with_variant(String(200, collation="C"), "postgresql")


class Base(DeclarativeBase):
    """Names of constraints by rule, so that migrations can change them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - read by SQLAlchemy
        datetime: Instant(),
        dict[str, Any]: JSON(),
        list[str]: JSON(),
    }


class Issuer(Base):
    """A certification body."""

    __tablename__ = "issuers"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    name_zh: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str | None] = mapped_column(String(200))
    address_zh: Mapped[str] = mapped_column(String(300))
    address_en: Mapped[str | None] = mapped_column(String(300))
    mark: Mapped[str] = mapped_column(String(32))
    website: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime]
    # Of the proofs on certificates that are yet to be issued.
    cryptosuite: Mapped[str] = mapped_column(String(32), server_default="eddsa-jcs-2022")
    # Whether withdrawals and bulk acts wait for a second officer.
    four_eyes: Mapped[bool] = mapped_column(server_default=false())


class Authorization(Base):
    """A scheme that an issuer may certify, from when to when."""

    __tablename__ = "authorizations"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    issuer_id: Mapped[int] = mapped_column(ForeignKey("issuers.id"), index=True)
    scheme: Mapped[str] = mapped_column(String(64))
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]


class SigningKey(Base):
    """The public half of a key. `issuer_id` is empty for keys of the registry itself."""

    __tablename__ = "signing_keys"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    issuer_id: Mapped[int | None] = mapped_column(ForeignKey("issuers.id"), index=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    purpose: Mapped[str] = mapped_column(String(16))
    verification_method: Mapped[str] = mapped_column(String(300), unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    # Who holds the private half (keys.Custody).
    custody: Mapped[str] = mapped_column(String(8), server_default="file")
    active_from: Mapped[datetime]
    retired_at: Mapped[datetime | None]
    compromised_since: Mapped[datetime | None]

    # Whose a signature is must be clear.
    __table_args__ = (Index("ix_signing_keys_public_key", "public_key", unique=True),)


class Certificate(Base):
    """What can be searched of a certificate. What it says, and what counts, is its credential."""

    __tablename__ = "certificates"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(PUBLIC_ID_LENGTH), unique=True)
    issuer_id: Mapped[int] = mapped_column(ForeignKey("issuers.id"))
    number: Mapped[str] = mapped_column(String(64))
    revision: Mapped[int] = mapped_column(Integer)
    scheme: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(32))
    # The branch of whoever issued it. No foreign key, as with status lists: branches are never deleted.
    branch_id: Mapped[int | None] = mapped_column(Id)
    holder_type: Mapped[str] = mapped_column(String(16))
    holder_name: Mapped[str] = mapped_column(String(200))
    holder_name_en: Mapped[str | None] = mapped_column(String(200))
    # As in store/holder_names.py; empty for persons, who are not found by name.
    holder_name_folded: Mapped[str | None] = mapped_column(FoldedName)
    holder_name_en_folded: Mapped[str | None] = mapped_column(FoldedName)
    holder_id_scheme: Mapped[str | None] = mapped_column(String(16))
    holder_id: Mapped[str | None] = mapped_column(String(64))
    region: Mapped[str | None] = mapped_column(String(6))
    industry: Mapped[str | None] = mapped_column(String(3))
    size: Mapped[str | None] = mapped_column(String(8))
    granted_on: Mapped[date]
    decided_on: Mapped[date]
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    signing_key_id: Mapped[int] = mapped_column(ForeignKey("signing_keys.id"))
    recorded_at: Mapped[datetime]
    # Why it was issued.
    first_reason: Mapped[str] = mapped_column(String(40))
    # The certificate that this one replaces; each is replaced once at most. Empty again where
    # this one was given up before its first day.
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("certificates.id"), unique=True)
    # The first of the versions that this is one of, and why this one came about; both empty for most.
    first_version_id: Mapped[int | None] = mapped_column(ForeignKey("certificates.id"))
    change: Mapped[str | None] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(String(16))
    state_since: Mapped[datetime]
    state_reason: Mapped[str] = mapped_column(String(40))
    # When the state will change without a new event: a planned act, or the end of a suspension.
    state_changes_at: Mapped[datetime | None]
    event_count: Mapped[int] = mapped_column(Integer)
    # Its place in the status lists; empty for certificates from before there were any. No foreign key: its check would
    # lock the list's row once for each of 10,000 certificates in a batch, and lists are never deleted.
    status_list_id: Mapped[int | None] = mapped_column(Integer)
    status_index: Mapped[int | None] = mapped_column(Integer)

    __table_args__ = (
        # This order serves the search by number alone as well. A number's documents count from 1, so that two
        # certificates never begin with the same number.
        UniqueConstraint("number", "issuer_id", "revision"),
        Index(
            "ix_certificates_first_version_id",
            "first_version_id",
            "id",
            sqlite_where=text("first_version_id IS NOT NULL"),
            postgresql_where=text("first_version_id IS NOT NULL"),
        ),
        Index("ix_certificates_issuer_id", "issuer_id", "id"),
        Index("ix_certificates_issuer_id_state", "issuer_id", "state", "id"),
        Index("ix_certificates_issuer_id_scheme", "issuer_id", "scheme", "id"),
        Index("ix_certificates_issuer_id_valid_from", "issuer_id", "valid_from", "id"),
        Index("ix_certificates_issuer_id_valid_until", "issuer_id", "valid_until", "id"),
        Index(
            "ix_certificates_issuer_id_branch_id",
            "issuer_id",
            "branch_id",
            "id",
            sqlite_where=text("branch_id IS NOT NULL"),
            postgresql_where=text("branch_id IS NOT NULL"),
        ),
        Index("ix_certificates_holder_id", "holder_id"),
        Index("ix_certificates_holder_name_folded", "holder_name_folded"),
        Index("ix_certificates_holder_name_en_folded", "holder_name_en_folded"),
        Index(
            "ix_certificates_state_changes_at",
            "state_changes_at",
            sqlite_where=text("state_changes_at IS NOT NULL"),
            postgresql_where=text("state_changes_at IS NOT NULL"),
        ),
        # What a status list is built from. Active certificates, nearly all, are not in it.
        Index(
            "ix_certificates_status_list_id",
            "status_list_id",
            "state",
            "status_index",
            sqlite_where=text("state <> 'active'"),
            postgresql_where=text("state <> 'active'"),
        ),
        Index(
            "ix_certificates_status_list_id_state_changes_at",
            "status_list_id",
            "state_changes_at",
            sqlite_where=text("state_changes_at IS NOT NULL"),
            postgresql_where=text("state_changes_at IS NOT NULL"),
        ),
    )


class Credential(Base):
    """The signed credential as its canonical bytes, packed."""

    __tablename__ = "credentials"

    certificate_id: Mapped[int] = mapped_column(ForeignKey("certificates.id"), primary_key=True, autoincrement=False)
    document: Mapped[bytes] = mapped_column(PackedDocument)


class StatusEvent(Base):
    """One act on a certificate. The unique sequence lets only one of two concurrent acts through."""

    __tablename__ = "status_events"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    certificate_id: Mapped[int] = mapped_column(ForeignKey("certificates.id"))
    sequence: Mapped[int] = mapped_column(Integer)
    act: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(String(40))
    note: Mapped[str | None] = mapped_column(Text)
    effective_at: Mapped[datetime]
    until: Mapped[datetime | None]
    recorded_at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(80))
    # The sequence of the act that this one calls off.
    calls_off: Mapped[int | None] = mapped_column(Integer)

    __table_args__ = (UniqueConstraint("certificate_id", "sequence"),)


class ApiKey(Base):
    """An API key: who may do what. Only a hash of the secret is kept.

    `root_id`: the key from which it comes by rotation, or by which it was made: all of those are one holder's.
    `user_id`: the user of the console who made it. `last_used_at` is only about right.
    """

    __tablename__ = "api_keys"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    key_id: Mapped[str] = mapped_column(String(16), unique=True)
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary)
    issuer_id: Mapped[int] = mapped_column(ForeignKey("issuers.id"), index=True)
    verbs: Mapped[list[str]]
    label: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    root_id: Mapped[int | None] = mapped_column(ForeignKey("api_keys.id"))
    user_id: Mapped[int | None] = mapped_column(Id)
    last_used_at: Mapped[datetime | None]


class IdempotencyKey(Base):
    """What became of a request with an Idempotency-Key: the event that it recorded."""

    __tablename__ = "idempotency_keys"

    api_key_id: Mapped[int] = mapped_column(ForeignKey("api_keys.id"), primary_key=True, autoincrement=False)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    certificate_id: Mapped[int] = mapped_column(ForeignKey("certificates.id"))
    sequence: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(index=True)


class AuditEvent(Base):
    """Who changed what, when, from where. Never contains a secret.

    `position`, `salt` and `link` are the event's place in the hash chain (formats/audit_chain.py). They are filled in
    once, when the log's entries are placed; nothing else of a row ever changes.
    """

    __tablename__ = "audit_events"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(80))
    # No foreign keys: what was done stays, whoever goes.
    api_key_id: Mapped[int | None] = mapped_column(Id)
    user_id: Mapped[int | None] = mapped_column(Id)
    # The network address that the request came from; none at the terminal.
    origin: Mapped[str | None] = mapped_column(String(64))
    act: Mapped[str] = mapped_column(String(40))
    issuer_id: Mapped[int | None] = mapped_column(ForeignKey("issuers.id"))
    subject: Mapped[str] = mapped_column(String(120))
    # What was changed, as it was and as it became.
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    details: Mapped[dict[str, Any]]
    position: Mapped[int | None] = mapped_column(Id)
    salt: Mapped[bytes | None] = mapped_column(LargeBinary)
    link: Mapped[bytes | None] = mapped_column(LargeBinary)

    __table_args__ = (
        Index("ix_audit_events_at", "at", "id"),
        Index("ix_audit_events_issuer_id", "issuer_id", "at", "id"),
        Index("ix_audit_events_issuer_id_act", "issuer_id", "act", "at", "id"),
        Index("ix_audit_events_issuer_id_subject", "issuer_id", "subject", "at", "id"),
        Index("ix_audit_events_issuer_id_actor", "issuer_id", "actor", "at", "id"),
        Index("ix_audit_events_position", "position", unique=True),
        # Those that wait for their place in the chain.
        Index(
            "ix_audit_events_unlinked",
            "id",
            sqlite_where=text("position IS NULL"),
            postgresql_where=text("position IS NULL"),
        ),
    )


class StatusList(Base):
    """A pair of status lists, of revocations and of suspensions, whose places are given out together."""

    __tablename__ = "status_lists"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    length: Mapped[int] = mapped_column(Integer)
    # How many places have been given out: those at the beginning of the order.
    allotted: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime]


class StatusListOrder(Base):
    """The random order in which a list's places are given out, in parts; never published.

    Apart from `status_lists`, whose row is written again for every reservation.
    """

    __tablename__ = "status_list_orders"

    status_list_id: Mapped[int] = mapped_column(ForeignKey("status_lists.id"), primary_key=True, autoincrement=False)
    part: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # Indexes of four bytes each, big-endian.
    indexes: Mapped[bytes] = mapped_column(LargeBinary)


class StatusListCredential(Base):
    """A status list as last published, so that all processes serve the same bytes."""

    __tablename__ = "status_list_credentials"

    status_list_id: Mapped[int] = mapped_column(ForeignKey("status_lists.id"), primary_key=True, autoincrement=False)
    purpose: Mapped[str] = mapped_column(String(16), primary_key=True)
    document: Mapped[bytes] = mapped_column(LargeBinary)
    etag: Mapped[str] = mapped_column(String(64))
    built_at: Mapped[datetime]
    # When the next planned act on one of its certificates takes effect, or a suspension ends.
    changes_at: Mapped[datetime | None]
    verification_method: Mapped[str] = mapped_column(String(300))
    # The newest status event that had been recorded when the list was built.
    last_event_id: Mapped[int] = mapped_column(Id)
    # Whether no transaction was at work then, which could have brought in an event numbered before that one.
    settled: Mapped[bool]
