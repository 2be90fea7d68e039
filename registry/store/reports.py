"""Reports of suspected forgeries: the queries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, func, insert, select, update

from registry.store.models import Certificate, Issuer
from registry.store.report_models import ForgeryPicture, ForgeryReport


@dataclass(frozen=True, slots=True)
class StoredReport:
    """A report as stored; columns as in `ForgeryReport`, with the code of the issuer."""

    id: int
    reference: str
    received_at: datetime
    issuer_id: int | None
    public_id: str | None
    about: str | None
    seen: str
    place: str | None
    contact: str | None
    has_picture: bool
    state: str
    note: str | None
    changed_at: datetime | None
    changed_by: str | None
    issuer_code: str | None


_REPORTS = select(ForgeryReport.__table__, Issuer.code.label("issuer_code")).outerjoin(
    Issuer, Issuer.id == ForgeryReport.issuer_id
)


def insert_report(connection: Connection, picture: bytes | None, **values: Any) -> None:
    """Store a report, with its picture; the columns of `ForgeryReport`."""
    stored = insert(ForgeryReport).values(has_picture=picture is not None, **values).returning(ForgeryReport.id)
    key = connection.scalar(stored)
    if picture is not None:
        connection.execute(insert(ForgeryPicture).values(report_id=key, content=picture))


def reports(
    connection: Connection, issuer_id: int | None, state: str | None, after: int | None, limit: int
) -> list[StoredReport]:
    """Reports that concern an issuer, or (None) all of them, newest first, from below row id `after` on."""
    statement = _of(issuer_id)
    if state is not None:
        statement = statement.where(ForgeryReport.state == state)
    if after is not None:
        statement = statement.where(ForgeryReport.id < after)
    return [_report(row) for row in connection.execute(statement.order_by(ForgeryReport.id.desc()).limit(limit))]


def find_report(
    connection: Connection, issuer_id: int | None, reference: str, *, for_update: bool = False
) -> StoredReport | None:
    """A report among the same; `for_update` holds it until the transaction ends."""
    statement = _of(issuer_id).where(ForgeryReport.reference == reference)
    if for_update:
        statement = statement.with_for_update(of=ForgeryReport.__table__)
    row = connection.execute(statement).first()
    return None if row is None else _report(row)


def picture_of(connection: Connection, report_id: int) -> bytes | None:
    """The picture that came with a report."""
    found: bytes | None = connection.scalar(select(ForgeryPicture.content).where(ForgeryPicture.report_id == report_id))
    return found


def update_report(connection: Connection, report_id: int, **values: Any) -> None:
    """Keep what became of a report."""
    connection.execute(update(ForgeryReport).where(ForgeryReport.id == report_id).values(**values))


def count_received(connection: Connection, since: datetime) -> int:
    """How many reports have come since then."""
    return connection.scalar(select(func.count()).where(ForgeryReport.received_at >= since)) or 0


def issuers_of_number(connection: Connection, number: str) -> list[int]:
    """Row ids of the issuers that have used a certificate number."""
    return list(connection.scalars(select(Certificate.issuer_id).where(Certificate.number == number).distinct()))


def _of(issuer_id: int | None) -> Select[*tuple[Any, ...]]:
    return _REPORTS if issuer_id is None else _REPORTS.where(ForgeryReport.issuer_id == issuer_id)


def _report(row: Row[*tuple[Any, ...]]) -> StoredReport:
    return StoredReport(**row._mapping)
