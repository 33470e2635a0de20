"""Which Kafka cluster the positions are of (5a.3): another cluster with the same topics is another history."""

from hub.errors import TopicWentBack
from hub.store.connecting import connected
from hub.store.person_decisions import keep_decision
from hub.store.pool import Pool

_FIRST = "INSERT INTO meta VALUES ('cluster', $1) ON CONFLICT DO NOTHING"
_READ = "SELECT value FROM meta WHERE name = 'cluster'"
_SET = "INSERT INTO meta VALUES ('cluster', $1) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
_FROM_START = "UPDATE position SET next_offset = 0, last_mac = ''"


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
            "--reason TEXT`: every topic is read from its start, the inbox counts nothing twice, and connectors send "
            "again what has no receipt",
        )


async def adopt_cluster(url: str, cluster: str, reason: str) -> str | None:
    """A person's decision to go on with another cluster, from the start of its topics; returns the one before. Commits."""
    async with connected(url) as connection, connection.transaction():
        await connection.execute("SELECT 1 FROM shard ORDER BY shard FOR UPDATE")
        old: str | None = await connection.fetchval(_READ)
        await connection.execute(_SET, cluster)
        await connection.execute(_FROM_START)
        await keep_decision(connection, "cluster", old, cluster, reason)
    return old
