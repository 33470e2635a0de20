"""A backlog worked off: the process is stopped while the topic is filled, then it goes and the clock runs."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from hub.bus.kafka_publisher import KafkaPublisher
from tests.bench.processes import cpu_seconds
from tests.bench.referrals import Referrals
from tests.bench.subjects import Subject


@dataclass(frozen=True, slots=True)
class Round:
    """One measurement. `cpu`: microseconds of CPU a referral, by process."""

    per_second: float
    cpu: Mapping[str, float]


async def work_off(
    subject: Subject,
    publisher: KafkaPublisher,
    referrals: Referrals,
    number: int,
    before: int,
    servers: Mapping[str, int],
) -> Round:
    """Let a subject that has done `before` referrals work off `number` more. `servers`: their process ids."""
    records = referrals.make(number, subject.topic)
    subject.child.pause()
    await publisher.publish(records)
    pids = {"Python": subject.child.pid, **servers}
    spent = {name: cpu_seconds(pid) for name, pid in pids.items()}
    begin = time.perf_counter()
    subject.child.resume()
    await subject.until(before + number)
    elapsed = time.perf_counter() - begin
    cpu = {name: (cpu_seconds(pid) - spent[name]) / number * 1e6 for name, pid in pids.items()}
    return Round(number / elapsed, cpu)
