"""Writing entries, in the transaction of what they record."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from registry.domain.lifecycle import StatusEvent
from registry.formats import log_entry
from registry.formats.did_web import issuer_did
from registry.store import bulk_acts, log
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


def log_status_events(
    connection: Connection, base_url: str, events: Sequence[tuple[StoredCertificate, StatusEvent]]
) -> None:
    """Write the entries for status events of stored certificates."""
    documents = bulk_acts.documents_of(connection, {row.id for row, _ in events})
    digests = {key: log_entry.digest(document) for key, document in documents.items()}
    log.insert_pending(
        connection,
        [
            (
                row.id,
                event.sequence,
                log_entry.status_changed(digests[row.id], issuer_did(base_url, row.issuer_code), row.public_id, event),
            )
            for row, event in events
        ],
    )
