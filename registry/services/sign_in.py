"""Signing in with an e-mail address and a password, and choosing a password."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection

from registry.domain.errors import InvalidInput, NotAuthenticated, NotFound, Violation
from registry.services import passwords
from registry.services.context import Registry
from registry.services.sessions import Person, audit_own, begin_session, hash_token
from registry.services.sign_in_throttle import count_attempt, forgive
from registry.store import access, people
from registry.store import user_sessions as store
from registry.store.people import StoredUser

_UNKNOWN = "an unknown account"


class SignInRefused(NotAuthenticated):
    """The address or the password is wrong; which of them is not told."""

    def __init__(self) -> None:
        super().__init__("The e-mail address or the password is not right.")


def sign_in(registry: Registry, email: str, password: str, origin: str, network: str, old_token: str | None) -> str:
    """Begin a session with a password; returns its token. The browser's session before this one ends.

    `network` is what attempts from `origin` are counted under. Raises SignInRefused, in the same time whether the
    account exists or not, and TooManyAttempts.
    """
    email = email.strip().casefold()
    last = count_attempt(registry, account=email, address=network)
    with registry.database.read() as connection:
        user = people.find_user_by_email(connection, email)
    usable = user if user is not None and user.disabled_at is None else None
    right = passwords.is_right(password, usable.password_hash if usable is not None else None)
    if usable is None or not right:
        if last:
            _audit_last_attempt(registry, user, origin)
        raise SignInRefused
    forgive(registry, "account", email)
    now = registry.now()
    with registry.database.transaction() as connection:
        _forget_ended(registry, connection)
        if old_token is not None:
            store.end_session(connection, hash_token(old_token))
        if passwords.is_outdated(usable.password_hash or ""):
            people.update_user(connection, usable.id, password_hash=passwords.hash_password(password))
        audit_own(connection, now, usable, "user.sign_in", origin)
        return begin_session(connection, usable, now, origin)


def invited(registry: Registry, invitation: str) -> StoredUser:
    """Whom an invitation is for. Raises NotFound where it is used, old or none."""
    with registry.database.read() as connection:
        user = people.find_invited(connection, hash_token(invitation), registry.now())
    if user is None:
        raise NotFound("This invitation has been used already, or it is too old. Ask for a new one.")
    return user


def accept_invitation(registry: Registry, invitation: str, password: str, origin: str, old_token: str | None) -> str:
    """Choose the first password, and begin a session; returns its token. Raises NotFound, InvalidInput."""
    user = invited(registry, invitation)
    kept = _kept(user, password, "password")
    with registry.database.transaction() as connection:
        if not people.take_invitation(connection, user.id, hash_token(invitation), kept):
            raise NotFound("This invitation has been used already, or it is too old. Ask for a new one.")
        if old_token is not None:
            store.end_session(connection, hash_token(old_token))
        audit_own(connection, registry.now(), user, "user.accept_invitation", origin)
        return begin_session(connection, user, registry.now(), origin)


def change_password(registry: Registry, person: Person, present: str, new: str, origin: str) -> None:
    """Choose another password; all other sessions of the person end. Raises InvalidInput, TooManyAttempts."""
    count_attempt(registry, account=person.user.email)
    if not passwords.is_right(present, person.user.password_hash):
        raise InvalidInput([Violation(("present",), "this is not your present password")])
    forgive(registry, "account", person.user.email)
    if passwords.is_right(new, person.user.password_hash):
        raise InvalidInput([Violation(("new",), "this is your present password; choose another")])
    kept = _kept(person.user, new, "new")
    with registry.database.transaction() as connection:
        people.update_user(connection, person.user.id, password_hash=kept)
        store.end_sessions_of(connection, person.user.id, except_for=person.session.id)
        audit_own(connection, registry.now(), person.user, "user.change_password", origin)


def _kept(user: StoredUser, password: str, field: str) -> str:
    """The hash of a password that somebody chose. Raises InvalidInput."""
    wrong = passwords.why_unfit(password, user.email, user.name)
    if wrong is not None:
        raise InvalidInput([Violation((field,), wrong)])
    return passwords.hash_password(password)


def _audit_last_attempt(registry: Registry, user: StoredUser | None, origin: str) -> None:
    """Say once that an account, or an address, is closed for a while. What was typed as an account is not repeated."""
    subject, issuer_id = (user.email, user.issuer_id) if user is not None else (_UNKNOWN, None)
    with registry.database.transaction() as connection:
        access.insert_audit(
            connection, registry.now(), "nobody", "user.sign_in_closed", issuer_id, subject, {}, origin=origin
        )


def _forget_ended(registry: Registry, connection: Connection) -> None:
    longest = timedelta(hours=registry.settings.session_hours)
    store.forget_sessions(connection, registry.now() - longest)
