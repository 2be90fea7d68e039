"""Signing checkpoints anew where the log's keys have changed, without waiting for the next entry."""

from __future__ import annotations

from contextlib import suppress

from registry.domain.errors import Misconfigured
from registry.formats.signed_note import parse_note
from registry.formats.tlog_checkpoint import parse_checkpoint
from registry.services.context import Registry
from registry.services.log.keys import sign_checkpoint
from registry.store import log as store


def renew_checkpoints(registry: Registry) -> None:
    """Let the keys that are active now sign the newest checkpoint, and the one that is published for its cosignatures.

    The trees stay the same, and so do the cosignatures, which are over the text. Nothing is done before there is a
    log, nor while it has no active key. Raises keys.KeyStoreError.
    """
    quorum = registry.settings.log_quorum
    with registry.database.transaction() as connection:
        store.lock_integration(connection)
        heads = {store.newest_head(connection), store.newest_cosigned(connection, quorum) if quorum else None}
        for head in filter(None, heads):
            tree = parse_checkpoint(parse_note(head.note).text)
            with suppress(Misconfigured):
                store.replace_note(connection, head.size, sign_checkpoint(registry, tree.size, tree.root))
