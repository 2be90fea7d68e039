"""Receipts: the queries. All but the inserting are of one relying party."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from registry.store.receipt_models import Receipt


@dataclass(frozen=True, slots=True)
class StoredReceipt:
    """A receipt without its document."""

    id: int
    name: str
    made_at: datetime
    verdict: str
    public_id: str | None
    reference: str | None


_COLUMNS = (Receipt.id, Receipt.name, Receipt.made_at, Receipt.verdict, Receipt.public_id, Receipt.reference)


def insert_receipt(connection: Connection, **values: Any) -> None:
    """Store a receipt; the columns of `Receipt`."""
    connection.execute(insert(Receipt).values(**values))


def find_receipt(connection: Connection, party_id: int, name: str) -> tuple[int, bytes] | None:
    """The row id and the document of a party's receipt."""
    statement = select(Receipt.id, Receipt.document).where(Receipt.party_id == party_id, Receipt.name == name)
    row = connection.execute(statement).first()
    return None if row is None else (row.id, row.document)


def page_of_receipts(connection: Connection, party_id: int, below: int | None, limit: int) -> list[StoredReceipt]:
    """A party's receipts, newest first, from below a row id on."""
    statement = select(*_COLUMNS).where(Receipt.party_id == party_id)
    if below is not None:
        statement = statement.where(Receipt.id < below)
    return [StoredReceipt(*row) for row in connection.execute(statement.order_by(Receipt.id.desc()).limit(limit))]


def documents_after(connection: Connection, party_id: int, after: int, limit: int) -> list[tuple[int, bytes]]:
    """The documents of a party's receipts with their row ids, oldest first, from above a row id on."""
    statement = select(Receipt.id, Receipt.document).where(Receipt.party_id == party_id, Receipt.id > after)
    return [(row.id, row.document) for row in connection.execute(statement.order_by(Receipt.id).limit(limit))]
