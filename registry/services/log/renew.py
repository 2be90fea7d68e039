"""Signing checkpoints anew where the log's keys have changed, without waiting for the next entry."""

from __future__ import annotations

from contextlib import suppress

from sqlalchemy import Connection

from registry.domain.errors import Misconfigured
from registry.formats.merkle import EMPTY_ROOT, MalformedTile, reader_of, root_from_tiles, root_tiles
from registry.formats.signed_note import MalformedNote, UnverifiedNote
from registry.formats.tlog_checkpoint import Checkpoint, open_checkpoint
from registry.services.context import Registry
from registry.services.log.anchor import LogDamaged, require_continuation
from registry.services.log.keys import origin, sign_checkpoint, verifier_keys
from registry.store import log as store
from registry.store.log import Head


def renew_checkpoints(registry: Registry) -> None:
    """Let the keys that are active now sign the newest checkpoint, and the one that is published for its cosignatures.

    The trees stay the same, and so do the cosignatures, which are over the text. Nothing is done before there is a
    log, nor while it has no active key. Raises LogDamaged where what stands there is not what the log signed,
    keys.KeyStoreError.
    """
    quorum = registry.settings.log_quorum
    with registry.database.transaction() as connection:
        store.lock_integration(connection)
        heads = {store.newest_head(connection), store.newest_cosigned(connection, quorum) if quorum else None}
        for head in filter(None, heads):
            tree = _signed_tree(registry, connection, head)
            with suppress(Misconfigured):
                store.replace_note(connection, head.size, sign_checkpoint(registry, tree.size, tree.root))


def _signed_tree(registry: Registry, connection: Connection, head: Head) -> Checkpoint:
    """The tree of a stored checkpoint, as one of the log's keys signed it, if it is the tree that is stored.

    The key may be the one that was found to be compromised a moment ago. Raises LogDamaged.
    """
    if head.size == 0:
        # There is nothing in it that could be forged, and a register made before the log's first key has no other.
        return Checkpoint(origin(registry.base_url), 0, EMPTY_ROOT)
    tiles = store.read_tiles(connection, [(one.level, one.index) for one in root_tiles(head.size)])
    try:
        tree, _ = open_checkpoint(head.note, verifier_keys(registry, compromised=True))
        intact = (tree.size, tree.root) == (head.size, root_from_tiles(head.size, reader_of(tiles)))
    except (MalformedNote, UnverifiedNote, MalformedTile) as error:
        raise LogDamaged(f"The checkpoint of size {head.size}: {error}. Run: registry log verify") from error
    newest = store.newest_head(connection)
    if not intact:
        raise LogDamaged(f"The stored tiles are not those signed at size {head.size}. Run: registry log verify")
    if newest is not None and newest.size == head.size:
        require_continuation(registry, connection, tree)
    return tree
