"""Counts over the register or one issuer's part of it, and where they are kept for a while."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    Integer,
    String,
    case,
    delete,
    exists,
    func,
    insert,
    literal_column,
    select,
    true,
)
from sqlalchemy.orm import Mapped, aliased, mapped_column

from registry.domain.lifecycle import State, Status
from registry.domain.reasons import Act
from registry.store.certificates import status_condition
from registry.store.models import Base, Certificate, Issuer, StatusEvent

WHOLE_REGISTER = 0


class StatisticsSnapshot(Base):
    """Counts as they were at a time. Only a cache: it can be counted anew whenever somebody likes."""

    __tablename__ = "statistics_snapshots"

    # The issuer's row id, or WHOLE_REGISTER, for which there is no foreign key.
    scope: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    counted_at: Mapped[datetime]
    counts: Mapped[dict[str, Any]] = mapped_column(JSON)


class Group(NamedTuple):
    """How many certificates share scheme, section of industry, four digits of region, size and status."""

    scheme: str
    section: str | None
    region: str | None
    size: str | None
    status: Status
    members: int


def count_groups(connection: Connection, scope: int, now: datetime) -> Iterator[Group]:
    """All certificates in groups, by one pass, over cached states that have been renewed until `now`."""
    status = case(*((status_condition(one, now), one.value) for one in Status), else_="")
    keys = (
        Certificate.scheme,
        func.substr(Certificate.industry, 1, 1),
        func.substr(Certificate.region, 1, 4),
        Certificate.size,
        status,
    )
    statement = select(*keys, func.count()).where(_within(scope)).group_by(*_first_columns(len(keys)))
    for scheme, section, region, size, found, members in connection.execute(statement):
        yield Group(scheme, section, region, size, Status(found), members)


def count_issued(connection: Connection, scope: int, since: date) -> dict[str, int]:
    """Certificates by the month ('2026-03') of their decision, from a day on."""
    month = _month_of_day(connection, Certificate.decided_on)
    statement = select(month, func.count()).where(_within(scope), Certificate.decided_on >= since)
    return dict(connection.execute(statement.group_by(*_first_columns(1))).all())


def count_expiring(connection: Connection, scope: int, first: date, last: date) -> dict[str, int]:
    """Certificates that are neither withdrawn, cancelled nor superseded, by the month of their last day."""
    month = _month_of_day(connection, Certificate.valid_until)
    statement = select(month, func.count()).where(
        _within(scope),
        Certificate.valid_until.between(first, last),
        Certificate.state.in_((State.ACTIVE.value, State.SUSPENDED.value)),
    )
    return dict(connection.execute(statement.group_by(*_first_columns(1))).all())


def count_acts(connection: Connection, scope: int, since: datetime, now: datetime) -> dict[tuple[Act, str], int]:
    """Acts by kind and by the month in China in which they took effect, from `since` until `now`.

    Without those that were called off.
    """
    called_off = aliased(StatusEvent)
    month = _month_of_instant(connection, StatusEvent.effective_at)
    statement = (
        select(StatusEvent.act, month, func.count())
        .where(
            StatusEvent.act.not_in((Act.ISSUE.value, Act.CALL_OFF.value)),
            StatusEvent.effective_at >= since,
            StatusEvent.effective_at <= now,
            ~exists().where(
                called_off.certificate_id == StatusEvent.certificate_id, called_off.calls_off == StatusEvent.sequence
            ),
        )
        .group_by(*_first_columns(2))
    )
    if scope != WHOLE_REGISTER:
        statement = statement.join(Certificate, Certificate.id == StatusEvent.certificate_id).where(_within(scope))
    return {(Act(act), found): count for act, found, count in connection.execute(statement)}


def count_by_issuer(connection: Connection, now: datetime) -> dict[str, int]:
    """Valid certificates of the whole register by the code of their issuer."""
    counted = (
        select(Certificate.issuer_id, func.count().label("members"))
        .where(status_condition(Status.VALID, now))
        .group_by(Certificate.issuer_id)
        .subquery()
    )
    statement = select(Issuer.code, counted.c.members).join(counted, counted.c.issuer_id == Issuer.id)
    return dict(connection.execute(statement).all())


def count_holders(connection: Connection, scope: int, now: datetime) -> int:
    """How many organizations hold a certificate that is valid now."""
    statement = select(func.count(Certificate.holder_id.distinct())).where(
        _within(scope), status_condition(Status.VALID, now)
    )
    return connection.scalar(statement) or 0


def find_snapshot(connection: Connection, scope: int) -> tuple[datetime, dict[str, Any]] | None:
    """The counts as last kept, and when they were made."""
    statement = select(StatisticsSnapshot.counted_at, StatisticsSnapshot.counts)
    row = connection.execute(statement.where(StatisticsSnapshot.scope == scope)).first()
    return None if row is None else (row.counted_at, row.counts)


def keep_snapshot(connection: Connection, scope: int, counted_at: datetime, counts: dict[str, Any]) -> None:
    """Keep counts in the place of older ones. Raises sqlalchemy.exc.IntegrityError where another was faster."""
    connection.execute(delete(StatisticsSnapshot).where(StatisticsSnapshot.scope == scope))
    connection.execute(insert(StatisticsSnapshot).values(scope=scope, counted_at=counted_at, counts=counts))


def _within(scope: int) -> ColumnElement[bool]:
    return true() if scope == WHOLE_REGISTER else Certificate.issuer_id == scope


def _month_of_day(connection: Connection, column: Any) -> ColumnElement[str]:
    if connection.dialect.name == "sqlite":
        return func.strftime("%Y-%m", column, type_=String)
    return func.to_char(column, "YYYY-MM", type_=String)


def _month_of_instant(connection: Connection, column: Any) -> ColumnElement[str]:
    if connection.dialect.name == "sqlite":
        return func.strftime("%Y-%m", column, "+8 hours", type_=String)
    return func.to_char(func.timezone("Asia/Shanghai", column), "YYYY-MM", type_=String)


def _first_columns(count: int) -> list[ColumnElement[Any]]:
    """GROUP BY the first `count` columns of the result, as SQL counts them."""
    return [literal_column(str(position)) for position in range(1, count + 1)]
