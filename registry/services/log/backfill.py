"""Entries for acts from before there was a log."""

from __future__ import annotations

from collections.abc import Callable

from registry.formats.did_web import issuer_did
from registry.formats.log_entry import digest, statement_of
from registry.services.context import Registry
from registry.services.log.integrate import integrate_pending
from registry.store import log, log_audit

_AT_ONCE = 5_000


def backfill(registry: Registry, progress: Callable[[int, int], None] = lambda _done, _total: None) -> int:
    """Write the entries that are missing, oldest act first, and place them; returns how many.

    Safe to repeat and to interrupt: each portion is one transaction, in which nobody else places entries or fills up.
    When the log saw an act is when it is placed, whatever the act says. `progress` is told how far through the acts
    it is, of how many. Raises StorageUnavailable, Misconfigured, keys.KeyStoreError.
    """
    with registry.database.read() as connection:
        total = log_audit.count_events(connection)
    written = last = 0
    while True:
        with registry.database.transaction() as connection:
            log.lock_integration(connection)
            missing = log_audit.unlogged(connection, last, _AT_ONCE)
            if not missing:
                return written
            entries = [(one.certificate_id, one.event.sequence, _entry(registry, one)) for one in missing]
            log.insert_pending(connection, entries)
        integrate_pending(registry)
        written += len(missing)
        last = missing[-1].event_id
        progress(min(written, total), total)


def _entry(registry: Registry, one: log_audit.Recorded) -> bytes:
    did = issuer_did(registry.base_url, one.issuer_code)
    return statement_of(digest(one.document), did, one.public_id, one.event)
