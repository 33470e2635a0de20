"""What a topic holds beside what the journal says that it was given, both in order.

A relay that ended before it could note how far it was publishes its last entries again: what repeats to the byte what
lies shortly before it is counted and is no difference.
"""

from collections import Counter, OrderedDict, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

# How far ahead a record is looked for before it is missing, and how far back one may be repeated.
AHEAD, BACK = 2_000, 10_000


@dataclass(frozen=True, slots=True)
class Item:
    """A record, or a receipt in one. `at`: its offset, or the sequence of the entry that it follows from."""

    name: str
    value: bytes
    headers: Mapping[str, bytes]
    at: int
    case: str | None = None

    def digest(self) -> bytes:
        """Of all that it says."""
        parts = (b"%s=%s" % (name.encode(), text) for name, text in sorted(self.headers.items()))
        return sha256(b"\n".join((*parts, self.value))).digest()


# What is told of a difference: what, expected, found, the entry's sequence and its case.
Told = Callable[[str, object, object, int | None, str | None], None]


@dataclass(slots=True)
class Stream:
    """One kind of record of a partition. `place` names it in differences; `pull` reads on, and is False at the end."""

    place: str
    pull: Callable[[], Awaitable[bool]]
    tell: Told
    matched: int = 0
    repeated: int = 0
    past: int = 0
    _begun: bool = False
    _coming: deque[Item] = field(default_factory=deque)
    _names: Counter[str] = field(default_factory=Counter)
    _early: dict[str, Item] = field(default_factory=dict)
    _seen: OrderedDict[str, list[bytes]] = field(default_factory=OrderedDict)

    def add(self, item: Item) -> None:
        """The next that the topic holds."""
        self._coming.append(item)
        self._names[item.name] += 1

    async def expect(self, want: Item, *, gone: bool, must: bool) -> Item | None:
        """The next that the journal says; returns what the topic has of it. `gone`: it is past the retention, so at the
        topic's begin it may be lacking; `must`: otherwise that is a difference.
        """
        while not self._names[want.name] and len(self._coming) < AHEAD and await self.pull():
            pass
        if self._names[want.name]:
            while (item := self._next()).name != want.name:
                self._pass(item)
            self._begun = True
            self.matched += 1
            self._keep(item)
            return item
        if want.name in self._early:
            early = self._early.pop(want.name)
            what = f"{self.place}: order of {want.name}"
            self.tell(what, "after what the journal has before it", f"offset {early.at}", want.at, want.case)
            return early
        if gone and not self._begun:
            self.past += 1
        elif must:
            self.tell(f"{self.place}: {want.name}", "a record", "none", want.at, want.case)
        return None

    async def end(self, before: int) -> None:
        """The journal ends. What is left, below the offset `before`, is of no entry."""
        while self._coming or await self.pull():
            while self._coming:
                self._pass(self._next())
        for item in self._early.values():
            if item.at < before:
                what = f"{self.place}: record at offset {item.at}"
                self.tell(what, "none: no entry says so", item.name, None, item.case)

    def _next(self) -> Item:
        item = self._coming.popleft()
        self._names[item.name] -= 1
        if not self._names[item.name]:
            del self._names[item.name]
        return item

    def _pass(self, item: Item) -> None:
        """What is not the journal's next."""
        before = self._seen.get(item.name)
        if before is None:
            self._early[item.name] = item
        elif item.digest() in before:
            self.repeated += 1
        else:
            what = f"{self.place}: {item.name}, again at offset {item.at}"
            self.tell(what, "as it was before", "another", None, item.case)

    def _keep(self, item: Item) -> None:
        self._seen.setdefault(item.name, []).append(item.digest())
        self._seen.move_to_end(item.name)
        if len(self._seen) > BACK:
            self._seen.popitem(last=False)
