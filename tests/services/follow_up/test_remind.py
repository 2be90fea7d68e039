"""Reminders of certificates that end."""

from __future__ import annotations

import signal
from datetime import UTC, date, datetime, timedelta
from threading import Barrier, Thread

import pytest

from registry.domain.notices import NoticeKind
from registry.domain.reasons import Act, Reason
from registry.services.change_status import change_status
from registry.services.context import Actor, Registry, operator
from registry.services.follow_up.notices import list_notices
from registry.services.follow_up.policy import change_policy
from registry.services.follow_up.remind import remind_of_ends
from registry.services.issue import issue, issue_many
from registry.services.versions import issue_version
from tests.conftest import Clock, sample_certificate
from tests.services.log.logs import end_of, fork
from tests.services.log.test_kill import _until

# Of what sample_certificate makes.
END = date(2028, 1, 7)


def at(clock: Clock, days_left: int) -> None:
    """Noon in China, so many days before the end."""
    day = END - timedelta(days=days_left)
    clock.now = datetime(day.year, day.month, day.day, 4, tzinfo=UTC)


def told(registry: Registry, actor: Actor) -> list[int]:
    """The thresholds at which the issuer was reminded."""
    found = list_notices(registry, actor, 0, 500)
    assert all((one.kind, one.about) == (NoticeKind.EXPIRY, END) for one in found)
    return [one.threshold for one in found]


def test_a_certificate_is_reminded_of_once_at_each_threshold(registry: Registry, actor: Actor, clock: Clock) -> None:
    change_policy(registry, actor, {"expiry_notice_days": (90, 30, 7)})
    issue(registry, actor, sample_certificate())
    expected: list[int] = []
    for days_left, threshold in ((91, None), (90, 90), (89, None), (31, None), (30, 30), (8, None), (7, 7), (0, None)):
        at(clock, days_left)
        expected += [threshold] if threshold is not None else []
        assert remind_of_ends(registry) == (threshold is not None), days_left
        assert remind_of_ends(registry) == 0
        assert told(registry, actor) == expected
    at(clock, -1)
    assert remind_of_ends(registry) == 0


def test_a_worker_that_was_away_tells_of_the_nearest_threshold_alone(
    registry: Registry, actor: Actor, clock: Clock
) -> None:
    change_policy(registry, actor, {"expiry_notice_days": (90, 30, 7)})
    issue(registry, actor, sample_certificate())
    at(clock, 5)
    assert remind_of_ends(registry) == 1
    assert told(registry, actor) == [7]


def test_who_has_a_successor_or_is_over_is_not_reminded_of(registry: Registry, actor: Actor, clock: Clock) -> None:
    recertified, withdrawn = (issue(registry, actor, sample_certificate(number)).public_id for number in ("1", "2"))
    at(clock, 100)
    changes = {"valid_from": "2028-01-08", "valid_until": "2031-01-07"}
    issue_version(registry, actor, recertified, Reason.RECERTIFICATION, changes)
    change_status(registry, actor, withdrawn, Act.WITHDRAW, Reason.MISUSE_OF_MARK)
    at(clock, 20)
    assert remind_of_ends(registry) == 0


def test_a_suspended_certificate_is_reminded_of_too(registry: Registry, actor: Actor, clock: Clock) -> None:
    public_id = issue(registry, actor, sample_certificate()).public_id
    change_status(registry, actor, public_id, Act.SUSPEND, Reason.FEE_UNPAID)
    at(clock, 20)
    assert remind_of_ends(registry) == 1


def test_each_issuer_reads_its_own_notices_from_where_it_left_off(
    registry: Registry, actor: Actor, clock: Clock
) -> None:
    other = operator(registry, "other")
    issue_many(registry, actor, [sample_certificate(f"{number}") for number in range(1200)])
    issue(registry, other, sample_certificate())
    at(clock, 20)
    assert remind_of_ends(registry) == 1201
    seen: list[int] = []
    after = 0
    while page := list_notices(registry, actor, after, 500):
        seen += [one.number for one in page]
        after = seen[-1]
    assert seen == list(range(1, 1201))
    assert [one.number for one in list_notices(registry, other, 0, 500)] == [1]


def test_several_workers_remind_once(registry: Registry, actor: Actor, clock: Clock) -> None:
    issue_many(registry, actor, [sample_certificate(f"{number}") for number in range(50)])
    at(clock, 20)
    barrier = Barrier(3)
    done: list[int] = []

    def work() -> None:
        barrier.wait()
        done.append(remind_of_ends(registry))

    threads = [Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(done) == 50
    assert len(told(registry, actor)) == 50


def test_a_worker_killed_at_any_step_reminds_of_all_and_of_none_twice(
    registry: Registry, actor: Actor, clock: Clock
) -> None:
    issue_many(registry, actor, [sample_certificate(f"{number}") for number in range(3)])
    at(clock, 20)
    for step in range(1, 60):
        ended = end_of(fork(registry, _until(step, remind_of_ends)))
        assert len(told(registry, actor)) in {0, 3}
        if ended == 0:
            break
        assert ended == -signal.SIGKILL
    else:
        pytest.fail("it never came to its end")
    assert step > 4
    assert len(told(registry, actor)) == 3
