"""API keys: what they allow, when they end, when they were used, and their rotation."""

from __future__ import annotations

from datetime import timedelta

import pytest

from registry.domain.errors import Conflict, InvalidInput, NotAuthenticated, NotFound, NotPermitted
from registry.services import api_keys
from registry.services.api_keys import KeyState
from registry.services.audit_trail import list_events
from registry.services.context import Actor, Registry, Verb, operator
from registry.store import access
from registry.store.access import StoredApiKey
from registry.store.audit_events import TrailFilters
from tests.conftest import Clock
from tests.services.log.logs import statements


def made(registry: Registry, *verbs: Verb, code: str = "cqc", days: int | None = None) -> str:
    """The token of a new key."""
    end = registry.now() + timedelta(days=days) if days else None
    return api_keys.create_api_key(registry, code, verbs or list(Verb), "ERP", end)


def stored(registry: Registry, token: str) -> StoredApiKey:
    with registry.database.read() as connection:
        found = access.find_api_key(connection, token.split("_")[1])
    assert found is not None
    return found


def works(registry: Registry, token: str) -> bool:
    try:
        api_keys.authenticate(registry, token)
    except NotAuthenticated:
        return False
    return True


def test_a_rotated_key_and_its_successor_both_work_during_the_overlap(registry: Registry, clock: Clock) -> None:
    old = made(registry, Verb.READ, Verb.ISSUE)
    new = api_keys.rotate_api_key(registry, old.split("_")[1], timedelta(days=7))
    assert stored(registry, new.token).verbs == ("issue", "read")
    assert stored(registry, new.token).label == "ERP"
    assert stored(registry, new.token).root_id == stored(registry, old).id
    clock.advance(days=7, microseconds=-1)
    assert works(registry, old)
    assert works(registry, new.token)
    clock.advance(microseconds=1)
    assert not works(registry, old)
    assert works(registry, new.token)
    assert api_keys.state_of(stored(registry, old), clock.now) is KeyState.EXPIRED


def test_without_an_overlap_the_old_one_ends_at_once(registry: Registry) -> None:
    old = made(registry)
    new = api_keys.rotate_api_key(registry, old, timedelta(0))
    assert not works(registry, old)
    assert works(registry, new.token)


def test_the_successor_lasts_as_long_as_the_old_one_did(registry: Registry, clock: Clock) -> None:
    old = made(registry, days=30)
    clock.advance(days=28)
    new = api_keys.rotate_api_key(registry, old, timedelta(days=7))
    assert new.key.expires_at == clock.now + timedelta(days=30)
    # A rotation makes no key last longer.
    assert stored(registry, old).expires_at == clock.now + timedelta(days=2)
    told = api_keys.rotate_api_key(registry, new.token, timedelta(0), clock.now + timedelta(days=1))
    assert told.key.expires_at == clock.now + timedelta(days=1)


def test_a_key_that_has_ended_is_not_rotated(registry: Registry, clock: Clock) -> None:
    revoked, expired = made(registry), made(registry, days=1)
    api_keys.revoke_api_key(registry, revoked)
    clock.advance(days=1)
    for token in (revoked, expired):
        with pytest.raises(Conflict, match="has ended"):
            api_keys.rotate_api_key(registry, token)


@pytest.mark.parametrize("overlap", [timedelta(seconds=-1), timedelta(days=367)])
def test_an_overlap_has_bounds(registry: Registry, overlap: timedelta) -> None:
    token = made(registry)
    with pytest.raises(InvalidInput, match="overlap"):
        api_keys.rotate_api_key(registry, token, overlap)
    assert len(api_keys.list_api_keys(registry, "cqc")) == 1


def test_the_last_use_is_told_to_the_minute(registry: Registry, clock: Clock) -> None:
    token = made(registry)
    assert stored(registry, token).last_used_at is None
    first = clock.now
    works(registry, token)
    clock.advance(seconds=59)
    with statements() as seen:
        works(registry, token)
    assert not any("UPDATE" in statement for statement in seen)
    assert stored(registry, token).last_used_at == first
    clock.advance(seconds=1)
    works(registry, token)
    assert stored(registry, token).last_used_at == clock.now


def test_who_guesses_leaves_no_use(registry: Registry) -> None:
    token = made(registry)
    forged = token[:-1] + ("A" if token[-1] != "A" else "B")
    assert not works(registry, forged)
    assert stored(registry, token).last_used_at is None


def test_a_busy_database_keeps_no_request_waiting_for_the_last_use(registry: Registry) -> None:
    """While somebody else writes for a long time, as an import does."""
    token = made(registry)
    with registry.database.transaction() as connection:
        access.update_api_key(connection, stored(registry, token).id, label="busy")
        assert works(registry, token)
    assert stored(registry, token).last_used_at is None
    assert works(registry, token)
    assert stored(registry, token).last_used_at == registry.now()


def test_an_administrator_makes_keys_that_allow_no_more_than_the_own(registry: Registry) -> None:
    administrator = api_keys.authenticate(registry, made(registry, Verb.ADMINISTER, Verb.READ))
    new = api_keys.create_own(registry, administrator, [Verb.READ], " reading ")
    assert (new.key.verbs, new.key.label) == (("read",), "reading")
    assert new.key.root_id == administrator.api_key_id
    assert new.token not in repr(new)
    with pytest.raises(NotPermitted, match="more than you may yourself: issue"):
        api_keys.create_own(registry, administrator, [Verb.READ, Verb.ISSUE], "")
    with pytest.raises(NotPermitted, match="more than you may yourself"):
        api_keys.rotate_own(registry, administrator, made(registry, Verb.ISSUE))
    reader = api_keys.authenticate(registry, new.token)
    for act in (
        lambda: api_keys.create_own(registry, reader, [Verb.READ], ""),
        lambda: api_keys.rotate_own(registry, reader, new.token),
        lambda: api_keys.revoke_own(registry, reader, new.token),
        lambda: api_keys.list_own(registry, reader),
    ):
        with pytest.raises(NotPermitted):
            act()


def test_keys_of_keys_of_keys_are_one_holder_s(registry: Registry) -> None:
    first = api_keys.authenticate(registry, made(registry))
    second = api_keys.authenticate(registry, api_keys.create_own(registry, first, list(Verb), "").token)
    third = api_keys.rotate_own(registry, second, second.name.removeprefix("apikey:"))
    assert third.key.root_id == first.api_key_id


def test_a_key_of_a_person_is_known_to_be_theirs(registry: Registry) -> None:
    person = Actor("user:li", operator(registry, "cqc").issuer_id, frozenset(Verb), user_id=7)
    new = api_keys.create_own(registry, person, [Verb.READ], "")
    assert api_keys.authenticate(registry, new.token).user_id == 7


def test_another_issuer_s_key_is_not_there(registry: Registry) -> None:
    stranger, token = operator(registry, "other"), made(registry)
    for act in (api_keys.rotate_own, api_keys.revoke_own):
        with pytest.raises(NotFound):
            act(registry, stranger, token)
    with pytest.raises(InvalidInput, match="not a cursor"):
        api_keys.list_own(registry, stranger, token.split("_")[1])
    assert works(registry, token)


@pytest.mark.parametrize(
    ("verbs", "label", "days", "field"),
    [
        ([], "", 1, "verbs"),
        ([Verb.READ], "x" * 101, 1, "label"),
        ([Verb.READ], "a\nb", 1, "label"),
        ([Verb.READ], "", 0, "expires_at"),
    ],
)
def test_what_is_no_key_is_not_made(
    registry: Registry, clock: Clock, verbs: list[Verb], label: str, days: int, field: str
) -> None:
    with pytest.raises(InvalidInput, match=field):
        api_keys.create_api_key(registry, "cqc", verbs, label, clock.now + timedelta(days=days))
    assert api_keys.list_api_keys(registry, "cqc") == []


def test_pages_of_keys(registry: Registry, actor: Actor) -> None:
    tokens = [made(registry).split("_")[1] for _ in range(5)]
    first, after = api_keys.list_own(registry, actor, None, 3)
    rest, end = api_keys.list_own(registry, actor, after, 3)
    assert [one.key_id for one in (*first, *rest)] == tokens[::-1]
    assert end is None


def test_the_trail_tells_of_every_change_and_no_secret(registry: Registry, actor: Actor, clock: Clock) -> None:
    new = api_keys.create_own(registry, actor, [Verb.READ], "ERP")
    clock.advance(minutes=1)
    rotated = api_keys.rotate_own(registry, actor, new.key.key_id)
    clock.advance(minutes=1)
    api_keys.revoke_own(registry, actor, new.key.key_id)
    api_keys.revoke_own(registry, actor, new.key.key_id)
    trail = [one.event for one in list_events(registry, actor, TrailFilters(subject=new.key.key_id), None, 9).items]
    assert [one.act for one in trail] == ["apikey.revoke", "apikey.rotate", "apikey.create"]
    assert trail[0].after is not None
    assert trail[0].after["revoked_at"] == clock.now.isoformat()
    assert trail[1].after is not None
    assert trail[1].after["successor"] == rotated.key.key_id
    assert new.token.split("_", 2)[2] not in repr(trail)


def test_a_damaged_token_is_not_repeated(registry: Registry) -> None:
    token = made(registry)
    with pytest.raises(NotFound) as refused:
        api_keys.revoke_api_key(registry, token[:-1])
    assert token.split("_", 2)[2][:-1] not in str(refused.value)
