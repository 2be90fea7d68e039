"""Reading the log: what is published, and proofs from it."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection

from registry.domain.errors import InvalidInput, NotFound, Violation
from registry.domain.public_id import parse_public_id
from registry.formats.merkle import (
    HASH_SIZE,
    TILE_WIDTH,
    MalformedTile,
    ReadTile,
    TileId,
    consistency_proof,
    consistency_tiles,
    inclusion_proof,
    inclusion_tiles,
    reader_of,
    tile_width,
)
from registry.formats.tlog_proof import LogProof
from registry.formats.tlog_tiles import BundleId, MalformedBundle, bundle_path, encode_bundle, tile_path
from registry.services.context import Registry
from registry.store import certificates, log
from registry.store.log import Head


def published_head(registry: Registry, connection: Connection) -> Head:
    """The newest checkpoint with as many cosignatures as the settings ask for. Raises NotFound where there is none."""
    quorum = registry.settings.log_quorum
    head = log.newest_cosigned(connection, quorum) if quorum else log.newest_head(connection)
    if head is None:
        raise NotFound("The log has no checkpoint yet that enough witnesses have cosigned.")
    return head


def checkpoint(registry: Registry) -> bytes:
    """The published checkpoint as a signed note, with the cosignatures that there are. Raises NotFound."""
    with registry.database.read() as connection:
        return _with_cosignatures(connection, published_head(registry, connection))


def tile(registry: Registry, wanted: TileId) -> bytes:
    """A hash tile that the published tree has. Raises NotFound, and MalformedTile where the database lost it."""
    with registry.database.read() as connection:
        _require(registry, connection, wanted)
        hashes = tile_reader(connection, [wanted])(wanted.level, wanted.index, wanted.width)
    length = wanted.width * HASH_SIZE
    if len(hashes) < length:
        raise MalformedTile(f"{tile_path(wanted)} has {len(hashes)} bytes: registry log verify")
    return hashes[:length]


def entry_bundle(registry: Registry, wanted: BundleId) -> bytes:
    """A bundle of entries that the published tree has. Raises NotFound, and MalformedBundle where entries are lost."""
    with registry.database.read() as connection:
        _require(registry, connection, TileId(0, wanted.index, wanted.width))
        entries = log.bundle(connection, wanted.index * TILE_WIDTH, wanted.width)
    if len(entries) != wanted.width:
        # Caches would keep it for ever.
        raise MalformedBundle(f"{bundle_path(wanted)} has {len(entries)} entries: registry log verify")
    return encode_bundle(entries)


def certificate_proof(registry: Registry, typed: str, sequence: int = 1) -> bytes:
    """The tlog-proof of a certificate's status event (1: the issuing), with the entry as its extra data.

    Raises MalformedPublicId, NotFound; the latter also for what the published log does not cover yet.
    """
    public_id = parse_public_id(typed)
    with registry.database.read() as connection:
        row = certificates.find_stored(connection, public_id)
        if row is None:
            raise NotFound("No certificate with this id is in the registry.")
        entry = next((one for one in log.entries_of(connection, row.id) if one.sequence == sequence), None)
        head = published_head(registry, connection)
        if entry is None or entry.log_index >= head.size:
            raise NotFound("The log has no such entry yet: it takes a second, or as long as its witnesses. Ask again.")
        path = inclusion_path(connection, entry.log_index, head.size)
        note = _with_cosignatures(connection, head)
    return LogProof(entry.log_index, tuple(path), note, entry.statement).encode()


def consistency_path(registry: Registry, old: int, new: int) -> list[bytes]:
    """The proof that the log of `old` entries begins that of `new`. Raises InvalidInput."""
    with registry.database.read() as connection:
        size = published_head(registry, connection).size
        if not 0 <= old <= new <= size:
            reason = f"sizes are 0 <= from <= to <= {size}, the published size"
            raise InvalidInput([Violation(("to",), reason)])
        return consistency_between(connection, old, new)


def consistency_between(connection: Connection, old: int, new: int) -> list[bytes]:
    """The same for any two sizes that the log has had."""
    return consistency_proof(old, new, tile_reader(connection, consistency_tiles(old, new)))


def inclusion_path(connection: Connection, index: int, size: int) -> list[bytes]:
    """The audit path of an entry in the tree of `size`."""
    return inclusion_proof(index, size, tile_reader(connection, inclusion_tiles(index, size)))


def tile_reader(connection: Connection, tiles: Collection[TileId]) -> ReadTile:
    """A reader of stored tiles, all of which it has fetched by one query."""
    return reader_of(log.read_tiles(connection, [(one.level, one.index) for one in tiles]))


def _require(registry: Registry, connection: Connection, wanted: TileId) -> None:
    if wanted.width > tile_width(wanted.level, wanted.index, published_head(registry, connection).size):
        raise NotFound("The published log has no such tile.")


def _with_cosignatures(connection: Connection, head: Head) -> bytes:
    return head.note + "".join(log.cosignatures_of(connection, head.size)).encode()
