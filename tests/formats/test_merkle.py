"""The Merkle tree: published roots, Go's proofs byte for byte, and no proof that holds for what is not so."""

from __future__ import annotations

import hashlib
from base64 import b64decode
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from registry.formats.merkle import (
    EMPTY_ROOT,
    HASH_SIZE,
    MalformedTile,
    ReadTile,
    TileId,
    consistency_holds,
    consistency_proof,
    consistency_tiles,
    edge_tiles,
    inclusion_holds,
    inclusion_proof,
    inclusion_tiles,
    integrate,
    leaf_hash,
    reader_of,
    root_from_tiles,
    root_of,
    root_tiles,
    tile_width,
)
from tests.formats.tlog_vectors import LARGEST, VECTORS, entry, hashes

# The tree of the Certificate Transparency reference implementation's tests (entries, and the root at each size).
CT_ENTRIES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
CT_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = [leaf_hash(entry(index)) for index in range(LARGEST)]
TILES = integrate(0, {}, LEAVES)
read = reader_of(TILES)
sizes = st.integers(0, LARGEST) | st.integers(0, 20) | st.integers(250, 520) | st.integers(65_530, 65_800)


@pytest.mark.parametrize("size", range(9))
def test_the_roots_of_the_certificate_transparency_tests(size: int) -> None:
    leaves = [leaf_hash(bytes.fromhex(text)) for text in CT_ENTRIES[:size]]
    assert root_of(leaves).hex() == CT_ROOTS[size]
    assert root_from_tiles(size, reader_of(integrate(0, {}, leaves))).hex() == CT_ROOTS[size]


@pytest.mark.parametrize("vector", VECTORS["Roots"], ids=lambda vector: vector["Size"])
def test_roots_are_those_that_go_computes(vector: dict[str, Any]) -> None:
    assert root_from_tiles(vector["Size"], read) == b64decode(vector["Root"])


@pytest.mark.parametrize("vector", VECTORS["Inclusions"], ids=lambda vector: f"{vector['Index']}-{vector['Size']}")
def test_inclusion_proofs_are_those_that_go_makes(vector: dict[str, Any]) -> None:
    index, size, path = vector["Index"], vector["Size"], hashes(vector["Path"])
    assert inclusion_proof(index, size, read) == path
    assert inclusion_holds(path, index, size, LEAVES[index], root_from_tiles(size, read))


@pytest.mark.parametrize("vector", VECTORS["Consistencies"], ids=lambda vector: f"{vector['Old']}-{vector['New']}")
def test_consistency_proofs_are_those_that_go_makes(vector: dict[str, Any]) -> None:
    old, new, path = vector["Old"], vector["New"], hashes(vector["Path"])
    assert consistency_proof(old, new, read) == path
    assert consistency_holds(path, old, new, root_from_tiles(old, read), root_from_tiles(new, read))


@pytest.mark.parametrize("vector", VECTORS["Tiles"], ids=lambda vector: vector["Path"])
def test_tiles_are_those_that_go_makes(vector: dict[str, Any]) -> None:
    tile = TILES[vector["Level"], vector["Index"]][: vector["Width"] * HASH_SIZE]
    assert hashlib.sha256(tile).hexdigest() == vector["SHA256"]


@given(st.lists(st.integers(0, 700), max_size=12), st.integers(0, 66_000))
@settings(max_examples=60, deadline=None)
@example([1, 255, 1, 256, 257, 512], 0)
@example([1, 1], 65_535)
def test_leaves_appended_in_any_portions_make_the_same_tree(portions: list[int], size: int) -> None:
    tiles = integrate(0, {}, LEAVES[:size])
    for portion in portions:
        edge = {(tile.level, tile.index): tiles[tile.level, tile.index] for tile in edge_tiles(size)}
        added = LEAVES[size : size + portion]
        tiles |= integrate(size, edge, added)
        size += len(added)
    assert tiles == integrate(0, {}, LEAVES[:size])
    assert {key: len(tile) for key, tile in tiles.items()} == {key: tile_width(*key, size) * HASH_SIZE for key in tiles}


@given(sizes)
@settings(deadline=None)
@example(0)
def test_the_root_from_tiles_is_that_of_all_leaves(size: int) -> None:
    assert root_from_tiles(size, read) == root_of(LEAVES[:size])


@given(st.data(), sizes)
@settings(deadline=None)
def test_an_inclusion_proof_holds_for_its_leaf_and_place_alone(data: st.DataObject, size: int) -> None:
    size = max(size, 1)
    index = data.draw(st.integers(0, size - 1))
    root = root_from_tiles(size, read)
    proof = inclusion_proof(index, size, read)
    assert inclusion_holds(proof, index, size, LEAVES[index], root)
    other = data.draw(st.integers(0, LARGEST - 1).filter(lambda other: other != index))
    assert not inclusion_holds(proof, other, size, LEAVES[index], root)
    assert not inclusion_holds(proof, index, size, LEAVES[other], root)
    assert not inclusion_holds(proof, index, size, LEAVES[index], LEAVES[other])
    assert not inclusion_holds([*proof, root], index, size, LEAVES[index], root)
    for broken in broken_proofs(data, proof):
        assert not inclusion_holds(broken, index, size, LEAVES[index], root)


@given(st.data(), sizes, sizes)
@settings(deadline=None)
def test_a_consistency_proof_holds_for_its_two_trees_alone(data: st.DataObject, one: int, two: int) -> None:
    old, new = sorted((one, two))
    old_root, new_root = root_from_tiles(old, read), root_from_tiles(new, read)
    proof = consistency_proof(old, new, read)
    assert consistency_holds(proof, old, new, old_root, new_root)
    assert not consistency_holds(proof, old, new, LEAVES[-1], new_root)
    assert not consistency_holds([*proof, old_root], old, new, old_root, new_root)
    if old:
        # Nothing is proved against the new root where the old tree is empty.
        assert not consistency_holds(proof, old, new, old_root, LEAVES[-1])
    if old != new:
        assert not consistency_holds(proof, new, old, new_root, old_root)
    for broken in broken_proofs(data, proof):
        assert not consistency_holds(broken, old, new, old_root, new_root)


def broken_proofs(data: st.DataObject, proof: list[bytes]) -> list[list[bytes]]:
    if not proof:
        return []
    at = data.draw(st.integers(0, len(proof) - 1))
    bit = data.draw(st.integers(0, 255))
    flipped = (int.from_bytes(proof[at], "big") ^ 1 << bit).to_bytes(HASH_SIZE, "big")
    return [
        [*proof[:at], flipped, *proof[at + 1 :]],
        [*proof[:at], *proof[at + 1 :]],
        [*proof[:at], proof[at], *proof[at:]],
        [*proof[:at], proof[at][:-1], *proof[at + 1 :]],
        [*proof[:at], proof[at] + b"\x00", *proof[at + 1 :]],
    ]


def test_a_smaller_tree_does_not_pass_for_a_larger() -> None:
    small = root_from_tiles(4, read)
    assert inclusion_holds(inclusion_proof(1, 4, read), 1, 4, LEAVES[1], small)
    assert not inclusion_holds(inclusion_proof(1, 4, read), 1, 8, LEAVES[1], small)
    assert consistency_holds(consistency_proof(2, 4, read), 2, 4, root_from_tiles(2, read), small)
    assert not consistency_holds(consistency_proof(2, 4, read), 2, 8, root_from_tiles(2, read), small)


def test_a_history_that_was_rewritten_is_not_consistent() -> None:
    rewritten = [*LEAVES[:300], leaf_hash(b"another"), *LEAVES[301:1000]]
    forged = reader_of(integrate(0, {}, rewritten))
    root = root_from_tiles(1000, forged)
    for old in (301, 512, 999):
        proof = consistency_proof(old, 1000, forged)
        assert not consistency_holds(proof, old, 1000, root_from_tiles(old, read), root)


@given(st.data(), sizes)
@settings(deadline=None)
def test_the_tiles_named_beforehand_suffice(data: st.DataObject, size: int) -> None:
    size = max(size, 1)
    other = data.draw(st.integers(0, size - 1))
    assert root_from_tiles(size, only(root_tiles(size)))
    assert inclusion_proof(other, size, only(inclusion_tiles(other, size))) is not None
    assert consistency_proof(other, size, only(consistency_tiles(other, size))) is not None


def only(tiles: list[TileId]) -> ReadTile:
    allowed = {(tile.level, tile.index): TILES[tile.level, tile.index][: tile.width * HASH_SIZE] for tile in tiles}
    assert len(allowed) == len(tiles)
    return reader_of(allowed)


def test_a_thousand_leaves_more_touch_a_handful_of_tiles() -> None:
    edge = {(tile.level, tile.index): TILES[tile.level, tile.index] for tile in edge_tiles(LARGEST)}
    assert len(edge) == 3
    changed = integrate(LARGEST, edge, LEAVES[:1000])
    assert len(changed) == 6
    assert {level for level, _ in changed} == {0, 1}


def test_tiles_that_do_not_fit_are_refused() -> None:
    with pytest.raises(MalformedTile, match="not 112 hashes"):
        integrate(LARGEST, {}, LEAVES[:1])
    edge = {(tile.level, tile.index): TILES[tile.level, tile.index] for tile in edge_tiles(LARGEST)}
    with pytest.raises(MalformedTile, match="not 111 hashes"):
        integrate(LARGEST - 1, edge, LEAVES[:1])
    with pytest.raises(MalformedTile, match="32 bytes"):
        integrate(0, {}, [b"x" * 16, b"x" * 16])
    with pytest.raises(MalformedTile, match="missing"):
        root_from_tiles(LARGEST, only([]))
    with pytest.raises(MalformedTile, match="not 128 hashes"):
        root_from_tiles(LARGEST + 16, read)


def test_proofs_of_what_is_not_there_are_refused() -> None:
    with pytest.raises(ValueError, match="no leaf 5"):
        inclusion_proof(5, 5, read)
    with pytest.raises(ValueError, match="no leaf -1"):
        inclusion_proof(-1, 5, read)
    with pytest.raises(ValueError, match="can't begin"):
        consistency_proof(6, 5, read)
    assert not inclusion_holds([], 0, 0, LEAVES[0], EMPTY_ROOT)
    assert not consistency_holds([], -1, 5, EMPTY_ROOT, LEAVES[0])
