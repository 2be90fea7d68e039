"""Surveillance through the services: what is due, what was done, and what is missed."""

from __future__ import annotations

import signal
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import text

from registry.domain.errors import IllegalMove, InvalidInput, NotFound, NotPermitted
from registry.domain.lifecycle import Status
from registry.domain.notices import NoticeKind
from registry.domain.reasons import Act, Reason
from registry.domain.surveillance import AuditRecord, AuditResult, Stage
from registry.services.change_status import change_status
from registry.services.context import Actor, Registry, Verb, operator
from registry.services.find import history, read_certificate
from registry.services.follow_up.notices import list_notices
from registry.services.follow_up.policy import change_policy, read_policy
from registry.services.follow_up.remind import tidy
from registry.services.follow_up.surveillance import list_due, read_surveillance, record_audit
from registry.services.follow_up.watch import watch_surveillance
from registry.services.idempotency import Idempotency
from registry.services.issue import issue, issue_many
from registry.services.log.audit import audit_log
from registry.services.versions import issue_version
from tests.conftest import Clock, sample_certificate
from tests.services.log.logs import end_of, fork
from tests.services.log.test_kill import _until
from tests.services.test_issue import keyed_actor

FRESH = {
    "granted_on": date(2026, 3, 2),
    "decided_on": date(2026, 3, 2),
    "valid_from": date(2026, 3, 2),
    "valid_until": date(2029, 3, 1),
}
DUE = date(2027, 3, 2)
NEW_NAME = {"holder": {"name": {"zh": "宁波华丰智能制造有限公司（样例）"}}}
SUSPENDS = {"suspends": True, "grace_days": 30, "warning_days": 14, "surveillance_notice_days": 60}


def new(registry: Registry, actor: Actor, number: str = "N-1", **changes: Any) -> str:
    return issue(registry, actor, sample_certificate(number, **{**FRESH, **changes})).public_id


def at(clock: Clock, day: date) -> None:
    """Noon in China."""
    clock.now = datetime(day.year, day.month, day.day, 4, tzinfo=UTC)


def passed(held_on: date, due_on: date | None = None) -> AuditRecord:
    return AuditRecord(AuditResult.PASSED, held_on, due_on)


def told(registry: Registry, actor: Actor) -> list[tuple[NoticeKind, date]]:
    return [(one.kind, one.about) for one in list_notices(registry, actor, 0, 500)]


def status(registry: Registry, actor: Actor, public_id: str) -> Status:
    return read_certificate(registry, actor, public_id)[0].status.status


def due_ids(registry: Registry, actor: Actor, by: date) -> list[str]:
    return [one.certificate.public_id for one in list_due(registry, actor, by, None, 100).items]


def test_every_management_system_certificate_has_a_plan_however_it_is_issued(registry: Registry, actor: Actor) -> None:
    new(registry, actor)
    issue_many(registry, actor, [sample_certificate(f"B-{number}", **FRESH) for number in range(3)])
    new(registry, actor, "case", scheme="gbt24001-2016", valid_until=date(2027, 3, 1))
    assert len(due_ids(registry, actor, DUE)) == 4
    assert due_ids(registry, actor, DUE - timedelta(days=1)) == []


def test_a_passed_audit_sets_the_next_date(registry: Registry, actor: Actor, clock: Clock) -> None:
    public_id = new(registry, actor)
    at(clock, date(2027, 2, 1))
    done = record_audit(registry, actor, public_id, passed(date(2027, 1, 20)))
    assert (done.sequence, done.plan.due_on, done.plan.passed) == (1, date(2028, 1, 20), 1)
    found = read_surveillance(registry, actor, public_id)
    assert (found.plan, found.stage, [one.record.result for one in found.records]) == (
        done.plan,
        Stage.PLANNED,
        [AuditResult.PASSED],
    )
    assert due_ids(registry, actor, DUE) == []
    at(clock, date(2028, 2, 1))
    assert record_audit(registry, actor, public_id, passed(date(2028, 1, 20))).plan.due_on is None
    assert read_surveillance(registry, actor, public_id).plan.due_on is None
    assert due_ids(registry, actor, date(2040, 1, 1)) == []


def test_records_are_only_ever_added_and_audited(registry: Registry, actor: Actor, clock: Clock) -> None:
    public_id = new(registry, actor)
    at(clock, DUE)
    record_audit(registry, actor, public_id, AuditRecord(AuditResult.FAILED, DUE, note="two majors"))
    postponed = AuditRecord(AuditResult.POSTPONED, due_on=date(2027, 5, 1), note="two majors")
    record_audit(registry, actor, public_id, postponed)
    records = read_surveillance(registry, actor, public_id).records
    assert [(one.sequence, one.record.result, one.plan.due_on) for one in records] == [
        (1, "failed", DUE),
        (2, "postponed", date(2027, 5, 1)),
    ]
    with registry.database.read() as connection:
        acts = connection.scalars(text("SELECT act FROM audit_events ORDER BY id DESC LIMIT 2")).all()
    assert set(acts) == {"certificate.surveillance"}


def test_only_the_issuer_with_the_right_verb_records_and_reads(registry: Registry, actor: Actor, clock: Clock) -> None:
    public_id = new(registry, actor)
    at(clock, DUE)
    stranger = operator(registry, "other")
    for attempt in (
        lambda: record_audit(registry, stranger, public_id, passed(DUE)),
        lambda: read_surveillance(registry, stranger, public_id),
    ):
        with pytest.raises(NotFound):
            attempt()
    assert due_ids(registry, stranger, date(2040, 1, 1)) == []
    with pytest.raises(NotPermitted):
        record_audit(registry, replace(actor, verbs=frozenset({Verb.READ})), public_id, passed(DUE))
    with pytest.raises(NotPermitted):
        change_policy(registry, replace(actor, verbs=frozenset({Verb.SURVEY})), {"suspends": True})


def test_a_repeated_record_is_done_once(registry: Registry, clock: Clock) -> None:
    someone = keyed_actor(registry)
    public_id = new(registry, someone)
    at(clock, DUE)
    key = Idempotency("audit-1", b"f")
    first, again = (record_audit(registry, someone, public_id, passed(DUE), key) for _ in range(2))
    assert first == again
    assert len(read_surveillance(registry, someone, public_id).records) == 1


def test_nothing_is_recorded_on_what_is_over(registry: Registry, actor: Actor, clock: Clock) -> None:
    public_id = new(registry, actor)
    change_status(registry, actor, public_id, Act.WITHDRAW, Reason.MISUSE_OF_MARK)
    with pytest.raises(IllegalMove, match="withdrawn"):
        record_audit(registry, actor, public_id, passed(date(2026, 3, 2)))
    assert due_ids(registry, actor, date(2040, 1, 1)) == []


def test_a_page_goes_on_behind_what_was_moved_meanwhile(registry: Registry, actor: Actor, clock: Clock) -> None:
    ids = [new(registry, actor, f"N-{number}") for number in range(5)]
    at(clock, DUE)
    page = list_due(registry, actor, DUE, None, 2)
    record_audit(registry, actor, page.items[-1].certificate.public_id, passed(DUE))
    rest = list_due(registry, actor, DUE, page.next_after, 10)
    assert [one.certificate.public_id for one in (*page.items, *rest.items)] == ids
    assert rest.next_after is None
    for cursor in ("nonsense", "2027-03-02.", f"2027-13-02.{ids[0]}", "2027-03-02.AAAAAAAAAAAAAAA"):
        with pytest.raises(InvalidInput):
            list_due(registry, actor, DUE, cursor, 10)


# Versions go on with the plan.
def test_a_version_takes_the_plan_over(registry: Registry, actor: Actor, clock: Clock) -> None:
    first = new(registry, actor)
    at(clock, date(2027, 2, 1))
    record_audit(registry, actor, first, passed(date(2027, 1, 20)))
    second = issue_version(registry, actor, first, Reason.NAME_CHANGE, NEW_NAME).public_id
    found = read_surveillance(registry, actor, second)
    assert (found.plan.due_on, found.plan.passed, len(found.records)) == (date(2028, 1, 20), 1, 1)
    assert due_ids(registry, actor, date(2028, 1, 20)) == [second]


def test_recertification_begins_anew(registry: Registry, actor: Actor, clock: Clock) -> None:
    first = new(registry, actor)
    at(clock, date(2027, 2, 1))
    record_audit(registry, actor, first, passed(date(2027, 1, 20)))
    at(clock, date(2028, 12, 1))
    changes = {"valid_until": "2032-03-01", "valid_from": "2029-03-02"}
    second = issue_version(registry, actor, first, Reason.RECERTIFICATION, changes).public_id
    found = read_surveillance(registry, actor, second)
    assert (found.plan.due_on, found.plan.passed) == (date(2029, 12, 1), 0)
    change_status(registry, actor, second, Act.CANCEL, Reason.HOLDER_REQUEST)
    again = read_surveillance(registry, actor, first)
    assert (again.plan.due_on, again.plan.passed) == (date(2028, 1, 20), 1)
    assert due_ids(registry, actor, date(2028, 1, 20)) == [first]


# What the worker does.
def test_the_issuer_is_told_warned_and_then_the_certificate_is_suspended(
    registry: Registry, actor: Actor, clock: Clock
) -> None:
    change_policy(registry, actor, SUSPENDS)
    public_id = new(registry, actor)
    expected: list[tuple[NoticeKind, date]] = []
    for day, notice in (
        (DUE - timedelta(days=61), None),
        (DUE - timedelta(days=60), (NoticeKind.SURVEILLANCE_DUE, DUE)),
        (DUE + timedelta(days=16), None),
        (DUE + timedelta(days=17), (NoticeKind.SUSPENSION_NEAR, DUE + timedelta(days=31))),
        (DUE + timedelta(days=30), None),
        (DUE + timedelta(days=31), (NoticeKind.SUSPENDED, DUE + timedelta(days=31))),
    ):
        at(clock, day)
        expected += [notice] if notice else []
        for _ in range(2):
            watch_surveillance(registry)
            assert told(registry, actor) == expected, day
        missed = notice is not None and notice[0] is NoticeKind.SUSPENDED
        assert status(registry, actor, public_id) is (Status.SUSPENDED if missed else Status.VALID)
    last = history(registry, actor, public_id)[-1]
    assert (last.event.reason, last.actor) == (Reason.SURVEILLANCE_OVERDUE, "surveillance policy")
    assert audit_log(registry).findings == ()


def test_without_the_policy_nothing_is_suspended(registry: Registry, actor: Actor, clock: Clock) -> None:
    public_id = new(registry, actor)
    at(clock, DUE + timedelta(days=300))
    watch_surveillance(registry)
    assert status(registry, actor, public_id) is Status.VALID
    assert told(registry, actor) == [(NoticeKind.SURVEILLANCE_DUE, DUE)]


def test_who_turns_the_policy_on_late_is_warned_all_the_same(registry: Registry, actor: Actor, clock: Clock) -> None:
    public_id = new(registry, actor)
    today = DUE + timedelta(days=300)
    at(clock, today)
    change_policy(registry, actor, SUSPENDS)
    watch_surveillance(registry)
    assert told(registry, actor)[-1] == (NoticeKind.SUSPENSION_NEAR, today + timedelta(days=14))
    at(clock, today + timedelta(days=13))
    watch_surveillance(registry)
    assert status(registry, actor, public_id) is Status.VALID
    at(clock, today + timedelta(days=14))
    assert watch_surveillance(registry) == 1
    assert status(registry, actor, public_id) is Status.SUSPENDED


def test_a_warning_of_once_does_not_count_when_the_policy_is_turned_on_again(
    registry: Registry, actor: Actor, clock: Clock
) -> None:
    public_id = new(registry, actor)
    change_policy(registry, actor, SUSPENDS)
    at(clock, DUE + timedelta(days=20))
    watch_surveillance(registry)
    change_policy(registry, actor, {"suspends": False})
    watch_surveillance(registry)
    at(clock, DUE + timedelta(days=200))
    change_policy(registry, actor, {"suspends": True})
    assert watch_surveillance(registry) == 0
    assert status(registry, actor, public_id) is Status.VALID


def missed(registry: Registry, actor: Actor, clock: Clock) -> str:
    """A certificate that was suspended because its audit was missed."""
    change_policy(registry, actor, SUSPENDS)
    public_id = new(registry, actor)
    for days in (0, 20, 40):
        at(clock, DUE + timedelta(days=days))
        watch_surveillance(registry)
    assert status(registry, actor, public_id) is Status.SUSPENDED
    return public_id


def test_only_a_passed_audit_and_an_act_restore_it(registry: Registry, actor: Actor, clock: Clock) -> None:
    public_id = missed(registry, actor, clock)

    def restore() -> Status:
        return change_status(registry, actor, public_id, Act.RESTORE, Reason.SURVEILLANCE_COMPLETED).status.status

    today = DUE + timedelta(days=40)
    with pytest.raises(IllegalMove, match="passed audit first"):
        restore()
    record_audit(registry, actor, public_id, AuditRecord(AuditResult.FAILED, today))
    with pytest.raises(IllegalMove, match="passed audit first"):
        restore()
    for kind, changes in (
        (Reason.SCOPE_REDUCTION, {"scope": {"zh": "生产"}}),
        (Reason.STANDARD_TRANSITION, {"scheme": "gbt24001-2016"}),
    ):
        with pytest.raises(IllegalMove, match="passed audit first"):
            issue_version(registry, actor, public_id, kind, changes)
    record_audit(registry, actor, public_id, passed(today))
    assert status(registry, actor, public_id) is Status.SUSPENDED
    assert restore() is Status.VALID
    watch_surveillance(registry)
    assert status(registry, actor, public_id) is Status.VALID


def test_a_missed_audit_suspends_the_version_that_waits_as_well(registry: Registry, actor: Actor, clock: Clock) -> None:
    change_policy(registry, actor, SUSPENDS)
    old = new(registry, actor)
    at(clock, DUE)
    changes = {**NEW_NAME, "valid_from": (DUE + timedelta(days=60)).isoformat()}
    newer = issue_version(registry, actor, old, Reason.NAME_CHANGE, changes).public_id
    for days in (0, 20, 40, 70):
        at(clock, DUE + timedelta(days=days))
        watch_surveillance(registry)
    assert [status(registry, actor, one) for one in (old, newer)] == [Status.SUPERSEDED, Status.SUSPENDED]


def test_what_is_suspended_for_another_cause_is_suspended_for_this_one_once_it_is_restored(
    registry: Registry, actor: Actor, clock: Clock
) -> None:
    change_policy(registry, actor, SUSPENDS)
    public_id = new(registry, actor)
    change_status(registry, actor, public_id, Act.SUSPEND, Reason.FEE_UNPAID)
    for days in (0, 20, 40):
        at(clock, DUE + timedelta(days=days))
        assert watch_surveillance(registry) == 0
    change_status(registry, actor, public_id, Act.RESTORE, Reason.FEE_SETTLED)
    assert watch_surveillance(registry) == 1
    assert history(registry, actor, public_id)[-1].event.reason is Reason.SURVEILLANCE_OVERDUE


def test_a_planned_restore_does_not_lift_an_automatic_suspension(
    registry: Registry, actor: Actor, clock: Clock
) -> None:
    change_policy(registry, actor, SUSPENDS)
    public_id = new(registry, actor)
    change_status(registry, actor, public_id, Act.SUSPEND, Reason.FEE_UNPAID)
    late = datetime(2027, 6, 1, tzinfo=UTC)
    change_status(registry, actor, public_id, Act.RESTORE, Reason.FEE_SETTLED, effective_at=late)
    change_status(registry, actor, public_id, Act.RESTORE, Reason.FEE_SETTLED)
    for days in (0, 20, 40, 200):
        at(clock, DUE + timedelta(days=days))
        watch_surveillance(registry)
    assert status(registry, actor, public_id) is Status.SUSPENDED


def test_what_is_over_needs_no_surveillance(registry: Registry, actor: Actor, clock: Clock) -> None:
    change_policy(registry, actor, SUSPENDS)
    withdrawn, short = new(registry, actor), new(registry, actor, "N-2", valid_until=date(2027, 3, 10))
    change_status(registry, actor, withdrawn, Act.WITHDRAW, Reason.MISUSE_OF_MARK)
    at(clock, DUE + timedelta(days=100))
    assert watch_surveillance(registry) == 0
    tidy(registry)
    with registry.database.read() as connection:
        assert connection.scalar(text("SELECT count(*) FROM surveillance_plans")) == 0
    assert told(registry, actor) == []
    assert status(registry, actor, short) is Status.EXPIRED


def test_each_issuer_has_a_policy_of_its_own(registry: Registry, actor: Actor, clock: Clock) -> None:
    other = operator(registry, "other")
    change_policy(registry, other, SUSPENDS)
    mine, theirs = new(registry, actor), new(registry, other)
    for days in (0, 20, 40):
        at(clock, DUE + timedelta(days=days))
        watch_surveillance(registry)
    assert (status(registry, actor, mine), status(registry, other, theirs)) == (Status.VALID, Status.SUSPENDED)
    assert [kind for kind, _ in told(registry, actor)] == [NoticeKind.SURVEILLANCE_DUE]


def test_a_policy_is_a_version_after_the_other(registry: Registry, actor: Actor) -> None:
    assert read_policy(registry, actor).version == 0
    assert change_policy(registry, actor, {"grace_days": 10}).version == 1
    assert change_policy(registry, actor, {"grace_days": 10}).version == 1
    stored = change_policy(registry, actor, {"mail_to": ("a@example.org",)})
    assert (stored.version, stored.policy.grace_days, stored.policy.mail_to) == (2, 10, ("a@example.org",))
    assert read_policy(registry, actor) == stored
    with pytest.raises(InvalidInput):
        change_policy(registry, actor, {"grace_days": -1})


# Several at once, and any of them may die.
def state(registry: Registry) -> tuple[Any, ...]:
    """All that a turn writes, but for names that are drawn at random."""
    with registry.database.read() as connection:
        return tuple(
            tuple(map(tuple, connection.execute(text(statement))))
            for statement in (
                "SELECT first_version_id, due_on, stage, warned_on FROM surveillance_plans ORDER BY 1",
                "SELECT number, kind, certificate_id, about FROM notices ORDER BY issuer_id, number",
                "SELECT certificate_id, sequence, act, reason FROM status_events ORDER BY 1, 2",
                "SELECT state, event_count FROM certificates ORDER BY id",
            )
        )


def ready(registry: Registry, actor: Actor, clock: Clock, count: int) -> None:
    """Certificates that are due for being suspended, announced, and warned of."""
    change_policy(registry, actor, SUSPENDS)
    issue_many(registry, actor, [sample_certificate(f"A-{number}", **FRESH) for number in range(count)])
    for days in (0, 20):
        at(clock, DUE + timedelta(days=days))
        watch_surveillance(registry)
    at(clock, date(2027, 4, 1))
    later = {**FRESH, "decided_on": date(2026, 5, 20), "valid_from": date(2026, 5, 20)}
    issue_many(registry, actor, [sample_certificate(f"B-{number}", **later) for number in range(count)])
    at(clock, DUE + timedelta(days=40))


def test_a_worker_killed_at_any_step_leaves_nothing_half_done_and_the_next_one_ends_it(
    registry: Registry, actor: Actor, clock: Clock
) -> None:
    ready(registry, actor, clock, 2)
    begun = state(registry)
    seen = set()
    for step in range(1, 200):
        ended = end_of(fork(registry, _until(step, watch_surveillance)))
        now = state(registry)
        seen.add(now)
        plans, notices, events, _ = now
        suspended = {key for key, _, act, _ in events if act == "suspend"}
        assert suspended == {key for _, kind, key, _ in notices if kind == "suspended"}
        assert suspended == {key for key, _, stage, _ in plans if stage == Stage.MISSED}
        assert len(notices) == len(set(notices))
        if ended == 0:
            break
        assert ended == -signal.SIGKILL
    else:
        pytest.fail("it never came to its end")
    assert step > 15
    # Before, after what is announced, and after what is suspended.
    assert begun in seen
    assert len(seen) == 3
    watch_surveillance(registry)
    assert state(registry) == now
    assert audit_log(registry).findings == ()


def test_several_workers_do_it_once(registry: Registry, actor: Actor, clock: Clock) -> None:
    ready(registry, actor, clock, 30)
    barrier = Barrier(3)
    done: list[int] = []

    def work() -> None:
        barrier.wait()
        done.append(watch_surveillance(registry))

    threads = [Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done.append(watch_surveillance(registry))
    assert sum(done) == 30
    kinds = [kind for kind, _ in told(registry, actor)]
    assert kinds.count(NoticeKind.SUSPENDED) == 30
    numbers = [one.number for one in list_notices(registry, actor, 0, 500)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert audit_log(registry).findings == ()
