"""Sessions of the console, and how often somebody tried to sign in: the queries."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, case, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from registry.store.people_models import SignInCounter, UserSession


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A session, without its token."""

    id: int
    user_id: int
    created_at: datetime
    seen_at: datetime
    second_factor_at: datetime | None
    issuer_id: int | None
    origin: str
    pending_secret: bytes | None = field(repr=False)


_SESSIONS = select(
    UserSession.id,
    UserSession.user_id,
    UserSession.created_at,
    UserSession.seen_at,
    UserSession.second_factor_at,
    UserSession.issuer_id,
    UserSession.origin,
    UserSession.pending_secret,
)


def insert_session(connection: Connection, **values: Any) -> None:
    """Store a session, by the columns of `UserSession`."""
    connection.execute(insert(UserSession).values(**values))


def find_session(connection: Connection, token_hash: bytes) -> StoredSession | None:
    """The session of a token."""
    row = connection.execute(_SESSIONS.where(UserSession.token_hash == token_hash)).first()
    return None if row is None else StoredSession(*row)


def sessions_of(connection: Connection, user_id: int, since: datetime) -> list[StoredSession]:
    """A user's sessions that were seen after a time, the newest first."""
    fitting = (UserSession.user_id == user_id, UserSession.seen_at > since)
    statement = _SESSIONS.where(*fitting).order_by(UserSession.seen_at.desc()).limit(50)
    return [StoredSession(*row) for row in connection.execute(statement)]


def update_session(connection: Connection, key: int, **values: Any) -> None:
    """Change columns of a session."""
    connection.execute(update(UserSession).where(UserSession.id == key).values(**values))


def end_session(connection: Connection, token_hash: bytes) -> None:
    """End the session of a token."""
    connection.execute(delete(UserSession).where(UserSession.token_hash == token_hash))


def end_sessions_of(connection: Connection, user_id: int, except_for: int | None = None) -> None:
    """End a user's sessions; all but one, where given."""
    statement = delete(UserSession).where(UserSession.user_id == user_id)
    if except_for is not None:
        statement = statement.where(UserSession.id != except_for)
    connection.execute(statement)


def forget_sessions(connection: Connection, before: datetime) -> None:
    """Drop sessions that were begun before a time."""
    connection.execute(delete(UserSession).where(UserSession.created_at < before))


def count_attempt(connection: Connection, subject: bytes, now: datetime, cutoff: datetime) -> int:
    """Count an attempt to sign in; returns how many there were since the count began, which is after `cutoff`.

    One statement, so that any number of processes agree on the count.
    """
    new = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(SignInCounter)
    over = SignInCounter.began_at <= cutoff
    statement = new.values(subject=subject, began_at=now, attempts=1).on_conflict_do_update(
        index_elements=[SignInCounter.subject],
        set_={
            "attempts": case((over, 1), else_=SignInCounter.attempts + 1),
            "began_at": case((over, new.excluded.began_at), else_=SignInCounter.began_at),
        },
    )
    return connection.scalar(statement.returning(SignInCounter.attempts)) or 0


def forget_attempts(connection: Connection, subject: bytes) -> None:
    """Begin to count anew."""
    connection.execute(delete(SignInCounter).where(SignInCounter.subject == subject))


def forget_old_attempts(connection: Connection, before: datetime) -> None:
    """Drop counts that began before a time."""
    connection.execute(delete(SignInCounter).where(SignInCounter.began_at < before))
