"""The tables of people: branches, users, what they sign in with, and their sessions.

No secret is in them in the clear: passwords are argon2 hashes, tokens and recovery codes plain hashes of random values,
and TOTP secrets are sealed by `keys`.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from registry.store.models import Base, Id


class Branch(Base):
    """A branch office of an issuer."""

    __tablename__ = "branches"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    issuer_id: Mapped[int] = mapped_column(ForeignKey("issuers.id"))
    code: Mapped[str] = mapped_column(String(32))
    name_zh: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime]
    # A closed branch takes no new people; what it issued stays its own.
    closed_at: Mapped[datetime | None]

    __table_args__ = (UniqueConstraint("issuer_id", "code"),)


class User(Base):
    """Somebody who signs in to the console. `issuer_id` is empty for operators of the registry."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    issuer_id: Mapped[int | None] = mapped_column(ForeignKey("issuers.id"))
    branch_id: Mapped[int | None] = mapped_column(ForeignKey("branches.id"))
    # In small letters.
    email: Mapped[str] = mapped_column(String(75), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    role: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    # Empty until the invitation is accepted.
    password_hash: Mapped[str | None] = mapped_column(String(200))
    invitation_hash: Mapped[bytes | None] = mapped_column(LargeBinary, unique=True)
    invited_until: Mapped[datetime | None]
    # Sealed; empty without a second factor.
    totp_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    # The time step of the last code that was accepted: neither it nor an earlier one is accepted again.
    totp_step: Mapped[int | None] = mapped_column(BigInteger)

    __table_args__ = (Index("ix_users_issuer_id", "issuer_id", "id"),)


class RecoveryCode(Base):
    """A code that stands in once for the second factor. It is deleted when it is used."""

    __tablename__ = "recovery_codes"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True, autoincrement=False)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)


class UserSession(Base):
    """A session of the console. The browser has the token; here is its hash."""

    __tablename__ = "user_sessions"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(index=True)
    seen_at: Mapped[datetime]
    # When the second factor was shown; without it the session is good for little.
    second_factor_at: Mapped[datetime | None]
    # A second factor that is being set up: sealed, and known to this session alone until it is confirmed.
    pending_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    # Which issuer an operator of the registry looks at.
    issuer_id: Mapped[int | None] = mapped_column(ForeignKey("issuers.id"))
    origin: Mapped[str] = mapped_column(String(64))


class SignInCounter(Base):
    """How often somebody tried to sign in. `subject` is a hash: people type passwords where names belong."""

    __tablename__ = "sign_in_counters"

    subject: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    began_at: Mapped[datetime] = mapped_column(index=True)
    attempts: Mapped[int] = mapped_column(Integer)
