"""Suspending, restoring, withdrawing, cancelling, through the services and their cache."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from registry.domain.errors import IllegalMove, InvalidInput, NotFound, NotPermitted, RegistryError
from registry.domain.lifecycle import Status, status_at
from registry.domain.reasons import Act, Reason
from registry.services.change_status import change_status, refresh_due
from registry.services.context import Actor, Registry, Verb, operator
from registry.services.find import Filters, history, list_certificates, read_certificate
from registry.services.idempotency import Idempotency
from registry.services.issue import issue
from tests.conftest import NOON, Clock, sample_certificate
from tests.services.test_issue import keyed_actor


def status_now(registry: Registry, actor: Actor, public_id: str) -> Status:
    return read_certificate(registry, actor, public_id)[0].status.status


def test_a_certificate_is_suspended_restored_and_withdrawn(registry: Registry, actor: Actor, clock: Clock) -> None:
    public_id = issue(registry, actor, sample_certificate()).public_id
    for act, reason, expected in (
        (Act.SUSPEND, Reason.SURVEILLANCE_OVERDUE, Status.SUSPENDED),
        (Act.RESTORE, Reason.SURVEILLANCE_COMPLETED, Status.VALID),
        (Act.WITHDRAW, Reason.MISUSE_OF_MARK, Status.WITHDRAWN),
    ):
        clock.advance(hours=1)
        assert change_status(registry, actor, public_id, act, reason).status.status is expected
        assert status_now(registry, actor, public_id) is expected
    with pytest.raises(IllegalMove) as refused:
        change_status(registry, actor, public_id, Act.RESTORE, Reason.OTHER, note="we changed our mind")
    assert refused.value.status == "withdrawn"


def test_another_issuers_certificate_is_not_found(registry: Registry, actor: Actor) -> None:
    public_id = issue(registry, actor, sample_certificate()).public_id
    stranger = operator(registry, "other")
    for attempt in (
        lambda: change_status(registry, stranger, public_id, Act.WITHDRAW, Reason.MISUSE_OF_MARK),
        lambda: read_certificate(registry, stranger, public_id),
        lambda: history(registry, stranger, public_id),
    ):
        with pytest.raises(NotFound):
            attempt()
    assert status_now(registry, actor, public_id) is Status.VALID


def test_an_api_key_needs_the_verb_of_the_act(registry: Registry, actor: Actor) -> None:
    public_id = issue(registry, actor, sample_certificate()).public_id
    limited = replace(actor, verbs=frozenset({Verb.SUSPEND}))
    with pytest.raises(NotPermitted):
        change_status(registry, limited, public_id, Act.WITHDRAW, Reason.MISUSE_OF_MARK)
    change_status(registry, limited, public_id, Act.SUSPEND, Reason.FEE_UNPAID)


@pytest.mark.parametrize(
    ("reason", "note", "pointer"),
    [(Reason.HOLDER_REQUEST, None, "/reason"), (Reason.OTHER, None, "/note"), (Reason.OTHER, " ", "/note")],
)
def test_a_reason_must_fit_the_act(
    registry: Registry, actor: Actor, reason: Reason, note: str | None, pointer: str
) -> None:
    public_id = issue(registry, actor, sample_certificate()).public_id
    with pytest.raises(InvalidInput) as refused:
        change_status(registry, actor, public_id, Act.SUSPEND, reason, note=note)
    assert refused.value.violations[0].pointer == pointer
    assert len(history(registry, actor, public_id)) == 1


def test_a_suspension_with_an_end_ends_by_itself_in_every_view(registry: Registry, actor: Actor, clock: Clock) -> None:
    public_id = issue(registry, actor, sample_certificate()).public_id
    until = NOON + timedelta(days=30)
    change_status(registry, actor, public_id, Act.SUSPEND, Reason.NONCONFORMITY_OPEN, until=until)
    suspended = Filters(status=Status.SUSPENDED)
    assert len(list_certificates(registry, actor, suspended, None, 10).items) == 1
    clock.advance(days=30)
    assert status_now(registry, actor, public_id) is Status.VALID
    assert list_certificates(registry, actor, suspended, None, 10).items == []
    assert len(list_certificates(registry, actor, Filters(status=Status.VALID), None, 10).items) == 1


def test_a_planned_withdrawal_takes_effect_by_itself(registry: Registry, actor: Actor, clock: Clock) -> None:
    public_id = issue(registry, actor, sample_certificate()).public_id
    planned = NOON + timedelta(days=7)
    done = change_status(registry, actor, public_id, Act.WITHDRAW, Reason.LEGAL_SANCTION, effective_at=planned)
    assert done.status.status is Status.VALID
    clock.advance(days=6, hours=23)
    assert status_now(registry, actor, public_id) is Status.VALID
    clock.advance(hours=1)
    assert status_now(registry, actor, public_id) is Status.WITHDRAWN
    refresh_due(registry)
    assert status_now(registry, actor, public_id) is Status.WITHDRAWN


def test_the_past_can_be_asked_for_after_everything_changed(registry: Registry, actor: Actor, clock: Clock) -> None:
    row = issue(registry, actor, sample_certificate())
    clock.advance(days=10)
    change_status(registry, actor, row.public_id, Act.WITHDRAW, Reason.MISUSE_OF_MARK)
    events = [recorded.event for recorded in history(registry, actor, row.public_id)]
    yesterday, today = clock.now - timedelta(days=1), clock.now
    then = status_at(events, row.period, yesterday, today)
    unknown_yet = status_at(events, row.period, today, yesterday)
    assert then is not None
    assert then.status is Status.VALID
    assert unknown_yet is not None
    assert unknown_yet.status is Status.VALID


def test_two_concurrent_acts_do_not_both_win(registry: Registry, actor: Actor) -> None:
    public_id = issue(registry, actor, sample_certificate()).public_id
    barrier = threading.Barrier(2)
    outcomes: list[str] = []

    def attempt(act: Act, reason: Reason) -> None:
        barrier.wait()
        try:
            change_status(registry, actor, public_id, act, reason)
            outcomes.append("done")
        except IllegalMove:
            outcomes.append("refused")

    threads = [
        threading.Thread(target=attempt, args=(Act.WITHDRAW, Reason.MISUSE_OF_MARK)),
        threading.Thread(target=attempt, args=(Act.CANCEL, Reason.HOLDER_REQUEST)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["done", "refused"]
    assert len(history(registry, actor, public_id)) == 2


def test_a_repeated_act_is_recorded_once_and_answered_the_same(registry: Registry, clock: Clock) -> None:
    someone = keyed_actor(registry)
    public_id = issue(registry, someone, sample_certificate()).public_id
    key = Idempotency("act-1", b"f")

    def suspend() -> object:
        return change_status(registry, someone, public_id, Act.SUSPEND, Reason.FEE_UNPAID, idempotency=key).event

    first = suspend()
    clock.advance(hours=1)
    change_status(registry, someone, public_id, Act.RESTORE, Reason.FEE_SETTLED)
    assert suspend() == first
    assert status_now(registry, someone, public_id) is Status.VALID


def test_a_repeated_act_is_answered_the_same_though_another_came_at_the_same_moment(registry: Registry) -> None:
    someone = keyed_actor(registry)
    public_id = issue(registry, someone, sample_certificate()).public_id
    key = Idempotency("act-1", b"f")
    for _ in range(2):
        done = change_status(registry, someone, public_id, Act.SUSPEND, Reason.FEE_UNPAID, idempotency=key)
        assert done.status.status is Status.SUSPENDED
        if len(history(registry, someone, public_id)) == 2:
            change_status(registry, someone, public_id, Act.WITHDRAW, Reason.MISUSE_OF_MARK)


def test_mistyped_ids_are_refused_with_advice(registry: Registry, actor: Actor) -> None:
    public_id = issue(registry, actor, sample_certificate()).public_id
    wrong = ("3" if public_id[0] == "2" else "2") + public_id[1:]
    with pytest.raises(RegistryError, match="mistyped"):
        change_status(registry, actor, wrong, Act.SUSPEND, Reason.FEE_UNPAID)
    grouped = f"{public_id[:5]}-{public_id[5:10]}-{public_id[10:]}".lower()
    change_status(registry, actor, grouped, Act.SUSPEND, Reason.FEE_UNPAID)
