"""Agreements to hand certifications over: the queries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, insert, or_, update

from registry.store.certificates import StoredCertificate, stored_certificates
from registry.store.models import Certificate, Issuer
from registry.store.transfer_models import Handover


@dataclass(frozen=True, slots=True)
class StoredHandover:
    """An agreement that is open: which certificate, to which issuer, agreed when and by whom, until when."""

    id: int
    to_issuer: str
    agreed_at: datetime
    agreed_by: str
    expires_at: datetime
    certificate: StoredCertificate


def insert_handover(
    connection: Connection,
    certificate: StoredCertificate,
    to_issuer_id: int,
    at: datetime,
    by: str,
    expires_at: datetime,
) -> None:
    """Store an agreement; one that has expired makes room. Raises sqlalchemy.exc.IntegrityError where one is open."""
    over = (*_untaken(certificate.id), Handover.expires_at <= at)
    connection.execute(update(Handover).where(*over).values(revoked_at=Handover.expires_at))
    connection.execute(
        insert(Handover).values(
            certificate_id=certificate.id,
            from_issuer_id=certificate.issuer_id,
            to_issuer_id=to_issuer_id,
            agreed_at=at,
            agreed_by=by,
            expires_at=expires_at,
        )
    )


def revoke_handover(connection: Connection, certificate_id: int, at: datetime) -> bool:
    """End the open agreement about a certificate; False where there is none."""
    mine = _open(certificate_id, at)
    return connection.execute(update(Handover).where(*mine).values(revoked_at=at)).rowcount == 1


def take_handover(connection: Connection, certificate_id: int, to_issuer_id: int, at: datetime) -> str | None:
    """Make use of the open agreement with an issuer about a certificate; returns who agreed, None without one."""
    mine = (*_open(certificate_id, at), Handover.to_issuer_id == to_issuer_id)
    taken = update(Handover).where(*mine).values(taken_at=at).returning(Handover.agreed_by)
    return connection.scalar(taken)


def open_handovers(
    connection: Connection, issuer_id: int, now: datetime, after: int, limit: int
) -> list[StoredHandover]:
    """The open agreements from or with an issuer, oldest first, from behind `after` on."""
    receiver = Issuer.__table__.alias("receiver")
    statement = (
        stored_certificates()
        .join(Handover, Handover.certificate_id == Certificate.id)
        .join(receiver, receiver.c.id == Handover.to_issuer_id)
        .add_columns(Handover.id, receiver.c.code, Handover.agreed_at, Handover.agreed_by, Handover.expires_at)
        .where(
            or_(Handover.from_issuer_id == issuer_id, Handover.to_issuer_id == issuer_id),
            Handover.revoked_at.is_(None),
            Handover.taken_at.is_(None),
            Handover.expires_at > now,
            Handover.id > after,
        )
        .order_by(Handover.id)
        .limit(limit)
    )
    found = []
    for row in connection.execute(statement):
        key, receiver_code, agreed_at, agreed_by, expires_at = row[-5:]
        certificate = StoredCertificate(*row[:-5])
        found.append(StoredHandover(key, receiver_code, agreed_at, agreed_by, expires_at, certificate))
    return found


def _open(certificate_id: int, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (*_untaken(certificate_id), Handover.expires_at > now)


def _untaken(certificate_id: int) -> tuple[ColumnElement[bool], ...]:
    return (Handover.certificate_id == certificate_id, Handover.revoked_at.is_(None), Handover.taken_at.is_(None))
