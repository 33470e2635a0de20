"""Who has little does not wait behind who has much; who is alone is not held back."""

from collections import deque

from hub.bus.turns import LATELY, Turns


class Broker:
    """Queues by topic. `first` takes from the oldest queue first, as the client does with what it has fetched."""

    def __init__(self, **waiting: int) -> None:
        self.now = 0.0
        self.queues = {topic: deque([topic] * count) for topic, count in waiting.items()}
        self.turns = Turns(lambda: self.now)

    async def take(self, most: int = 80) -> dict[str, int]:
        found = await self.turns.take(list(self.queues), most, self.first, self.more)
        return {topic: len(some) for topic, some in found.items()}

    async def first(self, most: int) -> dict[str, list[str]]:
        found = {}
        for topic in self.queues:
            if most and (some := await self.more(topic, most)):
                found[topic] = some
                most -= len(some)
        return found

    async def more(self, topic: str, most: int) -> list[str]:
        queue = self.queues[topic]
        return [queue.popleft() for _ in range(min(most, len(queue)))]


async def test_a_topic_alone_gets_whole_batches() -> None:
    broker = Broker(flood=1_000, quiet=0)
    assert [await broker.take() for _ in range(3)] == [{"flood": 80}] * 3


async def test_who_comes_to_a_flood_is_in_the_same_batch_and_the_next_ones_are_small() -> None:
    broker = Broker(flood=1_000, quiet=2)
    assert await broker.take() == {"flood": 10, "quiet": 2}
    assert await broker.take() == {"flood": 10}
    broker.queues["quiet"].append("quiet")
    assert await broker.take() == {"flood": 10, "quiet": 1}


async def test_a_flood_that_begins_while_others_write_finds_small_batches() -> None:
    broker = Broker(flood=0, quiet=1)
    assert await broker.take() == {"quiet": 1}
    broker.queues["flood"].extend(["flood"] * 1_000)
    assert await broker.take() == {"flood": 10}


async def test_the_backlog_of_the_only_one_who_writes_gets_whole_batches() -> None:
    broker = Broker(one=1, other=0)
    await broker.take()
    broker.queues["one"].extend(["one"] * 1_000)
    assert await broker.take() == {"one": 80}


async def test_a_flood_that_is_alone_again_gets_whole_batches_after_a_while() -> None:
    broker = Broker(flood=1_000, quiet=1)
    await broker.take()
    broker.now += LATELY - 1
    assert await broker.take() == {"flood": 10}
    broker.now += 2
    assert await broker.take() == {"flood": 80}


async def test_when_all_have_a_backlog_batches_are_full_and_shared() -> None:
    broker = Broker(a=1_000, b=1_000, c=1_000, d=1_000)
    await broker.take()
    taken = [await broker.take() for _ in range(3)]
    assert taken == [{"a": 20, "b": 20, "c": 20, "d": 20}] * 3


async def test_more_floods_than_a_batch_has_shares_take_turns() -> None:
    broker = Broker(**{f"t{n}": 1_000 for n in range(20)})
    seen: set[str] = set()
    await broker.take()
    for _ in range(20):
        found = await broker.take()
        assert sum(found.values()) <= 80
        seen |= found.keys()
    assert seen == set(broker.queues)


async def test_a_batch_of_one_is_possible() -> None:
    broker = Broker(a=3, b=3)
    taken = [await broker.take(1) for _ in range(6)]
    assert sum(sum(found.values()) for found in taken) == 6
