"""What the drill does to the hub and to what it stands on. Each fault by its name; to add one, add a line to FAULTS."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from deploy.demo.city import DEPARTMENTS
from deploy.drill.ground import KAFKA_PROXY, POSTGRES_PROXY, Ground
from deploy.drill.servers import kill_server
from hub.bus.admin import leaders
from hub.bus.topics import TopicNames

# Past the session of the intake group (6 s), so that another worker has its shards when it wakes.
ASLEEP = (7.5, 11.0)
CUT = (3.0, 9.0)
DOWN = (0.0, 3.0)
PAD = " " * 11
REASON = "演练：Kafka 数据目录全部丢失 drill: Kafka's data directories were lost"


@dataclass(frozen=True, slots=True)
class Outage:
    """A fault that has just been caused. `end` makes good what the fault took away, and returns when that is done."""

    detail: str
    end: Callable[[], Awaitable[None]]


Cause = Callable[[Ground, random.Random], Awaitable[Outage]]


@dataclass(frozen=True, slots=True)
class Fault:
    """`on`: what it takes away; two faults at once are of different things. `alone`: no other one meanwhile.

    `layouts`: in which layouts of the hub it exists. `brokers`: with how many.
    """

    name: str
    title: str
    on: str
    cause: Cause
    layouts: tuple[str, ...] = ("roles", "all")
    alone: bool = False
    brokers: tuple[int, ...] = (1, 3)


def _kill(prefix: str) -> Cause:
    async def cause(ground: Ground, draw: random.Random) -> Outage:
        name = draw.choice(ground.crew.names(prefix))
        await ground.crew.kill(name)
        return Outage(name, lambda: ground.crew.up(name))

    return cause


def _stop(prefix: str) -> Cause:
    async def cause(ground: Ground, draw: random.Random) -> Outage:
        name, seconds = draw.choice(ground.crew.names(prefix)), draw.uniform(*ASLEEP)

        async def end() -> None:
            await asyncio.sleep(seconds)
            ground.crew.resume(name)

        ground.crew.pause(name)
        return Outage(f"{name} {seconds:.1f} s", end)

    return cause


async def _stop_relay(ground: Ground, draw: random.Random) -> Outage:
    seconds, both = draw.uniform(*ASLEEP), draw.uniform(1.0, 4.0)

    async def end() -> None:
        # Somebody thinks it dead and starts another; when it wakes, both publish.
        await ground.start_process("relay-2", ("relay",))
        await asyncio.sleep(seconds)
        ground.crew.resume("relay")
        await asyncio.sleep(both)
        await ground.crew.stop(["relay-2"])

    ground.crew.pause("relay")
    return Outage(f"{seconds:.1f} s, relay-2 beside it", end)


def _cut(proxy: str) -> Cause:
    async def cause(ground: Ground, draw: random.Random) -> Outage:
        seconds = draw.uniform(*CUT)

        async def end() -> None:
            await asyncio.sleep(seconds)
            ground.crew.resume(proxy)

        ground.crew.pause(proxy)
        return Outage(f"{seconds:.1f} s", end)

    return cause


def _reset(proxy: str) -> Cause:
    async def cause(ground: Ground, draw: random.Random) -> Outage:
        seconds = draw.uniform(*CUT)

        async def end() -> None:
            await asyncio.sleep(seconds)
            ground.crew.release(proxy)
            await ground.crew.up(proxy)

        await ground.crew.kill(proxy, hold=True)
        return Outage(f"{seconds:.1f} s", end)

    return cause


async def _kill_kafka(ground: Ground, draw: random.Random) -> Outage:
    number, seconds = draw.randint(1, ground.cluster.count), draw.uniform(*DOWN)
    return await _broker_down(ground, number, seconds, f"broker {number}")


async def _kill_leader(ground: Ground, draw: random.Random) -> Outage:
    topic = TopicNames().out_of(draw.choice(DEPARTMENTS))
    led = await leaders(ground.cluster.direct, topic)
    partition = draw.choice(sorted(led))
    number = led[partition]
    # Long enough that the others elect a leader and the hub goes on without it.
    seconds = draw.uniform(4.0, 8.0)
    return await _broker_down(ground, number, seconds, f"{topic}/{partition}: broker {number}")


async def _broker_down(ground: Ground, number: int, seconds: float, detail: str) -> Outage:
    async def end() -> None:
        await asyncio.sleep(seconds)
        await ground.cluster.start_again(number)

    await ground.cluster.kill(number)
    return Outage(f"{detail}, {seconds:.1f} s", end)


async def _kill_postgres(ground: Ground, draw: random.Random) -> Outage:
    seconds = draw.uniform(*DOWN)

    async def end() -> None:
        await asyncio.sleep(seconds)
        await ground.postgres.start()

    await kill_server(ground.postgres)
    return Outage(f"{seconds:.1f} s", end)


async def _lose_kafka(ground: Ground, draw: random.Random) -> Outage:
    seconds = draw.uniform(1.0, 4.0)

    async def end() -> None:
        """What docs/how-to/mend-what-failed says, word for word."""
        await ground.cluster.start()
        # The hub meets the empty cluster before anybody knows what happened.
        ground.crew.expect_ends(ground.hub_processes())
        await asyncio.sleep(seconds)
        stopped = await ground.stop_hub()
        ground.tell(f"{PAD}停止中枢 the hub is stopped in {stopped:.1f} s")
        made = await ground.command("topics", "apply")
        ground.tell(f"{PAD}fengqiao topics apply: {made.count('made')} topics")
        adopted = await ground.command("positions", "adopt-cluster", "--reason", REASON)
        ground.tell(f"{PAD}fengqiao positions adopt-cluster: {adopted.splitlines()[-1]}")
        await ground.start_hub(ground.layout)

    await ground.cluster.lose()
    return Outage("按手册处置 mended as the how-to says", end)


FAULTS = (
    Fault("kill-intake", "kill -9 受理 intake", "hub", _kill("intake-"), ("roles",)),
    Fault("kill-relay", "kill -9 转发 relay", "hub", _kill("relay"), ("roles",)),
    Fault("kill-projector", "kill -9 投影 projector", "hub", _kill("projector"), ("roles",)),
    Fault("kill-timekeeper", "kill -9 计时 timekeeper", "hub", _kill("timekeeper"), ("roles",)),
    Fault("kill-hub", "kill -9 中枢 hub (run all)", "hub", _kill("hub-"), ("all",)),
    *(
        Fault(f"kill-connector-{name}", "kill -9 连接器 connector", "connector", _kill(f"{name} connector"))
        for name in DEPARTMENTS
    ),
    Fault("kill-kafka", "kill -9 Kafka", "kafka", _kill_kafka),
    Fault("kill-leader", "kill -9 Kafka 分区主节点 leader", "kafka", _kill_leader, brokers=(3,)),
    Fault("kill-postgres", "kill -9 PostgreSQL", "postgres", _kill_postgres),
    Fault("stop-intake", "SIGSTOP 受理 intake", "hub", _stop("intake-"), ("roles",)),
    Fault("stop-relay", "SIGSTOP 转发 relay", "hub", _stop_relay, ("roles",)),
    Fault("stop-hub", "SIGSTOP 中枢 hub (run all)", "hub", _stop("hub-"), ("all",)),
    Fault("cut-kafka", "断网（无应答）silent cut hub–Kafka", "kafka", _cut(KAFKA_PROXY)),
    Fault("cut-postgres", "断网（无应答）silent cut hub–PostgreSQL", "postgres", _cut(POSTGRES_PROXY)),
    Fault("reset-kafka", "断网（重置）reset hub–Kafka", "kafka", _reset(KAFKA_PROXY)),
    Fault("reset-postgres", "断网（重置）reset hub–PostgreSQL", "postgres", _reset(POSTGRES_PROXY)),
    Fault("lose-kafka", "Kafka 数据全部丢失 data directory lost", "kafka", _lose_kafka, alone=True),
)  # fmt: skip
BY_NAME = {fault.name: fault for fault in FAULTS}
