"""What the issuer was told: an outbox that is read with a cursor."""

from __future__ import annotations

from registry.domain.errors import InvalidInput, Violation
from registry.services.context import Actor, Registry, Verb
from registry.store import notices as store
from registry.store.notices import StoredNotice

MAX_PAGE = 500
_HIGHEST = 2**31 - 1


def list_notices(registry: Registry, actor: Actor, after: int, limit: int) -> list[StoredNotice]:
    """The issuer's notices with numbers above `after`, oldest first. None is ever inserted between two.

    Raises InvalidInput, NotPermitted.
    """
    actor.require(Verb.READ)
    if not 0 < limit <= MAX_PAGE:
        raise InvalidInput([Violation(("limit",), f"must be 1 to {MAX_PAGE}")])
    if not 0 <= after <= _HIGHEST:
        raise InvalidInput([Violation(("after",), "the number of a notice, or 0")])
    with registry.database.read() as connection:
        return store.notices_after(connection, actor.issuer_id, after, limit)
