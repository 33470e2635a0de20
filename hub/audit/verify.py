"""Proof that the journal is whole and that everything else follows from it.

All of it is of one moment (one snapshot, which processes for several shards share). First each shard in the order of
its journal: no gap, columns as in the entry's bytes, leaf hashes, Merkle frontier, checkpoints, inbox. Then case by
case: state and projected rows made anew from the journal's events, what is parked, where topics are read on. Last the
log of reads, as a journal of its own. Memory is bounded by one batch, the longest case and what is parked. Decisions
are not made again.

A journal that was rewritten with everything that follows from it shows by its checkpoints. Where those were rewritten
too, with the hub's key, it shows by what a witness kept (`Trust.kept`), and by nothing else.
"""

import time
from collections.abc import Sequence

from hub.audit.follows import verify_followers
from hub.audit.report import Progress, Report
from hub.audit.resuming import Resuming
from hub.audit.shard_state import Scope, ShardState
from hub.audit.signatures import Signatures
from hub.audit.verify_cases import verify_numbers
from hub.audit.verify_checkpoints import Trust, verify_rest, walk
from hub.audit.verify_outward import Topics
from hub.audit.verify_processes import verify_beside
from hub.audit.verify_reads import verify_reads
from hub.audit.verify_shard import Moment, moment_of, verify_shard
from hub.audit.verify_topics import verify_topics
from hub.store import read_tables
from hub.store.reading import ReadStore, Snapshot
from schemas.checkpoints import ACCESS


async def verify(
    read_store: ReadStore,
    progress: Progress | None = None,
    limit: int = 20,
    trust: Trust | None = None,
    *,
    scope: Scope | None = None,
    jobs: int = 1,
    worth: int = 20_000,
    signatures: Signatures | None = None,
    resuming: Resuming | None = None,
    topics: Topics | None = None,
    tables: bool = True,
) -> Report:
    """Check everything, or a `scope`. What it finds is in the report; raises StoreTrouble when the database goes away.

    `jobs`: processes for a journal of more than `worth` entries (below, starting them takes longer than they save).
    `signatures`: checks those of all messages too. `resuming`: keeps how far it has come, and goes on from there; what
    was checked before an interruption is of the moment when it was checked. `topics`: what lies in them is compared with
    the journal too, where all is checked; raises BusTrouble when they can't be read. Without `tables` what the projector
    keeps is left out.
    """
    report, began = Report(limit), time.monotonic()
    trust = trust or Trust()
    report.tables = tables
    report.signed = trust.keys is not None
    ends = {} if topics is None else await topics.ends(sorted((await read_store.standing()).heads))
    async with read_store.snapshot() as view:
        moment = await moment_of(view)
        scopes = [scope] if scope is not None else [Scope(shard) for shard in moment.heads]
        states = [ShardState(one, Report(limit)) for one in scopes]
        if resuming is not None:
            states = resuming.begun(moment.log, states, tables)
        before = sum(state.report.read for state in states)
        report.expected_entries = sum(_expected(moment, one) for one in scopes)
        tell = _Telling(states, progress, resuming)
        if jobs > 1 and len(states) > 1 and report.expected_entries > worth:
            name = await view.export()
            await verify_beside(
                read_store.url, name, moment, states, trust, signatures, jobs, tell, tables=tables
            )
        else:
            async with Signatures.looking(signatures, read_store) as look:
                for state in states:
                    await verify_shard(view, moment, state, trust, tell, look, tables=tables)
        for state in tell.states():
            report.add(state.report)
        report.read -= before
        if scope is None:
            await _rest(view, moment, tell.states(), trust, report)
        if topics is not None and scope is None:
            report.topics = True
            name = read_store.url
            await verify_topics(view, name, moment, topics, ends, trust, signatures, report, tell.topics)
    if resuming is not None:
        resuming.end()
    report.seconds = time.monotonic() - began
    return report


def _expected(moment: Moment, scope: Scope) -> int:
    head = moment.heads[scope.shard].seq
    return max(0, min(scope.last or head, head) - scope.first + 1)


async def _rest(
    view: Snapshot, moment: Moment, states: Sequence[ShardState], trust: Trust, report: Report
) -> None:
    """What belongs to no case of the journal, or to no shard."""
    await verify_reads(view, walk(view, ACCESS, moment.log, trust, report), report)
    await verify_rest(view, moment.log, (*moment.heads, ACCESS), trust, report)
    for table, case in await read_tables.strays(view, report.limit, projected=report.tables):
        report.differs(f"{table} row", "no row: the journal has no such case", "a row", case=case)
    if report.tables:
        await _tables(view, moment, states, report)
    for table, name in await read_tables.of_no_shard(view, report.limit):
        report.differs(f"{table} {name}", "no row: there is no such shard", "a row")
    await verify_followers(moment.passed, {shard: head.seq for shard, head in moment.heads.items()}, report)


async def _tables(view: Snapshot, moment: Moment, states: Sequence[ShardState], report: Report) -> None:
    """What of the projector's tables belongs to no case, and its counters."""
    for name, case in await read_tables.deadlines_astray(view, report.limit):
        report.differs(f"deadline {name}", "a name made of case and number", "another", case=case)
    await verify_numbers(view, [moment.position(shard) for shard in sorted(moment.heads)], report)
    tallies: dict[str, int] = {}
    for state in states:
        for key, number in state.tallies.items():
            tallies[key] = tallies.get(key, 0) + number
    stored = {"/".join(key): number for key, number in (await read_tables.tallies(view)).items()}
    for key in sorted(tallies.keys() | stored.keys()):
        if tallies.get(key) != stored.get(key):
            report.differs(f"tally {key}", tallies.get(key, "no row"), stored.get(key, "no row"))


class _Telling:
    """Takes each shard's new state: keeps it, and tells how far all has come."""

    def __init__(
        self, states: Sequence[ShardState], progress: Progress | None, resuming: Resuming | None
    ) -> None:
        self._states = {state.scope.shard: state for state in states}
        self._progress, self._resuming = progress, resuming

    def __call__(self, state: ShardState) -> None:
        self._states[state.scope.shard] = state
        if self._progress is not None:
            read = sum(each.report.read for each in self._states.values())
            self._progress("cases" if state.journal_done else "journal", read, state.scope.shard)
        if self._resuming is not None:
            self._resuming.keep(self.states())

    def topics(self, done: int, shard: int) -> None:
        """So many entries are compared with the topics."""
        if self._progress is not None:
            read = sum(each.report.read for each in self._states.values())
            self._progress("topics", read + done, shard)

    def states(self) -> list[ShardState]:
        """The newest of all shards."""
        return list(self._states.values())
