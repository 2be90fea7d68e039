"""The published status lists, and what they are built from."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    Connection,
    ScalarSelect,
    Select,
    and_,
    bindparam,
    func,
    insert,
    null,
    or_,
    select,
    text,
    true,
    update,
)
from sqlalchemy.sql.elements import ColumnElement

from registry.domain.lifecycle import State
from registry.store.models import Certificate, Instant, SigningKey, StatusEvent, StatusList, StatusListCredential


class Look(NamedTuple):
    """A list as published, and the moment in the life of the registry, from one query.

    `length`: the list's entries. The next six are those of the published credential, None where there is none yet:
    `changes_at` when it will change without a new event, `last_event_id` and `settled` as in `Moment`. Then, for now:
    the newest status event, whether nobody is at work on an earlier one, and the key that signs lists.
    """

    length: int
    etag: str | None
    built_at: datetime | None
    changes_at: datetime | None
    last_event_id: int | None
    settled: bool | None
    verification_method: str | None
    newest_event_id: int
    at_rest: bool
    signing_method: str | None


class StoredList(NamedTuple):
    """A published list: its tag, its signed bytes, when it was built and with which key."""

    etag: str
    document: bytes
    built_at: datetime
    verification_method: str


def look(connection: Connection, list_id: int, purpose: str, key_purpose: str, now: datetime) -> Look | None:
    """See whether a list may have changed: three lookups in indexes. None where there is no such list.

    To be run outside of any transaction that has written something, which would be seen at work itself.
    """
    values = {"list_id": list_id, "purpose": purpose, "key_purpose": key_purpose, "now": now}
    row = connection.execute(_look_statement(connection.dialect.name), values).first()
    return None if row is None else Look(*row)


@lru_cache
def _look_statement(dialect: str) -> Select[*tuple[Any, ...]]:
    """Made once: putting it together takes longer than running it."""
    published = and_(
        StatusListCredential.status_list_id == StatusList.id, StatusListCredential.purpose == bindparam("purpose")
    )
    return (
        select(
            StatusList.length,
            StatusListCredential.etag,
            StatusListCredential.built_at,
            StatusListCredential.changes_at,
            StatusListCredential.last_event_id,
            StatusListCredential.settled,
            StatusListCredential.verification_method,
            func.coalesce(select(func.max(StatusEvent.id)).scalar_subquery(), 0),
            _at_rest(dialect),
            _signing_method(),
        )
        .outerjoin(StatusListCredential, published)
        .where(StatusList.id == bindparam("list_id"))
    )


def find_document(connection: Connection, list_id: int, purpose: str, *, lock: bool = False) -> StoredList | None:
    """The published list; `lock` lets nobody else publish it until the transaction ends."""
    statement = select(
        StatusListCredential.etag,
        StatusListCredential.document,
        StatusListCredential.built_at,
        StatusListCredential.verification_method,
    ).where(StatusListCredential.status_list_id == list_id, StatusListCredential.purpose == purpose)
    if lock:
        statement = statement.with_for_update()
    row = connection.execute(statement).first()
    return None if row is None else StoredList(*row)


def next_change(connection: Connection, list_id: int) -> datetime | None:
    """When the next planned act on a certificate of the list takes effect, or a suspension ends."""
    planned = (
        select(Certificate.state_changes_at)
        .where(Certificate.state_changes_at.is_not(None), Certificate.status_list_id == list_id)
        .cte("planned")
        # Or PostgreSQL looks for the first of the list among the planned acts of all lists, and may look long.
        .prefix_with("MATERIALIZED")
    )
    changes_at: datetime | None = connection.scalar(select(func.min(planned.c.state_changes_at)))
    return changes_at


def not_active(connection: Connection, list_id: int) -> list[tuple[int, State]]:
    """The index and the state of each certificate of a list that is not active, by the cached states."""
    statement = select(Certificate.status_index, Certificate.state).where(
        Certificate.status_list_id == list_id,
        # Word by word as in the index, which SQLite asks for.
        text("state <> 'active'"),
    )
    states = {state.value: state for state in State}
    return [(index, states[state]) for index, state in connection.execute(statement) if index is not None]


def publish(connection: Connection, list_id: int, purpose: str, values: dict[str, Any], *, replacing: bool) -> None:
    """Store a list: the first, or one in the place of that which `find_document` has locked.

    Raises sqlalchemy.exc.IntegrityError where two are the first.
    """
    if not replacing:
        connection.execute(insert(StatusListCredential), {"status_list_id": list_id, "purpose": purpose, **values})
        return
    mine = (StatusListCredential.status_list_id == list_id, StatusListCredential.purpose == purpose)
    connection.execute(update(StatusListCredential).where(*mine).values(**values))


def list_ids(connection: Connection) -> list[int]:
    """All lists, oldest first."""
    return list(connection.scalars(select(StatusList.id).order_by(StatusList.id)))


def _at_rest(dialect: str) -> ColumnElement[bool]:
    """Whether no transaction that has written is at work, in whose events numbers before the newest may turn up."""
    if dialect == "sqlite":
        # One writes at a time, so events are numbered in the order in which they are committed.
        return true()
    snapshot = func.pg_current_snapshot()
    return func.pg_snapshot_xmin(snapshot) == func.pg_snapshot_xmax(snapshot)


def _signing_method() -> ScalarSelect[str]:
    """The newest key of the registry that may sign lists now."""
    return (
        select(SigningKey.verification_method)
        .where(
            SigningKey.issuer_id.is_(null()),
            SigningKey.purpose == bindparam("key_purpose"),
            SigningKey.compromised_since.is_(null()),
            or_(SigningKey.retired_at.is_(null()), SigningKey.retired_at > bindparam("now", type_=Instant())),
        )
        .order_by(SigningKey.id.desc())
        .limit(1)
        .scalar_subquery()
    )
