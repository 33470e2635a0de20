"""One department floods at ten times its share, with quotas on: how long the messages of another take meanwhile.

The flooding department, the other one and the hub log in to a Kafka that keeps access lists and rates, as a city's does.
"""

import argparse
import asyncio
import contextlib
import os
import shutil
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from confluent_kafka import Producer
from pydantic_core import to_json

from hub.bus.access import AccessDeclaration
from hub.bus.admin import apply_topics
from hub.bus.applying import apply_access
from hub.bus.kafka_publisher import KafkaPublisher
from hub.bus.ports import OutRecord
from hub.bus.rates import set_rates
from hub.bus.security import KafkaAddress, client_options, librdkafka_options
from hub.bus.topics import TopicNames
from hub.bus.users import password_file
from hub.embedded.kafka import EmbeddedKafka
from hub.embedded.postgres import EmbeddedPostgres
from hub.home import Home
from hub.rules.loader import load_rules
from hub.store.upgrade import upgrade
from schemas.envelope import Envelope, Secrecy
from schemas.identifiers import mint_case_id
from schemas.partitioner import partition_of
from tests.bench.ground import CITY, SHARDS
from tests.bench.latency import PER_SECOND, Latency
from tests.bench.processes import Child
from tests.bench.referrals import LEAD, SENDER, Referrals, Signer

FLOODING, GROUP = "procuratorate", "fengqiao-intake"
_PATIENCE_SECONDS = 120.0
_UNLIMITED = 2**31


def options(parser: argparse.ArgumentParser) -> None:
    """The command line."""
    parser.add_argument(
        "--share", type=int, default=65_536, help="bytes a second that a department may write (65536)"
    )
    parser.add_argument(
        "--times", type=int, default=10, help="how many times its share one department offers (10)"
    )
    parser.add_argument("--seconds", type=int, default=30, help="length of each phase (30)")
    parser.add_argument("--repetitions", type=int, default=2)
    parser.add_argument("--without-quotas", action="store_true", help="rates are not set: for comparison")


async def measure(options: argparse.Namespace) -> None:
    """Calm and flood in turn."""
    async with _running(options) as city:
        await city.latency(PER_SECOND * 5)
        calm, flooded = Latency(), Latency()
        for _ in range(options.repetitions):
            calm.each += (await city.latency(PER_SECOND * options.seconds)).each
            with city.flood(options.share * options.times, options.seconds) as flood:
                flooded.each += (await city.latency(PER_SECOND * options.seconds)).each
            print(f"  flood: {flood}", flush=True)
        print(
            f"latency of another department at {PER_SECOND:.0f} referrals/s, from publishing to the lead's topic"
        )
        for title, found in (("calm", calm), ("flood", flooded)):
            print(
                f"  {title:8} p50 {found.at(0.5):7.1f} ms  p99 {found.at(0.99):7.1f} ms"
                f"  worst {max(found.each):7.1f} ms  n {len(found.each)}"
            )
        more = flooded.at(0.99) - calm.at(0.99)
        print(
            f"  p99 of the flood: {flooded.at(0.99) / calm.at(0.99):.2f} × the calm one, {more:+.1f} ms",
            flush=True,
        )


@dataclass
class City:
    """A hub that runs, and two departments."""

    logins: dict[str, KafkaAddress]
    names: TopicNames
    referrals: Referrals
    warnings: "Warnings"

    async def latency(self, number: float) -> Latency:
        """Milliseconds of so many referrals, evenly spaced, each published alone."""
        consumer = AIOKafkaConsumer(**client_options(self.logins[LEAD]), auto_offset_reset="latest")
        publisher = KafkaPublisher(self.logins[SENDER], "bench-sender")
        await consumer.start()
        places = [TopicPartition(self.names.into(LEAD), shard) for shard in range(SHARDS)]
        consumer.assign(places)
        await consumer.seek_to_end(*places)
        for place in places:
            await consumer.position(place)
        sent: dict[bytes | None, float] = {}
        found = Latency()

        async def arrivals() -> None:
            while len(found.each) < int(number):
                record = await consumer.getone()
                if record.key in sent:
                    found.each.append((time.perf_counter() - sent.pop(record.key)) * 1000)

        receiving = asyncio.create_task(arrivals())
        try:
            begin = time.perf_counter()
            for i, record in enumerate(self.referrals.make(int(number), self.names.out_of(SENDER))):
                await asyncio.sleep(max(0.0, begin + i / PER_SECOND - time.perf_counter()))
                sent[record.key] = time.perf_counter()
                await publisher.publish([record])
            await asyncio.wait_for(receiving, _PATIENCE_SECONDS)
        finally:
            receiving.cancel()
            await publisher.stop()
            await consumer.stop()
        return found

    @contextlib.contextmanager
    def flood(self, rate: int, seconds: int) -> Iterator["Flood"]:
        """Somebody else writes so many bytes a second, as far as the broker lets him. What he writes is made before."""
        size = _size(self.warnings.make(1)[0])
        records = self.warnings.make(int(1.5 * rate * seconds / size))
        flood = Flood(librdkafka_options(self.logins[FLOODING]), rate, records)
        flood.start()
        try:
            yield flood
        finally:
            flood.ends.set()
            flood.join()


class Warnings:
    """Warnings of the flooding department, each a case of its own: the smallest message that goes the whole way."""

    def __init__(self, private_key: Path, names: TopicNames) -> None:
        self._signer, self._topic = Signer(private_key, f"{FLOODING}-1"), names.out_of(FLOODING)
        self._numbers = count(1)

    def make(self, number: int) -> list[OutRecord]:
        """So many, no two alike."""
        return [self._one(f"预警-{next(self._numbers)}") for _ in range(number)]

    def _one(self, local: str) -> OutRecord:
        case = mint_case_id(FLOODING, local)
        now = datetime.now(UTC)
        data = {"legal_at": now.isoformat(), "colour": "blue", "local_number": local, "text": "示例" * 200}
        value = to_json(data)
        envelope = Envelope(
            id=f"warning-{case}",
            source=FLOODING,
            type="warning.raised.v1",
            subject=case,
            time=now,
            secrecy=Secrecy.INTERNAL,
        )
        headers = self._signer.headers(envelope, value)
        return OutRecord(self._topic, partition_of(case, SHARDS), case.encode(), value, headers)


class Flood(threading.Thread):
    """Writes at a rate until `ends` or until nothing is left; what could not be written by then is dropped."""

    def __init__(self, login: dict[str, Any], rate: int, records: Sequence[OutRecord]) -> None:
        super().__init__(daemon=True)
        self.ends = threading.Event()
        self._rate, self._records = rate, records
        quiet = {"log_level": 0, "log.connection.close": False, "queue.buffering.max.messages": 500}
        self._producer = Producer({**login, **quiet, "linger.ms": 5, "throttle_cb": self._throttled})
        self.offered = self.written = 0
        self.longest = self.seconds = 0.0

    def run(self) -> None:
        """Offer records at the rate; a full queue is the flood's own trouble."""
        begin, offered = time.perf_counter(), 0
        for record in self._records:
            while offered > (time.perf_counter() - begin) * self._rate and not self.ends.is_set():
                self._producer.poll(0.01)
            if self.ends.is_set():
                break
            offered += _size(record)
            self.offered += 1
            with contextlib.suppress(BufferError):
                self._producer.produce(
                    record.topic,
                    record.value,
                    record.key,
                    partition=record.partition,
                    headers=list(record.headers),
                    on_delivery=self._delivered,
                )
        self.seconds = time.perf_counter() - begin
        self._producer.purge()
        self._producer.flush(5)

    def _delivered(self, error: object, message: Any) -> None:
        if error is None:
            self.written += 1

    def _throttled(self, event: Any) -> None:
        self.longest = max(self.longest, event.throttle_time)

    def __str__(self) -> str:
        return (
            f"{self.offered / self.seconds:,.0f} messages/s offered, {self.written / self.seconds:,.0f}/s written, "
            f"held back for up to {self.longest:.1f} s"
        )


def _size(record: OutRecord) -> int:
    return len(record.value) + sum(len(name) + len(value) for name, value in record.headers) + 60


@contextlib.asynccontextmanager
async def _running(options: argparse.Namespace) -> AsyncIterator[City]:
    """Servers with logins, topics, access lists, rates and the hub. Leaves nothing."""
    root = Path(tempfile.mkdtemp(prefix="fengqiao-bench-"))
    root.chmod(0o755)
    broker, postgres = EmbeddedKafka(root, secured=True), EmbeddedPostgres(root)
    try:
        async with contextlib.AsyncExitStack() as stack:
            bootstrap = await broker.start()
            stack.push_async_callback(broker.stop)
            database = await postgres.start()
            stack.push_async_callback(postgres.stop)
            home = Home(root)
            home.prepare(CITY, SHARDS)
            await upgrade(database, SHARDS)
            assert broker.admin is not None
            admin = KafkaAddress(bootstrap, "scram", *broker.admin)
            names, departments = TopicNames(), load_rules(CITY).departments
            await apply_topics(admin, names.declared(departments, SHARDS))
            access = AccessDeclaration.of(names, departments, "hub", GROUP, options.share)
            await apply_access(admin, access, root / "passwords")
            if options.without_quotas:
                await set_rates(admin, dict.fromkeys(departments, _UNLIMITED))
            logins = {
                user: KafkaAddress(bootstrap, "scram", user, password_file(root / "passwords", user))
                for user in ("hub", *departments)
            }
            os.environ |= _environment(logins["hub"], database)
            hub = Child("hub.cli", *_arguments(root), log=root / "log" / "hub.log")
            await stack.enter_async_context(hub)
            referrals = Referrals(home.private_key(SENDER), f"{SENDER}-1", SHARDS)
            yield City(logins, names, referrals, Warnings(home.private_key(FLOODING), names))
    finally:
        shutil.rmtree(root)


def _environment(login: KafkaAddress, database: str) -> dict[str, str]:
    return {
        "FENGQIAO_KAFKA": login.bootstrap,
        "FENGQIAO_DATABASE": database,
        "FENGQIAO_KAFKA_SECURITY": login.security,
        "FENGQIAO_KAFKA_USERNAME": str(login.username),
        "FENGQIAO_KAFKA_PASSWORD_FILE": str(login.password_file),
        "FENGQIAO_LOG": "WARNING",
    }


def _arguments(root: Path) -> Sequence[str]:
    return "run", "all", "--home", str(root), "--metrics-port", "0"
