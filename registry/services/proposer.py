"""Who has proposed an act, as the one on whose behalf it is done after its approval."""

from __future__ import annotations

from sqlalchemy import Connection

from registry.domain.errors import Conflict
from registry.services.context import Actor, Registry, Verb
from registry.services.roles import VERBS, Role
from registry.store import access, people
from registry.store.proposals import StoredProposal


def proposer_of(registry: Registry, connection: Connection, proposal: StoredProposal, verbs: frozenset[Verb]) -> Actor:
    """The proposer, allowed `verbs` and nothing else. Raises Conflict where it may not do that any more.

    A key that has only come to its end, as after a rotation, was good when it proposed.
    """
    if proposal.api_key_id is not None:
        key = access.get_api_key(connection, proposal.api_key_id)
        revoked = key.revoked_at is not None and key.revoked_at <= registry.now()
        if revoked or not verbs <= set(key.verbs):
            raise _not_any_more(proposal)
    elif proposal.user_id is not None:
        user = people.find_user(connection, proposal.user_id)
        if user is None or user.disabled_at is not None or not verbs <= set(VERBS[Role(user.role)]):
            raise _not_any_more(proposal)
    return Actor(proposal.proposed_by, proposal.issuer_id, verbs, proposal.api_key_id, proposal.user_id, None)


def _not_any_more(proposal: StoredProposal) -> Conflict:
    return Conflict(f"{proposal.proposed_by} may not do this any more. Refuse the proposal.")
