"""Auditing the log against a mirror: whether the database still says what was served to somebody once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection

from registry.domain.errors import NotFound
from registry.formats.merkle import HASH_SIZE, TILE_WIDTH, MalformedTile, TileId, root_from_tiles, root_tiles
from registry.formats.signed_note import MalformedNote, UnverifiedNote
from registry.formats.tlog_checkpoint import Checkpoint, open_checkpoint
from registry.formats.tlog_tiles import (
    MAX_BUNDLE_SIZE,
    BundleId,
    MalformedBundle,
    bundle_path,
    bundles_between,
    encode_bundle,
    tile_path,
    tiles_between,
)
from registry.services.context import Registry
from registry.services.log.findings import FindingKind, Findings
from registry.services.log.folder import LogFolder
from registry.services.log.keys import verifier_keys
from registry.services.log.read import tile_reader
from registry.store import log

T = TypeVar("T")
_TILES_AT_ONCE = 64
_BUNDLES_AT_ONCE = 8


def audit_mirror(
    registry: Registry, mirror: Path, size: int, findings: Findings, advance: Callable[[int], None]
) -> None:
    """Report where a mirror and the log of `size` entries part; `advance` is told how many entries more are compared.

    Raises NotFound where there is no mirror, StorageUnavailable.
    """
    folder = LogFolder(mirror)
    note = folder.checkpoint()
    if note is None:
        raise NotFound(f"There is no mirror in {mirror}: it has no checkpoint.")
    try:
        seen, _ = open_checkpoint(note, verifier_keys(registry))
    except (MalformedNote, UnverifiedNote) as error:
        findings.add(FindingKind.MIRROR, f"The mirror's checkpoint: {error}.")
        return
    if seen.size > size:
        text = f"The mirror has {seen.size} entries under this log's signature, the database {size}: it was set back."
        findings.add(FindingKind.MIRROR, text)
        return
    with registry.database.read() as connection:
        if not _same_root(connection, seen):
            text = f"At the mirror's size, {seen.size}, this log has another root than it signed then: a fork."
            findings.add(FindingKind.MIRROR, text)
    for tiles in _portions(tiles_between(0, seen.size), _TILES_AT_ONCE):
        with registry.database.read() as connection:
            _compare_tiles(connection, folder, tiles, findings)
    for bundles in _portions(bundles_between(0, seen.size), _BUNDLES_AT_ONCE):
        with registry.database.read() as connection:
            _compare_bundles(connection, folder, bundles, findings)
        advance(sum(one.width for one in bundles))


def _same_root(connection: Connection, seen: Checkpoint) -> bool:
    try:
        return root_from_tiles(seen.size, tile_reader(connection, root_tiles(seen.size))) == seen.root
    except MalformedTile:
        return False


def _compare_tiles(connection: Connection, folder: LogFolder, tiles: Iterable[TileId], findings: Findings) -> None:
    stored = log.read_tiles(connection, [(one.level, one.index) for one in tiles])
    for one in tiles:
        length = one.width * HASH_SIZE
        _compare(folder, tile_path(one), stored.get((one.level, one.index), b"")[:length], length, findings)


def _compare_bundles(connection: Connection, folder: LogFolder, bundles: list[BundleId], findings: Findings) -> None:
    first = bundles[0].index * TILE_WIDTH
    entries = {one.log_index: one.statement for one in log.entries_from(connection, first, len(bundles) * TILE_WIDTH)}
    for one in bundles:
        start = one.index * TILE_WIDTH
        present = [entries[index] for index in range(start, start + one.width) if index in entries]
        try:
            ours = encode_bundle(present)
        except MalformedBundle:
            ours = b""
        _compare(folder, bundle_path(one), ours, MAX_BUNDLE_SIZE, findings)


def _compare(folder: LogFolder, path: str, ours: bytes, at_most: int, findings: Findings) -> None:
    mirrored = folder.read(path, at_most)
    if mirrored is None:
        findings.add(FindingKind.MIRROR, f"The mirror lacks {path}.")
    elif mirrored != ours:
        findings.add(FindingKind.MIRROR, f"The mirror has another {path} than the database.")


def _portions(items: Iterable[T], count: int) -> Iterator[list[T]]:
    remaining = iter(items)
    while portion := list(islice(remaining, count)):
        yield portion
