"""The failure desk: a person's decision about a parked record, as a message of the hub to itself (5).

What waits (`early`, `held`) is not its matter: that is taken up, or given up, by itself.
"""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from hub.bus.ports import InRecord, OutRecord
from hub.bus.topics import DESK, TopicNames
from hub.domain.decide import HUB
from hub.domain.decision import moment
from schemas.envelope import Headers
from schemas.identifiers import derived_id
from schemas.partitioner import partition_of

RETRIED, DISMISSED = "hub.parked_retried.v1", "hub.parked_dismissed.v1"
MENDS = frozenset({RETRIED, DISMISSED})


class Signs(Protocol):
    """The hub's signature; see `hub.relay.signing`."""

    def message(
        self, message_id: str, type_: str, case: str, time: str, data: Mapping[str, Any]
    ) -> tuple[bytes, Headers]: ...


@dataclass(frozen=True, slots=True)
class Desk:
    """Makes the desk's messages. The same decision about the same parked record has the same id: it counts once."""

    names: TopicNames
    signer: Signs
    shards: int

    def dismiss(self, shard: int, seq: int, reason: str, at: datetime) -> OutRecord:
        """The record is given up. Junk has no case, so the message goes under one that the desk has in each shard."""
        return self._record(DISMISSED, shard, seq, desk_case(shard, self.shards), {"reason": reason}, at)

    def retry(
        self, shard: int, seq: int, record: InRecord, case: str, reason: str, at: datetime
    ) -> OutRecord:
        """The record is taken up again in its case, with its own key, headers and data."""
        data = {
            "reason": reason,
            "topic": record.topic,
            "partition": record.partition,
            "offset": record.offset,
            "key": b64encode(record.key or b"").decode(),
            # Kafka knows headers without a value; intake reads none of them.
            "headers": [
                [name, b64encode(value).decode()] for name, value in record.headers if value is not None
            ],
            "content": b64encode(record.value or b"").decode(),
        }
        return self._record(RETRIED, shard, seq, case, data, at)

    def _record(
        self, type_: str, shard: int, seq: int, case: str, data: Mapping[str, Any], at: datetime
    ) -> OutRecord:
        message_id = derived_id(HUB, f"parked/{shard}/{seq}", type_)
        value, headers = self.signer.message(
            message_id, type_, case, moment(at), {"shard": shard, "seq": seq, **data}
        )
        return OutRecord(self.names.hub(DESK), shard, case.encode(), value, headers)


def desk_case(shard: int, shards: int) -> str:
    """The id under which the desk's messages about no case are kept in a shard."""
    number = 0
    while partition_of(case := derived_id(HUB, f"desk/{number}", "desk"), shards) != shard:
        number += 1
    return case
