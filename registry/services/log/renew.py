"""Signing the newest checkpoint anew where the log's keys have changed, without waiting for the next entry."""

from __future__ import annotations

from registry.domain.errors import Misconfigured
from registry.formats.signed_note import parse_note
from registry.formats.tlog_checkpoint import parse_checkpoint
from registry.services.context import Registry
from registry.services.log.keys import sign_checkpoint
from registry.store import log as store


def renew_checkpoint(registry: Registry) -> bool:
    """Let the keys that are active now sign the newest checkpoint: the same tree under other signatures.

    Returns whether that was done: not before there is a log, nor while it has no active key. Cosignatures stay, for
    they are over the text. Raises keys.KeyStoreError.
    """
    with registry.database.transaction() as connection:
        store.lock_integration(connection)
        head = store.newest_head(connection)
        if head is None:
            return False
        tree = parse_checkpoint(parse_note(head.note).text)
        try:
            note = sign_checkpoint(registry, tree.size, tree.root)
        except Misconfigured:
            return False
        store.replace_note(connection, head.size, note)
    return True
