"""What an issuer wants between certification decisions: read and changed, each change a version of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from typing import Any

from sqlalchemy.exc import IntegrityError

from registry.domain.errors import Conflict, InvalidInput
from registry.domain.follow_up_policy import FollowUpPolicy, check_policy
from registry.services.context import Actor, Registry, Verb, audit
from registry.store import notices as store
from registry.store.issuers import get_issuer
from registry.store.notices import StoredPolicy

MEMBERS = tuple(member.name for member in fields(FollowUpPolicy))


def read_policy(registry: Registry, actor: Actor) -> StoredPolicy:
    """What counts for the actor's issuer. Raises NotPermitted."""
    actor.require(Verb.READ)
    with registry.database.read() as connection:
        return store.policy_of(connection, actor.issuer_id)


def change_policy(registry: Registry, actor: Actor, changes: Mapping[str, Any]) -> StoredPolicy:
    """Change the members of the policy (MEMBERS) that are given. Raises InvalidInput, NotPermitted, Conflict."""
    actor.require(Verb.ADMINISTER)
    now = registry.now()
    try:
        with registry.database.transaction() as connection:
            before = store.policy_of(connection, actor.issuer_id)
            after = StoredPolicy(before.version + 1, replace(before.policy, **changes))
            wrong = check_policy(after.policy)
            if wrong:
                raise InvalidInput(wrong)
            if after.policy == before.policy:
                return before
            store.insert_policy(connection, actor.issuer_id, *after, now, actor.name)
            code = get_issuer(connection, actor.issuer_id).code
            old, new = asdict(before.policy), asdict(after.policy)
            audit(connection, now, actor, "issuer.follow_up", code, before=old, after=new, version=after.version)
    except IntegrityError as error:
        raise Conflict("Somebody else has just changed the policy. Read it again, then repeat.") from error
    return after
