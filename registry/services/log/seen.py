"""Whether the log has seen a certificate: what a verification asks each time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from threading import Lock

from registry.formats.merkle import (
    HASH_SIZE,
    TILE_WIDTH,
    MalformedTile,
    inclusion_holds,
    inclusion_proof,
    inclusion_tiles,
    leaf_hash,
    reader_of,
)
from registry.formats.signed_note import MalformedNote, UnverifiedNote
from registry.formats.tlog_checkpoint import Checkpoint, open_checkpoint
from registry.services.context import Registry
from registry.services.log.keys import verifier_keys
from registry.store import log
from registry.store.log import Head

Tiles = Mapping[tuple[int, int], bytes]
# 32 MB of leaf hashes: a million entries.
_KEPT_TILES = 4096


class Unproven(Exception):
    """An entry is not in the log as it should be; the message says how."""


class SeenByLog:
    """Checks entries against the tree under the log's signed checkpoint.

    A tile of leaf hashes is proven once against the root, and is kept as far as it was proven: what the log has once
    signed never changes. An entry is checked by its own hash each time.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._tiles: OrderedDict[int, bytes] = OrderedDict()
        self._lock = Lock()
        self._newest: tuple[bytes, Checkpoint] | None = None

    def require(self, log_index: int, statement: bytes) -> None:
        """Raises Unproven unless `statement` is entry number `log_index` of the log."""
        number, position = divmod(log_index, TILE_WIDTH)
        start = position * HASH_SIZE
        # Other threads may drop it meanwhile.
        tile = self._tiles.get(number, b"")
        if len(tile) <= start:
            tile = self._prove(log_index, *self._read([log_index]))
        if tile[start : start + HASH_SIZE] != leaf_hash(statement):
            raise Unproven(f"entry {log_index} of the log says something else")

    def prepare(self, log_indexes: Iterable[int]) -> None:
        """Prove the tiles of many entries, read by two queries. What can't be proven `require` tells."""
        missing = {index // TILE_WIDTH: index for index in log_indexes if not self._has(index)}
        if not missing:
            return
        head, tiles = self._read(missing.values())
        for index in missing.values():
            with suppress(Unproven):
                self._prove(index, head, tiles)

    def _has(self, log_index: int) -> bool:
        number, position = divmod(log_index, TILE_WIDTH)
        return len(self._tiles.get(number, b"")) > position * HASH_SIZE

    def _read(self, log_indexes: Collection[int]) -> tuple[Head | None, Tiles]:
        """The newest checkpoint, and the tiles that prove entries under it."""
        with self._registry.database.read() as connection:
            head = log.newest_head(connection)
            if head is None:
                return None, {}
            wanted = {(0, index // TILE_WIDTH) for index in log_indexes}
            for index in log_indexes:
                if index < head.size:
                    wanted |= {(one.level, one.index) for one in inclusion_tiles(index, head.size)}
            return head, log.read_tiles(connection, wanted)

    def _prove(self, log_index: int, head: Head | None, tiles: Tiles) -> bytes:
        """Keep and return the leaf hashes of an entry's tile, proven against the checkpoint.

        The path of one leaf takes in all the hashes of its tile, so that it proves them all. Raises Unproven.
        """
        number, position = divmod(log_index, TILE_WIDTH)
        tile = tiles.get((0, number), b"")
        leaf = tile[position * HASH_SIZE : (position + 1) * HASH_SIZE]
        if head is None or log_index >= head.size or not leaf:
            raise Unproven(f"the log has no entry {log_index}")
        try:
            path = inclusion_proof(log_index, head.size, reader_of(tiles))
        except MalformedTile as error:
            raise Unproven(str(error)) from error
        checkpoint = self._opened(head.note)
        if checkpoint.size != head.size or not inclusion_holds(path, log_index, head.size, leaf, checkpoint.root):
            raise Unproven(f"entry {log_index} does not lead to the root that the log has signed")
        # A tile that has got more since is proven only as far as the checkpoint reaches.
        proven = tile[: (head.size - number * TILE_WIDTH) * HASH_SIZE]
        with self._lock:
            self._tiles[number] = proven
            if len(self._tiles) > _KEPT_TILES:
                self._tiles.popitem(last=False)
        return proven

    def _opened(self, note: bytes) -> Checkpoint:
        newest = self._newest
        if newest is None or newest[0] != note:
            try:
                newest = (note, open_checkpoint(note, verifier_keys(self._registry))[0])
            except (MalformedNote, UnverifiedNote) as error:
                raise Unproven(f"the log's checkpoint: {error}") from error
            self._newest = newest
        return newest[1]
