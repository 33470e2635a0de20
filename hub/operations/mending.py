"""Taking parked records up again, or giving them up: looked at here first, decided by intake."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic_core import from_json

from hub.bus.kafka_publisher import KafkaPublisher
from hub.bus.ports import OutRecord, Publisher
from hub.bus.topics import TopicNames
from hub.errors import HubError, Parking, ParkingName, Refusal
from hub.intake.desk import Desk
from hub.intake.entries import parked_name
from hub.intake.reading import PassedRecord, read
from hub.intake.verifying import KeyRegistry
from hub.opened import opened
from hub.relay.signing import HubSigner
from hub.settings import Settings
from hub.store.pool import Pool
from hub.store.read_parked import StoredParked, one, sealed, still_parked
from hub.store.reading import ReadStore
from hub.store.sealing import Sealer

_WAITING = (ParkingName.EARLY, ParkingName.HELD)
_LOOKS, _PAUSE = 40, 0.25


class NotMendable(HubError):
    """This parked record can't be taken up again, or given up, and why."""


@dataclass(frozen=True)
class Mending:
    """The failure desk of one hub. Every decision becomes a message; the same one again changes nothing."""

    store: ReadStore
    pool: Pool
    publisher: Publisher
    sealer: Sealer
    keys: KeyRegistry
    names: TopicNames
    shards: int
    desk: Desk

    async def dismiss(self, places: Sequence[tuple[int, int]], reason: str) -> bool:
        """Give these up. True when intake has done it, False when it has not read it yet. Raises NotMendable, BusTrouble."""
        rows = [await self._parked(*place) for place in places]
        now = datetime.now(UTC)
        return await self._decided(
            places, [self.desk.dismiss(row.shard, row.seq, reason, now) for row in rows]
        )

    async def retry(self, places: Sequence[tuple[int, int]], reason: str) -> bool:
        """Take these up again; None of them when one would be parked again. See `dismiss`."""
        now = datetime.now(UTC)
        records = []
        for place in places:
            row = await self._parked(*place)
            record = await self._opened(row)
            case = self._readable(row, record, now)
            records.append(self.desk.retry(row.shard, row.seq, record, case, reason, now))
        return await self._decided(places, records)

    async def _parked(self, shard: int, seq: int) -> StoredParked:
        async with self.store.snapshot() as view:
            row = await one(view, shard, seq)
        if row is None:
            raise NotMendable(f"{shard}/{seq}: is not parked; `fengqiao parked list` shows what is")
        if row.reason in _WAITING:
            raise NotMendable(
                f"{row.name}: waits for what it builds on ({row.reason}) and is taken up, or refused, by itself"
            )
        return row

    async def _opened(self, row: StoredParked) -> PassedRecord:
        name = parked_name(row.shard, row.seq)
        raw, wrapped = await sealed(self.pool, row.shard, row.seq, name)
        if raw is None or wrapped is None:
            raise NotMendable(
                f"{row.name}: its message is remembered already, so the sender sends it again under a new id; "
                "then dismiss this one"
            )
        stored = from_json(self.sealer.unwrap(name, wrapped).open(raw.decode(), name.encode()))
        key, value = (
            None if stored[part] is None else bytes.fromhex(stored[part]) for part in ("key", "value")
        )
        headers = [(name, None if text is None else bytes.fromhex(text)) for name, text in stored["headers"]]
        return PassedRecord(row.topic, row.partition, row.offset, key, value, headers, 0)  # type: ignore[arg-type]

    def _readable(self, row: StoredParked, record: PassedRecord, now: datetime) -> str:
        """Its case, when intake could read it now."""
        try:
            found = self.keys.proved(read(record, self.names, self.shards), now)
        except (Parking, Refusal) as problem:
            raise NotMendable(
                f"{row.name}: would be parked again: {problem.name}: {problem.detail}; mend that first, or dismiss it"
            ) from None
        return found.envelope.subject

    async def _decided(self, places: Sequence[tuple[int, int]], records: Sequence[OutRecord]) -> bool:
        await self.publisher.publish(records)
        for _ in range(_LOOKS):
            async with self.store.snapshot() as view:
                if not await still_parked(view, places):
                    return True
            await asyncio.sleep(_PAUSE)
        return False


@asynccontextmanager
async def mending_of(settings: Settings) -> AsyncIterator[Mending]:
    """On the hub that the settings name. Raises ConfigurationError, StoreTrouble."""
    names = TopicNames(settings.topic_prefix)
    publisher = KafkaPublisher(settings.kafka_address, "fengqiao-desk")
    desk = Desk(names, HubSigner.from_file(settings.hub_keyid, settings.hub_key), settings.shards)
    async with opened(ReadStore(settings.database)) as store, opened(Pool(settings.database, 1)) as pool:
        try:
            sealer, keys = Sealer.from_file(settings.kek), KeyRegistry.from_directory(settings.keys)
            yield Mending(store, pool, publisher, sealer, keys, names, settings.shards, desk)
        finally:
            await publisher.stop()
