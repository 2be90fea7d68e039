"""Places in the status lists: giving each out once, in random order."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, insert, select, text, update

from registry.store.bulk import insert_rows
from registry.store.models import StatusList, StatusListOrder

# Indexes in one part of a list's order: for one place, one part of 4 KB is read.
_PART = 1024


@dataclass(frozen=True, slots=True)
class StatusPlace:
    """Where the status of one certificate stands: `index` in both lists of the pair `list_id`."""

    list_id: int
    index: int


def take_places(connection: Connection, count: int) -> list[StatusPlace]:
    """Up to `count` places of the oldest list that has any left; an empty list where all are full.

    The list's row stays locked until the transaction ends, so that nobody else is given the same.
    """
    statement = (
        select(StatusList.id, StatusList.length, StatusList.allotted)
        .where(StatusList.allotted < StatusList.length)
        .order_by(StatusList.id)
        .limit(1)
        .with_for_update(key_share=True)
    )
    row = connection.execute(statement).first()
    if row is None:
        return []
    if connection.dialect.name == "postgresql":
        # No wait for the disk: what is written later, the certificates, is durable only together with this.
        connection.execute(text("SET LOCAL synchronous_commit = off"))
    end = min(row.allotted + count, row.length)
    connection.execute(update(StatusList).where(StatusList.id == row.id).values(allotted=end))
    return [StatusPlace(row.id, index) for index in _order(connection, row.id, row.allotted, end)]


def add_list(connection: Connection, order: Sequence[int], created_at: datetime) -> bool:
    """Open a list whose places are given out in `order`; False where another has been opened meanwhile.

    Raises sqlalchemy.exc.IntegrityError where another is being opened at the same moment.
    """
    newest = connection.execute(
        select(StatusList.id, StatusList.length, StatusList.allotted).order_by(StatusList.id.desc()).limit(1)
    ).first()
    if newest is not None and newest.allotted < newest.length:
        return False
    list_id = 1 if newest is None else newest.id + 1
    values = {"id": list_id, "length": len(order), "allotted": 0, "created_at": created_at}
    connection.execute(insert(StatusList), values)
    parts = [order[start : start + _PART] for start in range(0, len(order), _PART)]
    rows = [(list_id, number, struct.pack(f">{len(part)}I", *part)) for number, part in enumerate(parts)]
    insert_rows(connection, StatusListOrder.__table__, ("status_list_id", "part", "indexes"), rows)
    return True


def places_left(connection: Connection) -> int:
    """How many places the open lists have left."""
    return connection.scalar(select(func.sum(StatusList.length - StatusList.allotted))) or 0


def _order(connection: Connection, list_id: int, start: int, end: int) -> tuple[int, ...]:
    """The indexes at positions `start` to `end` (excluded) of a list's order."""
    first, last = start // _PART, (end - 1) // _PART
    statement = (
        select(StatusListOrder.indexes)
        .where(StatusListOrder.status_list_id == list_id, StatusListOrder.part.between(first, last))
        .order_by(StatusListOrder.part)
    )
    packed = b"".join(connection.scalars(statement))
    offset = (start - first * _PART) * 4
    return struct.unpack(f">{end - start}I", packed[offset : offset + (end - start) * 4])
