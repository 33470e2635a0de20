"""The frontier against RFC 6962 section 2.1 written down plainly, and against published roots."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.merkle import EMPTY_ROOT, Frontier, leaf_hash

# Test vectors of the Certificate Transparency projects: leaves, and the root after each of them.
LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def tree_hash(entries: list[bytes]) -> bytes:
    """MTH of RFC 6962: split at the largest power of two below the number of entries."""
    if not entries:
        return sha256(b"").digest()
    if len(entries) == 1:
        return sha256(b"\x00" + entries[0]).digest()
    split = 1
    while split * 2 < len(entries):
        split *= 2
    return sha256(b"\x01" + tree_hash(entries[:split]) + tree_hash(entries[split:])).digest()


def test_published_roots() -> None:
    frontier = Frontier()
    assert frontier.root() == EMPTY_ROOT == tree_hash([])
    for leaf, root in zip(LEAVES, ROOTS, strict=True):
        frontier.append(leaf_hash(bytes.fromhex(leaf)))
        assert frontier.root().hex() == root


@given(st.lists(st.binary(max_size=20), max_size=70), st.integers(0, 70))
def test_frontier_is_the_tree_also_through_the_store(entries: list[bytes], stored_at: int) -> None:
    frontier = Frontier()
    for count, entry in enumerate(entries):
        if count == stored_at:
            frontier = Frontier.unpack(frontier.size, frontier.pack())
        frontier.append(leaf_hash(entry))
        assert frontier.root() == tree_hash(entries[: count + 1])
        assert len(frontier.hashes) == (count + 1).bit_count()


@given(st.integers(0, 2**40), st.integers(0, 2000))
def test_a_frontier_of_a_wrong_length_is_refused(size: int, length: int) -> None:
    packed = bytes(length)
    if length == 32 * size.bit_count():
        assert Frontier.unpack(size, packed).pack() == packed
    else:
        with pytest.raises(ValueError, match=f"frontier of {size} leaves"):
            Frontier.unpack(size, packed)
