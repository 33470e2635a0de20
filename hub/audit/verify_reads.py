"""The log of reads, row by row: no gap, columns as in the bytes, leaves, frontiers, checkpoints."""

from datetime import datetime

from hub.audit.report import Report
from hub.audit.verify_checkpoints import CheckpointWalk
from hub.domain.look import Look
from hub.domain.merkle import Frontier, leaf_hash
from hub.store import read_access
from hub.store.read_access import StoredLook
from hub.store.reading import Snapshot
from schemas.checkpoints import ACCESS


async def verify_reads(view: Snapshot, checkpoints: CheckpointWalk, report: Report) -> None:
    """Check it into `report`. Who has looked at what is not judged, only whether it is as it was written."""
    frontier, due, whole = Frontier(), 1, True
    last: datetime | None = None
    async for rows in read_access.in_order(view):
        await checkpoints.ahead(rows[-1].seq)
        for row in rows:
            if row.seq != due:
                _tell(report, "sequence without gaps", due, row.seq, due)
            due = row.seq + 1
            leaf = leaf_hash(row.raw)
            if leaf != row.leaf:
                _tell(report, "leaf hash of the look's bytes", row.leaf, leaf, row.seq)
            frontier.append(leaf)
            if whole and frontier.pack() != row.frontier:
                # What follows differs too, and tells nothing more.
                whole = False
                _tell(report, "Merkle frontier", row.frontier, frontier.pack(), row.seq)
            if frontier.size == checkpoints.due:
                checkpoints.at(frontier)
            if last is not None and row.at < last:
                _tell(report, "time, never falling", f"at least {last}", row.at, row.seq)
            last = row.at
            _columns(row, report)
        report.reads += len(rows)
    await checkpoints.end(due - 1)


def _columns(row: StoredLook, report: Report) -> None:
    try:
        look = Look.from_bytes(row.raw)
        at = datetime.fromisoformat(look.at)
    except ValueError as problem:
        _tell(report, "look that can be read", "JSON of a look", problem, row.seq)
        return
    columns = (
        ("seq", look.seq, row.seq),
        ("at", at, row.at),
        ("operator", look.operator, row.operator),
        ("what", look.what, row.what),
        ("cases", look.cases, row.cases),
    )
    for column, said, stored in columns:
        if said != stored:
            _tell(report, f"column {column}, as the look says", said, stored, row.seq)


def _tell(report: Report, what: str, expected: object, found: object, seq: int) -> None:
    report.differs(what, expected, found, ACCESS, seq)
