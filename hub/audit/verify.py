"""Proof that the journal is whole and that everything else follows from it.

All of it is of one moment (one snapshot). First each shard in the order of its journal: no gap, columns as in
the entry's bytes, leaf hashes, Merkle frontier, inbox. Then case by case: state and projected rows made anew
from the journal's events. Memory is bounded by one batch and the longest case. Decisions are not made again.

A journal that was rewritten with everything that follows from it shows by its checkpoints. Where those were rewritten
too, with the hub's key, it shows by what a witness kept (`Trust.kept`), and by nothing else.
"""

import time

from hub.audit.report import Progress, Report
from hub.audit.verify_cases import verify_cases
from hub.audit.verify_checkpoints import Trust, verify_rest, walk
from hub.audit.verify_journal import Tallies, verify_journal
from hub.projector.projector import Projector
from hub.store import read_checkpoints, read_journal
from hub.store.reading import ReadStore, Snapshot, standing


async def verify(
    read_store: ReadStore, progress: Progress | None = None, limit: int = 20, trust: Trust | None = None
) -> Report:
    """Check everything. What it finds is in the report; raises StoreTrouble when the database goes away."""
    report, began = Report(limit), time.monotonic()
    tell, trust = progress or _silent, trust or Trust()
    report.signed = trust.keys is not None
    tallies: Tallies = {}
    async with read_store.snapshot() as view:
        heads = await read_journal.heads(view)
        followers = (await standing(view)).followers
        positions = {head.shard: followers.get((Projector.name, head.shard), 0) for head in heads}
        report.expected_entries = sum(head.seq for head in heads)
        log = await read_checkpoints.log_name(view)
        for head in heads:
            checkpoints = walk(view, head.shard, log, trust, report)
            await verify_journal(view, head, positions[head.shard], tallies, checkpoints, report, tell)
        await verify_rest(view, log, positions, trust, report)
        for head in heads:
            await verify_cases(view, head, positions[head.shard], tallies, report, tell)
        await _rest(view, tallies, report)
    report.seconds = time.monotonic() - began
    return report


async def _rest(view: Snapshot, tallies: Tallies, report: Report) -> None:
    """What belongs to no case of the journal."""
    for table, case in await read_journal.strays(view, report.limit):
        report.differs(f"{table} row", "no row: the journal has no such case", "a row", case=case)
    stored = await read_journal.tallies(view)
    for key in sorted(tallies.keys() | stored.keys()):
        if tallies.get(key) != stored.get(key):
            report.differs(f"tally {'/'.join(key)}", tallies.get(key, "no row"), stored.get(key, "no row"))


def _silent(what: str, done: int, shard: int) -> None:
    return
