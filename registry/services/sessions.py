"""Sessions of the console: begun, resumed and ended. The browser has a random token, the database its hash."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from registry.domain.errors import NotPermitted
from registry.services.context import Actor, Registry, require_issuer
from registry.services.roles import VERBS, Role
from registry.store import access, issuers, people
from registry.store import user_sessions as store
from registry.store.people import StoredUser
from registry.store.user_sessions import StoredSession

# Between the password and the second factor.
_UNFINISHED = timedelta(minutes=10)
# `seen_at` is not written more often than this.
_SEEN_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a session.

    `complete`: has shown all that signing in demands; until then nothing is to be seen but what is missing.
    `issuer_id` and `issuer_code`: whom the person acts for; empty for an operator who has chosen none.
    """

    user: StoredUser
    session: StoredSession
    complete: bool
    issuer_id: int | None
    issuer_code: str | None

    @property
    def role(self) -> Role:
        """What the person is."""
        return Role(self.user.role)

    def actor(self, origin: str) -> Actor:
        """The person acting for the issuer. Raises NotPermitted where there is none, or something is missing."""
        if not self.complete or self.issuer_id is None:
            raise NotPermitted("Choose an issuer first.")
        return Actor(
            name_of(self.user),
            self.issuer_id,
            VERBS[self.role],
            user_id=self.user.id,
            origin=origin,
            branch_id=self.user.branch_id,
        )


def name_of(user: StoredUser) -> str:
    """How a user is named in the audit trail."""
    return f"user:{user.email}"


def begin_session(connection: Connection, user: StoredUser, now: datetime, origin: str) -> str:
    """Begin a session; returns its token."""
    token = secrets.token_urlsafe(32)
    store.insert_session(
        connection, token_hash=hash_token(token), user_id=user.id, created_at=now, seen_at=now, origin=origin[:64]
    )
    return token


def renew_token(connection: Connection, session: StoredSession) -> str:
    """Give a session another token, because it is worth more from now on."""
    token = secrets.token_urlsafe(32)
    store.update_session(connection, session.id, token_hash=hash_token(token))
    return token


def resume(registry: Registry, token: str) -> Person | None:
    """Who sends this token; None where the session has ended or the person may not sign in any more."""
    now = registry.now()
    with registry.database.read() as connection:
        session = store.find_session(connection, hash_token(token))
        if session is None:
            return None
        user = people.find_user(connection, session.user_id)
        if user is None or user.disabled_at is not None:
            return None
        person = _person(registry, connection, user, session)
    if _is_over(registry, person, now):
        return None
    if now - session.seen_at >= _SEEN_EVERY:
        with registry.database.transaction() as connection:
            store.update_session(connection, session.id, seen_at=now)
    return person


def sign_out(registry: Registry, token: str) -> None:
    """End the session of a token."""
    with registry.database.transaction() as connection:
        store.end_session(connection, hash_token(token))


def sign_out_everywhere(registry: Registry, person: Person, origin: str) -> None:
    """End all sessions of a person."""
    with registry.database.transaction() as connection:
        store.end_sessions_of(connection, person.user.id)
        audit_own(connection, registry.now(), person.user, "user.sign_out_everywhere", origin)


def open_sessions(registry: Registry, person: Person) -> list[StoredSession]:
    """Where a person is signed in, the newest first."""
    idle = registry.now() - timedelta(minutes=registry.settings.session_idle_minutes)
    with registry.database.read() as connection:
        return store.sessions_of(connection, person.user.id, idle)


def choose_issuer(registry: Registry, person: Person, code: str, origin: str) -> None:
    """Let an operator look at an issuer. Raises NotFound, NotPermitted."""
    if person.role is not Role.OPERATOR or not person.complete:
        raise NotPermitted("Only operators of the registry choose an issuer.")
    with registry.database.transaction() as connection:
        issuer = require_issuer(connection, code)
        store.update_session(connection, person.session.id, issuer_id=issuer.id)
        who = {"user_id": person.user.id, "origin": origin}
        access.insert_audit(
            connection, registry.now(), name_of(person.user), "user.choose_issuer", issuer.id, code, {}, **who
        )


def audit_own(
    connection: Connection, at: datetime, user: StoredUser, act: str, origin: str, **details: str | int
) -> None:
    """Add to the audit trail what somebody did to the own account."""
    who = {"user_id": user.id, "origin": origin}
    access.insert_audit(connection, at, name_of(user), act, user.issuer_id, user.email, details, **who)


def hash_token(token: str) -> bytes:
    """As it is kept: the token has 256 random bits, so a plain hash will do."""
    return hashlib.sha256(token.encode()).digest()


def _person(registry: Registry, connection: Connection, user: StoredUser, session: StoredSession) -> Person:
    issuer_id, code = user.issuer_id, user.issuer_code
    if user.role == Role.OPERATOR and session.issuer_id is not None:
        issuer_id, code = session.issuer_id, issuers.get_issuer(connection, session.issuer_id).code
    needless = user.totp_secret is None and not registry.settings.second_factor_required
    return Person(user, session, session.second_factor_at is not None or needless, issuer_id, code)


def _is_over(registry: Registry, person: Person, now: datetime) -> bool:
    session, settings = person.session, registry.settings
    if not person.complete and now - session.created_at >= _UNFINISHED:
        return True
    idle, longest = timedelta(minutes=settings.session_idle_minutes), timedelta(hours=settings.session_hours)
    return now - session.seen_at >= idle or now - session.created_at >= longest
