"""One department's flood stays its own: it is answered late, the others are not."""

import asyncio
from collections.abc import Callable

from confluent_kafka import Producer

from hub.bus.rates import set_rates
from hub.bus.security import librdkafka_options
from tests.integration.bus.conftest import RATE, Ground

RECORD = b"x" * 1_000
# Sixty-four seconds' worth of the flooding department's rate.
FLOOD = 64 * RATE // len(RECORD)


class Writer:
    """A department's login at work. The broker says in each answer for how long it held the next one back."""

    def __init__(self, ground: Ground, department: str) -> None:
        self.topic = ground.names.out_of(department)
        self.delays: list[float] = []
        self.failures: list[object] = []
        login = librdkafka_options(ground.kafka.login(department))
        self._producer = Producer({**login, "throttle_cb": self._throttled, "linger.ms": 0})

    def _throttled(self, event: object) -> None:
        self.delays.append(event.throttle_time)  # type: ignore[attr-defined]

    def write(self, most: int, enough: Callable[[], bool]) -> int:
        """Up to so many records, one after the other acknowledged in windows of 500; how many were."""
        for count in range(0, most, 500):
            if enough():
                return count
            for _ in range(500):
                self._producer.produce(self.topic, RECORD, partition=0, on_delivery=self._delivered)
            while len(self._producer) and not enough():
                self._producer.poll(0.1)
        return most

    def finish(self) -> None:
        """Wait for every acknowledgement."""
        assert self._producer.flush() == 0

    def _delivered(self, error: object, message: object) -> None:
        if error is not None:
            self.failures.append(error)


async def test_a_flood_is_held_back_and_the_neighbour_is_not(ground: Ground) -> None:
    await set_rates(ground.kafka.admin, {"petition": 100 * RATE})
    flooding, neighbour = Writer(ground, "mediation"), Writer(ground, "petition")
    flood = asyncio.to_thread(flooding.write, FLOOD, lambda: bool(flooding.delays))
    work = asyncio.to_thread(neighbour.write, 2_000, lambda: False)
    written, done = await asyncio.gather(flood, work)
    assert max(flooding.delays) > 0
    assert written < FLOOD
    assert (done, neighbour.delays) == (2_000, [])
    await asyncio.to_thread(neighbour.finish)
    await asyncio.to_thread(flooding.finish)
    assert flooding.failures == neighbour.failures == []
