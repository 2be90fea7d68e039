"""The people of an issuer, and the registry's operators: invited, given a role, let go."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from registry.domain.errors import Conflict, InvalidInput, NotFound, Violation
from registry.services.context import Actor, Registry, Verb
from registry.services.roles import ISSUER_ROLES, Role
from registry.services.sessions import hash_token
from registry.store import access, user_sessions
from registry.store import people as store
from registry.store.people import StoredUser

INVITATION_DAYS = 3
MAX_PAGE = 100
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_MAX_EMAIL, _MAX_NAME = 75, 100


@dataclass(frozen=True, slots=True)
class Administrator:
    """On whose behalf people are managed: those of one issuer, or (None) the registry's operators.

    `from_outside`: somebody at the terminal, who can let the last administrator go as well, and make another.
    """

    name: str
    issuer_id: int | None
    origin: str | None = None
    from_outside: bool = False
    user_id: int | None = None


TERMINAL = Administrator("terminal", None, from_outside=True)


def administrator(actor: Actor) -> Administrator:
    """The actor as administrator of the people of the own issuer. Raises NotPermitted."""
    actor.require(Verb.ADMINISTER)
    return Administrator(actor.name, actor.issuer_id, actor.origin, actor.user_id is None, actor.user_id)


def invite(
    registry: Registry, by: Administrator, email: str, name: str, role: str, branch_code: str | None = None
) -> str:
    """Add somebody; returns the address at which the first password is chosen. Raises InvalidInput, Conflict."""
    email, name = email.strip().casefold(), " ".join(name.split())
    wrong = _check(email, name)
    with registry.database.read() as connection:
        values, more = _place(connection, by, role, branch_code)
    if wrong or more:
        raise InvalidInput([*wrong, *more])
    now, token = registry.now(), secrets.token_urlsafe(32)
    try:
        with registry.database.transaction() as connection:
            store.insert_user(
                connection,
                issuer_id=by.issuer_id,
                email=email,
                name=name,
                created_at=now,
                invitation_hash=hash_token(token),
                invited_until=now + timedelta(days=INVITATION_DAYS),
                **values,
            )
            _audit(connection, now, by, "user.invite", email, name=name, role=role, branch=branch_code)
    except IntegrityError:
        raise Conflict("Somebody has this e-mail address already.") from None
    return _address(registry, token)


def change(registry: Registry, by: Administrator, user_id: int, role: str, branch_code: str | None) -> None:
    """Give somebody another role or branch. Raises NotFound, InvalidInput, Conflict (the last administrator)."""
    with registry.database.transaction() as connection:
        user = _theirs(connection, by, user_id)
        values, wrong = _place(connection, by, role, branch_code)
        if wrong:
            raise InvalidInput(wrong)
        if role != user.role:
            _require_another(connection, by, user)
        store.update_user(connection, user.id, **values)
        before = {"role": user.role, "branch": user.branch_code}
        _audit(connection, registry.now(), by, "user.change", user.email, before, role=role, branch=branch_code)


def disable(registry: Registry, by: Administrator, user_id: int) -> None:
    """Let somebody sign in no more; the sessions end. Raises NotFound, Conflict (the last administrator)."""
    now = registry.now()
    with registry.database.transaction() as connection:
        user = _theirs(connection, by, user_id)
        if user.disabled_at is not None:
            return
        _require_another(connection, by, user)
        store.update_user(connection, user.id, disabled_at=now, invitation_hash=None, invited_until=None)
        user_sessions.end_sessions_of(connection, user.id)
        _audit(connection, now, by, "user.disable", user.email)


def reset(registry: Registry, by: Administrator, user_id: int) -> str:
    """Let somebody begin anew, with a new invitation: password, second factor and sessions end.

    Also brings back who was let go. Raises NotFound, Conflict (the last administrator).
    """
    now, token = registry.now(), secrets.token_urlsafe(32)
    with registry.database.transaction() as connection:
        user = _theirs(connection, by, user_id)
        _require_another(connection, by, user)
        store.update_user(
            connection,
            user.id,
            disabled_at=None,
            password_hash=None,
            totp_secret=None,
            totp_step=None,
            invitation_hash=hash_token(token),
            invited_until=now + timedelta(days=INVITATION_DAYS),
        )
        store.replace_recovery_codes(connection, user.id, [])
        user_sessions.end_sessions_of(connection, user.id)
        _audit(connection, now, by, "user.reset", user.email)
    return _address(registry, token)


def list_people(registry: Registry, by: Administrator, after: int = 0, limit: int = MAX_PAGE) -> list[StoredUser]:
    """Whom the administrator manages, by row id, from the one after `after` on."""
    with registry.database.read() as connection:
        return store.users_of(connection, by.issuer_id, after, limit)


def one_of(registry: Registry, by: Administrator, user_id: int) -> StoredUser:
    """One whom the administrator manages. Raises NotFound."""
    with registry.database.read() as connection:
        return _theirs(connection, by, user_id)


def find_by_email(registry: Registry, email: str) -> tuple[StoredUser, Administrator]:
    """A user, and the operator at the terminal as administrator of that user's issuer. Raises NotFound."""
    with registry.database.read() as connection:
        user = store.find_user_by_email(connection, email.strip().casefold())
    if user is None:
        raise NotFound(f"Nobody has the e-mail address {email!r}.")
    return user, replace(TERMINAL, issuer_id=user.issuer_id)


def _check(email: str, name: str) -> list[Violation]:
    wrong = []
    if not _EMAIL.fullmatch(email) or not email.isprintable():
        wrong.append(Violation(("email",), "not an e-mail address"))
    elif len(email) > _MAX_EMAIL:
        wrong.append(Violation(("email",), f"longer than {_MAX_EMAIL} characters"))
    if not 0 < len(name) <= _MAX_NAME or not name.isprintable():
        wrong.append(Violation(("name",), f"must have 1 to {_MAX_NAME} printable characters"))
    return wrong


def _place(
    connection: Connection, by: Administrator, role: str, branch_code: str | None
) -> tuple[dict[str, str | int | None], list[Violation]]:
    """The columns for a role and a branch, or what is wrong with them. Nobody gives a role beyond the own issuer."""
    wrong, branch_id = [], None
    allowed = (Role.OPERATOR,) if by.issuer_id is None else ISSUER_ROLES
    if role not in allowed:
        wrong.append(Violation(("role",), f"must be one of: {', '.join(allowed)}"))
    if branch_code is not None:
        known = [] if by.issuer_id is None else store.branches_of(connection, by.issuer_id)
        branch_id = next((one.id for one in known if one.code == branch_code and one.closed_at is None), None)
        if branch_id is None:
            wrong.append(Violation(("branch",), "no open branch has this code"))
    return {"role": role, "branch_id": branch_id}, wrong


def _theirs(connection: Connection, by: Administrator, user_id: int) -> StoredUser:
    user = store.find_user(connection, user_id)
    if user is None or user.issuer_id != by.issuer_id:
        raise NotFound("Nobody of yours has this number.")
    return user


def _require_another(connection: Connection, by: Administrator, user: StoredUser) -> None:
    """Refuse to take the role or the sign-in from the last one who can give it back.

    The administrators are locked meanwhile: of two who let each other go at the same time, one stays.
    """
    if by.from_outside or user.role not in {Role.ADMINISTRATOR, Role.OPERATOR}:
        return
    if store.lock_users(connection, user.issuer_id, user.role) == [user.id]:
        raise Conflict(f"{user.email} is the last {user.role} who can sign in. Make another one first.")


def _address(registry: Registry, token: str) -> str:
    return f"{registry.base_url}/console/invitation/{token}"


def _audit(
    connection: Connection,
    at: datetime,
    by: Administrator,
    act: str,
    email: str,
    before: dict[str, str | None] | None = None,
    **after: str | None,
) -> None:
    more = {"user_id": by.user_id, "origin": by.origin, "before": before, "after": after}
    access.insert_audit(connection, at, by.name, act, by.issuer_id, email, {}, **more)
