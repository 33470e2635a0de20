"""The traffic of simulated runs in a real store: what departments, clocks and faults made of it, entry by entry."""

import logging
from collections.abc import Iterable
from random import Random

import asyncpg

from hub.domain.rules import Rules
from hub.store.ports import JournalRow
from hub.store.upgrade import upgrade
from tests.simulation.nature import virtual
from tests.simulation.plan import plan_of
from tests.simulation.world import World

COLUMNS = ("shard", "seq", "case_id", "outcome", "received_at", "entry", "leaf")


def journals(seed: int, rules: Rules) -> list[list[JournalRow]]:
    """The journal of each shard of a run."""
    plan = plan_of(seed, rules)
    logging.disable(logging.CRITICAL)
    world = World(plan, rules)
    try:
        with virtual(world.loop, Random(f"{seed}/nonces")):
            world.loop.run(world.live())
            world.loop.bury()
    finally:
        logging.disable(logging.NOTSET)
    return [world.server.journal(shard) for shard in range(plan.shards)]


async def keep(dsn: str, shards: Iterable[list[JournalRow]]) -> int:
    """Store these journals, each as a shard of its own. Returns how many entries."""
    stored = list(shards)
    await upgrade(dsn, len(stored))
    connection = await asyncpg.connect(dsn)
    try:
        for shard, rows in enumerate(stored):
            await connection.copy_records_to_table(
                "journal", records=[row._replace(shard=shard) for row in rows], columns=COLUMNS
            )
            await connection.execute(
                "UPDATE shard SET seq = $2, received_at = $3 WHERE shard = $1",
                shard,
                len(rows),
                rows[-1].received_at if rows else None,
            )
    finally:
        await connection.close()
    return sum(map(len, stored))
