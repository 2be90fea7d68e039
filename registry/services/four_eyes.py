"""Whether an issuer's withdrawals and bulk acts wait for a second officer: switched on at once, off by two."""

from __future__ import annotations

from sqlalchemy import Connection

from registry.formats.canonical_json import JsonObject
from registry.services.approvals import AwaitsApproval, ProposedAct, propose
from registry.services.context import Actor, Registry, Verb, audit_for, require_issuer
from registry.store import proposals as store

SWITCH_OFF = "issuer.four_eyes_off"
_ACT = "issuer.four_eyes"


def is_on(registry: Registry, code: str) -> bool:
    """Whether an issuer has four eyes. Raises NotFound."""
    with registry.database.read() as connection:
        return store.is_four_eyes(connection, require_issuer(connection, code).id)


def set_own(registry: Registry, actor: Actor, on: bool) -> None:
    """An administrator's choice for the own issuer. Raises NotPermitted, and AwaitsApproval for switching it off."""
    actor.require(Verb.ADMINISTER)
    with registry.database.transaction() as connection:
        before = store.lock_four_eyes(connection, actor.issuer_id)
        if before == on:
            return
        if on:
            _switch(registry, connection, actor, actor.issuer_id, "four eyes", on=True)
            return
    proposed = ProposedAct(SWITCH_OFF, "four eyes", {}, {"four_eyes": True}, {"four_eyes": False})
    raise AwaitsApproval(propose(registry, actor, proposed))


def set_for(registry: Registry, who: str, code: str, on: bool) -> None:
    """The registry's operator's choice for an issuer. Raises NotFound."""
    with registry.database.transaction() as connection:
        issuer = require_issuer(connection, code)
        if store.lock_four_eyes(connection, issuer.id) != on:
            _switch(registry, connection, who, issuer.id, code, on=on)


def switch_off(registry: Registry, connection: Connection, proposer: Actor, _payload: JsonObject) -> JsonObject:
    """Switch it off, as two have decided."""
    store.lock_four_eyes(connection, proposer.issuer_id)
    _switch(registry, connection, proposer, proposer.issuer_id, "four eyes", on=False)
    return {"four_eyes": False}


def _switch(
    registry: Registry, connection: Connection, who: Actor | str, issuer_id: int, subject: str, *, on: bool
) -> None:
    store.update_four_eyes(connection, issuer_id, on)
    before, after = {"four_eyes": not on}, {"four_eyes": on}
    audit_for(connection, registry.now(), who, issuer_id, _ACT, subject, before=before, after=after)
