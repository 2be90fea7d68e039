"""Paths and bundles of tlog-tiles: as Go writes them, both ways, and nothing but the one form is accepted."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from registry.formats.merkle import TileId, tile_width
from registry.formats.tlog_tiles import (
    MAX_ENTRY_SIZE,
    BundleId,
    MalformedBundle,
    MalformedTilePath,
    bundle_path,
    bundles_between,
    decode_bundle,
    encode_bundle,
    parse_path,
    tile_path,
    tiles_between,
)
from tests.formats.tlog_vectors import VECTORS

indexes = st.integers(0, 2**63 - 1) | st.integers(0, 2000)
widths = st.integers(1, 256)


@pytest.mark.parametrize("path", VECTORS["Paths"])
def test_paths_are_those_that_go_writes(path: str) -> None:
    tile = TileId(3, VECTORS["Paths"][path], 256)
    assert (tile_path(tile), parse_path(path)) == (path, tile)


@pytest.mark.parametrize("vector", VECTORS["Tiles"], ids=lambda vector: vector["Path"])
def test_partial_paths_are_those_that_go_writes(vector: dict[str, Any]) -> None:
    tile = TileId(vector["Level"], vector["Index"], vector["Width"])
    assert (tile_path(tile), parse_path(vector["Path"])) == (vector["Path"], tile)


@given(st.integers(0, 63), indexes, widths)
def test_every_path_reads_back(level: int, index: int, width: int) -> None:
    tile, bundle = TileId(level, index, width), BundleId(index, width)
    assert parse_path(tile_path(tile)) == tile
    assert parse_path(bundle_path(bundle)) == bundle


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile/0",
        "tile/0/",
        "/tile/0/000",
        "tile/0/000/",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/data/000",
        "tile/0/0",
        "tile/0/0000",
        "tile/0/x000",
        "tile/0/x000/001",
        "tile/0/001/002",
        "tile/0/x001/x002",
        "tile/0/X001/002",
        "tile/0/x001/02",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/0/000.p/256",
        "tile/0/000.p/1000",
        "tile/0/000.p/",
        "tile/0/000.p/1/",
        "tile/0/000.p/1\n",
        "tile/0/٠٠٠",
        "tile/entries/x000/000",
        "tile/0/../000",
        "tile/0/x009/x223/x372/x036/x854/x775/808",
        "tile/0/" + "x001/" * 7 + "000",
    ],
)
def test_a_path_has_one_form(path: str) -> None:
    with pytest.raises(MalformedTilePath):
        parse_path(path)


@given(st.text(alphabet="tile/0123x.pentrs-", max_size=40))
def test_what_is_accepted_is_written_the_same(path: str) -> None:
    try:
        found = parse_path(path)
    except MalformedTilePath:
        return
    assert path == (bundle_path(found) if isinstance(found, BundleId) else tile_path(found))


def test_the_specifications_example_of_70000_leaves() -> None:
    tiles = list(tiles_between(0, 70_000))
    assert len([tile for tile in tiles if tile.level == 0 and tile.width == 256]) == 273
    assert [tile for tile in tiles if tile.width < 256] == [TileId(0, 273, 112), TileId(1, 1, 17), TileId(2, 0, 1)]
    assert [tile for tile in tiles if tile.level == 1] == [TileId(1, 0, 256), TileId(1, 1, 17)]
    assert list(tiles_between(0, 256)) == [TileId(0, 0, 256), TileId(1, 0, 1)]
    assert list(bundles_between(0, 257)) == [BundleId(0, 256), BundleId(1, 1)]
    assert list(bundles_between(0, 0)) == []


@given(st.integers(0, 200_000), st.integers(0, 200_000))
@example(256, 257)
@example(65_535, 65_536)
def test_what_a_larger_tree_adds_is_exactly_what_differs(one: int, two: int) -> None:
    old, new = sorted((one, two))
    before = {(tile.level, tile.index): tile.width for tile in tiles_between(0, old)}
    after = {(tile.level, tile.index): tile.width for tile in tiles_between(0, new)}
    added = {(tile.level, tile.index): tile.width for tile in tiles_between(old, new)}
    assert added == {key: width for key, width in after.items() if before.get(key) != width}
    assert all(width == tile_width(*key, new) for key, width in after.items())


@given(st.lists(st.binary(max_size=300), max_size=256))
def test_every_bundle_reads_back(entries: list[bytes]) -> None:
    assert decode_bundle(encode_bundle(entries), len(entries)) == entries


def test_a_bundle_is_lengths_and_entries() -> None:
    assert encode_bundle([b"abc", b"", b"d" * 256]) == b"\x00\x03abc\x00\x00\x01\x00" + b"d" * 256
    assert decode_bundle(encode_bundle([b"x" * MAX_ENTRY_SIZE]), 1) == [b"x" * MAX_ENTRY_SIZE]
    with pytest.raises(MalformedBundle, match="65536 bytes"):
        encode_bundle([b"x" * (MAX_ENTRY_SIZE + 1)])


@pytest.mark.parametrize(
    ("bundle", "width"),
    [(b"", 1), (b"\x00", 1), (b"\x00\x02a", 1), (b"\x00\x01a\x00", 1), (b"\x00\x01a", 2), (b"\x00\x01a\x00\x01b", 1)],
)
def test_a_bundle_that_is_cut_or_too_long_is_refused(bundle: bytes, width: int) -> None:
    with pytest.raises(MalformedBundle):
        decode_bundle(bundle, width)
