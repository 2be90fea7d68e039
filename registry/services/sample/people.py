"""People for the demo: one of each role, all with the same password, which is made anew each time."""

from __future__ import annotations

import secrets

from registry.domain.errors import NotFound
from registry.services import people, sign_in
from registry.services.context import Registry, operator
from registry.services.people import TERMINAL, Administrator, administrator
from registry.services.roles import Role

_NAMES = {
    Role.ADMINISTRATOR: "王敏（样例）",
    Role.OFFICER: "陈建国（样例）",
    Role.REVIEWER: "刘芳（样例）",
    Role.READER: "赵磊（样例）",
}


def sample_people(registry: Registry, issuer_code: str) -> tuple[str, list[tuple[Role, str]]]:
    """See that an issuer's sample people and an operator are there; returns their new password, and who they are.

    Whoever has set up a second factor begins anew without one.
    """
    password = secrets.token_urlsafe(12)
    theirs = administrator(operator(registry, issuer_code))
    wanted = [(theirs, role, f"{role}@{issuer_code}.example", name) for role, name in _NAMES.items()]
    wanted.append((TERMINAL, Role.OPERATOR, "operator@registry.example", "平台运营（样例）"))
    for by, role, email, name in wanted:
        invitation = _invitation(registry, by, role, email, name)
        sign_in.accept_invitation(registry, invitation.rpartition("/")[2], password, "terminal", None)
    return password, [(role, email) for _, role, email, _ in wanted]


def _invitation(registry: Registry, by: Administrator, role: Role, email: str, name: str) -> str:
    try:
        found, _ = people.find_by_email(registry, email)
    except NotFound:
        return people.invite(registry, by, email, name, role)
    return people.reset(registry, by, found.id)
