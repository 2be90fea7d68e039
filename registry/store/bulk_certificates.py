"""What bulk imports and exports ask the register: which numbers are taken, and by what; all certificates, in pages."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, select

from registry.store.certificates import StoredCertificate, stored_certificates
from registry.store.models import Certificate, Credential

_CHUNK = 500


def page_with_documents(
    connection: Connection, conditions: Sequence[ColumnElement[bool]], after: int, limit: int
) -> list[tuple[StoredCertificate, bytes]]:
    """Certificates with their credentials, in the order of their row ids, those after `after`."""
    statement = (
        stored_certificates()
        .join(Credential, Credential.certificate_id == Certificate.id)
        .add_columns(Credential.document)
        .where(Certificate.id > after, *conditions)
        .order_by(Certificate.id)
        .limit(limit)
    )
    return [(StoredCertificate(*row[:-1]), row[-1]) for row in connection.execute(statement)]


def documents_by_number(connection: Connection, issuer_id: int, numbers: Sequence[str]) -> dict[str, list[bytes]]:
    """All credentials of an issuer's certificates with these numbers; numbers that are free are left out."""
    found: dict[str, list[bytes]] = {}
    for start in range(0, len(numbers), _CHUNK):
        statement = (
            select(Certificate.number, Credential.document)
            .join(Credential, Credential.certificate_id == Certificate.id)
            .where(Certificate.issuer_id == issuer_id, Certificate.number.in_(numbers[start : start + _CHUNK]))
        )
        for row in connection.execute(statement):
            found.setdefault(row.number, []).append(row.document)
    return found
