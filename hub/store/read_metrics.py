"""What metrics read of the store. Each query scans a projected table: callers keep the answer a while."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from hub.store.reading import Snapshot

_FOLLOWERS = """
SELECT f.name, f.shard, s.seq - f.seq,
    greatest(extract(epoch FROM clock_timestamp() - j.received_at), 0)::float8
FROM follower f JOIN shard s USING (shard) LEFT JOIN journal j ON j.shard = f.shard AND j.seq = f.seq + 1"""
_HEADS = "SELECT shard, seq FROM shard"
_TALLIES = "SELECT department, what, reason, sum(count)::bigint FROM tally GROUP BY department, what, reason"
_PARKED = """
SELECT topic, reason, count(*), greatest(extract(epoch FROM clock_timestamp() - min(since)), 0)::float8
FROM parked GROUP BY topic, reason"""
_REFERRALS = "SELECT sender, flow, state, count(*) FROM referral GROUP BY sender, flow, state"
# An outcome is set by the final reply only; replies before it also set replied_at.
_STEPS = """
SELECT department, flow, count(*), count(delivered_at), count(signed_at), count(accepted_at), count(outcome),
    count(*) FILTER (WHERE state = 'returned'), count(*) FILTER (WHERE state = 'cancelled')
FROM task GROUP BY department, flow"""
# The bucket of a value is the number of bounds below it: a bound belongs to its own bucket (Prometheus `le`).
_TIMES = """
SELECT department, flow, step, cardinality($1::float8[]) - width_bucket(-seconds, $1::float8[]),
    count(*), sum(seconds)
FROM task CROSS JOIN LATERAL (VALUES
    ('assigned-delivered', extract(epoch FROM delivered_at - assigned_at)::float8),
    ('delivered-signed', extract(epoch FROM signed_at - delivered_at)::float8),
    ('signed-accepted', extract(epoch FROM accepted_at - signed_at)::float8),
    ('accepted-replied',
        CASE WHEN outcome IS NOT NULL THEN extract(epoch FROM replied_at - accepted_at)::float8 END)
) AS took (step, seconds)
WHERE seconds IS NOT NULL GROUP BY 1, 2, 3, 4"""
_OPEN = """
SELECT department, flow,
    width_bucket(extract(epoch FROM clock_timestamp() - assigned_at)::float8, $1::float8[]), count(*)
FROM task WHERE state <> ALL ($2::text[]) GROUP BY 1, 2, 3"""
STEPS = ("assigned", "delivered", "signed", "accepted", "replied", "returned", "cancelled")
DAY = 86_400.0


@dataclass(slots=True)
class Times:
    """How long one step took: how many in each bucket (the last: above all bounds), their sum in seconds."""

    counts: list[int]
    total: float = 0.0


@dataclass(slots=True)
class Counts:
    """Keys are label values in the order of the metric's labels; ages in seconds."""

    heads: dict[int, int] = field(default_factory=dict)
    follower_lag: dict[tuple[str, int], int] = field(default_factory=dict)
    follower_age: dict[tuple[str, int], float] = field(default_factory=dict)
    messages: dict[tuple[str, str, str], int] = field(default_factory=dict)
    parked: dict[tuple[str, str], int] = field(default_factory=dict)
    parked_age: dict[tuple[str, str], float] = field(default_factory=dict)
    referrals: dict[tuple[str, str, str], int] = field(default_factory=dict)
    steps: dict[tuple[str, str, str], int] = field(default_factory=dict)
    times: dict[tuple[str, str, str], Times] = field(default_factory=dict)
    open: dict[tuple[str, str, int], int] = field(default_factory=dict)


async def counts(
    view: Snapshot, bounds: Sequence[float], days: Sequence[float], ended: Sequence[str]
) -> Counts:
    """Everything, of one moment. `bounds`: seconds, rising. `days`: bounds of the ages of open tasks, rising.

    In `open`, the third part of the key is the number of bounds that the age has reached.
    """
    found = Counts(heads={row[0]: row[1] for row in await view.rows(_HEADS)})
    for name, shard, lag, age in await view.rows(_FOLLOWERS):
        found.follower_lag[name, shard], found.follower_age[name, shard] = lag, age or 0.0
    found.messages = {(row[0], row[1], row[2]): row[3] for row in await view.rows(_TALLIES)}
    for topic, reason, count, age in await view.rows(_PARKED):
        found.parked[topic, reason], found.parked_age[topic, reason] = count, age
    found.referrals = {(row[0], row[1], row[2]): row[3] for row in await view.rows(_REFERRALS)}
    for department, flow, *reached in await view.rows(_STEPS):
        found.steps |= {(department, flow, step): n for step, n in zip(STEPS, reached, strict=True)}
    falling = [-bound for bound in reversed(bounds)]
    for department, flow, step, bucket, count, total in await view.rows(_TIMES, falling):
        times = found.times.setdefault((department, flow, step), Times([0] * (len(bounds) + 1)))
        times.counts[bucket] += count
        times.total += total
    seconds = [day * DAY for day in days]
    found.open = {(r[0], r[1], r[2]): r[3] for r in await view.rows(_OPEN, seconds, list(ended))}
    return found
