"""Accreditations: the queries."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

from sqlalchemy import Connection, insert, or_, select, update

from registry.domain.accreditation import Accreditation
from registry.store.accreditation_models import Accreditation as Row
from registry.store.accreditation_models import AccreditationScheme


def insert_accreditation(connection: Connection, issuer_id: int, one: Accreditation) -> int:
    """Store an accreditation; returns its row id."""
    values = {
        "issuer_id": issuer_id,
        "body": one.body,
        "number": one.number,
        "valid_from": one.valid_from,
        "valid_until": one.valid_until,
    }
    key: int = connection.execute(insert(Row).returning(Row.id), values).scalar_one()
    connection.execute(
        insert(AccreditationScheme), [{"accreditation_id": key, "scheme": scheme} for scheme in one.schemes]
    )
    return key


def accreditations_of(connection: Connection, issuer_id: int, *, for_update: bool = False) -> list[Accreditation]:
    """The accreditations of an issuer, oldest first; `for_update` holds them until the transaction ends."""
    columns = (Row.body, Row.number, Row.valid_from, Row.valid_until, Row.id)
    statement = select(*columns).where(Row.issuer_id == issuer_id).order_by(Row.valid_from, Row.id)
    rows = connection.execute(statement.with_for_update() if for_update else statement).all()
    schemes: defaultdict[int, list[str]] = defaultdict(list)
    if rows:
        pairs = select(AccreditationScheme.accreditation_id, AccreditationScheme.scheme).join(
            Row, Row.id == AccreditationScheme.accreditation_id
        )
        for key, scheme in connection.execute(pairs.where(Row.issuer_id == issuer_id)):
            schemes[key].append(scheme)
    return [
        Accreditation(body, number, tuple(sorted(schemes[key])), first, last, key)
        for body, number, first, last, key in rows
    ]


def accreditations_on(connection: Connection, day: date) -> dict[int, list[Accreditation]]:
    """The accreditations in force on a day, by the row id of the issuer, oldest first."""
    in_force = (Row.valid_from <= day, or_(Row.valid_until.is_(None), Row.valid_until >= day))
    pairs = select(AccreditationScheme.accreditation_id, AccreditationScheme.scheme).join(
        Row, Row.id == AccreditationScheme.accreditation_id
    )
    schemes: defaultdict[int, list[str]] = defaultdict(list)
    for key, scheme in connection.execute(pairs.where(*in_force).order_by(AccreditationScheme.scheme)):
        schemes[key].append(scheme)
    columns = (Row.issuer_id, Row.body, Row.number, Row.valid_from, Row.valid_until, Row.id)
    granted: defaultdict[int, list[Accreditation]] = defaultdict(list)
    for issuer_id, body, number, first, last, key in connection.execute(
        select(*columns).where(*in_force).order_by(Row.valid_from, Row.id)
    ):
        granted[issuer_id].append(Accreditation(body, number, tuple(schemes[key]), first, last, key))
    return granted


def update_end(connection: Connection, key: int, valid_until: date | None) -> None:
    """Change the last day of an accreditation."""
    connection.execute(update(Row).where(Row.id == key).values(valid_until=valid_until))
