"""CPU time of the hot path stage by stage, without servers: where to look before a full run.

    python -m tests.bench.stages [--profile STAGE] [--batches N]

One process, one thread; microseconds of CPU a referral, the best of the repetitions. What only happens with servers (fetching,
asyncpg, sockets) is not in it.
"""

import argparse
import cProfile
import gc
import pstats
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiokafka.producer.message_accumulator import BatchBuilder

from hub.bus.ports import OutRecord
from hub.bus.topics import TopicNames
from hub.collector import tune_collector
from hub.domain.case import Case
from hub.domain.entry import Committed, Entry, Outcome
from hub.domain.merkle import Frontier, leaf_hash
from hub.home import Home
from hub.intake.batch import Batch
from hub.intake.entries import Item, seal_rest
from hub.intake.reading import PassedRecord, Read, read_all, received_at
from hub.intake.verifying import KeyRegistry
from hub.projector.rows import Projection
from hub.relay.records import notifications, receipts
from hub.rules.loader import load_rules
from hub.store.ports import Head
from hub.store.sealing import CaseKey, Sealer
from tests.bench.referrals import SENDER, Referrals

CITY = Path("deploy/sandbox/city/departments.yaml")
SIZE = 500


class Stages:
    """The stages of one shard, each a method that takes what the one before it made."""

    def __init__(self, root: Path) -> None:
        home = Home(root)
        home.prepare(CITY, 1)
        settings = home.settings("unused:1", "postgresql://unused/unused")
        self.rules, self.names = load_rules(settings.city), TopicNames("")
        self.sealer, self.keys = Sealer.from_file(settings.kek), KeyRegistry.from_directory(settings.keys)
        self._referrals = Referrals(home.private_key(SENDER), f"{SENDER}-1", 1)
        self._made = 0

    def records(self) -> list[Any]:
        """A batch as it comes from a topic."""
        topic, now = self.names.out_of(SENDER), int(datetime.now(UTC).timestamp() * 1000)
        made = self._referrals.make(SIZE, topic)
        self._made += SIZE
        return [
            PassedRecord(topic, 0, self._made + n, r.key, r.value, list(r.headers), now)
            for n, r in enumerate(made)
        ]

    def read(self, records: Sequence[Any]) -> list[Item]:
        """Bytes to messages."""
        items = [Item(record, received_at(record, None)) for record in records]
        for item, found in zip(items, read_all(records, self.names, 1), strict=True):
            assert isinstance(found, Read)
            item.read = found
        return items

    def verify(self, items: Sequence[Item]) -> Sequence[Item]:
        """Signatures, in this process."""
        for item in items:
            assert item.read is not None
            self.keys.check(item.read, item.at)
        return items

    def decide(self, items: Sequence[Item]) -> list[Committed]:
        """Messages to entries and states."""
        head = Head(0, Frontier(0, ()), None)
        head.rules = self.rules.digest
        cases = {i.read.envelope.subject: Case(i.read.envelope.subject) for i in items if i.read is not None}
        batch = Batch(head, self.rules, self.sealer, cases, {}, {}, {})
        batch.run(items)
        self._rows = batch.changes.journal
        self.sizes = (
            sum(len(row.raw) for row in batch.changes.journal) // len(items),
            sum(len(state) for _, state in batch.changes.first_states.values()) // len(items),
        )
        return batch.committed

    def hash(self, items: Sequence[Item]) -> None:
        """The part of deciding that makes leaves and frontier, once more."""
        frontier = Frontier()
        for row in self._rows:
            frontier.append(leaf_hash(row.raw))

    def seal(self, items: Sequence[Item]) -> None:
        """The part of deciding that seals, once more: keys, fields, what recognises the message, wrapping."""
        for item in items:
            assert item.read is not None
            envelope, key = item.read.envelope, CaseKey.new()
            entry = Entry(0, 0, "", Outcome.DECIDED, "", source=envelope.source, message=envelope.id)
            seal_rest(entry, item.read, key)
            self.sealer.wrap(envelope.subject, key)

    def relay(self, committed: Sequence[Committed]) -> list[OutRecord]:
        """Entries to records."""
        records = []
        for each in committed:
            told = [event for event in each.entry.events if event.e == "notified"]
            records += notifications(self.names, each.entry, told, each.contents)
        return [*records, *receipts(self.names, 0, committed, self.rules.departments)]

    def produce(self, records: Sequence[OutRecord]) -> None:
        """Records to Kafka batches."""
        builder = BatchBuilder(1 << 30, 0)
        for record in records:
            builder.append(key=record.key, value=record.value, timestamp=None, headers=list(record.headers))

    def project(self, committed: Sequence[Committed]) -> None:
        """Entries to rows."""
        Projection().take([each.entry for each in committed])


# What intake does of it; signatures are checked beside it.
INTAKE, PARTS = ("read", "decide"), ("hash", "seal")


def measured(batches: int, profile: str | None = None) -> tuple[dict[str, float], Stages, cProfile.Profile]:
    """µs of CPU a referral by stage, the best of so many batches."""
    with tempfile.TemporaryDirectory() as directory:
        stages = Stages(Path(directory))
        best: dict[str, float] = {}
        profiler = cProfile.Profile()

        def timed(name: str, step: Callable[[Any], Any], given: Any) -> Any:
            begin = time.process_time()
            if profile == name:
                made = profiler.runcall(step, given)
            else:
                made = step(given)
            spent = (time.process_time() - begin) / SIZE * 1e6
            best[name] = min(best.get(name, spent), spent)
            return made

        tune_collector()
        for _ in range(batches):
            records = stages.records()
            items = timed("read", stages.read, records)
            timed("verify", stages.verify, items)
            committed = timed("decide", stages.decide, items)
            timed("hash", stages.hash, items)
            timed("seal", stages.seal, items)
            out = timed("relay", stages.relay, committed)
            timed("produce", stages.produce, out)
            timed("project", stages.project, committed)
            gc.collect()
        return best, stages, profiler


def shares(best: dict[str, float]) -> str:
    """How much of intake's CPU, without signatures and servers, hashing and sealing take."""
    intake = sum(best[name] for name in INTAKE)
    parts = (f"{name} {best[name]:.1f} µs, {best[name] / intake:.0%}" for name in PARTS)
    return f"of intake's {intake:.1f} µs a referral: " + "; ".join(parts)


def main(profile: str | None, batches: int) -> None:
    """Print the table; with `profile`, where the time of one stage goes."""
    best, stages, profiler = measured(batches, profile)
    for name, spent in best.items():
        print(f"{name:8} {spent:7.1f} µs" + ("  (part of decide)" if name in PARTS else ""))
    whole = sum(spent for name, spent in best.items() if name not in (*PARTS, "verify"))
    print(f"all but verify {whole:.1f} µs; bytes of entry, state: {stages.sizes}")
    print(shares(best))
    if profile is not None:
        pstats.Stats(profiler).sort_stats("tottime").print_stats(35)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--profile")
    parser.add_argument("--batches", type=int, default=12)
    args = parser.parse_args()
    main(args.profile, args.batches)
