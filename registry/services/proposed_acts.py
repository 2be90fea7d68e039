"""The acts that can wait for a second officer, by the names under which they are proposed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from registry.domain.reasons import Act, Reason
from registry.formats.canonical_json import JsonObject
from registry.services.bulk.imports import RECORD_FILE, accept_proposed
from registry.services.change_status import WITHDRAW, record_event
from registry.services.context import Actor, Registry, Verb
from registry.services.four_eyes import SWITCH_OFF, switch_off
from registry.services.record_acts import IntendedAct


@dataclass(frozen=True, slots=True)
class Executor:
    """How a proposed act is done.

    `verbs`: what the proposer must be allowed, at the time of the decision too, by the payload. `execute` does the act
    within the transaction of the approval, on behalf of the proposer, from the proposal's payload; it checks everything
    anew and raises RegistryError where the act is not possible any more. It returns what came of it, for whoever asks.
    """

    verbs: Callable[[JsonObject], frozenset[Verb]]
    execute: Callable[[Registry, Connection, Actor, JsonObject], JsonObject]


def _withdraw(registry: Registry, connection: Connection, proposer: Actor, payload: JsonObject) -> JsonObject:
    effective_at = payload["effective_at"] and datetime.fromisoformat(payload["effective_at"])
    intended = IntendedAct(Act.WITHDRAW, Reason(payload["reason"]), effective_at, note=payload["note"])
    change = record_event(registry, connection, proposer, payload["public_id"], intended, registry.now())
    public_id = change.certificate.public_id
    return {"public_id": public_id, "sequence": change.event.sequence, "status": change.status.status.value}


EXECUTORS: Mapping[str, Executor] = {
    WITHDRAW: Executor(lambda _: frozenset({Verb.WITHDRAW}), _withdraw),
    SWITCH_OFF: Executor(lambda _: frozenset({Verb.ADMINISTER}), switch_off),
    RECORD_FILE: Executor(lambda payload: frozenset(map(Verb, payload["verbs"])), accept_proposed),
}
