"""Many certificates at once for acts on them: found, locked, and their caches renewed, by statements for sets."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, bindparam, select, update

from registry.domain.lifecycle import Standing
from registry.store.certificates import StoredCertificate, fetch_stored, stored_certificates
from registry.store.models import Certificate, Credential

T = TypeVar("T")
_CHUNK = 500


def find_own(
    connection: Connection, issuer_id: int, public_ids: Collection[str], numbers: Collection[str]
) -> list[StoredCertificate]:
    """An issuer's certificates with any of these public ids or numbers."""
    found: dict[int, StoredCertificate] = {}
    for column, values in ((Certificate.public_id, public_ids), (Certificate.number, numbers)):
        for chunk in _chunks(list(values)):
            statement = stored_certificates().where(Certificate.issuer_id == issuer_id, column.in_(chunk))
            found.update((row.id, row) for row in fetch_stored(connection, statement))
    return list(found.values())


def rows_with_replaced(
    connection: Connection, keys: Collection[int], *, lock: bool = False
) -> dict[int, StoredCertificate]:
    """Certificates by row id, and those that they replace. `lock`: in one order for everybody, the older ones first."""
    wanted = set(keys)
    for chunk in _chunks(list(keys)):
        replaced = select(Certificate.replaces_id).where(
            Certificate.id.in_(chunk), Certificate.replaces_id.is_not(None)
        )
        wanted.update(key for key in connection.scalars(replaced) if key is not None)
    found: dict[int, StoredCertificate] = {}
    for chunk in _chunks(sorted(wanted)):
        statement = stored_certificates().where(Certificate.id.in_(chunk)).order_by(Certificate.id)
        if lock:
            statement = statement.with_for_update(of=Certificate.__table__)
        found.update((row.id, row) for row in fetch_stored(connection, statement))
    return found


def documents_of(connection: Connection, keys: Collection[int]) -> dict[int, bytes]:
    """The credentials of certificates, by row id."""
    found: dict[int, bytes] = {}
    for chunk in _chunks(list(keys)):
        statement = select(Credential.certificate_id, Credential.document).where(Credential.certificate_id.in_(chunk))
        found.update((row.certificate_id, row.document) for row in connection.execute(statement))
    return found


def update_standings(connection: Connection, standings: Sequence[tuple[int, Standing, int]]) -> None:
    """Renew the cached folds of certificates: (row id, standing, count of events)."""
    names = ("state", "state_since", "state_reason", "state_changes_at", "event_count")
    statement = (
        update(Certificate.__table__)  # type: ignore[arg-type]
        .where(Certificate.id == bindparam("key"))
        .values({name: bindparam(f"new_{name}") for name in names})
    )
    rows: list[dict[str, Any]] = [
        {
            "key": key,
            "new_state": standing.state.value,
            "new_state_since": standing.since,
            "new_state_reason": standing.reason.value,
            "new_state_changes_at": standing.changes_at,
            "new_event_count": count,
        }
        for key, standing, count in standings
    ]
    if rows:
        connection.execute(statement, rows)


def _chunks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    return (values[start : start + _CHUNK] for start in range(0, len(values), _CHUNK))
