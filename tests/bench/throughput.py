"""A backlog worked off: the processes are stopped while the topic is filled, then they go and the clock runs."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from hub.bus.ports import OutRecord
from tests.bench.ground import Ground
from tests.bench.processes import cpu_seconds, memory_mib
from tests.bench.subjects import Subject

# Longer, and the stopped processes are thought dead (session 6 s) and the rejoining would be measured.
MOST_REFERRALS = 30_000


@dataclass(frozen=True, slots=True)
class Round:
    """One measurement. `cpu`: microseconds of CPU a referral, by kind of process; memory in MiB, all Python processes."""

    per_second: float
    cpu: dict[str, float]
    memory_before: float
    memory_after: float


async def work_off(ground: Ground, subject: Subject, records: Sequence[OutRecord]) -> Round:
    """Let a subject that is idle work off these records."""
    number, pids = len(records), [child.pid for child in subject.children]
    memory_before = sum(memory_mib(pid) for pid in pids)
    for child in subject.children:
        child.pause()
    await ground.publisher.publish(records)
    before = cpu_of(ground, pids)
    begin = time.perf_counter()
    for child in subject.children:
        child.resume()
    await subject.through(number)
    elapsed = time.perf_counter() - begin
    spent = {name: (used - before[name]) / number * 1e6 for name, used in cpu_of(ground, pids).items()}
    return Round(number / elapsed, spent, memory_before, sum(memory_mib(pid) for pid in pids))


def cpu_of(ground: Ground, pids: list[int]) -> dict[str, float]:
    """Seconds of CPU so far, by kind of process. `pids`: the Python processes under measurement."""
    servers = {name: cpu_seconds(pid) for name, pid in ground.servers.items()}
    return {"Python": sum(cpu_seconds(pid) for pid in pids), **servers}
