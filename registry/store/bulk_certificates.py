"""What bulk imports ask the register: which numbers are taken, and by what."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from registry.store.models import Certificate, Credential

_CHUNK = 500


def documents_by_number(connection: Connection, issuer_id: int, numbers: Sequence[str]) -> dict[str, bytes]:
    """The credentials of an issuer's certificates with these numbers; numbers that are free are left out."""
    found: dict[str, bytes] = {}
    for start in range(0, len(numbers), _CHUNK):
        statement = (
            select(Certificate.number, Credential.document)
            .join(Credential, Credential.certificate_id == Certificate.id)
            .where(Certificate.issuer_id == issuer_id, Certificate.number.in_(numbers[start : start + _CHUNK]))
        )
        found.update((row.number, row.document) for row in connection.execute(statement))
    return found
