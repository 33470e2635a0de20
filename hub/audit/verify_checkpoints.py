"""Checkpoints held against the journal while that is read: those of the store, and those that witnesses kept.

A journal that was made anew with all that follows from it fits together; it does not have the roots that were signed
before. Stored checkpoints can be made anew too, by whoever has the hub's key: so a witness's own ones are what counts.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from hub.audit.report import Report
from hub.audit.shard_state import Passed
from hub.domain.merkle import Frontier
from hub.store import read_checkpoints
from hub.store.read_checkpoints import StoredCheckpoint
from hub.store.reading import Snapshot
from schemas.checkpoints import Checkpoint, origin_of
from schemas.merkle import consistency_holds
from schemas.notes import Note, cosigned_at, signature_holds

Keys = Mapping[str, Sequence[Ed25519PublicKey]]
HUB = "hub"


@dataclass(frozen=True, slots=True)
class Trust:
    """What an auditor brings along. `keys`: by source, of the hub and of witnesses; without them signatures are not
    checked. `kept`: checkpoints that witnesses kept, each with who brought it.
    """

    keys: Keys | None = None
    kept: Sequence[tuple[str, Note]] = ()


@dataclass(slots=True)
class _Kept:
    """A witness's checkpoint that the journal has to have passed."""

    witness: str
    said: Checkpoint


@dataclass(slots=True)
class CheckpointWalk:
    """The checkpoints of one shard. `ahead` before a batch of entries, `at` when the frontier is at `due`, then `end`."""

    shard: int
    origin: str
    rows: AsyncIterator[StoredCheckpoint]
    keys: Keys | None
    kept: list[_Kept]
    report: Report
    passed: Passed
    due: int = 0
    _waiting: list[StoredCheckpoint] = field(default_factory=list)
    _all: bool = False

    async def ahead(self, upto: int) -> None:
        """Read the checkpoints up to an entry."""
        while not self._all and (not self._waiting or self._waiting[-1].size <= upto):
            row = await anext(self.rows, None)
            if row is None:
                self._all = True
            else:
                self._waiting.append(row)
        self._next()

    def at(self, frontier: Frontier) -> None:
        """The journal has come to the size of one or more of them."""
        while self._waiting and self._waiting[0].size <= frontier.size:
            self._stored(self._waiting.pop(0), frontier)
        while self.kept and self.kept[0].said.size <= frontier.size:
            kept = self.kept.pop(0)
            self._kept_one(kept, frontier.root())
        self._next()

    async def end(self, last: int) -> None:
        """The journal ends here. What is left was signed for entries that are not there."""
        await self.ahead(2**62)
        for row in self._waiting[:1]:
            self._tell("rollback: entries of the last checkpoint", row.size, last, last + 1)
        for kept in self.kept[-1:]:
            self._tell(
                f"rollback: entries that {kept.witness} keeps a checkpoint of", kept.said.size, last, last + 1
            )

    def _kept_one(self, kept: _Kept, root: bytes) -> None:
        size = kept.said.size
        if kept.said.root != root:
            self._tell(f"split view: root that {kept.witness} keeps", kept.said.root, root, size)
        elif self.passed.size != size:
            self._tell(f"checkpoint of {size} entries, which {kept.witness} keeps", "a row", "no row", size)

    def _next(self) -> None:
        sizes = [row.size for row in self._waiting[:1]] + [kept.said.size for kept in self.kept[:1]]
        self.due = min(sizes, default=0)

    def _stored(self, row: StoredCheckpoint, frontier: Frontier) -> None:
        self.report.checkpoints += 1
        passed = self.passed
        name = f"checkpoint of {row.size} entries"
        if row.previous != passed.size:
            self._tell(f"{name}: the one before", passed.size, row.previous, row.size)
        root = frontier.root()
        try:
            note = Note.parse(row.note.encode())
            said = Checkpoint.of(note)
        except ValueError as problem:
            self._tell(f"{name} that can be read", "a signed note", problem, row.size)
            return
        if (said.origin, said.size) != (self.origin, row.size):
            self._tell(
                f"{name}: log and size", f"{self.origin} {row.size}", f"{said.origin} {said.size}", row.size
            )
        elif said.root != root and not passed.differs:
            # What follows differs too, and tells nothing more.
            passed.differs = True
            self._tell(f"{name}: root, by entries {passed.size + 1} to {row.size}", said.root, root, row.size)
        elif said.root == root and frontier.pack() != row.frontier:
            self._tell(f"{name}: frontier", frontier.pack(), row.frontier, row.size)
        if not consistency_holds(passed.size, passed.root, said.size, said.root, row.hashes()):
            self._tell(
                f"{name}: proof that it continues the one before",
                "a proof that holds",
                "one that does not",
                row.size,
            )
        self._signatures(name, row, note)
        passed.size, passed.root = row.size, said.root

    def _signatures(self, name: str, row: StoredCheckpoint, note: Note) -> None:
        self.report.cosignatures += len(row.lines)
        if self.keys is None:
            return
        if not any(signature_holds(note, self.origin, key) for key in self.keys.get(HUB, ())):
            self._tell(f"{name}: signature of the hub", "one that holds", "none that does", row.size)
        for witness, line in row.lines:
            if not _cosigned(note.text, witness, line, self.keys.get(witness, ())):
                self._tell(
                    f"{name}: cosignature of {witness}", "one that holds", "one that does not", row.size
                )

    def _tell(self, what: str, expected: object, found: object, seq: int) -> None:
        self.report.differs(what, expected, found, self.shard, seq)


def walk(
    view: Snapshot, shard: int, log: str, trust: Trust, report: Report, passed: Passed | None = None
) -> CheckpointWalk:
    """The checkpoints of a shard, stored and kept, behind the one that was `passed`."""
    origin, passed = origin_of(log, shard), passed or Passed()
    kept = [one for one in _kept(trust) if one.said.origin == origin and one.said.size > passed.size]
    kept.sort(key=lambda one: one.said.size)
    rows = read_checkpoints.in_order(view, shard, passed.size + 1)
    return CheckpointWalk(shard, origin, rows, trust.keys, kept, report, passed)


async def begin(
    view: Snapshot, shard: int, first: int, log: str, trust: Trust, report: Report
) -> tuple[Passed, Frontier]:
    """The last checkpoint before an entry, with the tree that it was signed of; nothing when there is none that holds."""
    row = await read_checkpoints.last_before(view, shard, first)
    if row is None:
        return Passed(), Frontier()
    name, origin = f"checkpoint of {row.size} entries", origin_of(log, shard)
    try:
        note = Note.parse(row.note.encode())
        said, frontier = Checkpoint.of(note), Frontier.unpack(row.size, row.frontier)
    except ValueError as problem:
        report.differs(f"{name} that can be read", "a signed note", problem, shard, row.size)
        return Passed(), Frontier()
    keys = None if trust.keys is None else trust.keys.get(HUB, ())
    signed = keys is None or any(signature_holds(note, origin, key) for key in keys)
    if said != Checkpoint(origin, row.size, frontier.root()) or not signed:
        what = f"{name}: signed, of the tree that is stored with it"
        report.differs(what, "one that holds", "one that does not", shard, row.size)
        return Passed(), Frontier()
    return Passed(row.size, said.root), frontier


async def verify_rest(view: Snapshot, log: str, shards: Iterable[int], trust: Trust, report: Report) -> None:
    """What belongs to no shard or no checkpoint, and kept checkpoints of another log."""
    for stray in await read_checkpoints.strays(view, report.limit):
        report.differs(
            f"cosignature of {stray.witness}", f"a checkpoint of {stray.size} entries", "no row", stray.shard
        )
    for shard, size in await read_checkpoints.outside(view, report.limit):
        report.differs(f"checkpoint of {size} entries", "no row: there is no such shard", "a row", shard)
    ours = {origin_of(log, shard) for shard in shards}
    for witness, note in trust.kept:
        try:
            said = Checkpoint.of(note)
        except ValueError as problem:
            report.differs(f"checkpoint that {witness} keeps", "a checkpoint", problem)
            continue
        if said.origin not in ours:
            report.differs(f"other log: checkpoint that {witness} keeps", f"one of {log}", said.origin)
        elif trust.keys is not None and not any(
            signature_holds(note, said.origin, key) for key in trust.keys.get(HUB, ())
        ):
            report.differs(
                f"forged: signature of the hub that {witness} keeps", "one that holds", said.text()
            )


def _kept(trust: Trust) -> Iterable[_Kept]:
    """Kept checkpoints that can be read and that the hub has signed: only those are evidence."""
    for witness, note in trust.kept:
        try:
            said = Checkpoint.of(note)
        except ValueError:
            continue
        keys = None if trust.keys is None else trust.keys.get(HUB, ())
        if keys is None or any(signature_holds(note, said.origin, key) for key in keys):
            yield _Kept(witness, said)


def _cosigned(text: str, witness: str, line: str, keys: Sequence[Ed25519PublicKey]) -> bool:
    try:
        note = Note.parse(f"{text}\n{line}".encode())
    except ValueError:
        return False
    return any(cosigned_at(note, witness, key) is not None for key in keys)
