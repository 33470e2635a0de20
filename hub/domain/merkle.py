"""RFC 6962 Merkle tree hashing: leaves, and the frontier from which a growing log's root follows.

The frontier of n leaves is the list of the roots of its perfect subtrees, largest first: one for each bit of n.
"""

from collections.abc import Iterable

from schemas.merkle import EMPTY_ROOT as EMPTY_ROOT
from schemas.merkle import HASH_BYTES as HASH_BYTES
from schemas.merkle import leaf_hash as leaf_hash
from schemas.merkle import node_hash as node_hash


class Frontier:
    """The right edge of the tree. `append` is amortised one hash; `pack` and `unpack` keep it in one column."""

    __slots__ = ("hashes", "size")

    def __init__(self, size: int = 0, hashes: Iterable[bytes] = ()) -> None:
        self.size = size
        self.hashes = list(hashes)

    @classmethod
    def unpack(cls, size: int, packed: bytes) -> "Frontier":
        """From the stored form. Raises ValueError when it can't be the frontier of `size` leaves."""
        if len(packed) != HASH_BYTES * size.bit_count():
            raise ValueError(
                f"a frontier of {size} leaves has {size.bit_count()} hashes, not {len(packed)} bytes"
            )
        return cls(size, (packed[i : i + HASH_BYTES] for i in range(0, len(packed), HASH_BYTES)))

    def pack(self) -> bytes:
        """The stored form: the hashes, largest subtree first."""
        return b"".join(self.hashes)

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash."""
        node, size = leaf, self.size
        while size & 1:
            node = node_hash(self.hashes.pop(), node)
            size >>= 1
        self.hashes.append(node)
        self.size += 1

    def root(self) -> bytes:
        """The root of the whole log (RFC 6962 section 2.1)."""
        if not self.hashes:
            return EMPTY_ROOT
        root = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            root = node_hash(left, root)
        return root
