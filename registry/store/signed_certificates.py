"""Certificates by the key that signed them, and by whether the public log saw them in time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection, func, or_, select

from registry.store.log import size_before
from registry.store.log_models import LogEntry
from registry.store.models import Certificate

_AT_ONCE = 5_000


def count_signed(connection: Connection, key: int) -> int:
    """How many certificates a key (row id) has signed."""
    return connection.scalar(select(func.count()).where(Certificate.signing_key_id == key)) or 0


def not_logged_before(connection: Connection, key: int, since: datetime) -> Iterator[tuple[str, str]]:
    """Public id and number of each certificate of a key that the log took in at `since` or later, or never."""
    size = size_before(connection, since)
    page = (
        select(Certificate.id, Certificate.public_id, Certificate.number)
        .outerjoin(LogEntry, (LogEntry.certificate_id == Certificate.id) & (LogEntry.sequence == 1))
        .where(Certificate.signing_key_id == key, or_(LogEntry.log_index.is_(None), LogEntry.log_index >= size))
        .order_by(Certificate.id)
        .limit(_AT_ONCE)
    )
    last = 0
    while rows := connection.execute(page.where(Certificate.id > last)).all():
        yield from ((row.public_id, row.number) for row in rows)
        last = rows[-1].id
