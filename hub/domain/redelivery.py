"""An order to deliver again: which cases, and the exact text that two operators sign for all of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from hub.domain.merkle import Frontier, node_hash
from hub.domain.merkle_proofs import inclusion_ranges
from schemas.merkle import inclusion_holds, leaf_hash

_CONTEXT = "fengqiao-redelivery-v1"


class Again(NamedTuple):
    """A case, and the sequences of the department that it gets again."""

    case: str
    first: int
    last: int

    def leaf(self) -> bytes:
        """Its leaf in the tree of the order."""
        return leaf_hash(f"{self.case} {self.first} {self.last}".encode())


@dataclass(frozen=True, slots=True)
class Order:
    """`made_at`: ISO 8601. The same order has the same bytes wherever it is read."""

    id: str
    to: str
    made_at: str
    reason: str
    items: Sequence[Again]

    def root(self) -> bytes:
        """Of the tree of its cases."""
        frontier = Frontier()
        for item in self.items:
            frontier.append(item.leaf())
        return frontier.root()

    def signed_bytes(self) -> bytes:
        """What each operator signs."""
        return signed_bytes(self.id, self.to, self.made_at, len(self.items), self.root().hex(), self.reason)

    def data(self, approvals: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
        """The data of the messages about its cases, in their order."""
        tree, size, root = _Tree([item.leaf() for item in self.items]), len(self.items), self.root().hex()
        return [
            {
                "order": self.id,
                "to": self.to,
                "from_sequence": item.first,
                "to_sequence": item.last,
                "made_at": self.made_at,
                "cases": size,
                "root": root,
                "index": index,
                "proof": [tree.root(*each).hex() for each in inclusion_ranges(index, size)],
                "approvals": [list(approval) for approval in approvals],
                "reason": self.reason,
            }
            for index, item in enumerate(self.items)
        ]


class _Tree:
    """The roots of ranges, each computed once."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self._leaves, self._known = leaves, dict[tuple[int, int], bytes]()

    def root(self, first: int, end: int) -> bytes:
        """Of the leaves from one up to another."""
        if end - first == 1:
            return self._leaves[first]
        found = self._known.get((first, end))
        if found is None:
            middle = first + (1 << (end - first - 1).bit_length() - 1)
            found = self._known[first, end] = node_hash(self.root(first, middle), self.root(middle, end))
        return found


def signed_bytes(order: str, to: str, made_at: str, cases: int, root: str, reason: str) -> bytes:
    """The text of an order: a line for each thing, the reason last with its length, so that no two orders have one text."""
    lines = (_CONTEXT, order, to, made_at, str(cases), root, str(len(reason.encode())))
    return "\n".join((*lines, reason)).encode()


def signed_of(data: Mapping[str, Any]) -> bytes:
    """The text that the message of one case says was signed."""
    return signed_bytes(
        data["order"], data["to"], data["made_at"], data["cases"], data["root"], data["reason"]
    )


def belongs(case: str, data: Mapping[str, Any]) -> bool:
    """Whether the case of a message, with these sequences, is in the tree that was signed."""
    leaf = Again(case, data["from_sequence"], data["to_sequence"]).leaf()
    proof = [bytes.fromhex(node) for node in data["proof"]]
    return inclusion_holds(data["index"], data["cases"], leaf, proof, bytes.fromhex(data["root"]))
