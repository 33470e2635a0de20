"""Proofs over a log: by our own making and checking, against pymerkle, and against everything that is no proof."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree, verify_consistency
from pymerkle.proof import MerkleProof

from hub.domain.merkle import EMPTY_ROOT, Frontier, leaf_hash
from hub.domain.merkle_proofs import Ranges, Roots, consistency_ranges, inclusion_ranges
from schemas.merkle import consistency_holds, inclusion_holds

LARGEST = 200
LEAVES = [leaf_hash(b"%d" % number) for number in range(LARGEST)]
SIZES = st.integers(1, LARGEST)


def roots() -> list[bytes]:
    frontier, found = Frontier(), [EMPTY_ROOT]
    for leaf in LEAVES:
        frontier.append(leaf)
        found.append(frontier.root())
    return found


ROOTS = roots()


@pytest.fixture(scope="module")
def second() -> InmemoryTree:
    """The same log in another implementation."""
    tree = InmemoryTree(algorithm="sha256")
    for number in range(LARGEST):
        tree.append_entry(b"%d" % number)
    return tree


def frontier_of(size: int) -> Frontier:
    frontier = Frontier()
    for leaf in LEAVES[:size]:
        frontier.append(leaf)
    return frontier


def proof(ranges: list[tuple[int, int]], size: int, known: int = 0) -> list[bytes]:
    """The hashes of a proof, in a pass that begins at leaf `known`."""
    made = Ranges(ranges, frontier_of(known))
    for leaf in LEAVES[known:size]:
        made.feed(leaf)
    return made.hashes()


@pytest.mark.covers("promise 7")
@given(SIZES, st.data())
def test_every_leaf_is_proved_and_none_at_another_place(size: int, data: st.DataObject) -> None:
    index, other = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size - 1))
    path = proof(inclusion_ranges(index, size), size)
    assert inclusion_holds(index, size, LEAVES[index], path, ROOTS[size])
    # The same hashes under another size: a proof is of one tree.
    assert not inclusion_holds(index, 4 * size, LEAVES[index], path, ROOTS[size])
    if other != index:
        assert not inclusion_holds(index, size, LEAVES[other], path, ROOTS[size])
        assert not inclusion_holds(other, size, LEAVES[index], path, ROOTS[size])


@pytest.mark.covers("promise 7")
@given(SIZES, st.data())
def test_every_beginning_is_proved_also_from_its_frontier(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(0, size))
    path = proof(consistency_ranges(old, size), size)
    assert path == proof(consistency_ranges(old, size), size, known=old)
    assert consistency_holds(old, ROOTS[old], size, ROOTS[size], path)
    if 0 < old < size:
        assert not consistency_holds(old, ROOTS[old], 4 * size, ROOTS[size], path)
    if old:
        assert not consistency_holds(old, LEAVES[0][::-1], size, ROOTS[size], path)
        assert not consistency_holds(old, ROOTS[old], size, LEAVES[0][::-1], path)


@given(SIZES, st.data())
def test_many_proofs_in_one_pass_are_the_same(size: int, data: st.DataObject) -> None:
    known = data.draw(st.integers(0, size - 1))
    places = data.draw(st.lists(st.integers(known, size - 1), min_size=1, max_size=8))
    olds = data.draw(st.lists(st.integers(known, size), max_size=4))
    wanted = [inclusion_ranges(index, size) for index in places]
    wanted += [consistency_ranges(old, size) for old in olds]
    roots = Roots([each for some in wanted for each in some], size, frontier_of(known))
    for leaf in LEAVES[known:size]:
        roots.feed(leaf)
    for some in wanted:
        assert roots.of(some) == proof(some, size)


def test_missing_leaves_are_no_proof() -> None:
    ranges = inclusion_ranges(4, 7)
    roots = Roots(ranges, 7)
    for leaf in LEAVES[:6]:
        roots.feed(leaf)
    with pytest.raises(ValueError, match="only 6 of 7 came"):
        roots.of(ranges)


def test_a_second_implementation_agrees(second: InmemoryTree) -> None:
    for size in (1, 2, 3, 7, 8, 9, 63, 64, 65, 130, LARGEST):
        assert second.get_state(size) == ROOTS[size]
        for index in range(size):
            theirs = second.prove_inclusion(index + 1, size)
            assert theirs.path == [LEAVES[index], *proof(inclusion_ranges(index, size), size)]
            assert theirs.resolve() == ROOTS[size]
        for old in range(1, size):
            theirs = second.prove_consistency(old, size)
            assert (theirs.retrieve_prior_state(), theirs.resolve()) == (ROOTS[old], ROOTS[size])
            ranges = consistency_ranges(old, size)
            path = proof(ranges, size)
            verify_consistency(ROOTS[old], ROOTS[size], in_their_words(old, size, ranges, path))
            assert consistency_holds(old, ROOTS[old], size, ROOTS[size], path)


def in_their_words(old: int, size: int, ranges: list[tuple[int, int]], path: list[bytes]) -> MerkleProof:
    """A proof of the RFC for pymerkle, whose own goes down to a leaf: which hash stands left, which the old root has."""
    if old & (old - 1) == 0:
        ranges, path = [(0, old), *ranges], [ROOTS[old], *path]
    left = [0 if later[0] >= each[1] else 1 for each, later in pairwise(ranges)]
    begun = [int(end <= old) for _, end in ranges]
    return MerkleProof("sha256", True, size, [*left, 0], begun, path)


@given(st.integers(2, LARGEST), st.randoms(use_true_random=False), st.booleans())
def test_no_changed_proof_holds(size: int, chance: random.Random, inclusion: bool) -> None:
    at = chance.randrange(1, size)
    ranges = inclusion_ranges(at, size) if inclusion else consistency_ranges(at, size)
    path = proof(ranges, size)
    place = chance.randrange(len(path))
    changes = [
        [*path[:place], bytes([path[place][0] ^ 1]) + path[place][1:], *path[place + 1 :]],
        [*path[:place], *path[place + 1 :]],
        [*path[:place], path[place], *path[place:]],
        [*path, bytes(32)],
        [*path[:place], path[place][:31], *path[place + 1 :]],
        path[:place],
    ]
    for changed in changes:
        if inclusion:
            assert not inclusion_holds(at, size, LEAVES[at], changed, ROOTS[size])
        else:
            assert not consistency_holds(at, ROOTS[at], size, ROOTS[size], changed)


def test_the_ends() -> None:
    assert consistency_holds(0, EMPTY_ROOT, 0, EMPTY_ROOT, [])
    assert consistency_holds(0, EMPTY_ROOT, 5, ROOTS[5], [])
    assert not consistency_holds(0, EMPTY_ROOT, 5, ROOTS[5], [ROOTS[5]])
    assert not consistency_holds(0, ROOTS[1], 5, ROOTS[5], [])
    assert not consistency_holds(0, EMPTY_ROOT, 0, ROOTS[1], [])
    assert not consistency_holds(5, ROOTS[5], 5, ROOTS[4], [])
    assert not consistency_holds(6, ROOTS[6], 5, ROOTS[5], [])
    assert not inclusion_holds(5, 5, LEAVES[4], [], ROOTS[5])
    with pytest.raises(ValueError, match="no beginning of 6"):
        consistency_ranges(6, 5)
    with pytest.raises(ValueError, match="leaf 5"):
        inclusion_ranges(5, 5)
    made = Ranges(consistency_ranges(3, 5))
    with pytest.raises(ValueError, match="only 0 of them"):
        made.hashes()
