"""The journal against what lies in the topics: what departments were told, and what was read from them. Reads only.

Outward, each record in a department's topic is the one that the relay makes of its entry: all headers and, with the keys
that seal, all bytes; without them, or where something was erased since, all fields that are not sealed. Inward see
`hub.audit.verify_sources`. What is past its retention in a topic is counted, and is no difference.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from hub.audit.made import readable
from hub.audit.report import Report
from hub.audit.signatures import Signatures
from hub.audit.verify_checkpoints import Trust
from hub.audit.verify_outward import Outward, Topics
from hub.audit.verify_shard import Moment
from hub.audit.verify_sources import Sources
from hub.bus.ports import Bounds, TopicPartition
from hub.opened import opened
from hub.relay.contents import Contents
from hub.relay.outgoing import Outgoing
from hub.relay.relay import Relay
from hub.store import read_journal, read_tables
from hub.store.journal import PostgresJournal
from hub.store.pool import Pool
from hub.store.reading import Snapshot
from hub.store.roles import HUB_ROLE, READER_ROLE
from hub.store.sealing import Sealer

Say = Callable[[int, int], None]


class _Closed(PostgresJournal):
    """The journal without the keys of cases."""

    async def keys(self, cases: Sequence[str]) -> dict[str, bytes]:
        return {}


@asynccontextmanager
async def _contents(
    database: str, signatures: Signatures | None
) -> AsyncIterator[tuple[Contents, PostgresJournal]]:
    """Sealed fields are opened only with `signatures`."""
    async with AsyncExitStack() as stack:
        role = READER_ROLE if signatures is None else HUB_ROLE
        pool = await stack.enter_async_context(opened(Pool(database, size=1, role=role)))
        if signatures is None:
            journal: PostgresJournal = _Closed(pool)
            yield Contents(journal, Sealer(bytes(32))), journal
        else:
            journal = PostgresJournal(pool)
            yield Contents(journal, Sealer.from_file(Path(signatures.kek))), journal


async def verify_topics(
    view: Snapshot,
    database: str,
    moment: Moment,
    topics: Topics,
    before: Mapping[TopicPartition, Bounds],
    trust: Trust,
    signatures: Signatures | None,
    report: Report,
    say: Say,
) -> None:
    """Compare all shards. `before`: the ends of the topics before the snapshot was taken. Raises BusTrouble, StoreTrouble."""
    erased, done = await read_tables.erased_cases(view), 0
    after = await topics.ends(sorted(moment.heads))
    async with _contents(database, signatures) as (contents, journal):
        for shard, head in moment.heads.items():
            outward = Outward(topics, shard, before, after, report, erased, signatures is not None)
            relayed = moment.passed.get((Relay.name, shard), 0)
            inward = await Sources.of(view, topics.log, topics.names, shard, moment, trust, report)
            outgoing = Outgoing(topics.names, topics.departments, contents, journal)
            async for rows in read_journal.in_order(view, shard, 0, head.seq):
                entries = readable(row.raw for row in rows)
                await outward.take(entries, contents, outgoing, relayed)
                await inward.take(entries)
                done += len(rows)
                say(done, shard)
            await outward.end()
            await inward.end()
