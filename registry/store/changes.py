"""Changes of certificates that wait to be told: an outbox, and what time alone brings about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import Connection, Date, Integer, String, and_, bindparam, exists, insert, literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from registry.domain.changes import Change, ChangeKind
from registry.domain.lifecycle import State
from registry.store.bulk import insert_rows
from registry.store.log import size_before
from registry.store.log_models import LogEntry
from registry.store.models import Certificate, Instant, Issuer
from registry.store.watch_models import ChangeClock, PendingChange

_COLUMNS = ("certificate_id", "kind", "at", "reason", "days", "recorded_at")


class Clock(NamedTuple):
    """Up to which day the ends of certificates were followed, and how far in the day behind it (ChangeClock)."""

    days: int
    done: date
    after: int


def insert_changes(connection: Connection, changes: Iterable[tuple[int, Change]], at: datetime) -> None:
    """Write changes, with the row id of their certificate, in the transaction that makes them."""
    rows = [(key, one.kind.value, one.at, one.reason, one.days, at) for key, one in changes]
    if rows:
        insert_rows(connection, PendingChange.__table__, _COLUMNS, rows)


def insert_spoiled(
    connection: Connection, signing_key_id: int, since: datetime, before: datetime | None, at: datetime
) -> None:
    """The same for the certificates of a compromised key which the log had not taken in before `since`.

    Without those that it had not taken in `before` either, of which was told already.
    """
    index = LogEntry.log_index
    late = or_(index.is_(None), index >= size_before(connection, since))
    if before is not None:
        late = and_(index >= size_before(connection, since), index < size_before(connection, before))
    values = (
        Certificate.id,
        literal(ChangeKind.KEY_COMPROMISED.value, String),
        literal(since, Instant),
        literal(None, String),
        literal(0, Integer),
        literal(at, Instant),
    )
    spoiled = (
        select(*values)
        .outerjoin(LogEntry, (LogEntry.certificate_id == Certificate.id) & (LogEntry.sequence == 1))
        .where(Certificate.signing_key_id == signing_key_id, late)
        .order_by(Certificate.id)
    )
    connection.execute(insert(PendingChange).from_select(_COLUMNS, spoiled))


def clocks(connection: Connection) -> list[Clock]:
    """How far time has been followed."""
    statement = select(ChangeClock.days, ChangeClock.done, ChangeClock.after).order_by(ChangeClock.days)
    return [Clock(*row) for row in connection.execute(statement)]


def start_clocks(connection: Connection, days: Sequence[int], today: date) -> None:
    """Begin to follow the ends of certificates, from tomorrow on, unless somebody did."""
    made = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(ChangeClock)
    rows = [{"days": one, "done": today, "after": 0} for one in days]
    connection.execute(made.on_conflict_do_nothing(), rows)


def hold_clock(connection: Connection, days: int) -> Clock:
    """One clock, which nobody else moves until the transaction ends."""
    columns = (ChangeClock.days, ChangeClock.done, ChangeClock.after)
    row = connection.execute(select(*columns).where(ChangeClock.days == days).with_for_update()).one()
    return Clock(*row)


def set_clock(connection: Connection, clock: Clock) -> None:
    """Move a clock that is held."""
    mine = ChangeClock.days == clock.days
    connection.execute(update(ChangeClock).where(mine).values(done=clock.done, after=clock.after))


def ending_on(connection: Connection, day: date, after: int, limit: int, *, alone: bool) -> list[int]:
    """Row ids of certificates in force whose last day this is, from behind `after` on; `alone`: without successor."""
    newer = Certificate.__table__.alias("newer")
    # By way of the issuers, so that the index of each on its ends is used.
    statement = (
        select(Certificate.id)
        .select_from(Issuer)
        .join(Certificate, Certificate.issuer_id == Issuer.id)
        .where(
            Certificate.valid_until == bindparam("day", day, Date),
            Certificate.state.in_((State.ACTIVE.value, State.SUSPENDED.value)),
            Certificate.id > after,
        )
        .order_by(Certificate.id)
        .limit(limit)
    )
    if alone:
        statement = statement.where(~exists().where(newer.c.replaces_id == Certificate.id))
    return list(connection.scalars(statement))
