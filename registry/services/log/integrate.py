"""Placing the entries that wait: one transaction for all that have come together meanwhile (group commit).

Entries are written together with what they record, so none can be missing. Whoever comes first places all that wait;
the others find nothing left to do. A process that dies leaves either nothing or everything of an integration, and the
next one goes on. The tiles, the places and the signed checkpoint change together, and the size of a checkpoint is its
primary key: two processes can't both put something else in the same place.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from keys import KeyStoreError
from registry.domain.errors import RegistryError
from registry.formats.merkle import (
    EMPTY_ROOT,
    MalformedTile,
    TileId,
    edge_tiles,
    integrate,
    leaf_hash,
    reader_of,
    root_from_tiles,
    root_tiles,
)
from registry.formats.signed_note import MalformedNote, UnverifiedNote
from registry.formats.tlog_checkpoint import Checkpoint, open_checkpoint
from registry.services.context import Registry
from registry.services.log import trail
from registry.services.log.anchor import LogDamaged, keep, require_continuation
from registry.services.log.keys import origin, sign_checkpoint, verifier_keys
from registry.store import log as store
from registry.store.log import Head

_AT_ONCE = 20_000
_logger = logging.getLogger(__name__)


def open_log(registry: Registry) -> None:
    """See that there is a checkpoint, though it be of the empty log.

    Raises LogDamaged where there was one before, Misconfigured, keys.KeyStoreError.
    """
    with registry.database.transaction() as connection:
        store.lock_integration(connection)
        if store.newest_head(connection) is None:
            require_continuation(registry, connection, Checkpoint(origin(registry.base_url), 0, EMPTY_ROOT))
            store.insert_head(connection, Head(0, sign_checkpoint(registry, 0, EMPTY_ROOT), registry.now()))


def integrate_pending(registry: Registry) -> int:
    """Place all entries that wait, and events of the audit trail in its chain; returns how many entries were placed.

    Raises LogDamaged, StorageUnavailable, Misconfigured, keys.KeyStoreError.
    """
    placed = 0
    while True:
        with registry.database.read() as connection:
            if not store.has_pending(connection) and not trail.has_work(registry, connection):
                return placed
        try:
            with registry.database.transaction() as connection:
                store.lock_integration(connection)
                head = _integrate(registry, connection)
        except IntegrityError as error:
            raise LogDamaged("There is something where the next entries belong. Run: registry log verify") from error
        if head is not None:
            placed += head.added
            keep(registry, head.note)


def integrate_at_once(registry: Registry) -> None:
    """What follows each act where no worker does it. The act is recorded and will be in the log: errors only delay."""
    if registry.settings.log_worker:
        return
    try:
        integrate_pending(registry)
    except (RegistryError, KeyStoreError) as error:
        _logger.warning("Entries wait for their place in the log: %s", error)


class _Grown(NamedTuple):
    """A log that was added to: the checkpoint's note, and how many entries are new."""

    note: bytes
    added: int


def _integrate(registry: Registry, connection: Connection) -> _Grown | None:
    about_trail = trail.extend(registry, connection)
    if about_trail is None and not store.has_pending(connection):
        return None
    head = store.newest_head(connection)
    if head is None:
        raise LogDamaged("The log has no checkpoint. Run: registry init")
    edge = _read(connection, [*edge_tiles(head.size), *root_tiles(head.size)])
    require_continuation(registry, connection, _signed_tree(registry, head, edge))
    leaves = []
    if about_trail is not None:
        store.place_entry(connection, head.size, about_trail)
        leaves.append(leaf_hash(about_trail.statement))
    leaves += store.place_entries(connection, head.size + len(leaves), _AT_ONCE)
    new_size = head.size + len(leaves)
    changed = integrate(head.size, edge, leaves)
    root = root_from_tiles(new_size, reader_of(_read(connection, root_tiles(new_size)) | changed))
    store.write_tiles(connection, changed)
    note = sign_checkpoint(registry, new_size, root)
    # Never before an earlier one, though the clocks of machines differ: the times answer what was seen first.
    store.insert_head(connection, Head(new_size, note, max(registry.now(), head.integrated_at)))
    return _Grown(note, len(leaves))


def _read(connection: Connection, tiles: Iterable[TileId]) -> dict[tuple[int, int], bytes]:
    return store.read_tiles(connection, {(tile.level, tile.index) for tile in tiles})


def _signed_tree(registry: Registry, head: Head, edge: Mapping[tuple[int, int], bytes]) -> Checkpoint:
    """The tree that the log has signed, which is the only one to build on.

    The edge makes up the root, and decides all consistency proofs from there on. Raises LogDamaged.
    """
    try:
        signed, _ = open_checkpoint(head.note, verifier_keys(registry))
        intact = (signed.size, signed.root) == (head.size, root_from_tiles(head.size, reader_of(edge)))
    except (MalformedNote, UnverifiedNote, MalformedTile) as error:
        raise LogDamaged(f"The log can't go on from size {head.size}: {error}. Run: registry log verify") from error
    if not intact:
        raise LogDamaged(f"The stored tiles are not those signed at size {head.size}. Run: registry log verify")
    return signed
