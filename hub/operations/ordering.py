"""An operator's order: signed by the operator, carried by the hub's desk, decided by intake; then what became of it."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import ValidationError

from hub.bus.kafka_publisher import KafkaPublisher
from hub.bus.ports import OutRecord, Publisher
from hub.bus.topics import DESK, TopicNames
from hub.domain.case import MessageRef
from hub.domain.decide import HUB
from hub.domain.decision import CHINA, moment
from hub.domain.entry import Entry
from hub.errors import BusTrouble, ConfigurationError, HubError
from hub.intake.desk import Signs
from hub.opened import opened
from hub.operators import approved, private_key
from hub.relay.signing import HubSigner
from hub.settings import Settings
from hub.store.pool import Pool
from hub.store.reading import ReadStore
from hub.store.sealing import Sealer
from schemas.identifiers import derived_id
from schemas.messages import OWN_BY_TYPE
from schemas.partitioner import partition_of

_LOOKS, _PAUSE = 120, 0.25
_ENTRY = """
SELECT i.outcome, j.entry FROM inbox i JOIN journal j ON j.shard = i.shard AND j.seq = i.seq
WHERE i.source = $1 AND i.message_id = $2"""


class OrderRefused(HubError):
    """Intake refused the order: by which name, and what would be allowed."""

    def __init__(self, entry: Entry) -> None:
        allowed = f"; allowed: {', '.join(entry.allowed)}" if entry.allowed else ""
        super().__init__(f"{entry.reason}: {entry.detail}{allowed}")
        self.name = entry.reason


@dataclass(frozen=True, slots=True)
class Signing:
    """Who orders, and with which key."""

    operator: str
    key: Ed25519PrivateKey


@dataclass(frozen=True)
class Ordering:
    """Orders of operators on one hub. Each becomes a message through intake."""

    store: ReadStore
    pool: Pool
    publisher: Publisher
    sealer: Sealer
    names: TopicNames
    shards: int
    hub: Signs

    async def order(
        self, by: Signing, type_: str, case: str, article: str, reason: str, **more: Any
    ) -> Entry:
        """Publish the order and wait for what intake decides. The entry that says so.

        Raises OrderRefused, ConfigurationError for a field that the contract does not allow, BusTrouble when intake
        has not read it within half a minute (it counts all the same when it does).
        """
        now = datetime.now(UTC)
        data = {
            "operator": by.operator,
            "article": article,
            "reason": reason,
            "legal_at": now.astimezone(CHINA).isoformat(timespec="seconds"),
            **more,
        }
        data = approved(by.key, type_, case, data)
        try:
            OWN_BY_TYPE[type_].model.model_validate(data)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(map(str, first["loc"]))
            raise ConfigurationError(f"{where} {first['input']!r}: {first['msg']}") from None
        return await self._decided(*self._record(type_, case, data, now))

    def _record(
        self, type_: str, case: str, data: Mapping[str, Any], now: datetime
    ) -> tuple[MessageRef, OutRecord]:
        message_id = derived_id(HUB, f"{case}/{now.isoformat()}/{data['approval']}", type_)
        value, headers = self.hub.message(message_id, type_, case, moment(now), data)
        place = partition_of(case, self.shards)
        record = OutRecord(self.names.hub(DESK), place, case.encode(), value, headers)
        return MessageRef(HUB, message_id), record

    async def _decided(self, ref: MessageRef, record: OutRecord) -> Entry:
        await self.publisher.publish([record])
        for _ in range(_LOOKS):
            async with self.store.snapshot() as view:
                rows = await view.rows(_ENTRY, ref.source, ref.id)
            if rows:
                entry = Entry.from_bytes(rows[0][1])
                if rows[0][0] != "decided":
                    raise OrderRefused(entry)
                return entry
            await asyncio.sleep(_PAUSE)
        raise BusTrouble(
            "intake has not read the order yet; it counts when it does (does `fengqiao run` run?)"
        )


def signing_of(operator: str, key: Path | None, secrets: Path) -> Signing:
    """The operator with the key in a file; unsaid: where `fengqiao operator new` put it."""
    return Signing(operator, private_key(key or secrets / f"{operator}.pem"))


def said(**texts: str) -> None:
    """Raises ConfigurationError for one that says nothing."""
    for name, text in texts.items():
        if not text.strip():
            raise ConfigurationError(f"{name} {text!r}: say it, it is recorded")


@asynccontextmanager
async def ordering_of(settings: Settings) -> AsyncIterator[Ordering]:
    """On the hub that the settings name. Raises ConfigurationError, StoreTrouble."""
    publisher = KafkaPublisher(settings.kafka_address, "fengqiao-orders")
    async with opened(ReadStore(settings.database)) as store, opened(Pool(settings.database, 2)) as pool:
        try:
            yield Ordering(
                store,
                pool,
                publisher,
                Sealer.from_file(settings.kek),
                TopicNames(settings.topic_prefix),
                settings.shards,
                HubSigner.from_file(settings.hub_keyid, settings.hub_key),
            )
        finally:
            await publisher.stop()


def numbers_of(texts: Sequence[str]) -> list[int]:
    """Numbers of persons. Raises ConfigurationError."""
    for text in texts:
        if not text.isascii() or not text.isdigit() or int(text) < 1:
            raise ConfigurationError(f"person {text!r}: must be a number that `fengqiao erase show` gives")
    return sorted({int(text) for text in texts})
