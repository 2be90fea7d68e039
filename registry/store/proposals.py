"""Acts that wait for a second officer: the queries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, insert, select, update

from registry.store.approval_models import Proposal
from registry.store.models import ApiKey, Issuer


@dataclass(frozen=True, slots=True)
class StoredProposal:
    """A proposal as stored; columns as in `Proposal`."""

    id: int
    reference: str
    issuer_id: int
    act: str
    subject: str
    payload: dict[str, Any]
    before: dict[str, Any]
    after: dict[str, Any]
    proposed_at: datetime
    proposed_by: str
    api_key_id: int | None
    user_id: int | None
    expires_at: datetime
    state: str
    decided_at: datetime | None
    decided_by: str | None
    reason: str | None
    outcome: dict[str, Any] | None


def insert_proposal(connection: Connection, **values: Any) -> None:
    """Store a proposal; the columns of `Proposal`."""
    connection.execute(insert(Proposal).values(**values))


def find_proposal(
    connection: Connection, issuer_id: int, reference: str, *, for_update: bool = False
) -> StoredProposal | None:
    """A proposal of an issuer; `for_update` holds it until the transaction ends."""
    statement = select(Proposal.__table__).where(Proposal.issuer_id == issuer_id, Proposal.reference == reference)
    if for_update:
        statement = statement.with_for_update()
    row = connection.execute(statement).first()
    return None if row is None else StoredProposal(**row._mapping)


def issuer_of(connection: Connection, reference: str) -> int | None:
    """Row id of the issuer of a proposal."""
    return connection.scalar(select(Proposal.issuer_id).where(Proposal.reference == reference))


def waiting_on(connection: Connection, issuer_id: int, act: str, subject: str, now: datetime) -> StoredProposal | None:
    """The proposal of the same act on the same thing that waits."""
    same = (Proposal.issuer_id == issuer_id, Proposal.act == act, Proposal.subject == subject)
    statement = select(Proposal.__table__).where(*same, _waits(now)).limit(1)
    row = connection.execute(statement).first()
    return None if row is None else StoredProposal(**row._mapping)


def proposals_of(
    connection: Connection, issuer_id: int, state: str | None, now: datetime, after: int | None, limit: int
) -> list[StoredProposal]:
    """The proposals of an issuer, newest first, from below row id `after` on; `state` may be 'expired' as well."""
    statement = select(Proposal.__table__).where(Proposal.issuer_id == issuer_id)
    if state == "waiting":
        statement = statement.where(_waits(now))
    elif state == "expired":
        statement = statement.where(Proposal.state == "waiting", Proposal.expires_at <= now)
    elif state is not None:
        statement = statement.where(Proposal.state == state)
    if after is not None:
        statement = statement.where(Proposal.id < after)
    rows = connection.execute(statement.order_by(Proposal.id.desc()).limit(limit))
    return [StoredProposal(**row._mapping) for row in rows]


def decide_proposal(connection: Connection, proposal_id: int, **values: Any) -> None:
    """Keep what became of a proposal."""
    connection.execute(update(Proposal).where(Proposal.id == proposal_id).values(**values))


def is_four_eyes(connection: Connection, issuer_id: int) -> bool:
    """Whether an issuer's withdrawals and bulk acts wait for a second officer."""
    return bool(connection.scalar(select(Issuer.four_eyes).where(Issuer.id == issuer_id)))


def lock_four_eyes(connection: Connection, issuer_id: int) -> bool:
    """The same, held until the transaction ends; also keeps two from proposing the same act at once."""
    statement = select(Issuer.four_eyes).where(Issuer.id == issuer_id).with_for_update(key_share=True)
    return bool(connection.scalar(statement))


def update_four_eyes(connection: Connection, issuer_id: int, on: bool) -> None:
    """Switch it."""
    connection.execute(update(Issuer).where(Issuer.id == issuer_id).values(four_eyes=on))


def holder_of_key(connection: Connection, api_key_id: int) -> tuple[int, int | None]:
    """Whose an API key is: the first key that it descends from, and the user behind it."""
    row = connection.execute(select(ApiKey.root_id, ApiKey.user_id).where(ApiKey.id == api_key_id)).one()
    return (row.root_id or api_key_id, row.user_id)


def _waits(now: datetime) -> ColumnElement[bool]:
    return and_(Proposal.state == "waiting", Proposal.expires_at > now)
