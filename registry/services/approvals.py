"""Four eyes: acts that wait until a second officer has approved them.

A proposal has the name of an act and all that is needed to do it (its payload, JSON). What each act does is in
services/proposed_acts.py; deciding is in services/decide_proposal.py.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import Connection

from registry.domain.errors import Conflict, InvalidInput, NotFound, NotPermitted, Violation
from registry.formats.canonical_json import JsonObject
from registry.services.context import Actor, Registry, Verb, audit
from registry.store import proposals as store
from registry.store.proposals import StoredProposal

MAX_PAGE = 100
_REFERENCE_BYTES = 6


class ProposalState(StrEnum):
    """What has become of a proposal."""

    WAITING = "waiting"
    APPROVED = "approved"
    REFUSED = "refused"
    TAKEN_BACK = "taken_back"
    EXPIRED = "expired"


class AwaitsApproval(Exception):
    """The act has not been done: it waits for a second officer. This is no refusal: what catches those lets it pass."""

    def __init__(self, proposal: StoredProposal) -> None:
        self.proposal = proposal
        told = f"Not done yet: it waits for a second officer, as proposal {proposal.reference}"
        super().__init__(f"{told}, until {proposal.expires_at:%Y-%m-%d %H:%M} UTC.")


@dataclass(frozen=True, slots=True)
class ProposedAct:
    """What somebody wants done: the act's name, what it is about, all that it needs, and what it would change.

    The same act on the same subject waits only once.
    """

    act: str
    subject: str
    payload: JsonObject
    before: JsonObject
    after: JsonObject


@dataclass(frozen=True, slots=True)
class ProposalPage:
    """A page of proposals, newest first; `next_after` is the cursor of the next one, None on the last."""

    items: list[StoredProposal]
    next_after: str | None


def needs_approval(registry: Registry, actor: Actor) -> bool:
    """Whether the withdrawals and bulk acts of the actor's issuer wait for a second officer."""
    with registry.database.read() as connection:
        return store.is_four_eyes(connection, actor.issuer_id)


def propose(registry: Registry, actor: Actor, proposed: ProposedAct) -> StoredProposal:
    """Have an act wait. Whoever proposes the same again gets the same proposal.

    That the actor may do the act, and that it could be done now, was checked before. Raises Conflict where somebody
    else has proposed it, or the same person another form of it.
    """
    now = registry.now()
    with registry.database.transaction() as connection:
        store.lock_four_eyes(connection, actor.issuer_id)
        earlier = store.waiting_on(connection, actor.issuer_id, proposed.act, proposed.subject, now)
        if earlier is not None:
            if earlier.payload == proposed.payload and same_person(connection, earlier, actor):
                return earlier
            raise Conflict(f"The same act waits for approval already, as proposal {earlier.reference}.")
        reference = secrets.token_hex(_REFERENCE_BYTES)
        store.insert_proposal(
            connection,
            reference=reference,
            issuer_id=actor.issuer_id,
            act=proposed.act,
            subject=proposed.subject,
            payload=proposed.payload,
            before=proposed.before,
            after=proposed.after,
            proposed_at=now,
            proposed_by=actor.name,
            api_key_id=actor.api_key_id,
            user_id=actor.user_id,
            expires_at=now + timedelta(days=registry.settings.approval_days),
            state=ProposalState.WAITING,
        )
        details = {"act": proposed.act, "subject": proposed.subject}
        audit_decision(connection, registry, actor, "approval.propose", reference, details)
        return _require(connection, actor, reference)


def list_proposals(
    registry: Registry, actor: Actor, state: ProposalState | None, after: str | None, limit: int
) -> ProposalPage:
    """The proposals of the actor's issuer, newest first. Raises InvalidInput, NotPermitted."""
    _require_reading(actor)
    if not 0 < limit <= MAX_PAGE:
        raise InvalidInput([Violation(("limit",), f"must be 1 to {MAX_PAGE}")])
    with registry.database.read() as connection:
        below = None
        if after is not None:
            cursor = store.find_proposal(connection, actor.issuer_id, after)
            if cursor is None:
                reason = "not a cursor of this list; use the one in the page before"
                raise InvalidInput([Violation(("after",), reason)])
            below = cursor.id
        found = store.proposals_of(connection, actor.issuer_id, state, registry.now(), below, limit + 1)
    return ProposalPage(found[:limit], found[limit - 1].reference if len(found) > limit else None)


def read_proposal(registry: Registry, actor: Actor, reference: str) -> StoredProposal:
    """One proposal of the actor's issuer. Raises NotFound, NotPermitted."""
    _require_reading(actor)
    with registry.database.read() as connection:
        return _require(connection, actor, reference)


def is_own(registry: Registry, actor: Actor, proposal: StoredProposal) -> bool:
    """Whether an actor is who has proposed, as far as that is known."""
    with registry.database.read() as connection:
        return same_person(connection, proposal, actor)


def operator_of(registry: Registry, reference: str, name: str) -> Actor:
    """The operator at the terminal, acting for the issuer of a proposal. Raises NotFound."""
    with registry.database.read() as connection:
        issuer_id = store.issuer_of(connection, reference)
    if issuer_id is None:
        raise NotFound("No proposal has this reference.")
    return Actor(name, issuer_id, frozenset(Verb))


def state_of(registry: Registry, proposal: StoredProposal) -> ProposalState:
    """What has become of a proposal by now."""
    if proposal.state == ProposalState.WAITING and proposal.expires_at <= registry.now():
        return ProposalState.EXPIRED
    return ProposalState(proposal.state)


def take_back(registry: Registry, actor: Actor, reference: str) -> StoredProposal:
    """Give up one's own proposal. Raises NotFound, Conflict, NotPermitted."""
    with registry.database.transaction() as connection:
        proposal = lock_waiting(registry, connection, actor, reference)
        if not same_person(connection, proposal, actor):
            raise NotPermitted("Only who has proposed it can take it back; others refuse it.")
        store.decide_proposal(
            connection,
            proposal.id,
            state=ProposalState.TAKEN_BACK,
            decided_at=registry.now(),
            decided_by=actor.name,
        )
        audit_decision(connection, registry, actor, "approval.take_back", reference, {"act": proposal.act})
        return _require(connection, actor, reference)


def lock_waiting(registry: Registry, connection: Connection, actor: Actor, reference: str) -> StoredProposal:
    """A proposal of the actor's issuer that waits, held until the transaction ends. Raises NotFound, Conflict."""
    proposal = store.find_proposal(connection, actor.issuer_id, reference, for_update=True)
    if proposal is None:
        raise NotFound("No proposal of yours has this reference.")
    state = state_of(registry, proposal)
    if state is ProposalState.EXPIRED:
        raise Conflict(f"The proposal expired on {proposal.expires_at:%Y-%m-%d %H:%M} UTC. Propose it anew.")
    if state is not ProposalState.WAITING:
        told = f"{proposal.decided_by} on {proposal.decided_at:%Y-%m-%d %H:%M} UTC"
        raise Conflict(f"The proposal was {state.replace('_', ' ')} already, by {told}.")
    return proposal


def same_person(connection: Connection, proposal: StoredProposal, actor: Actor) -> bool:
    """Whether an actor is who has proposed, as far as that is known: also with another of the own API keys."""
    proposer = _identities(connection, proposal.proposed_by, proposal.api_key_id, proposal.user_id)
    return not proposer.isdisjoint(_identities(connection, actor.name, actor.api_key_id, actor.user_id))


def audit_decision(
    connection: Connection, registry: Registry, actor: Actor, act: str, reference: str, details: dict[str, str]
) -> None:
    """Tell the audit trail what was done to a proposal."""
    audit(connection, registry.now(), actor, act, reference, after=details)


def _identities(
    connection: Connection, name: str, api_key_id: int | None, user_id: int | None
) -> set[tuple[str, int | str]]:
    found: set[tuple[str, int | str]] = {("name", name)}
    if api_key_id is not None:
        root, owner = store.holder_of_key(connection, api_key_id)
        found.add(("key", root))
        user_id = user_id or owner
    if user_id is not None:
        found.add(("user", user_id))
    return found


def _require(connection: Connection, actor: Actor, reference: str) -> StoredProposal:
    proposal = store.find_proposal(connection, actor.issuer_id, reference)
    if proposal is None:
        raise NotFound("No proposal of yours has this reference.")
    return proposal


def _require_reading(actor: Actor) -> None:
    """Who decides must see what about; everybody else who reads may."""
    if Verb.APPROVE not in actor.verbs:
        actor.require(Verb.READ)
