"""The second officer's decision. Everything is checked again: days may have passed since the proposal."""

from __future__ import annotations

from registry.domain.errors import Conflict, InvalidInput, NotPermitted, Violation
from registry.services.approvals import ProposalState, audit_decision, lock_waiting, read_proposal, same_person
from registry.services.context import Actor, Registry, Verb
from registry.services.log.integrate import integrate_at_once
from registry.services.proposed_acts import EXECUTORS
from registry.services.proposer import proposer_of
from registry.store import proposals as store
from registry.store.proposals import StoredProposal

MAX_REASON_LENGTH = 1000


def approve(registry: Registry, actor: Actor, reference: str) -> StoredProposal:
    """Do what was proposed, on behalf of who has proposed it, in the transaction of the approval itself.

    Raises NotFound, NotPermitted (also for the proposer), Conflict where it was decided or has expired, and whatever
    the act itself is refused with now; then nothing was done and the proposal still waits.
    """
    actor.require(Verb.APPROVE)
    with registry.database.transaction() as connection:
        proposal = lock_waiting(registry, connection, actor, reference)
        if same_person(connection, proposal, actor):
            raise NotPermitted("Who has proposed it can't approve it: a second person must.")
        executor = EXECUTORS.get(proposal.act)
        if executor is None:
            raise Conflict(f"This version of the registry doesn't know the act {proposal.act!r}.")
        proposer = proposer_of(registry, connection, proposal, executor.verbs(proposal.payload))
        outcome = executor.execute(registry, connection, proposer, proposal.payload)
        store.decide_proposal(
            connection,
            proposal.id,
            state=ProposalState.APPROVED,
            decided_at=registry.now(),
            decided_by=actor.name,
            outcome=outcome,
        )
        details = {"act": proposal.act, "subject": proposal.subject, "proposed_by": proposal.proposed_by}
        audit_decision(connection, registry, actor, "approval.approve", reference, details)
    integrate_at_once(registry)
    return read_proposal(registry, actor, reference)


def refuse(registry: Registry, actor: Actor, reference: str, reason: str) -> StoredProposal:
    """Let what was proposed not happen, and say why.

    Raises NotFound, NotPermitted (also for the proposer, who takes it back), Conflict, InvalidInput.
    """
    actor.require(Verb.APPROVE)
    reason = reason.strip()
    if not 0 < len(reason) <= MAX_REASON_LENGTH:
        raise InvalidInput([Violation(("reason",), f"must have 1 to {MAX_REASON_LENGTH} characters")])
    with registry.database.transaction() as connection:
        proposal = lock_waiting(registry, connection, actor, reference)
        if same_person(connection, proposal, actor):
            raise NotPermitted("Who has proposed it can't refuse it, but can take it back.")
        store.decide_proposal(
            connection,
            proposal.id,
            state=ProposalState.REFUSED,
            decided_at=registry.now(),
            decided_by=actor.name,
            reason=reason,
        )
        details = {"act": proposal.act, "subject": proposal.subject, "proposed_by": proposal.proposed_by}
        audit_decision(connection, registry, actor, "approval.refuse", reference, {**details, "reason": reason})
    return read_proposal(registry, actor, reference)
