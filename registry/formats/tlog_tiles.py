"""Paths and entry bundles of a tiled transparency log (C2SP tlog-tiles). Hash tiles themselves: `merkle`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from registry.formats.merkle import TILE_WIDTH, TileId, tile_width

TILE_TYPE = "application/octet-stream"
CHECKPOINT_TYPE = "text/plain; charset=utf-8"
MAX_ENTRY_SIZE = 2**16 - 1
MAX_BUNDLE_SIZE = TILE_WIDTH * (2 + MAX_ENTRY_SIZE)
_MAX_LEVEL = 63
# Sizes stay below 2^63, so that an index has 19 digits at most.
_MAX_INDEX = 2**63 - 1
_PATH = re.compile(
    r"tile/(?P<what>entries|0|[1-9][0-9]?)/(?P<index>(?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?",
    re.ASCII,
)


class MalformedTilePath(ValueError):
    """Not the one way in which the specification writes this tile's path."""


class MalformedBundle(ValueError):
    """Not a sequence of length-prefixed entries, or not as many as expected."""


@dataclass(frozen=True, slots=True, order=True)
class BundleId:
    """An entry bundle: its index, and how many entries it has (1 to 256)."""

    index: int
    width: int


def tile_path(tile: TileId) -> str:
    """`tile/<L>/<N>[.p/<W>]`, relative to the log's prefix."""
    return f"tile/{tile.level}/{_index_path(tile.index)}{_width_suffix(tile.width)}"


def bundle_path(bundle: BundleId) -> str:
    """`tile/entries/<N>[.p/<W>]`, relative to the log's prefix."""
    return f"tile/entries/{_index_path(bundle.index)}{_width_suffix(bundle.width)}"


def parse_path(path: str) -> TileId | BundleId:
    """What a path, relative to the log's prefix, asks for. Raises MalformedTilePath."""
    match = _PATH.fullmatch(path)
    if match is None:
        raise MalformedTilePath("not the path of a tile")
    index = int(match["index"].replace("x", "").replace("/", ""))
    width = TILE_WIDTH if match["width"] is None else int(match["width"])
    found: TileId | BundleId
    if match["what"] == "entries":
        found, written = BundleId(index, width), bundle_path(BundleId(index, width))
    else:
        found, written = (tile := TileId(int(match["what"]), index, width)), tile_path(tile)
        if tile.level > _MAX_LEVEL:
            raise MalformedTilePath("the level is above 63")
    # Leading x000, or a width of 256 and more.
    if written != path or index > _MAX_INDEX:
        raise MalformedTilePath("not the path of a tile as the specification writes it")
    return found


def tiles_between(old: int, new: int) -> Iterator[TileId]:
    """The hash tiles that a tree of `new` leaves has and one of `old` has not, or not so wide; `old` 0: all of them."""
    level = 0
    while count := new >> 8 * level:
        first = (old >> 8 * level) // TILE_WIDTH
        for index in range(first, -(-count // TILE_WIDTH)):
            width = tile_width(level, index, new)
            if width != tile_width(level, index, old):
                yield TileId(level, index, width)
        level += 1


def bundles_between(old: int, new: int) -> Iterator[BundleId]:
    """The entry bundles that a log of `new` entries has and one of `old` has not, or not so wide."""
    for tile in tiles_between(old, new):
        if tile.level:
            return
        yield BundleId(tile.index, tile.width)


def encode_bundle(entries: Iterable[bytes]) -> bytes:
    """Entries, each behind its length as big-endian uint16. Raises MalformedBundle for one above 65,535 bytes."""
    parts = []
    for entry in entries:
        if len(entry) > MAX_ENTRY_SIZE:
            raise MalformedBundle(f"an entry has {len(entry)} bytes, more than {MAX_ENTRY_SIZE}")
        parts += [len(entry).to_bytes(2, "big"), entry]
    return b"".join(parts)


def decode_bundle(bundle: bytes, width: int) -> list[bytes]:
    """The `width` entries of a bundle, which must hold exactly so many. Raises MalformedBundle."""
    entries: list[bytes] = []
    start = 0
    for _ in range(width):
        end = start + 2 + int.from_bytes(bundle[start : start + 2], "big")
        if start + 2 > len(bundle) or end > len(bundle):
            raise MalformedBundle(f"the bundle ends within entry {len(entries)} of {width}")
        entries.append(bundle[start + 2 : end])
        start = end
    if start != len(bundle):
        raise MalformedBundle(f"the bundle has more than {width} entries")
    return entries


def _index_path(index: int) -> str:
    digits = str(index)
    groups = f"{index:0{-(-len(digits) // 3) * 3}d}"
    parts = [groups[i : i + 3] for i in range(0, len(groups), 3)]
    return "/".join([*(f"x{part}" for part in parts[:-1]), parts[-1]])


def _width_suffix(width: int) -> str:
    return "" if width == TILE_WIDTH else f".p/{width}"
