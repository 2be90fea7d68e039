"""Signing in: who gets in, who does not, and what is told."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from registry.domain.errors import InvalidInput, NotFound
from registry.services import passwords, people, sessions, sign_in
from registry.services.context import Registry, operator
from registry.services.people import administrator
from registry.services.roles import Role
from registry.services.sign_in import SignInRefused
from registry.services.sign_in_throttle import TooManyAttempts
from registry.store.models import AuditEvent
from registry.store.people_models import SignInCounter, User, UserSession
from tests.conftest import Clock
from tests.services.accounts import HERE, PASSWORD, new_user, resumed, signed_in

LI = "li@cqc.example"


def audited(registry: Registry) -> list[str]:
    with registry.database.read() as connection:
        return list(connection.scalars(select(AuditEvent.act).order_by(AuditEvent.id)))


def test_an_invitation_is_good_once(registry: Registry) -> None:
    by = administrator(operator(registry, "cqc"))
    token = people.invite(registry, by, " Li@CQC.example ", "Li  Na", Role.OFFICER).rpartition("/")[2]
    assert sign_in.invited(registry, token).email == LI
    session = sign_in.accept_invitation(registry, token, PASSWORD, HERE, None)
    person = resumed(registry, session)
    assert (person.user.name, person.role, person.issuer_code) == ("Li Na", Role.OFFICER, "cqc")
    for again in (token, "", "x" * 43):
        with pytest.raises(NotFound):
            sign_in.accept_invitation(registry, again, PASSWORD, HERE, None)


def test_an_invitation_ends_after_three_days_and_with_the_person(sqlite_registry: Registry, clock: Clock) -> None:
    by = administrator(operator(sqlite_registry, "cqc"))
    token = people.invite(sqlite_registry, by, LI, "Li", Role.OFFICER).rpartition("/")[2]
    user = sign_in.invited(sqlite_registry, token)
    people.disable(sqlite_registry, by, user.id)
    with pytest.raises(NotFound):
        sign_in.invited(sqlite_registry, token)
    token = people.reset(sqlite_registry, by, user.id).rpartition("/")[2]
    clock.advance(days=3)
    with pytest.raises(NotFound):
        sign_in.invited(sqlite_registry, token)


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("short", "at least 12"),
        ("x" * 201, "longer than 200"),
        ("aaaaaaaaaaaaaaaa", "easily guessed"),
        ("LI@cqc.Example", "easily guessed"),
    ],
)
def test_weak_passwords_are_refused(sqlite_registry: Registry, password: str, reason: str) -> None:
    by = administrator(operator(sqlite_registry, "cqc"))
    token = people.invite(sqlite_registry, by, LI, "Li", Role.OFFICER).rpartition("/")[2]
    with pytest.raises(InvalidInput, match=reason):
        sign_in.accept_invitation(sqlite_registry, token, password, HERE, None)
    assert sign_in.invited(sqlite_registry, token)


def test_the_right_password_opens_a_session_and_nothing_secret_is_stored(registry: Registry) -> None:
    new_user(registry, LI)
    token = signed_in(registry, "LI@cqc.example ")
    assert resumed(registry, token).user.email == LI
    with registry.database.read() as connection:
        user = connection.execute(select(User.__table__)).one()
        hashes = list(connection.scalars(select(UserSession.token_hash)))
    assert user.password_hash.startswith("$argon2id$")
    assert sessions.hash_token(token) in hashes
    assert token.encode() not in b"".join(hashes)
    assert "user.sign_in" in audited(registry)


def test_the_same_characters_typed_elsewhere_are_the_same_password(sqlite_registry: Registry) -> None:
    kept = passwords.hash_password("ｃorrect horse Å staple")
    assert passwords.is_right("correct horse Å staple", kept)
    assert not passwords.is_right("correct horse A staple", kept)


def test_unknown_disabled_and_invited_people_are_refused_like_a_wrong_password(
    sqlite_registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As it is made without the tests' haste.
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher())
    new_user(sqlite_registry, LI)
    gone = new_user(sqlite_registry, "gone@cqc.example", Role.OFFICER)
    by = administrator(operator(sqlite_registry, "cqc"))
    people.disable(sqlite_registry, by, gone)
    people.invite(sqlite_registry, by, "new@cqc.example", "New", Role.OFFICER)
    verified = []
    real = passwords._HASHER

    class Counting:
        def verify(self, kept: str, typed: str) -> bool:
            verified.append(kept.split("$")[3])
            return real.verify(kept, typed)

        def check_needs_rehash(self, kept: str) -> bool:
            return real.check_needs_rehash(kept)

    monkeypatch.setattr(passwords, "_HASHER", Counting())
    told = set()
    for email in (LI, "gone@cqc.example", "new@cqc.example", "nobody@cqc.example", ""):
        with pytest.raises(SignInRefused) as refused:
            signed_in(sqlite_registry, email, PASSWORD + "!" if email == LI else PASSWORD)
        told.add(str(refused.value))
    assert len(told) == 1
    # Each time one hash of the same cost was computed.
    assert len(verified) == 5
    assert len(set(verified)) == 1
    assert not passwords.is_outdated(passwords.NOBODYS)


def test_an_account_is_closed_after_ten_wrong_passwords_and_opens_again(registry: Registry, clock: Clock) -> None:
    new_user(registry, LI)
    for number in range(10):
        with pytest.raises(SignInRefused):
            sign_in.sign_in(registry, LI, "wrong", HERE, f"192.0.2.{number}", None)
    with pytest.raises(TooManyAttempts):
        signed_in(registry, LI)
    assert audited(registry).count("user.sign_in_closed") == 1
    clock.advance(minutes=15)
    assert signed_in(registry, LI)


def test_an_address_is_closed_after_fifty_attempts_on_any_accounts(sqlite_registry: Registry) -> None:
    new_user(sqlite_registry, LI)
    for number in range(50):
        with pytest.raises(SignInRefused):
            signed_in(sqlite_registry, f"{number}@cqc.example", "wrong")
    with pytest.raises(TooManyAttempts):
        signed_in(sqlite_registry, LI)
    assert sign_in.sign_in(sqlite_registry, LI, PASSWORD, "198.51.100.1", "198.51.100.1", None)


def test_a_success_begins_the_count_of_the_account_anew(sqlite_registry: Registry) -> None:
    new_user(sqlite_registry, LI)
    for _ in range(3):
        for _ in range(9):
            with pytest.raises(SignInRefused):
                sign_in.sign_in(sqlite_registry, LI, "wrong", HERE, "another", None)
        sign_in.sign_in(sqlite_registry, LI, PASSWORD, HERE, "yet another", None)


def test_any_number_of_processes_agree_on_the_count(registry: Registry) -> None:
    new_user(registry, LI)

    def attempt(_: int) -> type[Exception]:
        try:
            sign_in.sign_in(registry, LI, "wrong", HERE, "everywhere", None)
        except (SignInRefused, TooManyAttempts) as error:
            return type(error)
        raise AssertionError

    with ThreadPoolExecutor(4) as threads:
        outcomes = list(threads.map(attempt, range(16)))
    assert outcomes.count(SignInRefused) == 10
    assert outcomes.count(TooManyAttempts) == 6


def test_what_was_typed_as_an_account_is_kept_nowhere_and_counts_are_forgotten(
    sqlite_registry: Registry, clock: Clock
) -> None:
    with pytest.raises(SignInRefused):
        signed_in(sqlite_registry, "my secret password", "li")
    with sqlite_registry.database.read() as connection:
        assert b"secret" not in b"".join(connection.scalars(select(SignInCounter.subject)))
    clock.advance(minutes=16)
    with pytest.raises(SignInRefused):
        signed_in(sqlite_registry, LI)
    with sqlite_registry.database.read() as connection:
        assert len(list(connection.scalars(select(SignInCounter.subject)))) == 2


def test_a_session_ends_when_it_is_not_used_and_at_the_latest_after_twelve_hours(
    sqlite_registry: Registry, clock: Clock
) -> None:
    registry = replace(sqlite_registry, settings=replace(sqlite_registry.settings, second_factor_required=False))
    new_user(registry, LI)
    token = signed_in(registry, LI)
    clock.advance(minutes=30)
    assert sessions.resume(registry, token) is None
    token = signed_in(registry, LI)
    for _ in range(24):
        assert resumed(registry, token).complete
        clock.advance(minutes=29)
    assert resumed(registry, token)
    clock.advance(minutes=25)
    assert sessions.resume(registry, token) is None
    with registry.database.read() as connection:
        before = len(list(connection.scalars(select(UserSession.id))))
    assert before == 3
    signed_in(registry, LI)
    with registry.database.read() as connection:
        assert len(list(connection.scalars(select(UserSession.id)))) == 1


def test_signing_in_ends_the_session_that_the_browser_had(sqlite_registry: Registry) -> None:
    new_user(sqlite_registry, LI)
    first = signed_in(sqlite_registry, LI)
    second = sign_in.sign_in(sqlite_registry, LI, PASSWORD, HERE, HERE, first)
    assert sessions.resume(sqlite_registry, first) is None
    assert resumed(sqlite_registry, second)


def test_signing_out_ends_one_session_and_everywhere_all(sqlite_registry: Registry) -> None:
    new_user(sqlite_registry, LI)
    first, second, third = (signed_in(sqlite_registry, LI) for _ in range(3))
    sessions.sign_out(sqlite_registry, first)
    assert sessions.resume(sqlite_registry, first) is None
    sessions.sign_out_everywhere(sqlite_registry, resumed(sqlite_registry, second), HERE)
    assert sessions.resume(sqlite_registry, second) is None
    assert sessions.resume(sqlite_registry, third) is None


def test_another_password_ends_the_other_sessions(sqlite_registry: Registry) -> None:
    new_user(sqlite_registry, LI)
    other, own = signed_in(sqlite_registry, LI), signed_in(sqlite_registry, LI)
    person = resumed(sqlite_registry, own)
    for present, new, field in (
        ("wrong", "quite another password", "present"),
        (PASSWORD, PASSWORD, "new"),
        (PASSWORD, "short", "new"),
    ):
        with pytest.raises(InvalidInput) as refused:
            sign_in.change_password(sqlite_registry, person, present, new, HERE)
        assert refused.value.violations[0].path == (field,)
    assert resumed(sqlite_registry, other)
    sign_in.change_password(sqlite_registry, person, PASSWORD, "quite another password", HERE)
    assert sessions.resume(sqlite_registry, other) is None
    assert resumed(sqlite_registry, own)
    assert signed_in(sqlite_registry, LI, "quite another password")
    with pytest.raises(SignInRefused):
        signed_in(sqlite_registry, LI)


def test_who_is_let_go_is_out_at_once(sqlite_registry: Registry) -> None:
    key = new_user(sqlite_registry, LI, Role.OFFICER)
    token = signed_in(sqlite_registry, LI)
    people.disable(sqlite_registry, administrator(operator(sqlite_registry, "cqc")), key)
    assert sessions.resume(sqlite_registry, token) is None


def test_secrets_do_not_show_when_a_person_is_printed(sqlite_registry: Registry) -> None:
    new_user(sqlite_registry, LI)
    assert "argon2" not in repr(resumed(sqlite_registry, signed_in(sqlite_registry, LI)))
