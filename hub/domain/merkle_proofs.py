"""Proofs over a log (RFC 9162, 2.1.3 and 2.1.4): which ranges of leaves they are made of, and their hashes.

The hashes of a proof are the roots of ranges of leaves, [first, end) from 0. `Ranges` computes them in one pass over
the leaves, in memory bounded by their number; where the pass begins behind a known frontier, the frontier serves for
the leaves before it.
"""

from collections.abc import Iterable, Sequence

from hub.domain.merkle import Frontier, node_hash

Range = tuple[int, int]


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """The ranges whose roots prove that leaf `index` is in the tree of `size` leaves, in the order of the proof."""
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size}")
    return _path(index, 0, size)


def consistency_ranges(old: int, size: int) -> list[Range]:
    """The ranges whose roots prove that the tree of `old` leaves begins the one of `size`, in the order of the proof."""
    if not 0 <= old <= size:
        raise ValueError(f"a tree of {size} leaves has no beginning of {old}")
    return [] if old in (0, size) else _subproof(old, 0, size, whole=True)


class Ranges:
    """The roots of these ranges. `feed` the leaves in order, from leaf `known.size` on; then `hashes`."""

    def __init__(self, ranges: Sequence[Range], known: Frontier | None = None) -> None:
        known = known or Frontier()
        self._ranges, self._known, self._next = list(ranges), known, known.size
        self._open = sorted((each for each in ranges if each[1] > known.size), reverse=True)
        self._made = {each: Frontier() for each in self._open}
        for first, end in self._open:
            if first < known.size:
                raise ValueError(f"leaves {first} to {end} begin before {known.size}")

    def feed(self, leaf: bytes) -> None:
        """The next leaf's hash."""
        while self._open and self._open[-1][1] <= self._next:
            self._open.pop()
        if self._open and self._open[-1][0] <= self._next:
            self._made[self._open[-1]].append(leaf)
        self._next += 1

    def hashes(self) -> list[bytes]:
        """One for each range. Raises ValueError when leaves are missing."""
        found = []
        for first, end in self._ranges:
            if end <= self._known.size:
                found.append(_within(self._known, first, end))
            elif (made := self._made[first, end]).size != end - first:
                raise ValueError(f"leaves {first} to {end}: only {made.size} of them came")
            else:
                found.append(made.root())
        return found


class Roots:
    """The roots of many ranges of one tree in one pass: one hash a leaf, however many they are.

    For ranges as proofs in the tree of `size` leaves have them: whole subtrees, or up to its end. `feed` the leaves from
    `known.size` on; then `of`. Ranges that begin before it must be made of whole subtrees of `known`, or end after it.
    """

    def __init__(self, ranges: Iterable[Range], size: int, known: Frontier | None = None) -> None:
        self._known = known or Frontier()
        self._frontier = Frontier(self._known.size, self._known.hashes)
        self._size, self._wanted = size, set(ranges)
        self._made: dict[Range, bytes] = {}

    def feed(self, leaf: bytes) -> None:
        """The next leaf's hash."""
        frontier, end = self._frontier, self._frontier.size + 1
        node, width = leaf, 1
        self._keep((end - width, end), node)
        while frontier.size & width:
            node, width = node_hash(frontier.hashes.pop(), node), width * 2
            self._keep((end - width, end), node)
        frontier.hashes.append(node)
        frontier.size = end

    def of(self, ranges: Iterable[Range]) -> list[bytes]:
        """One for each range. Raises ValueError when leaves are missing."""
        return [self._root(each) for each in ranges]

    def _keep(self, made: Range, node: bytes) -> None:
        if made in self._wanted:
            self._made[made] = node

    def _root(self, asked: Range) -> bytes:
        if asked in self._made:
            return self._made[asked]
        if asked[1] <= self._known.size:
            return _within(self._known, *asked)
        if self._frontier.size != self._size:
            raise ValueError(
                f"leaves {asked[0]} to {asked[1]}: only {self._frontier.size} of {self._size} came"
            )
        return _within(self._frontier, *asked)


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1


def _path(index: int, first: int, end: int) -> list[Range]:
    if end - first == 1:
        return []
    middle = first + _split(end - first)
    if index < middle:
        return [*_path(index, first, middle), (middle, end)]
    return [*_path(index, middle, end), (first, middle)]


def _subproof(old: int, first: int, end: int, whole: bool) -> list[Range]:
    """`old` is the end of the old tree; `whole`: the range begins both trees, so its root is known to the verifier."""
    if old == end:
        return [] if whole else [(first, end)]
    middle = first + _split(end - first)
    if old <= middle:
        return [*_subproof(old, first, middle, whole), (middle, end)]
    return [*_subproof(old, middle, end, whole=False), (first, middle)]


def _within(known: Frontier, first: int, end: int) -> bytes:
    """The root of a range that is made of whole subtrees of a frontier. Raises ValueError for another one."""
    at, root, began = known.size, b"", end
    bits = [bit for bit in range(known.size.bit_length()) if known.size >> bit & 1]
    for bit, node in zip(bits, reversed(known.hashes), strict=True):
        start = at - (1 << bit)
        if first <= start and at <= end:
            root = node_hash(node, root) if root else node
            began = start
        at = start
    if began != first or not root:
        raise ValueError(f"leaves {first} to {end} are no whole subtrees of the first {known.size}")
    return root
