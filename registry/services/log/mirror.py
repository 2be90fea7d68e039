"""Mirroring a public log: everything verified before it is kept, the checkpoint moved last.

It needs the log's verifier key and nothing else of a registry. The order is what makes a mirror safe: the signed
checkpoint, the tiles that lead to its root, the proof that the mirror's earlier checkpoint begins the same tree; then
each tile of leaf hashes and the entries under it, checked against those; at last the new checkpoint. Whatever ends the
process in between leaves the mirror at its earlier checkpoint, and what was fetched is taken up by the next run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from registry.domain.errors import NotFound, RegistryError
from registry.formats.merkle import (
    HASH_SIZE,
    TILE_WIDTH,
    TileId,
    edge_tiles,
    leaf_hash,
    reader_of,
    root_from_tiles,
    root_of,
    tile_width,
)
from registry.formats.signed_note import MAX_NOTE_SIZE, MalformedNote, UnverifiedNote, VerifierKey
from registry.formats.tlog_checkpoint import Checkpoint, open_checkpoint
from registry.formats.tlog_tiles import (
    MAX_BUNDLE_SIZE,
    BundleId,
    MalformedBundle,
    bundle_path,
    decode_bundle,
    tile_path,
    tiles_between,
)
from registry.services.log.fetch import LogSource
from registry.services.log.folder import LogFolder

_CHECKPOINT = "checkpoint"
_TILE_BYTES = TILE_WIDTH * HASH_SIZE
_Tiles = dict[tuple[int, int], bytes]


class LogMisbehaves(RegistryError):
    """What the log serves is not what it has signed, or contradicts what it signed before."""


@dataclass(frozen=True, slots=True)
class Mirrored:
    """What a run did: the log at `checkpoint`, of which `before` entries were there already."""

    checkpoint: Checkpoint
    before: int


def mirror_log(
    source: LogSource,
    folder: Path,
    keys: Collection[VerifierKey],
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    threads: int = 8,
) -> Mirrored:
    """Bring a mirror up to the log's newest checkpoint. `progress` is told how many entries are done, of how many.

    Raises LogMisbehaves (the mirror stays where it was), NotFound and LogUnavailable (try again later),
    StorageUnavailable for the folder, Conflict where another process is at it.
    """
    files = LogFolder(folder)
    with files.alone():
        before = _standing(files, keys)
        note = source.fetch(_CHECKPOINT, MAX_NOTE_SIZE)
        checkpoint = _opened(note, keys, "The checkpoint that the log serves")
        _require_progress(files, before, checkpoint, note)
        return _Run(source, files, before, checkpoint, note).run(progress, threads)


class _Run:
    """One run, from the mirror's earlier checkpoint to the log's newest."""

    def __init__(
        self, source: LogSource, files: LogFolder, before: Checkpoint | None, checkpoint: Checkpoint, note: bytes
    ) -> None:
        self._source = source
        self._files = files
        self._before = before
        self._old = before.size if before else 0
        self._checkpoint = checkpoint
        self._new = checkpoint.size
        self._note = note
        # Those above the leaves, and those on the edge.
        self._proven: _Tiles = {}

    def run(self, progress: Callable[[int, int], None], threads: int) -> Mirrored:
        """Fetch and verify what the mirror lacks."""
        lowest = range(self._old // TILE_WIDTH, -(-self._new // TILE_WIDTH)) if self._new > self._old else range(0)
        with ThreadPoolExecutor(threads) as pool:
            self._fetch_upper(pool)
            done = 0
            numbers = iter(lowest)
            # Not all at once, so that a failure ends it soon.
            while portion := list(islice(numbers, 4 * threads)):
                done += sum(pool.map(self._mirror_leaves, portion))
                progress(done, self._new - lowest.start * TILE_WIDTH)
        for (level, index), tile in self._proven.items():
            if level:
                self._files.write(tile_path(TileId(level, index, len(tile) // HASH_SIZE)), tile)
        self._files.move_to(self._note)
        self._drop_partials()
        return Mirrored(self._checkpoint, self._old)

    def _fetch_upper(self, pool: ThreadPoolExecutor) -> None:
        """Fetch the tiles above the leaves and on the edge, and prove them: to the root, and to each other."""
        wanted = {tile for tile in tiles_between(self._old, self._new) if tile.level}
        wanted |= set(edge_tiles(self._new))
        # Where the earlier tree had its edge, for its root.
        wanted |= {TileId(one.level, one.index, self._width(one.level, one.index)) for one in edge_tiles(self._old)}
        highest_first = sorted(wanted, reverse=True)
        for tile, hashes in zip(highest_first, pool.map(self._fetch_tile, highest_first), strict=True):
            self._proven[tile.level, tile.index] = hashes
        if root_from_tiles(self._new, reader_of(self._proven)) != self._checkpoint.root:
            raise LogMisbehaves("The log's tiles do not lead to the root that it has signed.")
        for tile in highest_first:
            if tile.width == TILE_WIDTH:
                self._require_in_parent(tile, self._proven[tile.level, tile.index])
        before = self._before
        if before is not None and root_from_tiles(self._old, reader_of(self._proven)) != before.root:
            raise self._forked(before)

    def _require_in_parent(self, tile: TileId, hashes: bytes) -> None:
        parent = self._proven[tile.level + 1, tile.index // TILE_WIDTH]
        at = tile.index % TILE_WIDTH * HASH_SIZE
        if root_of(_hashes(hashes)) != parent[at : at + HASH_SIZE]:
            raise LogMisbehaves(f"{tile_path(tile)} is not what the log has signed.")

    def _mirror_leaves(self, index: int) -> int:
        """Fetch, verify and write one tile of leaf hashes and the entries under it; returns how many these are."""
        tile = TileId(0, index, self._width(0, index))
        bundle = BundleId(index, tile.width)
        hashes = self._proven.get((0, index)) or self._kept_tile(tile)
        if hashes is None:
            hashes = self._fetch_tile(tile)
            self._require_in_parent(tile, hashes)
        kept = self._files.read(bundle_path(bundle), MAX_BUNDLE_SIZE)
        if kept is None or not _is_bundle_of(kept, hashes):
            fetched = self._fetch_bundle(bundle)
            if not _is_bundle_of(fetched, hashes):
                raise LogMisbehaves(f"{bundle_path(bundle)} has other entries than the log has signed.")
            self._files.write(bundle_path(bundle), fetched)
        self._files.write(tile_path(tile), hashes)
        return tile.width

    def _kept_tile(self, tile: TileId) -> bytes | None:
        """A tile of leaf hashes that an interrupted run has left, if it is the right one."""
        kept = self._files.read(tile_path(tile), _TILE_BYTES)
        try:
            if kept is None or len(kept) != tile.width * HASH_SIZE:
                return None
            self._require_in_parent(tile, kept)
        except LogMisbehaves:
            return None
        return kept

    def _fetch_tile(self, tile: TileId) -> bytes:
        hashes = self._fetch(tile_path(tile), tile_path(TileId(tile.level, tile.index, TILE_WIDTH)), _TILE_BYTES)
        length = tile.width * HASH_SIZE
        if len(hashes) < length:
            raise LogMisbehaves(f"{tile_path(tile)} has {len(hashes)} bytes, not {length}.")
        return hashes[:length]

    def _fetch_bundle(self, bundle: BundleId) -> bytes:
        path, full_path = bundle_path(bundle), bundle_path(BundleId(bundle.index, TILE_WIDTH))
        body = self._fetch(path, full_path, MAX_BUNDLE_SIZE)
        return _first_entries(body, bundle.width)

    def _fetch(self, path: str, full_path: str, at_most: int) -> bytes:
        """A file; where the log has removed a partial one since, the full one that it has grown into."""
        try:
            return self._source.fetch(path, at_most)
        except NotFound:
            if path == full_path:
                raise
            return self._source.fetch(full_path, at_most)

    def _width(self, level: int, index: int) -> int:
        return tile_width(level, index, self._new)

    def _forked(self, before: Checkpoint) -> LogMisbehaves:
        return _refused(
            self._files,
            self._checkpoint,
            self._note,
            f"FORK: the log at size {self._new} does not begin with what it had signed at size {before.size}.",
        )

    def _drop_partials(self) -> None:
        for tile in tiles_between(self._old, self._new):
            if tile.width == TILE_WIDTH:
                self._files.drop_partials(tile_path(tile))
                if tile.level == 0:
                    self._files.drop_partials(bundle_path(BundleId(tile.index, TILE_WIDTH)))


def _standing(files: LogFolder, keys: Collection[VerifierKey]) -> Checkpoint | None:
    """The mirror's earlier checkpoint. Raises LogMisbehaves where it is not the log's."""
    note = files.checkpoint()
    if note is None:
        return None
    return _opened(note, keys, f"The mirror's own checkpoint, in {files.folder},")


def _opened(note: bytes, keys: Collection[VerifierKey], what: str) -> Checkpoint:
    try:
        return open_checkpoint(note, keys)[0]
    except (MalformedNote, UnverifiedNote) as error:
        raise LogMisbehaves(f"{what} can't be trusted: {error}.") from error


def _require_progress(files: LogFolder, before: Checkpoint | None, checkpoint: Checkpoint, note: bytes) -> None:
    """Refuse a log that is smaller than it was, or another of the same size, or another log altogether."""
    if before is None:
        return
    if checkpoint.origin != before.origin:
        raise LogMisbehaves(f"The folder mirrors {before.origin}, and this is {checkpoint.origin}.")
    if checkpoint.size < before.size:
        message = f"ROLLBACK: the log shows {checkpoint.size} entries, and had signed {before.size} before."
        raise _refused(files, checkpoint, note, message)
    if checkpoint.size == before.size and checkpoint.root != before.root:
        message = f"FORK: the log has signed two different trees of {checkpoint.size} entries."
        raise _refused(files, checkpoint, note, message)


def _refused(files: LogFolder, checkpoint: Checkpoint, note: bytes, message: str) -> LogMisbehaves:
    """Keep the evidence: beside the mirror's own checkpoint, it proves what the log did."""
    name = f"{checkpoint.size}-{hashlib.sha256(note).hexdigest()[:16]}"
    kept = files.keep_refused(name, note)
    return LogMisbehaves(f"{message} Nothing was mirrored. The refused checkpoint is kept as evidence: {kept}")


def _hashes(tile: bytes) -> list[bytes]:
    return [tile[start : start + HASH_SIZE] for start in range(0, len(tile), HASH_SIZE)]


def _is_bundle_of(bundle: bytes, hashes: bytes) -> bool:
    try:
        entries = decode_bundle(bundle, len(hashes) // HASH_SIZE)
    except MalformedBundle:
        return False
    return b"".join(map(leaf_hash, entries)) == hashes


def _first_entries(bundle: bytes, width: int) -> bytes:
    """The bundle of the first entries, where a wider one came."""
    end = 0
    for _ in range(width):
        end += 2 + int.from_bytes(bundle[end : end + 2], "big")
    return bundle[:end]
