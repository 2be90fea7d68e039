"""Four eyes: nothing happens without a second person, and then it happens once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import func, select, update

from registry.domain.errors import Conflict, IllegalMove, InvalidInput, NotFound, NotPermitted
from registry.domain.lifecycle import Status
from registry.domain.reasons import Act, Reason
from registry.services import api_keys, approvals, four_eyes, people
from registry.services.approvals import AwaitsApproval, ProposalState
from registry.services.audit_trail import list_events
from registry.services.change_status import change_status
from registry.services.context import Actor, Registry, Verb, operator
from registry.services.decide_proposal import approve, refuse
from registry.services.find import history, read_certificate
from registry.services.issue import issue
from registry.services.roles import VERBS, Role
from registry.store.approval_models import Proposal
from registry.store.audit_events import TrailFilters
from registry.store.models import ApiKey, StatusEvent
from registry.store.proposals import StoredProposal
from tests.conftest import Clock, sample_certificate
from tests.services.accounts import new_user
from tests.services.log.logs import end_of, fork


def with_key(registry: Registry, code: str = "cqc", *verbs: Verb) -> Actor:
    """Somebody with an API key of an issuer."""
    token = api_keys.create_api_key(registry, code, verbs or list(Verb), "test")
    return api_keys.authenticate(registry, token, "203.0.113.7")


@pytest.fixture
def careful(registry: Registry) -> Registry:
    """A registry in which withdrawals of `cqc` wait."""
    four_eyes.set_for(registry, "terminal", "cqc", on=True)
    return registry


@pytest.fixture
def proposer(careful: Registry) -> Actor:
    return with_key(careful)


@pytest.fixture
def second(careful: Registry) -> Actor:
    return with_key(careful, "cqc", Verb.APPROVE)


def withdraw(registry: Registry, actor: Actor, public_id: str, note: str | None = None) -> StoredProposal:
    with pytest.raises(AwaitsApproval) as waits:
        change_status(registry, actor, public_id, Act.WITHDRAW, Reason.MISUSE_OF_MARK, note=note)
    return waits.value.proposal


@pytest.fixture
def proposal(careful: Registry, proposer: Actor) -> StoredProposal:
    """A withdrawal that waits."""
    return withdraw(careful, proposer, issue(careful, proposer, sample_certificate()).public_id, "third complaint")


def status(registry: Registry, public_id: str) -> Status:
    return read_certificate(registry, operator(registry, "cqc"), public_id)[0].status.status


def test_a_withdrawal_waits_and_is_done_by_the_second_officer(
    careful: Registry, proposal: StoredProposal, proposer: Actor, second: Actor, clock: Clock
) -> None:
    assert status(careful, proposal.subject) is Status.VALID
    assert (proposal.before["state"], proposal.after["state"]) == ("active", "withdrawn")
    clock.advance(days=2)
    done = approve(careful, second, proposal.reference)
    assert (done.state, done.decided_by, done.decided_at) == ("approved", second.name, clock.now)
    assert done.outcome == {"public_id": proposal.subject, "sequence": 2, "status": "withdrawn"}
    assert status(careful, proposal.subject) is Status.WITHDRAWN
    event = history(careful, operator(careful, "cqc"), proposal.subject)[-1]
    assert (event.actor, event.event.note, event.event.recorded_at) == (proposer.name, "third complaint", clock.now)


def test_the_trail_tells_both(careful: Registry, proposal: StoredProposal, proposer: Actor, second: Actor) -> None:
    approve(careful, second, proposal.reference)
    told = [one.event for one in list_events(careful, operator(careful, "cqc"), TrailFilters(), None, 9).items]
    told = [one for one in told if one.act.startswith(("approval", "certificate.withdraw"))]
    assert [(one.act, one.actor) for one in told] == [
        ("approval.approve", second.name),
        ("certificate.withdraw", proposer.name),
        ("approval.propose", proposer.name),
    ]
    assert told[0].after == {
        "act": "certificate.withdraw",
        "subject": proposal.subject,
        "proposed_by": proposer.name,
    }
    assert told[0].origin == "203.0.113.7"


def test_other_acts_do_not_wait(careful: Registry, proposer: Actor) -> None:
    row = issue(careful, proposer, sample_certificate())
    change_status(careful, proposer, row.public_id, Act.SUSPEND, Reason.SURVEILLANCE_OVERDUE)
    assert status(careful, row.public_id) is Status.SUSPENDED


def test_other_issuers_do_not_wait(careful: Registry) -> None:
    other = operator(careful, "other")
    row = issue(careful, other, sample_certificate())
    change = change_status(careful, other, row.public_id, Act.WITHDRAW, Reason.MISUSE_OF_MARK)
    assert change.status.status is Status.WITHDRAWN


def test_the_proposer_can_t_decide(careful: Registry, proposal: StoredProposal, proposer: Actor) -> None:
    decisions: list[Callable[..., object]] = [approve, partial(refuse, reason="no")]
    for decide in decisions:
        with pytest.raises(NotPermitted, match="Who has proposed it"):
            decide(careful, proposer, proposal.reference)
    assert status(careful, proposal.subject) is Status.VALID


def _link(registry: Registry, actor: Actor, **values: int | None) -> None:
    with registry.database.transaction() as connection:
        connection.execute(update(ApiKey).where(ApiKey.id == actor.api_key_id).values(**values))


def test_nor_can_another_key_of_the_same_person(careful: Registry, proposer: Actor, second: Actor) -> None:
    _link(careful, proposer, user_id=7)
    proposal = withdraw(careful, proposer, issue(careful, proposer, sample_certificate()).public_id)
    _link(careful, second, user_id=7)
    person = Actor("user:li", proposer.issuer_id, frozenset(Verb), user_id=7)
    for same in (second, person):
        with pytest.raises(NotPermitted):
            approve(careful, same, proposal.reference)
    approve(careful, replace(person, name="user:wang", user_id=8), proposal.reference)


def test_nor_can_a_key_that_descends_from_the_proposer_s(
    careful: Registry, proposal: StoredProposal, proposer: Actor, second: Actor
) -> None:
    _link(careful, second, root_id=proposer.api_key_id)
    with pytest.raises(NotPermitted):
        approve(careful, second, proposal.reference)


def test_the_verb_is_needed(careful: Registry, proposal: StoredProposal) -> None:
    officer = with_key(careful, "cqc", Verb.WITHDRAW, Verb.READ)
    with pytest.raises(NotPermitted, match="does not allow 'approve'"):
        approve(careful, officer, proposal.reference)
    with pytest.raises(NotPermitted):
        approvals.read_proposal(careful, with_key(careful, "cqc", Verb.ISSUE), proposal.reference)
    assert approvals.read_proposal(careful, officer, proposal.reference) == proposal


def test_another_issuer_s_proposals_are_not_there(careful: Registry, proposal: StoredProposal) -> None:
    other = operator(careful, "other")
    assert approvals.list_proposals(careful, other, None, None, 10).items == []
    decisions: list[Callable[..., object]] = [approve, approvals.read_proposal, approvals.take_back]
    decisions.append(partial(refuse, reason="no"))
    for decide in decisions:
        with pytest.raises(NotFound):
            decide(careful, other, proposal.reference)


def test_a_refusal_has_a_reason_and_leaves_everything_as_it_is(
    careful: Registry, proposal: StoredProposal, second: Actor
) -> None:
    for reason in ("", "   ", "x" * 1001):
        with pytest.raises(InvalidInput):
            refuse(careful, second, proposal.reference, reason)
    done = refuse(careful, second, proposal.reference, "talk to them first")
    assert (done.state, done.reason) == ("refused", "talk to them first")
    assert status(careful, proposal.subject) is Status.VALID
    with pytest.raises(Conflict, match="was refused already, by"):
        approve(careful, second, proposal.reference)


def test_the_proposer_takes_it_back(
    careful: Registry, proposal: StoredProposal, proposer: Actor, second: Actor
) -> None:
    with pytest.raises(NotPermitted):
        approvals.take_back(careful, second, proposal.reference)
    assert approvals.take_back(careful, proposer, proposal.reference).state == "taken_back"
    with pytest.raises(Conflict, match="was taken back already"):
        approve(careful, second, proposal.reference)


def test_a_proposal_expires_at_its_moment(
    careful: Registry, proposal: StoredProposal, second: Actor, clock: Clock
) -> None:
    assert proposal.expires_at == clock.now + timedelta(days=7)
    clock.now = proposal.expires_at - timedelta(microseconds=1)
    waiting = approvals.list_proposals(careful, second, ProposalState.WAITING, None, 10)
    assert [one.reference for one in waiting.items] == [proposal.reference]
    clock.now = proposal.expires_at
    with pytest.raises(Conflict, match="expired on"):
        approve(careful, second, proposal.reference)
    assert approvals.list_proposals(careful, second, ProposalState.WAITING, None, 10).items == []
    expired = approvals.list_proposals(careful, second, ProposalState.EXPIRED, None, 10)
    assert [approvals.state_of(careful, one) for one in expired.items] == [ProposalState.EXPIRED]


def test_who_repeats_the_request_gets_the_same_proposal(
    careful: Registry, proposal: StoredProposal, proposer: Actor
) -> None:
    assert withdraw(careful, proposer, proposal.subject, "third complaint") == proposal
    with pytest.raises(Conflict, match=proposal.reference):
        change_status(careful, proposer, proposal.subject, Act.WITHDRAW, Reason.OTHER, note="x")
    with pytest.raises(Conflict, match=proposal.reference):
        change_status(careful, with_key(careful), proposal.subject, Act.WITHDRAW, Reason.MISUSE_OF_MARK)


def test_one_that_expired_is_proposed_anew(
    careful: Registry, proposal: StoredProposal, proposer: Actor, clock: Clock
) -> None:
    clock.now = proposal.expires_at
    assert withdraw(careful, proposer, proposal.subject).reference != proposal.reference


def test_what_could_not_be_done_is_not_proposed(careful: Registry, proposer: Actor) -> None:
    row = issue(careful, proposer, sample_certificate())
    change_status(careful, proposer, row.public_id, Act.CANCEL, Reason.HOLDER_REQUEST)
    with pytest.raises(IllegalMove):
        change_status(careful, proposer, row.public_id, Act.WITHDRAW, Reason.MISUSE_OF_MARK)
    with pytest.raises(NotFound):
        change_status(careful, operator(careful, "other"), row.public_id, Act.WITHDRAW, Reason.MISUSE_OF_MARK)


def test_what_can_t_be_done_any_more_is_refused_at_the_decision(
    careful: Registry, proposal: StoredProposal, proposer: Actor, second: Actor
) -> None:
    change_status(careful, proposer, proposal.subject, Act.CANCEL, Reason.HOLDER_REQUEST)
    with pytest.raises(IllegalMove):
        approve(careful, second, proposal.reference)
    assert approvals.read_proposal(careful, second, proposal.reference).state == "waiting"
    assert status(careful, proposal.subject) is Status.CANCELLED
    refuse(careful, second, proposal.reference, "cancelled meanwhile")


def test_a_proposer_whose_key_was_revoked_has_proposed_in_vain(
    careful: Registry, proposal: StoredProposal, proposer: Actor, second: Actor
) -> None:
    api_keys.revoke_api_key(careful, proposer.name.removeprefix("apikey:"))
    with pytest.raises(Conflict, match="may not do this any more"):
        approve(careful, second, proposal.reference)
    assert status(careful, proposal.subject) is Status.VALID


@pytest.mark.parametrize("role", [Role.READER, None])
def test_a_proposer_who_has_left_or_has_another_role_has_proposed_in_vain(
    careful: Registry, second: Actor, role: Role | None
) -> None:
    key = new_user(careful, "li@cqc.example", Role.OFFICER)
    li = Actor("user:li@cqc.example", second.issuer_id, VERBS[Role.OFFICER], user_id=key)
    proposal = withdraw(careful, li, issue(careful, li, sample_certificate()).public_id)
    by = people.administrator(operator(careful, "cqc"))
    if role is None:
        people.disable(careful, by, key)
    else:
        people.change(careful, by, key, role, None)
    with pytest.raises(Conflict, match="may not do this any more"):
        approve(careful, second, proposal.reference)


def _approve_in_a_process(reference: str, registry: Registry) -> None:
    approver = Actor(f"user:{id(registry)}", operator(registry, "cqc").issuer_id, frozenset(Verb))
    try:
        approve(registry, approver, reference)
    except Conflict:
        raise SystemExit(3) from None


def test_two_who_approve_at_once_do_it_once(careful: Registry, proposal: StoredProposal) -> None:
    children = [fork(careful, partial(_approve_in_a_process, proposal.reference)) for _ in range(3)]
    # Each child ends with 0 where it approved, and with 1 where the other was faster.
    assert sorted(end_of(child) for child in children) == [0, 1, 1]
    with careful.database.read() as connection:
        withdrawals = select(func.count()).where(StatusEvent.act == Act.WITHDRAW)
        assert connection.scalar(withdrawals) == 1
        assert connection.scalar(select(Proposal.state)) == "approved"


def test_a_planned_withdrawal_keeps_its_day(careful: Registry, proposer: Actor, second: Actor, clock: Clock) -> None:
    row = issue(careful, proposer, sample_certificate())
    effective = clock.now + timedelta(days=30)
    with pytest.raises(AwaitsApproval) as waits:
        change_status(careful, proposer, row.public_id, Act.WITHDRAW, Reason.MISUSE_OF_MARK, effective_at=effective)
    assert waits.value.proposal.after["effective_at"] == effective.isoformat()
    clock.advance(days=1)
    approve(careful, second, waits.value.proposal.reference)
    assert status(careful, row.public_id) is Status.VALID
    clock.now = effective
    assert status(careful, row.public_id) is Status.WITHDRAWN


def test_pages_of_proposals(careful: Registry, proposer: Actor) -> None:
    references = [
        withdraw(careful, proposer, issue(careful, proposer, sample_certificate(f"A-{number}")).public_id).reference
        for number in range(5)
    ]
    first = approvals.list_proposals(careful, proposer, None, None, 3)
    rest = approvals.list_proposals(careful, proposer, None, first.next_after, 3)
    assert [one.reference for one in (*first.items, *rest.items)] == references[::-1]
    assert rest.next_after is None
    with pytest.raises(InvalidInput, match="not a cursor"):
        approvals.list_proposals(careful, proposer, None, "0000", 3)


# Switching it.


def test_an_administrator_switches_it_on_alone_and_off_with_another(registry: Registry) -> None:
    administrator, second = with_key(registry, "cqc", Verb.ADMINISTER), with_key(registry, "cqc", Verb.APPROVE)
    four_eyes.set_own(registry, administrator, on=True)
    four_eyes.set_own(registry, administrator, on=True)
    assert four_eyes.is_on(registry, "cqc")
    with pytest.raises(AwaitsApproval) as waits:
        four_eyes.set_own(registry, administrator, on=False)
    assert four_eyes.is_on(registry, "cqc")
    approve(registry, second, waits.value.proposal.reference)
    assert not four_eyes.is_on(registry, "cqc")
    four_eyes.set_own(registry, administrator, on=False)
    trail = list_events(registry, operator(registry, "cqc"), TrailFilters(act="issuer.four_eyes"), None, 10).items
    assert [one.event.after for one in trail] == [{"four_eyes": False}, {"four_eyes": True}]
    with pytest.raises(NotPermitted):
        four_eyes.set_own(registry, second, on=True)


def test_the_registry_s_operator_switches_it_at_once(registry: Registry) -> None:
    four_eyes.set_for(registry, "terminal (li)", "cqc", on=True)
    assert four_eyes.is_on(registry, "cqc")
    assert not four_eyes.is_on(registry, "other")
    four_eyes.set_for(registry, "terminal (li)", "cqc", on=False)
    assert not four_eyes.is_on(registry, "cqc")
    with pytest.raises(NotFound):
        four_eyes.set_for(registry, "terminal (li)", "nobody", on=True)
