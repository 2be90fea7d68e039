"""The second factor: codes of an authenticator app (RFC 6238), and recovery codes for when the telephone is lost."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets

from registry.domain.errors import Conflict, InvalidInput, NotPermitted, Violation
from registry.formats import totp
from registry.services.context import Registry
from registry.services.sessions import Person, audit_own, renew_token
from registry.services.sign_in_throttle import count_attempt, forgive
from registry.store import people
from registry.store import user_sessions as store

RECOVERY_CODES = 10
_RECOVERY_BYTES = 10
_NO_MATCH = "this code is not right, or it has been used already; wait for the next one"


def setting_up(registry: Registry, person: Person) -> str:
    """The secret that the person's session is setting up; a new one for a session that has none. Raises Conflict."""
    if person.user.totp_secret is not None:
        raise Conflict("A second factor is set up already.")
    if person.session.pending_secret is not None:
        return registry.keys.unseal(person.session.pending_secret, _context(person)).decode()
    secret = totp.new_secret()
    sealed = registry.keys.seal(secret.encode(), _context(person))
    with registry.database.transaction() as connection:
        store.update_session(connection, person.session.id, pending_secret=sealed)
    return secret


def provisioning_uri(registry: Registry, person: Person, secret: str) -> str:
    """What the authenticator app scans."""
    host = registry.base_url.partition("://")[2]
    return totp.provisioning_uri(secret, person.user.email, host)


def confirm(registry: Registry, person: Person, code: str, origin: str) -> tuple[str, list[str]]:
    """Begin to use the second factor that is being set up; returns the session's new token, and the recovery codes.

    All other sessions of the person end. Raises InvalidInput, Conflict, TooManyAttempts.
    """
    if person.session.pending_secret is None:
        raise Conflict("No second factor is being set up here.")
    secret = setting_up(registry, person)
    count_attempt(registry, code=str(person.user.id))
    step = totp.matching_step(secret, _digits(code), registry.now())
    if step is None:
        raise InvalidInput([Violation(("code",), _NO_MATCH)])
    forgive(registry, "code", str(person.user.id))
    now = registry.now()
    codes = _new_recovery_codes()
    sealed = registry.keys.seal(secret.encode(), _context(person))
    with registry.database.transaction() as connection:
        if not people.set_totp(connection, person.user.id, sealed, step):
            raise Conflict("A second factor is set up already.")
        people.replace_recovery_codes(connection, person.user.id, map(_hash, codes))
        store.end_sessions_of(connection, person.user.id, except_for=person.session.id)
        store.update_session(connection, person.session.id, second_factor_at=now, pending_secret=None)
        audit_own(connection, now, person.user, "user.second_factor_on", origin)
        return renew_token(connection, person.session), codes


def show(registry: Registry, person: Person, code: str, origin: str) -> str:
    """Complete a session with a code of the app or a recovery code; returns the session's new token.

    Raises InvalidInput, TooManyAttempts.
    """
    by_recovery = _use(registry, person, code)
    now = registry.now()
    with registry.database.transaction() as connection:
        store.update_session(connection, person.session.id, second_factor_at=now)
        if by_recovery:
            left = people.count_recovery_codes(connection, person.user.id)
            audit_own(connection, now, person.user, "user.recovery_code_used", origin, left=left)
        return renew_token(connection, person.session)


def renew_recovery_codes(registry: Registry, person: Person, code: str, origin: str) -> list[str]:
    """New recovery codes for the old ones, against a code. Raises InvalidInput, TooManyAttempts."""
    _use(registry, person, code)
    codes = _new_recovery_codes()
    with registry.database.transaction() as connection:
        people.replace_recovery_codes(connection, person.user.id, map(_hash, codes))
        audit_own(connection, registry.now(), person.user, "user.recovery_codes_renewed", origin)
    return codes


def remove(registry: Registry, person: Person, code: str, origin: str) -> None:
    """Do without a second factor, against a code. Raises InvalidInput, NotPermitted, TooManyAttempts."""
    if registry.settings.second_factor_required:
        raise NotPermitted("This registry requires a second factor.")
    _use(registry, person, code)
    with registry.database.transaction() as connection:
        people.update_user(connection, person.user.id, totp_secret=None, totp_step=None)
        people.replace_recovery_codes(connection, person.user.id, [])
        audit_own(connection, registry.now(), person.user, "user.second_factor_off", origin)


def recovery_codes_left(registry: Registry, person: Person) -> int:
    """How many recovery codes the person has."""
    with registry.database.read() as connection:
        return people.count_recovery_codes(connection, person.user.id)


def _use(registry: Registry, person: Person, code: str) -> bool:
    """Use a code up; returns whether it was a recovery code. Raises InvalidInput, TooManyAttempts."""
    user, digits = person.user, _digits(code)
    if user.totp_secret is None:
        raise Conflict("No second factor is set up.")
    count_attempt(registry, code=str(user.id))
    by_recovery = not re.fullmatch(r"[0-9]{6}", digits)
    with registry.database.transaction() as connection:
        if by_recovery:
            used = people.take_recovery_code(connection, user.id, _hash(digits))
        else:
            secret = registry.keys.unseal(user.totp_secret, _context(person)).decode()
            step = totp.matching_step(secret, digits, registry.now())
            used = step is not None and people.advance_totp(connection, user.id, step)
    if not used:
        raise InvalidInput([Violation(("code",), _NO_MATCH)])
    forgive(registry, "code", str(user.id))
    return by_recovery


def _digits(code: str) -> str:
    """A code without the blanks and hyphens that make it readable."""
    return re.sub(r"[\s-]", "", code).lower()


def _new_recovery_codes() -> list[str]:
    """80 random bits each, in groups of four."""
    plain = [base64.b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode().lower() for _ in range(RECOVERY_CODES)]
    return ["-".join(re.findall("....", one)) for one in plain]


def _hash(code: str) -> bytes:
    return hashlib.sha256(_digits(code).encode()).digest()


def _context(person: Person) -> bytes:
    return f"totp:{person.user.id}".encode()
