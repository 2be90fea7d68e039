"""How issuers' printed certificates look: the queries."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select

from registry.domain.look import Look
from registry.store.look_models import IssuerLook
from registry.store.models import Issuer

_LOOK = select(IssuerLook.template, IssuerLook.colour, IssuerLook.logo)


def look_of(connection: Connection, issuer_code: str) -> Look:
    """What an issuer has chosen, or the default."""
    statement = _LOOK.join(Issuer, Issuer.id == IssuerLook.issuer_id).where(Issuer.code == issuer_code)
    row = connection.execute(statement).first()
    return Look() if row is None else Look(*row)


def look_by_id(connection: Connection, issuer_id: int) -> Look:
    """The same by the issuer's row id."""
    row = connection.execute(_LOOK.where(IssuerLook.issuer_id == issuer_id)).first()
    return Look() if row is None else Look(*row)


def look_to_change(connection: Connection, issuer_id: int) -> tuple[str, Look]:
    """The code of an issuer and what it has chosen, locked until the transaction ends."""
    code = connection.execute(select(Issuer.code).where(Issuer.id == issuer_id).with_for_update()).scalar_one()
    return code, look_by_id(connection, issuer_id)


def replace_look(connection: Connection, issuer_id: int, look: Look) -> None:
    """Store what an issuer has chosen."""
    connection.execute(delete(IssuerLook).where(IssuerLook.issuer_id == issuer_id))
    values = {"issuer_id": issuer_id, "template": look.template, "colour": look.colour, "logo": look.logo}
    connection.execute(insert(IssuerLook).values(values))
