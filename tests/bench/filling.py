"""A store of open cases, filled by the hub itself: its intake and projector, fed from memory instead of Kafka.

Each case is a referral that the lead has signed for. The rows, their COPY and the projected tables are those that the
hub would have made; what is left out is Kafka, the relay and the checking of signatures.
"""

import asyncio
import contextlib
import json
import logging
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import hub.app
from hub.bus import kafka_source
from hub.bus.ports import Assigned, Bounds, InRecord, OutRecord, TopicPartition
from hub.bus.security import KafkaAddress
from hub.bus.topics import TopicNames
from hub.home import Home
from hub.intake.reading import PassedRecord
from hub.run import run_roles
from schemas.partitioner import partition_of
from tests.bench.ground import Ground, Place, connected
from tests.bench.hub import trusting_parts_of
from tests.bench.processes import Child
from tests.bench.referrals import LEAD, SENDER, Referrals, case_of
from tests.bench.steps import Steps

# Of each case: the referral, and the signature of its lead.
ENTRIES = 2
_LOOK_SECONDS = 0.2
_PROJECTED = "SELECT coalesce(sum(seq), 0)::bigint FROM follower WHERE name = 'projector'"
# The topics hold nothing of what was fed, and the relay owes nobody anything for it.
_AS_IF_RELAYED = """
DELETE FROM position;
INSERT INTO follower SELECT 'relay', shard, seq FROM shard ON CONFLICT (name, shard) DO UPDATE SET seq = excluded.seq"""


@dataclass(frozen=True, slots=True)
class Filling:
    """What one process fills: the cases 1 to `cases` that lie in `shards`."""

    home: str
    kafka: str
    database: str
    prefix: str
    cases: int
    shards: tuple[int, ...]
    of: int


class FilledSource:
    """See `hub.bus.ports.Source`: the topics of sender and lead hold the messages of every case, made when they are read."""

    filling: Filling

    def __init__(
        self, kafka: KafkaAddress, group: str, topics: Sequence[str], member: str | None = None
    ) -> None:
        filling, names = self.filling, TopicNames(self.filling.prefix)
        home = Home(Path(filling.home))
        self._kafka, self._time = kafka, datetime.now(UTC)
        self._out, self._lead = names.out_of(SENDER), names.out_of(LEAD)
        self._referrals = Referrals(home.private_key(SENDER), f"{SENDER}-1", filling.of)
        self._steps = Steps(home.private_key(LEAD), f"{LEAD}-1", filling.of)
        self._numbers: dict[int, list[int]] = {shard: [] for shard in filling.shards}
        for number in range(1, filling.cases + 1):
            shard = partition_of(case_of(number), filling.of)
            if shard in self._numbers:
                self._numbers[shard].append(number)
        self._next = dict.fromkeys(self._numbers, 0)

    async def start(self, on_assigned: Assigned, on_revoked: Assigned) -> None:
        """The shards are ours at once."""
        await on_assigned(set(self._numbers))

    async def stop(self) -> None:
        """Nothing to leave."""

    async def take(self, shard: int, topics: Sequence[str], max_records: int, wait_ms: int) -> list[InRecord]:
        """The referral and the signature of the next cases."""
        first, last = (
            self._next[shard],
            min(self._next[shard] + max_records // ENTRIES, len(self._numbers[shard])),
        )
        self._next[shard] = last
        if first == last:
            await asyncio.sleep(wait_ms / 1000)
        await asyncio.sleep(0)
        return [record for offset in range(first, last) for record in self._at(shard, offset)]

    def _at(self, shard: int, offset: int) -> tuple[InRecord, InRecord]:
        number = self._numbers[shard][offset]
        return (
            _in(self._referrals.nth(number, self._out, self._time), offset),
            _in(self._steps.signed(number, self._lead, self._time), offset),
        )

    def seek(self, at: TopicPartition, offset: int) -> None:
        """Both topics are always read equally far."""
        if at[0] == self._out:
            self._next[at[1]] = offset

    async def position(self, at: TopicPartition) -> int:
        """The offset that comes next."""
        return self._next[at[1]] if at[0] in (self._out, self._lead) else 0

    async def bounds(self, at: Iterable[TopicPartition]) -> dict[TopicPartition, Bounds]:
        """All cases of the shard; other topics are empty."""
        ends = {
            place: len(self._numbers[place[1]]) if place[0] in (self._out, self._lead) else 0 for place in at
        }
        return {place: Bounds(0, end) for place, end in ends.items()}

    async def record_at(self, at: TopicPartition, offset: int) -> InRecord | None:
        """The same record again."""
        return self._at(at[1], offset)[0 if at[0] == self._out else 1]

    async def cluster_id(self) -> str:
        """Of the Kafka that will be read afterwards."""
        return await kafka_source.cluster_id(self._kafka)


def _in(record: OutRecord, offset: int) -> InRecord:
    at = int(datetime.now(UTC).timestamp() * 1000)
    return PassedRecord(
        record.topic, record.partition, offset, record.key, record.value, list(record.headers), at
    )


async def fill(ground: Ground, place: Place, cases: int) -> None:
    """Fill an empty store with so many open cases, with a process for each core."""
    cores = len(os.sched_getaffinity(0))
    async with contextlib.AsyncExitStack() as stack:
        connection = await stack.enter_async_context(connected(place.database))
        children = []
        for number in range(cores):
            filling = {
                "home": str(ground.home.root),
                "kafka": ground.addresses.kafka,
                "database": place.database,
                "prefix": place.names.prefix,
                "cases": cases,
                "shards": list(range(ground.shards))[number::cores],
                "of": ground.shards,
            }
            log = ground.home.logs / f"filling-{number}.log"
            child = Child("tests.bench.filling", json.dumps(filling), log=log)
            children.append(await stack.enter_async_context(child))
        while await connection.fetchval(_PROJECTED) < cases * ENTRIES:
            for child in children:
                child.pid  # raises when it has ended
            await asyncio.sleep(_LOOK_SECONDS)
    async with connected(place.database) as connection:
        await connection.execute(_AS_IF_RELAYED)
        # As a store that has grown: looked after, and nothing waits to be written to disk.
        await connection.execute("VACUUM ANALYZE", timeout=3600)
        await connection.execute("CHECKPOINT", timeout=3600)


def main(filling: Filling) -> int:
    """Fill, then idle until SIGTERM."""
    FilledSource.filling = filling
    # The hub wires itself; only where its records come from is another.
    assert hub.app.KafkaSource is kafka_source.KafkaSource
    hub.app.KafkaSource = FilledSource  # type: ignore[misc,assignment]
    settings = Home(Path(filling.home)).settings(
        filling.kafka, filling.database, topic_prefix=filling.prefix, metrics_port=0
    )
    return asyncio.run(run_roles(settings, ("intake", "projector"), trusting_parts_of))


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    sys.exit(main(Filling(**json.loads(sys.argv[1]))))
