"""People for tests, and how they sign in."""

from __future__ import annotations

from registry.formats import totp
from registry.services import people, second_factor, sign_in
from registry.services.context import Registry, operator
from registry.services.people import TERMINAL, administrator
from registry.services.roles import Role
from registry.services.sessions import Person, resume

PASSWORD = "correct horse battery staple"
HERE = "192.0.2.7"


def new_user(registry: Registry, email: str, role: Role = Role.ADMINISTRATOR, issuer: str = "cqc") -> int:
    """A user with PASSWORD and no second factor; the row id."""
    by = TERMINAL if role is Role.OPERATOR else administrator(operator(registry, issuer))
    invitation = people.invite(registry, by, email, email.partition("@")[0].title(), role)
    token = sign_in.accept_invitation(registry, invitation.rpartition("/")[2], PASSWORD, HERE, None)
    person = resumed(registry, token)
    return person.user.id


def signed_in(registry: Registry, email: str, password: str = PASSWORD) -> str:
    """The token of a new session, with the password alone."""
    return sign_in.sign_in(registry, email, password, HERE, HERE, None)


def resumed(registry: Registry, token: str) -> Person:
    person = resume(registry, token)
    assert person is not None
    return person


def with_second_factor(registry: Registry, email: str) -> tuple[str, str, list[str]]:
    """A complete session's token, the secret of the second factor, and the recovery codes."""
    half = signed_in(registry, email)
    secret = second_factor.setting_up(registry, resumed(registry, half))
    token, codes = second_factor.confirm(registry, resumed(registry, half), code_now(registry, secret), HERE)
    return token, secret, codes


def code_now(registry: Registry, secret: str) -> str:
    return totp.code_at(secret, totp.step_at(registry.now()))
