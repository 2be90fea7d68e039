"""The roots of a tree at every size that it passes through (RFC 6962, section 2.1), one leaf after the other."""

from __future__ import annotations

from registry.formats.merkle import EMPTY_ROOT, node_hash


class GrowingTree:
    """A Merkle tree of which only the roots of its perfect subtrees are kept, the largest first: O(log n) memory.

    It takes no notice of tiles, so that whoever audits tiles has something to hold them against.
    """

    def __init__(self) -> None:
        self.size = 0
        self._subtrees: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        """Add a leaf hash (32 bytes): two hashes computed on average."""
        subtrees, size = self._subtrees, self.size
        # As many perfect subtrees close as the old size has ones at its end, in binary.
        while size & 1:
            leaf = node_hash(subtrees.pop(), leaf)
            size >>= 1
        subtrees.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """The root hash at the present size."""
        if not self._subtrees:
            return EMPTY_ROOT
        *others, root = self._subtrees
        for subtree in reversed(others):
            root = node_hash(subtree, root)
        return root
