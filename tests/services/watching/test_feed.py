"""What those who watch are told: every change once, in order, without gaps."""

from __future__ import annotations

import signal
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from threading import Event, Thread

import pytest

from registry.domain.certificate import HolderId
from registry.domain.changes import Change, ChangeKind
from registry.domain.errors import InvalidInput, NotPermitted
from registry.domain.reasons import Act, Reason
from registry.services.change_status import refresh_due
from registry.services.context import Actor, Registry, RelyingParty, Scope
from registry.services.issue import issue
from registry.services.manage_keys import mark_key_compromised
from registry.services.versions import issue_version
from registry.services.watching.feed import list_events
from registry.services.watching.place import place_changes
from registry.services.watching.watches import add_watches
from registry.store import changes as changes_store
from tests.conftest import NOON, Clock, sample_certificate, sample_party
from tests.services.log.logs import end_of, fork
from tests.services.log.test_kill import _until
from tests.services.watching.feeds import HOLDER, act, feed, issued, numbers, told, watched, work

IN_A_WEEK = NOON + timedelta(days=7)


@pytest.fixture
def bank(registry: Registry) -> RelyingParty:
    return sample_party(registry)


def test_every_act_is_told_in_its_order(registry: Registry, actor: Actor, bank: RelyingParty, clock: Clock) -> None:
    (first, second, third) = watched(registry, actor, bank, 3)
    for public_id, what in (
        (first, Act.SUSPEND),
        (first, Act.RESTORE),
        (second, Act.WITHDRAW),
        (third, Act.SUSPEND),
        (third, Act.CANCEL),
        (first, Act.WITHDRAW),
    ):
        act(registry, actor, public_id, what)
        clock.advance(minutes=1)
    assert work(registry) == 6
    assert told(registry, bank) == [
        ("suspended", first),
        ("restored", first),
        ("withdrawn", second),
        ("suspended", third),
        ("cancelled", third),
        ("withdrawn", first),
    ]
    assert numbers(registry, bank) == [1, 2, 3, 4, 5, 6]
    assert work(registry) == 0


def test_an_event_says_what_when_why_and_of_which_certificate(
    registry: Registry, actor: Actor, bank: RelyingParty
) -> None:
    (public_id,) = watched(registry, actor, bank)
    act(registry, actor, public_id, Act.SUSPEND)
    work(registry)
    assert feed(registry, bank) == [
        {
            "id": "evt_bank_1",
            "type": "certificate.suspended",
            "timestamp": "2026-03-02T04:00:00Z",
            "data": {
                "number": 1,
                "recorded_at": "2026-03-02T04:00:00Z",
                "certificate": {
                    "public_id": public_id,
                    "number": "00125Q30001R0S",
                    "revision": 1,
                    "issuer": "cqc",
                    "scheme": "gbt19001-2016",
                    "holder": {
                        "name": "宁波华丰精密机械有限公司（样例）",
                        "identifier": {"scheme": "uscc", "value": "91330282MA00000184"},
                    },
                    "valid_until": "2028-01-07",
                    "verify": f"https://registry.example/api/v1/verify/{public_id}",
                },
                "reason": "fee_unpaid",
            },
        }
    ]


def test_what_was_planned_is_told_when_it_comes(
    registry: Registry, actor: Actor, bank: RelyingParty, clock: Clock
) -> None:
    (public_id,) = watched(registry, actor, bank)
    act(registry, actor, public_id, Act.SUSPEND, effective_at=IN_A_WEEK, until=IN_A_WEEK + timedelta(days=2))
    clock.advance(days=6)
    refresh_due(registry)
    assert work(registry) == 0
    clock.advance(days=10)
    # Two workers look at the same time, and a reader that renews caches.
    for _ in range(3):
        refresh_due(registry)
    work(registry)
    assert told(registry, bank) == [("suspended", public_id), ("restored", public_id)]
    assert [one["timestamp"] for one in feed(registry, bank)] == ["2026-03-09T04:00:00Z", "2026-03-11T04:00:00Z"]


def test_a_planned_act_that_nobody_noticed_before_the_next_one_is_told_as_well(
    registry: Registry, actor: Actor, bank: RelyingParty, clock: Clock
) -> None:
    (public_id,) = watched(registry, actor, bank)
    act(registry, actor, public_id, Act.SUSPEND, effective_at=IN_A_WEEK)
    clock.advance(days=8)
    act(registry, actor, public_id, Act.WITHDRAW)
    refresh_due(registry)
    work(registry)
    assert told(registry, bank) == [("suspended", public_id), ("withdrawn", public_id)]


def test_a_watch_goes_on_with_the_versions_that_follow(
    registry: Registry, actor: Actor, bank: RelyingParty, clock: Clock
) -> None:
    (old,) = watched(registry, actor, bank)
    changes = {"scope": {"zh": "汽车用注塑件的生产"}}
    new = issue_version(registry, actor, old, Reason.SCOPE_REDUCTION, changes).public_id
    clock.advance(hours=1)
    act(registry, actor, new, Act.SUSPEND)
    work(registry)
    assert told(registry, bank) == [("scope_reduced", old), ("suspended", new)]
    assert feed(registry, bank)[0]["data"]["superseded_by"] == new
    renamed = {"holder": {"name": {"zh": "宁波华丰智能制造有限公司（样例）"}}}
    act(registry, actor, new, Act.RESTORE)
    newest = issue_version(registry, actor, new, Reason.NAME_CHANGE, renamed).public_id
    work(registry)
    assert told(registry, bank, after=2) == [("restored", new), ("superseded", new)]
    assert feed(registry, bank)[-1]["data"]["superseded_by"] == newest


def test_a_holder_is_watched_with_the_certificates_that_it_will_have(
    registry: Registry, actor: Actor, bank: RelyingParty
) -> None:
    add_watches(registry, bank, [HOLDER], [30], "borrowers")
    (public_id,) = issued(registry, actor)
    stranger = replace(sample_certificate("00125Q39999R0S").holder, identifier=HolderId("uscc", "91330282MA0000022J"))
    other = issue(registry, actor, sample_certificate("00125Q39999R0S", holder=stranger)).public_id
    for one in (public_id, other):
        act(registry, actor, one, Act.WITHDRAW)
    work(registry)
    assert told(registry, bank) == [("withdrawn", public_id)]


def test_who_watches_a_certificate_and_its_holder_is_told_once(
    registry: Registry, actor: Actor, bank: RelyingParty
) -> None:
    (public_id,) = issued(registry, actor)
    add_watches(registry, bank, [HOLDER, public_id], [30], None)
    act(registry, actor, public_id, Act.WITHDRAW)
    work(registry)
    assert told(registry, bank) == [("withdrawn", public_id)]


def test_ends_come_near_and_come_once_each(registry: Registry, actor: Actor, bank: RelyingParty, clock: Clock) -> None:
    """NOON is on 2 March."""
    (soon,) = issued(registry, actor, valid_until=date(2026, 4, 5))
    (later,) = issued(registry, actor, first=100, valid_until=date(2026, 4, 6))
    add_watches(registry, bank, [soon, later], [7, 30], None)
    work(registry)
    days = []
    for _ in range(50):
        clock.advance(days=1)
        for _ in range(2):
            work(registry)
        days.append([one["data"].get("days_left") for one in feed(registry, bank)])
    assert told(registry, bank) == [
        ("expiring", soon),
        ("expiring", later),
        ("expiring", soon),
        ("expiring", later),
        ("expired", soon),
        ("expired", later),
    ]
    assert days[-1] == [30, 30, 7, 7, None, None]
    # Midnight in China is four in the afternoon of the day before.
    assert feed(registry, bank)[0]["timestamp"] == "2026-03-05T16:00:00Z"
    assert feed(registry, bank)[4]["timestamp"] == "2026-04-05T16:00:00Z"
    assert [len(one) for one in days[:5]] == [0, 0, 0, 1, 2]


def test_days_without_a_worker_are_made_up_for(
    registry: Registry, actor: Actor, bank: RelyingParty, clock: Clock
) -> None:
    (public_id,) = watched(registry, actor, bank, valid_until=date(2026, 4, 5))
    clock.advance(days=60)
    work(registry)
    assert told(registry, bank) == [("expiring", public_id), ("expired", public_id)]


def test_who_has_a_successor_or_is_over_does_not_expire(
    registry: Registry, actor: Actor, bank: RelyingParty, clock: Clock
) -> None:
    gone, followed = watched(registry, actor, bank, 2, valid_until=date(2026, 4, 5))
    act(registry, actor, gone, Act.WITHDRAW)
    renewed = {"decided_on": "2026-03-02", "valid_from": "2026-04-01", "valid_until": "2029-03-31"}
    issue_version(registry, actor, followed, Reason.RECERTIFICATION, renewed)
    clock.advance(days=60)
    work(registry)
    assert told(registry, bank) == [("withdrawn", gone), ("superseded", followed)]


def test_a_stolen_key_spoils_what_the_log_had_not_seen_and_that_is_told_once(
    registry: Registry, actor: Actor, bank: RelyingParty, clock: Clock
) -> None:
    (good,) = watched(registry, actor, bank)
    clock.advance(days=1)
    (middle,) = issued(registry, actor, first=50)
    clock.advance(days=1)
    (late,) = issued(registry, actor, first=70)
    add_watches(registry, bank, [middle, late], [], None)
    mark_key_compromised(registry, "cqc-1", NOON + timedelta(days=2))
    work(registry)
    assert told(registry, bank) == [("key_compromised", late)]
    mark_key_compromised(registry, "cqc-1", NOON + timedelta(days=2))
    mark_key_compromised(registry, "cqc-1", NOON + timedelta(days=1))
    work(registry)
    assert told(registry, bank) == [("key_compromised", late), ("key_compromised", middle)]
    assert good not in {public_id for _, public_id in told(registry, bank)}


def test_parties_have_numbers_of_their_own_and_see_nothing_of_each_other(
    registry: Registry, actor: Actor, bank: RelyingParty
) -> None:
    insurer = sample_party(registry, "insurer")
    first, second = issued(registry, actor, 2)
    add_watches(registry, bank, [first], [], None)
    add_watches(registry, insurer, [first, second], [], None)
    for one in (second, first):
        act(registry, actor, one, Act.WITHDRAW)
    work(registry)
    assert (numbers(registry, bank), told(registry, bank)) == ([1], [("withdrawn", first)])
    assert (numbers(registry, insurer), [one for _, one in told(registry, insurer)]) == ([1, 2], [second, first])


def test_what_was_committed_late_comes_late_and_is_not_missed(
    registry: Registry, actor: Actor, bank: RelyingParty
) -> None:
    """Row ids are given out before the transaction ends: the lower one may come second."""
    first, second = watched(registry, actor, bank, 2)
    if registry.database.dialect == "sqlite":
        pytest.skip("SQLite lets nobody else write meanwhile")
    rows = {one: key for one, key in _keys(registry).items() if one in {first, second}}
    slow = registry.database.transaction()
    with slow as connection:
        changes_store.insert_changes(connection, [(rows[first], _withdrawn())], NOON)
        with registry.database.transaction() as fast:
            changes_store.insert_changes(fast, [(rows[second], _withdrawn())], NOON)
        assert place_changes(registry) == 1
        cursor = numbers(registry, bank)[-1]
    assert place_changes(registry) == 1
    assert told(registry, bank, after=cursor) == [("withdrawn", first)]
    assert numbers(registry, bank) == [1, 2]


def _withdrawn() -> Change:
    return Change(ChangeKind.WITHDRAWN, NOON)


def _keys(registry: Registry) -> dict[str, int]:
    with registry.database.read() as connection:
        found = connection.exec_driver_sql("SELECT public_id, id FROM certificates")
        return {row[0]: row[1] for row in found}


def test_writers_placers_and_readers_at_the_same_time_leave_no_gap(
    registry: Registry, actor: Actor, bank: RelyingParty
) -> None:
    public_ids = watched(registry, actor, bank, 6)
    waiting = replace(registry, settings=replace(registry.settings, log_worker=True))
    done, seen = Event(), [0]
    failures: list[BaseException] = []

    def guarded(task: partial[None]) -> None:
        try:
            task()
        except BaseException as error:
            failures.append(error)

    def write(mine: list[str]) -> None:
        for _ in range(5):
            for one in mine:
                act(waiting, actor, one, Act.SUSPEND)
                act(waiting, actor, one, Act.RESTORE)

    def place() -> None:
        while not done.is_set():
            place_changes(waiting)

    def read() -> None:
        while not done.is_set() or seen[-1] < 60:
            page = numbers(registry, bank, after=seen[-1])
            assert page == list(range(seen[-1] + 1, seen[-1] + 1 + len(page)))
            seen.extend(page)

    writers = [Thread(target=guarded, args=(partial(write, public_ids[at::3]),)) for at in range(3)]
    others = [Thread(target=guarded, args=(partial(task),), daemon=True) for task in (place, place, read)]
    for one in (*others, *writers):
        one.start()
    for one in writers:
        one.join()
    place_changes(registry)
    done.set()
    for one in others:
        one.join(20)
    assert failures == []
    assert seen == list(range(61))
    by_certificate: dict[str, list[str]] = {}
    for kind, public_id in told(registry, bank):
        by_certificate.setdefault(public_id, []).append(kind)
    assert by_certificate == {one: ["suspended", "restored"] * 5 for one in public_ids}


@pytest.mark.parametrize("what", [Act.WITHDRAW])
def test_a_worker_that_is_killed_at_any_step_tells_everything_once(
    registry: Registry, actor: Actor, bank: RelyingParty, clock: Clock, what: Act
) -> None:
    """Changes, ends and their places: the next worker goes on where it died."""
    public_ids = watched(registry, actor, bank, 3, valid_until=date(2026, 4, 5))
    act(registry, actor, public_ids[0], Act.SUSPEND, effective_at=NOON + timedelta(days=1))
    expected = [("suspended", public_ids[0]), *(("expiring", one) for one in public_ids)]
    clock.advance(days=4)
    for step in range(1, 200):
        ended = end_of(fork(registry, _until(step, work)))
        if ended == 0:
            assert step > 12
            break
        assert ended == -signal.SIGKILL
        assert told(registry, bank) == expected[: len(told(registry, bank))]
    assert told(registry, bank) == expected
    assert numbers(registry, bank) == [1, 2, 3, 4]


def test_an_act_that_is_rolled_back_is_not_told(registry: Registry, actor: Actor, bank: RelyingParty) -> None:
    (public_id,) = watched(registry, actor, bank)
    for step in range(1, 200):
        deed = partial(_withdraw, actor=actor, public_id=public_id)
        ended = end_of(fork(registry, _until(step, deed)))
        work(registry)
        state = next(one for one in _states(registry) if one[0] == public_id)[1]
        assert told(registry, bank) == ([("withdrawn", public_id)] if state == "withdrawn" else [])
        if state == "withdrawn":
            return
        assert ended == -signal.SIGKILL
    pytest.fail("it never came to its end")


def _withdraw(registry: Registry, actor: Actor, public_id: str) -> None:
    act(registry, actor, public_id, Act.WITHDRAW)


def _states(registry: Registry) -> list[tuple[str, str]]:
    with registry.database.read() as connection:
        found = connection.exec_driver_sql("SELECT public_id, state FROM certificates")
        return [(row[0], row[1]) for row in found]


def test_pages_follow_one_another(registry: Registry, actor: Actor, bank: RelyingParty) -> None:
    for public_id in watched(registry, actor, bank, 7):
        act(registry, actor, public_id, Act.WITHDRAW)
    work(registry)
    whole = feed(registry, bank)
    assert [*list_events(registry, bank, 0, 3), *list_events(registry, bank, 3, 500)] == whole
    assert list_events(registry, bank, 7, 3) == []
    for after, limit in ((-1, 1), (2**63, 1), (0, 0), (0, 501)):
        with pytest.raises(InvalidInput):
            list_events(registry, bank, after, limit)
    with pytest.raises(NotPermitted):
        list_events(registry, replace(bank, scopes=frozenset({Scope.VERIFY})), 0, 1)
