"""Backoff, signs of life, and waking."""

from connectors.sdk.waiting import Backoff, Bell, Pulse


def test_waits_double_up_to_the_longest() -> None:
    backoff = Backoff(0.5, 30)
    assert [backoff.after(n) for n in (1, 2, 3, 7, 8, 10_000)] == [0.5, 1, 2, 30, 30, 30]


def test_trouble_is_a_sign_of_life_and_silence_is_not() -> None:
    now = [0.0]
    pulse = Pulse(lambda: now[0])
    pulse.beat("poll")
    pulse.beat("send")
    now[0] = 100
    pulse.beat("send", "Kafka is away")
    assert pulse.stale(99) == ["poll"]
    assert pulse.troubles() == {"send": "Kafka is away"}
    pulse.end("poll")
    pulse.beat("send")
    assert (pulse.stale(99), pulse.troubles()) == ([], {})


async def test_a_ring_before_the_wait_is_heard() -> None:
    bell = Bell()
    bell.ring()
    await bell.wait(3_600)
