"""The second factor: set up, shown, lost."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from registry.domain.errors import Conflict, InvalidInput, NotPermitted
from registry.services import second_factor, sessions
from registry.services.context import Registry
from registry.services.sign_in_throttle import TooManyAttempts
from registry.store.people_models import RecoveryCode, User
from tests.conftest import Clock
from tests.services.accounts import HERE, code_now, new_user, resumed, signed_in, with_second_factor

LI = "li@cqc.example"


@pytest.fixture
def li(registry: Registry) -> int:
    return new_user(registry, LI)


def test_a_session_is_complete_only_with_the_second_factor(registry: Registry, li: int, clock: Clock) -> None:
    token, secret, _ = with_second_factor(registry, LI)
    assert resumed(registry, token).complete
    clock.advance(seconds=30)
    half = signed_in(registry, LI)
    person = resumed(registry, half)
    assert not person.complete
    with pytest.raises(NotPermitted):
        person.actor(HERE)
    whole = second_factor.show(registry, person, code_now(registry, secret), HERE)
    assert resumed(registry, whole).complete
    # The token from before is worth nothing any more (session fixation).
    assert sessions.resume(registry, half) is None


def test_a_code_is_good_once_also_the_one_that_set_it_up(registry: Registry, li: int, clock: Clock) -> None:
    _, secret, _ = with_second_factor(registry, LI)
    used = code_now(registry, secret)
    for _ in range(2):
        with pytest.raises(InvalidInput, match="used already"):
            second_factor.show(registry, resumed(registry, signed_in(registry, LI)), used, HERE)
        clock.advance(seconds=30)
    second_factor.show(registry, resumed(registry, signed_in(registry, LI)), code_now(registry, secret), HERE)
    # An earlier one than the last is not accepted either, though its step is within the window.
    with pytest.raises(InvalidInput):
        second_factor.show(registry, resumed(registry, signed_in(registry, LI)), used, HERE)


def test_five_wrong_codes_close_the_second_factor_for_a_while(sqlite_registry: Registry, clock: Clock) -> None:
    new_user(sqlite_registry, LI)
    _, secret, _ = with_second_factor(sqlite_registry, LI)
    clock.advance(minutes=1)
    for _ in range(5):
        # A new session, and the right password, do not begin the count anew.
        person = resumed(sqlite_registry, signed_in(sqlite_registry, LI))
        with pytest.raises(InvalidInput):
            second_factor.show(sqlite_registry, person, "000000", HERE)
    person = resumed(sqlite_registry, signed_in(sqlite_registry, LI))
    with pytest.raises(TooManyAttempts):
        second_factor.show(sqlite_registry, person, code_now(sqlite_registry, secret), HERE)
    clock.advance(minutes=15)
    person = resumed(sqlite_registry, signed_in(sqlite_registry, LI))
    second_factor.show(sqlite_registry, person, code_now(sqlite_registry, secret), HERE)


def test_the_secret_lies_sealed_in_the_database(sqlite_registry: Registry) -> None:
    key = new_user(sqlite_registry, LI)
    _, secret, codes = with_second_factor(sqlite_registry, LI)
    with sqlite_registry.database.read() as connection:
        sealed = connection.scalar(select(User.totp_secret)) or b""
        hashes = b"".join(connection.scalars(select(RecoveryCode.code_hash)))
    assert secret.encode() not in sealed
    assert sqlite_registry.keys.unseal(sealed, f"totp:{key}".encode()) == secret.encode()
    assert codes[0].encode() not in hashes
    assert codes[0].replace("-", "").encode() not in hashes


def test_a_recovery_code_stands_in_once(registry: Registry, li: int) -> None:
    _, _, codes = with_second_factor(registry, LI)
    assert len(set(codes)) == 10
    typed = codes[3].upper().replace("-", " ")
    token = second_factor.show(registry, resumed(registry, signed_in(registry, LI)), typed, HERE)
    assert second_factor.recovery_codes_left(registry, resumed(registry, token)) == 9
    with pytest.raises(InvalidInput):
        second_factor.show(registry, resumed(registry, signed_in(registry, LI)), codes[3], HERE)


def test_new_recovery_codes_end_the_old_ones(sqlite_registry: Registry, clock: Clock) -> None:
    new_user(sqlite_registry, LI)
    token, secret, codes = with_second_factor(sqlite_registry, LI)
    clock.advance(seconds=30)
    person = resumed(sqlite_registry, token)
    new = second_factor.renew_recovery_codes(sqlite_registry, person, code_now(sqlite_registry, secret), HERE)
    assert not set(new) & set(codes)
    with pytest.raises(InvalidInput):
        second_factor.show(sqlite_registry, resumed(sqlite_registry, signed_in(sqlite_registry, LI)), codes[0], HERE)


def test_each_session_sets_up_a_secret_of_its_own(sqlite_registry: Registry) -> None:
    """Who learned the password and looked first must not know the secret that is confirmed later."""
    new_user(sqlite_registry, LI)
    first, second = (resumed(sqlite_registry, signed_in(sqlite_registry, LI)) for _ in range(2))
    assert second_factor.setting_up(sqlite_registry, first) != second_factor.setting_up(sqlite_registry, second)


def test_a_second_factor_is_not_replaced_by_another_session(sqlite_registry: Registry) -> None:
    new_user(sqlite_registry, LI)
    early = signed_in(sqlite_registry, LI)
    secret = second_factor.setting_up(sqlite_registry, resumed(sqlite_registry, early))
    before = resumed(sqlite_registry, early)
    with_second_factor(sqlite_registry, LI)
    with pytest.raises(Conflict):
        second_factor.confirm(sqlite_registry, before, code_now(sqlite_registry, secret), HERE)
    assert sessions.resume(sqlite_registry, early) is None


def test_it_can_be_done_without_only_where_the_registry_allows_that(sqlite_registry: Registry, clock: Clock) -> None:
    new_user(sqlite_registry, LI)
    token, secret, _ = with_second_factor(sqlite_registry, LI)
    clock.advance(seconds=30)
    with pytest.raises(NotPermitted):
        second_factor.remove(sqlite_registry, resumed(sqlite_registry, token), code_now(sqlite_registry, secret), HERE)
    easy = replace(sqlite_registry, settings=replace(sqlite_registry.settings, second_factor_required=False))
    second_factor.remove(easy, resumed(easy, token), code_now(easy, secret), HERE)
    assert resumed(easy, signed_in(easy, LI)).complete
    assert not resumed(sqlite_registry, signed_in(sqlite_registry, LI)).complete
    with pytest.raises(Conflict):
        second_factor.show(easy, resumed(easy, token), "000000", HERE)


def test_a_session_without_the_second_factor_does_not_last(sqlite_registry: Registry, clock: Clock) -> None:
    new_user(sqlite_registry, LI)
    token = signed_in(sqlite_registry, LI)
    clock.advance(minutes=10)
    assert sessions.resume(sqlite_registry, token) is None
