"""How each kind of fault strikes. Each heals by itself; `strike` returns when it has struck, `healed_at` says when it is over."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from hub.bus.ports import OutRecord
from tests.simulation.office import keyed
from tests.simulation.plan import HUBS, Fault

if TYPE_CHECKING:
    from tests.simulation.world import World

_LASTING = {
    "pause",
    "zombie",
    "store_away",
    "bus_away",
    "flaky_store",
    "flaky_bus",
    "store_cut",
    "bus_cut",
    "system_away",
    "second_keeper",
}
# Officers ask so many seconds after records for them were lost.
ASKED_AFTER, UNREAD_SECONDS = 15.0, 5.0
_FIXED = {"in_lost": UNREAD_SECONDS + ASKED_AFTER, "late_raise": 27.0}
# A process that ended is started again after this many seconds.
RESTART = (0.2, 5.0)


def healed_at(fault: Fault) -> float:
    """When the world is as before again."""
    lasting = _FIXED.get(fault.kind, fault.amount if fault.kind in _LASTING else 0.0)
    return fault.at + lasting + RESTART[1]


def strike(world: "World", fault: Fault) -> None:
    """Do it now."""
    _FAULTS[fault.kind](world, fault)


def _kill(world: "World", fault: Fault) -> None:
    """After so many more steps, so that any await may be where it stands."""
    process = world.process(fault.target)
    if process.alive:
        process.kill_at = process.steps + int(fault.amount)
        process.on_kill.append(lambda gone: _restart(world, fault))


def _restart(world: "World", fault: Fault) -> None:
    after = keyed(world.plan.seed, "restart", fault.at).uniform(*RESTART)
    world.loop.outside.call_later(after, lambda: world.start(fault.target))


def _end(world: "World", fault: Fault) -> None:
    world.loop.outside.spawn(_end_and_start(world, fault))


async def _end_and_start(world: "World", fault: Fault) -> None:
    ended = world.processes[fault.target]
    was = ended.process
    if was.alive and was.kill_at is None:
        await ended.stop()
        _restart(world, fault)


def _pause(world: "World", fault: Fault) -> None:
    process = world.process(fault.target)
    if process.alive and not process.paused:
        world.stand(process)
        process.pause(fault.amount)
        if fault.target in HUBS:
            world.loop.outside.call_later(6.0, lambda: _passed_over(world, fault))


def _passed_over(world: "World", fault: Fault) -> None:
    """The session of a member that stands still runs out."""
    process = world.process(fault.target)
    if process.paused:
        world.group.rebalance(shift=True)


def _rebalance(world: "World", fault: Fault) -> None:
    world.group.rebalance(shift=True)


def _zombie(world: "World", fault: Fault) -> None:
    world.group.rebalance(shift=True, zombie_for=fault.amount)


def _away(world: "World", fault: Fault) -> None:
    server = fault.target
    world.weather.away.add(server)
    world.loop.outside.call_later(fault.amount, lambda: world.weather.away.discard(server))


def _cut(world: "World", fault: Fault) -> None:
    link = (fault.target, fault.kind.removesuffix("_cut"))
    world.weather.cut.add(link)
    world.loop.outside.call_later(fault.amount, lambda: world.weather.cut.discard(link))


def _flaky(world: "World", fault: Fault) -> None:
    world.weather.flaky[fault.target] = 0.15
    world.loop.outside.call_later(fault.amount, lambda: world.weather.flaky.update({fault.target: 0.0}))


def _count(world: "World", fault: Fault) -> None:
    setattr(world.weather, fault.kind, getattr(world.weather, fault.kind) + int(fault.amount) + 1)


def _out_loses(world: "World", fault: Fault) -> None:
    topic, _, partition = fault.target.rpartition("/")
    place = (topic, int(partition))
    length = 0 if fault.kind == "recreated" else max(0, world.cluster.end(place) - int(fault.amount))
    if world.cluster.end(place) > length:
        world.lose_end(place, length)


def _in_lost(world: "World", fault: Fault) -> None:
    """Records that the department has not read yet are gone; its officers are told, and ask for them."""
    topic, _, partition = fault.target.rpartition("/")
    place, link = (topic, int(partition)), (f"connector of {topic.split('.')[1]}", "bus")
    world.weather.cut.add(link)

    def lose() -> None:
        world.weather.cut.discard(link)
        world.lose_inbound(place, max(0, world.cluster.end(place) - int(fault.amount)))

    world.loop.outside.call_later(UNREAD_SECONDS, lose)


def _clock(world: "World", fault: Fault) -> None:
    setattr(world.clocks, fault.target, fault.amount)


def _junk(world: "World", fault: Fault) -> None:
    """What is no message, or nobody's."""
    topic, _, partition = fault.target.rpartition("/")
    random = keyed(world.plan.seed, "junk", fault.at)
    for _ in range(int(fault.amount)):
        # A topic that was just made anew holds nothing.
        good = random.choice(world.cluster.logs.get((topic, int(partition))) or [None])
        value, headers, at = b"\xffno message", [("ce_id", b"junk")], int(partition)
        roll = random.random() if good is not None else 1.0
        if good is not None and roll < 0.75:
            headers, value = list(good.headers), good.value or b""
        if roll < 0.6:
            # The same content under an id that its signature does not cover.
            forged = b"f%d" % random.getrandbits(40)
            headers = [(name, forged if name == "ce_id" else text) for name, text in headers]
        elif roll < 0.75:
            # Under its own id where it does not belong.
            at = (at + 1) % world.plan.shards
        key = good.key if good is not None else b"key"
        world.cluster.append(OutRecord(topic, at, key, value, headers))


def _late_raise(world: "World", fault: Fault) -> None:
    """A paper is known before its referral, which then lies in its topic while intake is away and the clock runs out."""
    connector, later = f"connector of {fault.target}", world.loop.outside.call_later
    world.officers[fault.target].raise_unheard(f"late-{fault.at:.3f}")
    for after, name, lasting in ((0.0, connector, 9.0), *((8.0, hub, 18.0) for hub in HUBS)):
        link = (name, "bus")
        later(after, lambda link=link: world.weather.cut.add(link))
        later(after + lasting, lambda link=link: world.weather.cut.discard(link))


def _second_keeper(world: "World", fault: Fault) -> None:
    world.start(fault.target)
    world.loop.outside.call_later(fault.amount, world.process(fault.target).kill)


_FAULTS: dict[str, Callable[["World", Fault], None]] = {
    "kill": _kill,
    "end": _end,
    "pause": _pause,
    "rebalance": _rebalance,
    "zombie": _zombie,
    "store_away": _away,
    "bus_away": _away,
    "system_away": _away,
    "flaky_store": _flaky,
    "flaky_bus": _flaky,
    "store_cut": _cut,
    "bus_cut": _cut,
    "failing_commits": _count,
    "lost_answers": _count,
    "lost_acks": _count,
    "late": _count,
    "doubled": _count,
    "checker_gone": _count,
    "recreated": _out_loses,
    "truncated": _out_loses,
    "in_lost": _in_lost,
    "broker_clock": _clock,
    "hub_clock": _clock,
    "database_clock": _clock,
    "junk": _junk,
    "late_raise": _late_raise,
    "second_keeper": _second_keeper,
}
