"""Versions of certificates: which replaces which, and all that began with one."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, func, select, update

from registry.store.certificates import StoredCertificate, fetch_stored, get_stored, stored_certificates
from registry.store.models import Certificate


def newest_revision(connection: Connection, issuer_id: int, number: str) -> int:
    """The highest revision of the issuer's certificates with a number; 0 where there is none."""
    mine = (Certificate.number == number, Certificate.issuer_id == issuer_id)
    return connection.scalar(select(func.max(Certificate.revision)).where(*mine)) or 0


def begin_versions(connection: Connection, key: int) -> None:
    """Make a certificate the first of its versions, if it is not one of some already."""
    alone = (Certificate.id == key, Certificate.first_version_id.is_(None))
    connection.execute(update(Certificate).where(*alone).values(first_version_id=key))


def versions_of(connection: Connection, first_version_id: int, limit: int) -> list[StoredCertificate]:
    """The versions that began with a certificate, oldest first; the newest `limit` of them."""
    statement = stored_certificates().where(Certificate.first_version_id == first_version_id)
    return fetch_stored(connection, statement.order_by(Certificate.id.desc()).limit(limit))[::-1]


def first_of(connection: Connection, key: int) -> StoredCertificate:
    """The first version of a certificate, itself where it has no other."""
    row = get_stored(connection, key)
    alone = row.first_version_id is None or row.first_version_id == row.id
    return row if alone else get_stored(connection, row.first_version_id or row.id)


def taken_over_by(connection: Connection, keys: Collection[int], issuer_id: int) -> int | None:
    """The certificate with which another issuer took over one of an issuer's: its row id."""
    elsewhere = (Certificate.replaces_id.in_(keys), Certificate.issuer_id != issuer_id)
    return connection.scalar(select(Certificate.id).where(*elsewhere))


def stop_replacing(connection: Connection, key: int) -> None:
    """A certificate that was given up before its first day replaces none."""
    connection.execute(update(Certificate).where(Certificate.id == key).values(replaces_id=None))
