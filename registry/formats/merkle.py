"""The Merkle tree of the log (RFC 6962, section 2.1, with SHA-256), kept as hash tiles (C2SP tlog-tiles).

A hash is 32 bytes. Tile (level, index) is the run of up to 256 hashes MTH(D[i * 256**level : (i + 1) * 256**level])
for i from 256 * index on: leaf hashes at level 0, and above it the roots of the full tiles below. All hashes of the
tree can be made from tiles, so whoever stores tiles stores the tree. Nothing here reads or writes: tiles come in
through a mapping or a function, and go out as bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

HASH_SIZE = 32
TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
EMPTY_ROOT = hashlib.sha256(b"").digest()
_FULL_TILE = TILE_WIDTH * HASH_SIZE

# Reads the tile (level, index), which in the tree at hand has `width` hashes. It may return more of the same tile.
ReadTile = Callable[[int, int, int], bytes]
# Leaves D[low:high] of the tree, high not included.
_Range = tuple[int, int]


@dataclass(frozen=True, slots=True, order=True)
class TileId:
    """A hash tile: its level, its index in the level, and how many hashes it has (1 to 256)."""

    level: int
    index: int
    width: int


class MalformedTile(ValueError):
    """A tile is missing, too short, or not a whole number of hashes."""


def leaf_hash(entry: bytes) -> bytes:
    """The hash of one entry of the log."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash over two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(leaf_hashes: Sequence[bytes]) -> bytes:
    """The root of a tree with these leaf hashes, by plain hashing of all of them."""
    row = list(leaf_hashes)
    while len(row) > 1:
        above = [node_hash(row[i], row[i + 1]) for i in range(0, len(row) - 1, 2)]
        row = above + row[len(above) * 2 :]
    return row[0] if row else EMPTY_ROOT


def tile_width(level: int, index: int, size: int) -> int:
    """How many hashes tile (level, index) has in a tree of `size` leaves; 0: no such tile."""
    return max(0, min(TILE_WIDTH, (size >> TILE_HEIGHT * level) - TILE_WIDTH * index))


def edge_tiles(size: int) -> list[TileId]:
    """The partial tiles of a tree of `size` leaves, lowest level first: what `integrate` starts from."""
    edge = []
    level = 0
    while count := size >> TILE_HEIGHT * level:
        index, width = divmod(count, TILE_WIDTH)
        if width:
            edge.append(TileId(level, index, width))
        level += 1
    return edge


def integrate(
    size: int, edge: Mapping[tuple[int, int], bytes], leaf_hashes: Iterable[bytes]
) -> dict[tuple[int, int], bytes]:
    """Append leaves to a tree of `size` leaves: all tiles that change, full and partial, by (level, index).

    `edge` holds at least the tiles `edge_tiles(size)`, by (level, index). Each leaf costs about one hash, whatever the
    size of the tree. Raises MalformedTile where the edge does not fit the size.
    """
    changed: dict[tuple[int, int], bytes] = {}
    leaves = list(leaf_hashes)
    if not _are_hashes(leaves):
        raise MalformedTile("a leaf hash does not have 32 bytes")
    added = b"".join(leaves)
    level = 0
    while added:
        index, width = divmod(size >> TILE_HEIGHT * level, TILE_WIDTH)
        row = _partial_tile(edge, level, index, width) + added
        roots = []
        for start in range(0, len(row), _FULL_TILE):
            tile = changed[level, index] = row[start : start + _FULL_TILE]
            if len(tile) == _FULL_TILE:
                roots.append(_perfect_root(tile))
                index += 1
        added = b"".join(roots)
        level += 1
    return changed


def _partial_tile(edge: Mapping[tuple[int, int], bytes], level: int, index: int, width: int) -> bytes:
    if not width:
        return b""
    tile = edge.get((level, index), b"")
    if len(tile) != width * HASH_SIZE:
        raise MalformedTile(f"tile {index} of level {level} has {len(tile)} bytes, not {width} hashes")
    return tile


def reader_of(tiles: Mapping[tuple[int, int], bytes]) -> ReadTile:
    """Reads tiles from a mapping. The reader raises MalformedTile where a tile is missing."""

    def read(level: int, index: int, _: int) -> bytes:
        try:
            return tiles[level, index]
        except KeyError:
            raise MalformedTile(f"tile {index} of level {level} is missing") from None

    return read


def root_from_tiles(size: int, read_tile: ReadTile) -> bytes:
    """The root hash of the tree of `size` leaves. Raises MalformedTile."""
    return _hashes([(0, size)], size, read_tile)[0] if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, read_tile: ReadTile) -> list[bytes]:
    """The audit path of leaf `index` (RFC 6962, 2.1.1), its sibling first. Raises ValueError, MalformedTile."""
    return _hashes(_inclusion_ranges(index, size), size, read_tile)


def consistency_proof(old: int, new: int, read_tile: ReadTile) -> list[bytes]:
    """The proof that the tree of `old` leaves begins that of `new` (RFC 6962, 2.1.2). Raises ValueError, MalformedTile.

    It is empty where `old` is 0 or equals `new`.
    """
    return _hashes(_consistency_ranges(old, new), new, read_tile)


def root_tiles(size: int) -> list[TileId]:
    """The tiles that `root_from_tiles` reads."""
    return _tiles([(0, size)], size) if size else []


def inclusion_tiles(index: int, size: int) -> list[TileId]:
    """The tiles that `inclusion_proof` reads, so that they can be fetched at once."""
    return _tiles(_inclusion_ranges(index, size), size)


def consistency_tiles(old: int, new: int) -> list[TileId]:
    """The tiles that `consistency_proof` reads."""
    return _tiles(_consistency_ranges(old, new), new)


def inclusion_holds(proof: Sequence[bytes], index: int, size: int, leaf: bytes, root: bytes) -> bool:
    """Whether `proof` shows that leaf hash `leaf` is number `index` of the tree (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size or not _are_hashes(proof, leaf, root):
        return False
    position, last, seen = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if position & 1 or position == last:
            seen = node_hash(sibling, seen)
            position, last = _climb(position, last)
        else:
            seen = node_hash(seen, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and seen == root


def consistency_holds(proof: Sequence[bytes], old: int, new: int, old_root: bytes, new_root: bytes) -> bool:
    """Whether `proof` shows that the tree of `old` leaves begins that of `new` (RFC 9162, 2.1.4.2).

    Every tree begins with the empty one; that, and equal sizes, take an empty proof.
    """
    if not 0 <= old <= new or not _are_hashes(proof, old_root, new_root):
        return False
    if old in (0, new):
        return not proof and old_root == (EMPTY_ROOT if old == 0 else new_root)
    # The old root is itself the first hash of the path where it is the root of a perfect tree.
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not proof:
        return False
    position, last = old - 1, new - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    old_seen = new_seen = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            old_seen, new_seen = node_hash(sibling, old_seen), node_hash(sibling, new_seen)
            position, last = _climb(position, last)
        else:
            new_seen = node_hash(new_seen, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and old_seen == old_root and new_seen == new_root


def _climb(position: int, last: int) -> tuple[int, int]:
    """Up past the levels at which this node, a right edge, has no sibling."""
    while position and not position & 1:
        position, last = position >> 1, last >> 1
    return position, last


def _are_hashes(proof: Sequence[bytes], *others: bytes) -> bool:
    return all(len(value) == HASH_SIZE for value in (*proof, *others))


def _inclusion_ranges(index: int, size: int) -> list[_Range]:
    if not 0 <= index < size:
        raise ValueError(f"there is no leaf {index} in a tree of {size}")
    low, high, ranges = 0, size, []
    while high - low > 1:
        split = _split(low, high)
        if index < split:
            ranges.append((split, high))
            high = split
        else:
            ranges.append((low, split))
            low = split
    return ranges[::-1]


def _consistency_ranges(old: int, new: int) -> list[_Range]:
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {old} leaves can't begin one of {new}")
    if old == 0:
        return []
    low, high, ranges = 0, new, []
    while old != high:
        split = _split(low, high)
        if old <= split:
            ranges.append((split, high))
            high = split
        else:
            ranges.append((low, split))
            low = split
    # The verifier knows the old root; it must be told the last part of the old tree only where that is not all of it.
    return ([(low, high)] if low else []) + ranges[::-1]


def _split(low: int, high: int) -> int:
    """Where RFC 6962 splits a range: after the largest power of two that is smaller than its length."""
    return low + (1 << (high - low - 1).bit_length() - 1)


def _perfect_subtrees(low: int, high: int) -> list[tuple[int, int]]:
    """The perfect subtrees of a range, largest first, as (height, index at that height)."""
    subtrees = []
    while low < high:
        height = (high - low).bit_length() - 1
        subtrees.append((height, low >> height))
        low += 1 << height
    return subtrees


def _tile_of(height: int, index: int, size: int) -> TileId:
    level, rest = divmod(height, TILE_HEIGHT)
    tile_index = index >> TILE_HEIGHT - rest
    return TileId(level, tile_index, tile_width(level, tile_index, size))


def _tiles(ranges: Iterable[_Range], size: int) -> list[TileId]:
    subtrees = [subtree for low, high in ranges for subtree in _perfect_subtrees(low, high)]
    return list(dict.fromkeys(_tile_of(height, index, size) for height, index in subtrees))


def _hashes(ranges: Iterable[_Range], size: int, read_tile: ReadTile) -> list[bytes]:
    """MTH(D[low:high]) of each range; every tile is read once."""
    ranges = list(ranges)
    tiles = {tile: _read(tile, read_tile) for tile in _tiles(ranges, size)}
    hashes = []
    for low, high in ranges:
        *parts, root = [
            _subtree_root(tiles[_tile_of(height, index, size)], height, index)
            for height, index in _perfect_subtrees(low, high)
        ]
        for part in reversed(parts):
            root = node_hash(part, root)
        hashes.append(root)
    return hashes


def _read(tile: TileId, read_tile: ReadTile) -> bytes:
    data = read_tile(tile.level, tile.index, tile.width)
    if len(data) < tile.width * HASH_SIZE or len(data) > _FULL_TILE or len(data) % HASH_SIZE:
        raise MalformedTile(f"tile {tile.index} of level {tile.level} has {len(data)} bytes, not {tile.width} hashes")
    return data


def _subtree_root(tile: bytes, height: int, index: int) -> bytes:
    rest = height % TILE_HEIGHT
    start = (index << rest) % TILE_WIDTH * HASH_SIZE
    return _perfect_root(tile[start : start + (HASH_SIZE << rest)])


def _perfect_root(row: bytes) -> bytes:
    """The root over a power of two of concatenated hashes."""
    sha256 = hashlib.sha256
    while len(row) > HASH_SIZE:
        row = b"".join([sha256(b"\x01" + row[i : i + 64]).digest() for i in range(0, len(row), 64)])
    return row
