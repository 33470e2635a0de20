"""The journal's partitions are made before they are needed, by the hub itself, while it runs."""

import asyncpg
import pytest

from hub.domain.entry import Outcome
from hub.domain.merkle import HASH_BYTES
from tests.support.core import Core
from tests.support.stores import SHARDS

MILLION = 1_000_000


@pytest.mark.parametrize("dsn", ["postgres"], indirect=True)
async def test_a_shard_grows_past_its_partitions(core: Core, dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    near = 2 * MILLION - 3
    for shard in range(SHARDS):
        await connection.execute(
            "UPDATE shard SET seq = $2, frontier = $3 WHERE shard = $1",
            shard,
            near,
            bytes(HASH_BYTES * near.bit_count()),
        )
    for number in range(20):
        core.raise_(f"p{number}")
    await core.read()
    seqs = await connection.fetch("SELECT seq, outcome FROM journal ORDER BY shard, seq")
    assert len(seqs) == 20
    assert {row[1] for row in seqs} == {Outcome.DECIDED}
    assert max(row[0] for row in seqs) > 2 * MILLION
    ends = await connection.fetchval("SELECT count(*) FROM pg_partition_tree('journal') WHERE isleaf")
    assert ends >= 3 * SHARDS
    await connection.close()
