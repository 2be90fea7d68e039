"""Writing entries, in the transaction of what they record."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from registry.domain.lifecycle import StatusEvent
from registry.formats import log_entry
from registry.formats.did_web import issuer_did
from registry.store import certificates, log
from registry.store.certificates import NewCertificate, StoredCertificate


def log_issued(
    connection: Connection, base_url: str, issuer_code: str, keys: Sequence[int], issued: Sequence[NewCertificate]
) -> None:
    """Write the entries for new certificates, whose row ids are `keys`."""
    did = issuer_did(base_url, issuer_code)
    log.insert_pending(
        connection,
        [
            (
                key,
                1,
                log_entry.issued(log_entry.digest(new.document), did, new.event.recorded_at, new.event.effective_at),
            )
            for key, new in zip(keys, issued, strict=True)
        ],
    )


def log_status_event(connection: Connection, base_url: str, row: StoredCertificate, event: StatusEvent) -> None:
    """Write the entry for a status event of a stored certificate."""
    document = certificates.document_of(connection, row.public_id)
    assert document is not None  # noqa: S101 - stored in the same transaction as its certificate
    did = issuer_did(base_url, row.issuer_code)
    statement = log_entry.status_changed(log_entry.digest(document), did, row.public_id, event)
    log.insert_pending(connection, [(row.id, event.sequence, statement)])
