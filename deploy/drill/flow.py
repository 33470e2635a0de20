"""Whether messages flow again: seen in the connectors' and departments' own ledgers, never in the hub."""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path

from deploy.drill.ledgers import rows
from deploy.sandbox.core.matter import BEIJING
from schemas.partitioner import partition_of

LOOK_SECONDS = 0.2
# A department or shard in which nobody did anything for so long since the fault is not waited for.
IDLE_SECONDS = 8.0
_TAKEN = "SELECT case_id, state FROM outbox WHERE taken_at > ?"
_ACTED = "SELECT 1 FROM step WHERE at > ? LIMIT 1"


class Flow:
    """Looks at departments, each by its directory."""

    def __init__(self, places: dict[str, Path], shards: int) -> None:
        self._places, self._shards = places, shards

    async def resumed(self, since: float, limit: float) -> float | None:
        """Seconds from `since` until messages taken after it have receipts, of every department and on every shard.

        A receipt proves the whole way: connector, Kafka, intake, PostgreSQL, relay, Kafka, connector. None when that
        is not so after `limit` seconds.
        """
        while (now := time.time()) < since + limit:
            if self._flows(since, idle_excused=now - since > IDLE_SECONDS):
                return now - since
            await asyncio.sleep(LOOK_SECONDS)
        return None

    def _flows(self, since: float, idle_excused: bool) -> bool:
        departments: dict[str, bool] = {}
        shards: dict[int, bool] = {}
        moment = datetime.fromtimestamp(since, UTC).astimezone(BEIJING).isoformat()
        for department, place in self._places.items():
            taken = rows(place / "connector.db", _TAKEN, since)
            if taken or rows(place / "records.db", _ACTED, moment):
                departments[department] = any(state == "receipted" for _, state in taken)
            for case, state in taken:
                shard = partition_of(case, self._shards)
                shards[shard] = shards.get(shard, False) or state == "receipted"
        complete = len(departments) == len(self._places) and len(shards) == self._shards
        flows = bool(departments) and all(departments.values()) and all(shards.values())
        return flows and (complete or idle_excused)
