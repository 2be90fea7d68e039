"""The roots that a growing tree passes through."""

from __future__ import annotations

from base64 import b64decode

from registry.formats.growing_tree import GrowingTree
from registry.formats.merkle import EMPTY_ROOT, integrate, leaf_hash, reader_of, root_from_tiles
from tests.formats.test_merkle import CT_ENTRIES, CT_ROOTS
from tests.formats.tlog_vectors import LARGEST, VECTORS, entry


def test_the_roots_of_the_certificate_transparency_tests() -> None:
    tree = GrowingTree()
    roots = [tree.root().hex()]
    for text in CT_ENTRIES:
        tree.append(leaf_hash(bytes.fromhex(text)))
        roots.append(tree.root().hex())
    assert roots == CT_ROOTS


def test_the_roots_that_go_computes() -> None:
    expected = {vector["Size"]: b64decode(vector["Root"]) for vector in VECTORS["Roots"]}
    tree = GrowingTree()
    assert expected.pop(0, EMPTY_ROOT) == tree.root()
    for index in range(LARGEST):
        tree.append(leaf_hash(entry(index)))
        if tree.size in expected:
            assert tree.root() == expected.pop(tree.size)
    assert expected == {}


def test_the_same_roots_as_from_tiles() -> None:
    leaves = [leaf_hash(entry(index)) for index in range(600)]
    read = reader_of(integrate(0, {}, leaves))
    tree = GrowingTree()
    for leaf in leaves:
        tree.append(leaf)
        assert tree.root() == root_from_tiles(tree.size, read)
