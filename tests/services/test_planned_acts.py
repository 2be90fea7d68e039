"""Planned acts: called off in time, and never in the way of what came later."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from registry.domain.errors import Conflict, InvalidInput, NotFound, NotPermitted
from registry.domain.lifecycle import Status
from registry.domain.reasons import Act, Reason
from registry.services.change_status import call_off, change_status, refresh_due
from registry.services.context import Actor, Registry, Verb, operator
from registry.services.find import history, read_certificate
from registry.services.idempotency import Idempotency
from registry.services.issue import issue
from registry.services.log.audit import audit_log
from registry.services.status_lists import StatusLists
from registry.services.verify import Verifier
from registry.services.versions import reissue
from tests.conftest import NOON, Clock, sample_certificate
from tests.services.offline import document_of, offline, save_log
from tests.services.test_issue import keyed_actor
from tests.services.test_status_lists import bits

IN_A_WEEK = NOON + timedelta(days=7)
NEXT_MONTH = date(2026, 4, 1)


def status_now(registry: Registry, actor: Actor, public_id: str) -> Status:
    return read_certificate(registry, actor, public_id)[0].status.status


def planned(registry: Registry, actor: Actor, act: Act, reason: Reason, at: datetime = IN_A_WEEK) -> str:
    """A certificate with one planned act."""
    public_id = issue(registry, actor, sample_certificate()).public_id
    change_status(registry, actor, public_id, act, reason, effective_at=at)
    return public_id


def acts(registry: Registry, actor: Actor, public_id: str) -> list[tuple[str, int | None]]:
    return [(one.event.act.value, one.event.calls_off) for one in history(registry, actor, public_id)]


def test_a_planned_withdrawal_that_is_called_off_never_comes(registry: Registry, actor: Actor, clock: Clock) -> None:
    public_id = planned(registry, actor, Act.WITHDRAW, Reason.LEGAL_SANCTION)
    clock.advance(days=3)
    done = call_off(registry, actor, public_id, 2, Reason.PLANNED_IN_ERROR)
    assert done.status.status is Status.VALID
    clock.advance(days=30)
    refresh_due(registry)
    assert status_now(registry, actor, public_id) is Status.VALID
    assert Verifier(registry, 0).by_public_id(public_id).verdict == "valid"
    assert acts(registry, actor, public_id)[1:] == [("withdraw", None), ("call_off", 2)]
    assert audit_log(registry).findings == ()


@pytest.mark.parametrize("called_off", [True, False])
def test_lists_and_copies_of_the_log_know_that_an_act_was_called_off(
    registry: Registry, actor: Actor, clock: Clock, tmp_path: Path, called_off: bool
) -> None:
    public_id = planned(registry, actor, Act.WITHDRAW, Reason.LEGAL_SANCTION)
    lists = StatusLists(registry)
    assert bits(registry, lists, public_id) == (False, False)
    if called_off:
        call_off(registry, actor, public_id, 2, Reason.NOT_NEEDED_ANY_MORE)
    clock.advance(days=8)
    assert bits(registry, lists, public_id) == (not called_off, False)
    judged = offline(registry, save_log(registry, tmp_path / "log")).document(document_of(registry, public_id))
    assert judged.verdict == ("valid" if called_off else "withdrawn")


def test_what_has_taken_effect_is_not_called_off(registry: Registry, actor: Actor, clock: Clock) -> None:
    public_id = planned(registry, actor, Act.SUSPEND, Reason.FEE_UNPAID)
    clock.now = IN_A_WEEK
    with pytest.raises(InvalidInput, match="taken effect"):
        call_off(registry, actor, public_id, 2, Reason.PLANNED_IN_ERROR)
    with pytest.raises(InvalidInput, match="none that could be called off"):
        call_off(registry, actor, public_id, 1, Reason.PLANNED_IN_ERROR)
    assert len(acts(registry, actor, public_id)) == 2


def test_only_who_may_do_an_act_to_this_certificate_may_call_it_off(registry: Registry, actor: Actor) -> None:
    public_id = planned(registry, actor, Act.WITHDRAW, Reason.LEGAL_SANCTION)
    with pytest.raises(NotFound):
        call_off(registry, operator(registry, "other"), public_id, 2, Reason.PLANNED_IN_ERROR)
    limited = replace(actor, verbs=frozenset({Verb.SUSPEND}))
    with pytest.raises(NotPermitted):
        call_off(registry, limited, public_id, 2, Reason.PLANNED_IN_ERROR)
    call_off(registry, replace(actor, verbs=frozenset({Verb.WITHDRAW})), public_id, 2, Reason.PLANNED_IN_ERROR)


def test_a_repeated_calling_off_is_answered_the_same(registry: Registry) -> None:
    someone = keyed_actor(registry)
    public_id = planned(registry, someone, Act.WITHDRAW, Reason.LEGAL_SANCTION)
    key = Idempotency("off-1", b"f")
    first, again = (
        call_off(registry, someone, public_id, 2, Reason.PLANNED_IN_ERROR, idempotency=key) for _ in range(2)
    )
    assert first.event == again.event
    with pytest.raises(InvalidInput, match="already"):
        call_off(registry, someone, public_id, 2, Reason.PLANNED_IN_ERROR)


def test_an_older_planned_restore_does_not_lift_a_newer_suspension(
    registry: Registry, actor: Actor, clock: Clock
) -> None:
    public_id = issue(registry, actor, sample_certificate()).public_id
    change_status(registry, actor, public_id, Act.SUSPEND, Reason.FEE_UNPAID)
    change_status(registry, actor, public_id, Act.RESTORE, Reason.FEE_SETTLED, effective_at=NOON + timedelta(days=30))
    clock.advance(days=10)
    change_status(registry, actor, public_id, Act.RESTORE, Reason.FEE_SETTLED)
    clock.advance(days=10)
    done = change_status(registry, actor, public_id, Act.SUSPEND, Reason.NONCONFORMITY_OPEN)
    assert (done.event.act, done.event.sequence) == (Act.SUSPEND, 5)
    assert acts(registry, actor, public_id)[-1] == ("call_off", 3)
    clock.advance(days=11)
    assert status_now(registry, actor, public_id) is Status.SUSPENDED
    assert audit_log(registry).findings == ()


def reissued(registry: Registry, actor: Actor, number: str = "N-2") -> tuple[str, str]:
    """A certificate and its successor from next month on."""
    old = issue(registry, actor, sample_certificate("N-1")).public_id
    successor = sample_certificate(
        number, valid_from=NEXT_MONTH, decided_on=date(2026, 3, 1), valid_until=date(2029, 3, 31)
    )
    return old, reissue(registry, actor, old, successor, Reason.RECERTIFICATION).public_id


@pytest.mark.parametrize(
    ("act", "reason"), [(Act.WITHDRAW, Reason.SERIOUS_NONCONFORMITY), (Act.CANCEL, Reason.HOLDER_REQUEST)]
)
def test_a_successor_given_up_before_its_first_day_supersedes_nothing(
    registry: Registry, actor: Actor, clock: Clock, act: Act, reason: Reason
) -> None:
    old, successor = reissued(registry, actor)
    clock.advance(days=2)
    change_status(registry, actor, successor, act, reason)
    clock.advance(days=60)
    assert status_now(registry, actor, old) is Status.VALID
    verified = Verifier(registry, 0).by_public_id(old)
    assert (verified.verdict, verified.replaced_by) == ("valid", None)
    assert acts(registry, actor, old)[-1] == ("call_off", 2)
    assert audit_log(registry).findings == ()
    again = sample_certificate(
        "N-3", valid_from=date(2026, 5, 10), decided_on=date(2026, 5, 1), valid_until=date(2029, 5, 9)
    )
    third = reissue(registry, actor, old, again, Reason.RECERTIFICATION).public_id
    clock.advance(days=8)
    assert Verifier(registry, 0).by_public_id(old).replaced_by == third


def test_a_successor_given_up_from_its_first_day_on_has_superseded(
    registry: Registry, actor: Actor, clock: Clock
) -> None:
    old, successor = reissued(registry, actor)
    first_day = datetime.fromisoformat("2026-04-01T00:00:00+08:00")
    change_status(registry, actor, successor, Act.WITHDRAW, Reason.LEGAL_SANCTION, effective_at=first_day)
    clock.advance(days=60)
    assert status_now(registry, actor, old) is Status.SUPERSEDED
    assert status_now(registry, actor, successor) is Status.WITHDRAWN


def test_whether_a_successor_will_supersede_is_never_uncertain(registry: Registry, actor: Actor) -> None:
    old, successor = reissued(registry, actor)
    with pytest.raises(InvalidInput, match="given up at once"):
        change_status(registry, actor, successor, Act.CANCEL, Reason.HOLDER_REQUEST, effective_at=IN_A_WEEK)
    with pytest.raises(Conflict, match="that one"):
        call_off(registry, actor, old, 2, Reason.NOT_NEEDED_ANY_MORE)


def test_giving_up_a_successor_does_not_bring_back_what_fell_by_itself(
    registry: Registry, actor: Actor, clock: Clock
) -> None:
    old, successor = reissued(registry, actor)
    change_status(registry, actor, old, Act.WITHDRAW, Reason.MISUSE_OF_MARK)
    change_status(registry, actor, successor, Act.CANCEL, Reason.HOLDER_REQUEST)
    clock.advance(days=60)
    assert status_now(registry, actor, old) is Status.WITHDRAWN
    assert acts(registry, actor, old)[-1] == ("withdraw", None)


def test_nothing_of_a_refused_act_is_stored(registry: Registry, actor: Actor) -> None:
    old, successor = reissued(registry, actor)
    with pytest.raises(InvalidInput):
        change_status(registry, actor, successor, Act.WITHDRAW, Reason.HOLDER_REQUEST)
    assert acts(registry, actor, old)[-1] == ("supersede", None)
