"""Auditing the tree: entries against the register, tiles against the entries, checkpoints against the root."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby

from sqlalchemy import Connection

from registry.formats.canonical_json import MalformedJson, parse
from registry.formats.did_web import issuer_did
from registry.formats.growing_tree import GrowingTree
from registry.formats.log_entry import digest, statement_of
from registry.formats.merkle import HASH_SIZE, TILE_WIDTH, TileId, edge_tiles, integrate, leaf_hash, tile_width
from registry.formats.signed_note import MalformedNote, parse_note
from registry.formats.tlog_checkpoint import parse_checkpoint
from registry.formats.tlog_tiles import tile_path
from registry.services.context import Registry
from registry.services.log.audit_trail_entries import audit_trail_entries
from registry.services.log.findings import FindingKind, Findings
from registry.services.log.keys import origin
from registry.store import log, log_audit
from registry.store.log import Head
from registry.store.log_audit import EntryAndRecord, Recorded
from registry.store.log_models import AUDIT_TRAIL

# Entries, a multiple of a tile's: some megabytes with their documents.
_AT_ONCE = 4 * TILE_WIDTH
_FULL_TILE = TILE_WIDTH * HASH_SIZE
# Between the machine that recorded an act and the one that placed it.
_CLOCKS_MAY_DIFFER = timedelta(minutes=5)
_LONG_AGO = datetime(1900, 1, 1, tzinfo=UTC)
_Tiles = Mapping[tuple[int, int], bytes]


class TreeAudit:
    """One pass over the first `size` entries, in bounded memory, each read and hashed once."""

    def __init__(self, registry: Registry, size: int, findings: Findings) -> None:
        self._registry = registry
        self._origin = origin(registry.base_url)
        self._size = size
        self._findings = findings
        self._tree = GrowingTree()
        self._edge: dict[tuple[int, int], bytes] = {}
        self._newest_act = self._newest_head = _LONG_AGO
        self._wrong_heads: list[int] = []
        self._early_heads: list[int] = []

    def run(self, advance: Callable[[int], None]) -> bytes:
        """Audit; `advance` is told how many entries more are done. Returns the root. Raises StorageUnavailable."""
        with self._registry.database.read() as connection:
            for head in log.heads_between(connection, -1, 0):
                self._check_head(head)
        for first in range(0, self._size, _AT_ONCE):
            count = min(_AT_ONCE, self._size - first)
            with self._registry.database.read() as connection:
                self._audit_portion(connection, first, count)
            advance(count)
        self._report_heads()
        return self._tree.root()

    def _audit_portion(self, connection: Connection, first: int, count: int) -> None:
        numbers = range(first // TILE_WIDTH, -(-(first + count) // TILE_WIDTH))
        stored = log.read_tiles(connection, [(0, number) for number in numbers])
        heads = {head.size: head for head in log.heads_between(connection, first, first + count)}
        entries = {entry.log_index: entry for entry in self._entries(connection, first, count)}
        audit_trail_entries(connection, entries.values(), self._findings)
        self._report_missing([index for index in range(first, first + count) if index not in entries])
        leaves = []
        for index in range(first, first + count):
            leaf = self._leaf(entries.get(index), _stored_leaf(stored, index))
            leaves.append(leaf)
            self._tree.append(leaf)
            head = heads.get(index + 1)
            if head is not None:
                self._check_head(head)
        self._check_tiles(connection, integrate(first, self._edge, leaves), stored)

    def _entries(self, connection: Connection, first: int, count: int) -> list[EntryAndRecord]:
        try:
            return log_audit.entries_with_records(connection, first, count)
        except ValueError:
            text = f"Entries {first} to {first + count - 1} can't be compared: the register holds an unreadable value."
            self._findings.add(FindingKind.REGISTER, text)
        placed = log.entries_from(connection, first, count)
        return [
            EntryAndRecord(one.log_index, one.certificate_id, one.sequence, one.statement, None)
            for one in placed
            if one.log_index < first + count
        ]

    def _report_missing(self, indexes: Sequence[int]) -> None:
        for _, group in groupby(enumerate(indexes), key=lambda pair: pair[1] - pair[0]):
            run = [index for _, index in group]
            what = f"Entry {run[0]} is" if len(run) == 1 else f"Entries {run[0]} to {run[-1]} are"
            self._findings.add(FindingKind.ENTRY, f"{what} missing.")

    def _leaf(self, entry: EntryAndRecord | None, stored: bytes) -> bytes:
        """The leaf hash of an entry, once it has been compared; what the tile has, of one that is missing."""
        if entry is None:
            return stored or bytes(HASH_SIZE)
        leaf = leaf_hash(entry.statement)
        if entry.certificate_id == AUDIT_TRAIL:
            return leaf
        if entry.recorded is None:
            text = (
                f"Entry {entry.log_index} is about act {entry.sequence} of a certificate (row {entry.certificate_id})"
            )
            self._findings.add(FindingKind.ENTRY, f"{text} that the register does not have in whole.")
            return leaf
        self._newest_act = max(self._newest_act, entry.recorded.event.recorded_at)
        expected = self._statement(entry.recorded)
        if expected != entry.statement:
            self._findings.add(FindingKind.ENTRY, _difference(entry, expected, stored))
        return leaf

    def _statement(self, recorded: Recorded) -> bytes:
        did = issuer_did(self._registry.base_url, recorded.issuer_code)
        return statement_of(digest(recorded.document), did, recorded.public_id, recorded.event)

    def _check_head(self, head: Head) -> None:
        try:
            checkpoint = parse_checkpoint(parse_note(head.note).text)
            stated = (checkpoint.origin, checkpoint.size, checkpoint.root)
        except MalformedNote:
            stated = None
        if stated != (self._origin, self._tree.size, self._tree.root()):
            self._wrong_heads.append(head.size)
        # Nobody can change when acts were recorded, which is hashed: it bounds when the log can have seen them.
        if head.integrated_at < max(self._newest_head, self._newest_act - _CLOCKS_MAY_DIFFER):
            self._early_heads.append(head.size)
        self._newest_head = max(self._newest_head, head.integrated_at)

    def _report_heads(self) -> None:
        for sizes, wrong in (
            (self._wrong_heads, "the root is not the one that the entries lead to"),
            (self._early_heads, "the time is before that of acts that it covers, or of an earlier checkpoint"),
        ):
            if sizes:
                others = f", and {len(sizes) - 1} more up to size {sizes[-1]}" if len(sizes) > 1 else ""
                self._findings.add(FindingKind.CHECKPOINT, f"Checkpoint of size {sizes[0]}{others}: {wrong}.")

    def _check_tiles(self, connection: Connection, changed: _Tiles, stored: _Tiles) -> None:
        """Compare the tiles that have become full, and at the end those on the edge."""
        size = self._tree.size
        known = {**self._edge, **changed}
        self._edge = {(tile.level, tile.index): known[tile.level, tile.index] for tile in edge_tiles(size)}
        expected = {key: tile for key, tile in changed.items() if len(tile) == _FULL_TILE}
        if size == self._size:
            expected |= self._edge
        stored = {**stored, **log.read_tiles(connection, [key for key in expected if key not in stored])}
        for key, tile in sorted(expected.items()):
            # It may have grown since.
            if not stored.get(key, b"").startswith(tile):
                self._findings.add(FindingKind.TILE, _tile_difference(key, tile, stored.get(key, b"")))


def audit_outside(connection: Connection, size: int, findings: Findings) -> None:
    """Report entries and tiles that stand outside of the log, where the next integration would meet them."""
    edge = [(level, (size >> 8 * level) // TILE_WIDTH) for level in range(8)]
    tiles = log_audit.edge_tile_sizes(connection, edge)
    highest = log_audit.highest_index(connection)
    # Read last: the log only grows.
    head = log.newest_head(connection)
    grown = head.size if head else 0
    for (level, index), length in sorted(tiles.items()):
        fits = level >= 0 and index >= 0 and length <= tile_width(level, index, grown) * HASH_SIZE
        if not fits:
            text = f"Tile {index} of level {level} has {length} bytes, more than the log has hashes for."
            findings.add(FindingKind.TILE, text)
    if highest is not None and highest >= grown:
        text = f"There is an entry {highest}, though the newest checkpoint covers {grown} only."
        findings.add(FindingKind.ENTRY, text)


def _stored_leaf(tiles: _Tiles, index: int) -> bytes:
    number, position = divmod(index, TILE_WIDTH)
    return tiles.get((0, number), b"")[position * HASH_SIZE : (position + 1) * HASH_SIZE]


def _difference(entry: EntryAndRecord, expected: bytes, stored_leaf: bytes) -> str:
    """Where an entry and the register part, and which of them was changed, as far as the tile can tell."""
    assert entry.recorded is not None  # noqa: S101 - compared with what it records
    if leaf_hash(entry.statement) == stored_leaf:
        judged = "the register was changed after it was logged"
    elif leaf_hash(expected) == stored_leaf:
        judged = "the stored entry was changed; the hash in the log is that of the register's"
    else:
        judged = "the hash in the log fits neither"
    what = f"act {entry.sequence} of certificate {entry.recorded.public_id}"
    names = ", ".join(_differing_members(entry.statement, expected))
    return f"Entry {entry.log_index} ({what}) and the register differ in {names}: {judged}."


def _differing_members(entry: bytes, expected: bytes) -> list[str]:
    try:
        one, other = parse(entry), parse(expected)
    except MalformedJson:
        return ["everything"]
    if not isinstance(one, dict) or not isinstance(other, dict):
        return ["everything"]
    return [name for name in sorted(one | other) if one.get(name) != other.get(name)] or ["their bytes"]


def _tile_difference(key: tuple[int, int], expected: bytes, stored: bytes) -> str:
    level, index = key
    path = tile_path(TileId(level, index, len(expected) // HASH_SIZE))
    if not stored:
        return f"The stored tile {path} is missing."
    if len(stored) < len(expected):
        return f"The stored tile {path} has {len(stored)} bytes, not {len(expected)}."
    at = next(at for at in range(0, len(expected), HASH_SIZE) if stored[at : at + 32] != expected[at : at + 32])
    return f"The stored tile {path} differs from the entries, first in hash {at // HASH_SIZE}."
