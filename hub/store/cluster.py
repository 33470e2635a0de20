"""Which Kafka cluster the positions are of (5a.3): another cluster with the same topics is another history."""

from dataclasses import dataclass
from datetime import timedelta

from hub.errors import TopicWentBack
from hub.store.connecting import connected
from hub.store.person_decisions import keep_decision
from hub.store.pool import Pool

_FIRST = "INSERT INTO meta VALUES ('cluster', $1) ON CONFLICT DO NOTHING"
_READ = "SELECT value FROM meta WHERE name = 'cluster'"
_SET = "INSERT INTO meta VALUES ('cluster', $1) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
_FROM_START = "UPDATE position SET next_offset = 0, last_mac = ''"
# Entries of a shard are in the order of `received_at`. One that has none to deliver again stays where it is.
_AGAIN = """
WITH old AS (SELECT name, shard, seq FROM follower WHERE name = 'relay'),
first AS (SELECT shard, min(seq) - 1 AS seq FROM journal WHERE received_at >= now() - $1::interval GROUP BY shard),
moved AS (UPDATE follower f SET seq = first.seq FROM first
    WHERE f.name = 'relay' AND f.shard = first.shard AND first.seq < f.seq RETURNING f.shard, f.seq)
SELECT coalesce(sum(old.seq - moved.seq), 0) FROM moved JOIN old USING (shard)"""


@dataclass(frozen=True, slots=True)
class Adopted:
    """`before`: the cluster before, None for a new store. `again`: entries that the relay goes through once more."""

    before: str | None
    again: int


async def settle_cluster(pool: Pool, cluster: str) -> None:
    """The first intake of a store notes its cluster; later ones must read from the same. Commits. Idempotent.

    Raises TopicWentBack when the store's positions are of another cluster.
    """
    async with pool.connection() as connection:
        await connection.execute(_FIRST, cluster)
        known = await connection.fetchval(_READ)
    if known != cluster:
        raise TopicWentBack(
            f"the positions are of the Kafka cluster {known}, this one is {cluster}",
            "connect to the cluster that was read before; if it is lost for good, `fengqiao positions adopt-cluster "
            "--reason TEXT`: every topic is read from its start, the inbox counts nothing twice, connectors send again "
            "what has no receipt, and the journal delivers again what the lost topics may have held",
        )


async def adopt_cluster(url: str, cluster: str, reason: str, retention: timedelta) -> Adopted:
    """A person's decision to go on with another cluster, from the start of its topics. Commits.

    What departments had not fetched yet is lost with the old topics, and a hole is seen only when something follows
    it. So the relay publishes again what is not older than `retention`, the age that records reach in a topic;
    receivers drop by its sequence what they have.
    """
    async with connected(url) as connection, connection.transaction():
        await connection.execute("SELECT 1 FROM shard ORDER BY shard FOR UPDATE")
        old: str | None = await connection.fetchval(_READ)
        await connection.execute(_SET, cluster)
        await connection.execute(_FROM_START)
        again = int(await connection.fetchval(_AGAIN, retention))
        await keep_decision(connection, "cluster", old, cluster, reason)
    return Adopted(old, again)
