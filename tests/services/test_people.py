"""Who may make whom what."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from registry.domain.errors import Conflict, InvalidInput, NotFound, NotPermitted
from registry.domain.schemes import Text
from registry.services import branches, people, sessions
from registry.services.context import CERTIFICATE_VERBS, Actor, Registry, Verb, operator
from registry.services.people import TERMINAL, Administrator, administrator
from registry.services.roles import ISSUER_ROLES, VERBS, Role
from registry.store.models import AuditEvent
from tests.services.accounts import HERE, new_user, resumed, signed_in, with_second_factor


def by(registry: Registry, email: str) -> Administrator:
    """The administration of somebody who has signed in completely."""
    token, _, _ = with_second_factor(registry, email)
    return administrator(resumed(registry, token).actor(HERE))


def test_the_table_of_roles() -> None:
    assert set(VERBS) == set(Role)
    assert Role.OPERATOR not in ISSUER_ROLES
    acts = set(CERTIFICATE_VERBS) - {Verb.READ}
    assert VERBS[Role.ADMINISTRATOR] == set(Verb)
    assert VERBS[Role.OFFICER] == acts | {Verb.READ}
    assert VERBS[Role.REVIEWER] == {Verb.READ, Verb.APPROVE, Verb.AUDIT}
    assert VERBS[Role.READER] == {Verb.READ}
    assert not VERBS[Role.OPERATOR] & (acts | {Verb.APPROVE})


@pytest.mark.parametrize("role", [Role.OFFICER, Role.REVIEWER, Role.READER])
def test_only_administrators_administer(sqlite_registry: Registry, role: Role) -> None:
    new_user(sqlite_registry, "li@cqc.example", role)
    token, _, _ = with_second_factor(sqlite_registry, "li@cqc.example")
    actor = resumed(sqlite_registry, token).actor(HERE)
    with pytest.raises(NotPermitted, match="Your role"):
        administrator(actor)
    with pytest.raises(NotPermitted):
        branches.add_branch(sqlite_registry, actor, "north", Text("北方"))


def test_nobody_is_raised_above_the_issuer(sqlite_registry: Registry) -> None:
    new_user(sqlite_registry, "li@cqc.example")
    officer = new_user(sqlite_registry, "wu@cqc.example", Role.OFFICER)
    administration = by(sqlite_registry, "li@cqc.example")
    for role in (Role.OPERATOR, "king", ""):
        with pytest.raises(InvalidInput, match="/role"):
            people.invite(sqlite_registry, administration, "new@cqc.example", "New", role)
        with pytest.raises(InvalidInput, match="/role"):
            people.change(sqlite_registry, administration, officer, role, None)
    with pytest.raises(InvalidInput, match="/role"):
        people.invite(sqlite_registry, TERMINAL, "new@cqc.example", "New", Role.ADMINISTRATOR)


def test_the_people_of_other_issuers_and_operators_are_not_there(sqlite_registry: Registry) -> None:
    new_user(sqlite_registry, "li@cqc.example")
    others = [
        new_user(sqlite_registry, "wu@other.example", Role.OFFICER, "other"),
        new_user(sqlite_registry, "root@registry.example", Role.OPERATOR),
        10_000,
    ]
    administration = by(sqlite_registry, "li@cqc.example")
    for key in others:
        for act in (people.one_of, people.disable, people.reset):
            with pytest.raises(NotFound):
                act(sqlite_registry, administration, key)
        with pytest.raises(NotFound):
            people.change(sqlite_registry, administration, key, Role.READER, None)
    assert [one.email for one in people.list_people(sqlite_registry, administration)] == ["li@cqc.example"]
    assert [one.email for one in people.list_people(sqlite_registry, TERMINAL)] == ["root@registry.example"]


def test_the_last_administrator_stays(registry: Registry) -> None:
    li = new_user(registry, "li@cqc.example")
    administration = by(registry, "li@cqc.example")
    # Somebody who was only invited can't stand in.
    people.invite(registry, administration, "new@cqc.example", "New", Role.ADMINISTRATOR)
    for act in (people.disable, people.reset):
        with pytest.raises(Conflict, match="last administrator"):
            act(registry, administration, li)
    with pytest.raises(Conflict, match="last administrator"):
        people.change(registry, administration, li, Role.OFFICER, None)
    people.change(registry, administration, li, Role.ADMINISTRATOR, None)
    new_user(registry, "wu@cqc.example")
    people.change(registry, administration, li, Role.OFFICER, None)


def test_at_the_terminal_the_last_administrator_can_be_helped(sqlite_registry: Registry) -> None:
    new_user(sqlite_registry, "li@cqc.example")
    user, administration = people.find_by_email(sqlite_registry, "LI@cqc.example")
    assert people.reset(sqlite_registry, administration, user.id).startswith("https://registry.example/console/")
    people.disable(sqlite_registry, administration, user.id)


def test_two_administrators_who_let_each_other_go_at_once_leave_one(registry: Registry) -> None:
    first, second = new_user(registry, "li@cqc.example"), new_user(registry, "wu@cqc.example")
    pairs = [(by(registry, "li@cqc.example"), second), (by(registry, "wu@cqc.example"), first)]

    def attempt(pair: tuple[Administrator, int]) -> bool:
        try:
            people.disable(registry, *pair)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(attempt, pairs)) == [False, True]


def test_beginning_anew_ends_password_second_factor_and_sessions(sqlite_registry: Registry) -> None:
    li = new_user(sqlite_registry, "li@cqc.example")
    new_user(sqlite_registry, "wu@cqc.example")
    token, _, _ = with_second_factor(sqlite_registry, "li@cqc.example")
    people.reset(sqlite_registry, by(sqlite_registry, "wu@cqc.example"), li)
    assert sessions.resume(sqlite_registry, token) is None
    user, _ = people.find_by_email(sqlite_registry, "li@cqc.example")
    assert (user.password_hash, user.totp_secret) == (None, None)


@pytest.mark.parametrize(
    ("email", "name", "field"),
    [
        ("li", "Li", "email"),
        ("li@cqc@example", "Li", "email"),
        ("li @cqc.example", "Li", "email"),
        (f"{'l' * 70}@cqc.example", "Li", "email"),
        ("li\0@cqc.example", "Li", "email"),
        ("li@cqc.example", " ", "name"),
        ("li@cqc.example", "L" * 101, "name"),
        ("li@cqc.example", "L\0i", "name"),
    ],
)
def test_who_is_invited_needs_an_address_and_a_name(
    sqlite_registry: Registry, email: str, name: str, field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        people.invite(sqlite_registry, administrator(operator(sqlite_registry, "cqc")), email, name, Role.READER)
    assert [violation.path for violation in refused.value.violations] == [(field,)]


def test_an_address_is_given_once(registry: Registry) -> None:
    new_user(registry, "li@cqc.example")
    with pytest.raises(Conflict, match="already"):
        people.invite(registry, administrator(operator(registry, "other")), "LI@CQC.example", "Li", Role.READER)


def test_branches_are_the_issuers_own(registry: Registry, actor: Actor) -> None:
    branches.add_branch(registry, actor, "north", Text("北方分中心", "North"))
    with pytest.raises(Conflict, match="exists"):
        branches.add_branch(registry, actor, "north", Text("又一个"))
    foreign = operator(registry, "other")
    with pytest.raises(NotFound):
        branches.close_branch(registry, foreign, "north")
    with pytest.raises(InvalidInput, match="/branch"):
        people.invite(registry, administrator(foreign), "wu@other.example", "Wu", Role.READER, "north")
    people.invite(registry, administrator(actor), "li@cqc.example", "Li", Role.READER, "north")
    assert [one.branch_code for one in people.list_people(registry, administrator(actor))] == ["north"]
    branches.close_branch(registry, actor, "north")
    with pytest.raises(InvalidInput, match="/branch"):
        people.invite(registry, administrator(actor), "wu@cqc.example", "Wu", Role.READER, "north")


@pytest.mark.parametrize(
    ("code", "name", "field"),
    [
        ("N", Text("北"), "code"),
        ("north!", Text("北"), "code"),
        ("north", Text(""), "name_zh"),
        ("north", Text("北", " "), "name_en"),
    ],
)
def test_a_branch_has_a_code_and_a_name(sqlite_registry: Registry, code: str, name: Text, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        branches.add_branch(sqlite_registry, operator(sqlite_registry, "cqc"), code, name)
    assert [violation.path for violation in refused.value.violations] == [(field,)]


def test_every_change_is_in_the_audit_trail_without_secrets(sqlite_registry: Registry) -> None:
    li = new_user(sqlite_registry, "li@cqc.example", Role.OFFICER)
    administration = administrator(operator(sqlite_registry, "cqc"))
    people.change(sqlite_registry, administration, li, Role.REVIEWER, None)
    invitation = people.reset(sqlite_registry, administration, li)
    people.disable(sqlite_registry, administration, li)
    with sqlite_registry.database.read() as connection:
        rows = connection.execute(select(AuditEvent.__table__).where(AuditEvent.subject == "li@cqc.example")).all()
    acts = [row.act for row in rows]
    assert acts == ["user.invite", "user.accept_invitation", "user.change", "user.reset", "user.disable"]
    assert (rows[2].before["role"], rows[2].after["role"]) == ("officer", "reviewer")
    assert (rows[1].user_id, rows[1].origin) == (li, HERE)
    assert invitation.rpartition("/")[2] not in repr(rows)


def test_an_operator_chooses_whom_to_look_at(sqlite_registry: Registry) -> None:
    new_user(sqlite_registry, "root@registry.example", Role.OPERATOR)
    token, _, _ = with_second_factor(sqlite_registry, "root@registry.example")
    person = resumed(sqlite_registry, token)
    with pytest.raises(NotPermitted):
        person.actor(HERE)
    with pytest.raises(NotFound):
        sessions.choose_issuer(sqlite_registry, person, "nobody", HERE)
    sessions.choose_issuer(sqlite_registry, person, "other", HERE)
    actor = resumed(sqlite_registry, token).actor(HERE)
    assert actor.issuer_id == operator(sqlite_registry, "other").issuer_id
    with pytest.raises(NotPermitted):
        actor.require(Verb.WITHDRAW)


def test_nobody_else_chooses_an_issuer(sqlite_registry: Registry) -> None:
    new_user(sqlite_registry, "li@cqc.example")
    token, _, _ = with_second_factor(sqlite_registry, "li@cqc.example")
    with pytest.raises(NotPermitted):
        sessions.choose_issuer(sqlite_registry, resumed(sqlite_registry, token), "other", HERE)
    assert signed_in(sqlite_registry, "li@cqc.example")
