"""Running roles in one process until a signal or a failure."""

import asyncio
import contextlib
import faulthandler
import logging
import signal
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager

from hub.app import (
    POLL_ALONE,
    Followers,
    IntakeRole,
    Parts,
    checkpointer_of,
    cosignature_feed,
    cosignatures_of,
    parts_of,
    timekeeper_of,
    works_of,
)
from hub.bus.kafka_publisher import KafkaPublisher
from hub.collector import tune_collector
from hub.errors import ConfigurationError
from hub.intake.worker import cancel
from hub.operations.calendar_commands import ending, shanghai_today
from hub.operations.health import Health, Limits
from hub.operations.server import MetricsServer
from hub.pulse import Pulse
from hub.settings import Settings
from hub.store.erasures import ErasureList, settle_erasures
from hub.store.rules_in_force import settle_rules

log = logging.getLogger(__name__)
ROLES = ("intake", "relay", "projector", "indexer", "timekeeper", "checkpointer")
STOP_SECONDS = 10.0


def check_roles(roles: Sequence[str]) -> None:
    """Raises ConfigurationError naming those that are none."""
    if unknown := sorted(set(roles) - set(ROLES)):
        raise ConfigurationError(f"roles {', '.join(unknown)}: allowed are {', '.join(ROLES)}, or all alone")


async def run_roles(
    settings: Settings,
    roles: Sequence[str],
    parts_of: Callable[[Settings], AbstractAsyncContextManager[Parts]] = parts_of,
    limits: Limits | None = None,
) -> int:
    """Run the roles until SIGTERM or SIGINT (returns 0) or until one fails or goes stale (returns 1).

    Stopping takes at most 10 s: a batch under way commits or is left whole. `parts_of` may substitute parts, `limits`
    those of the watchdog.
    """
    check_roles(roles)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with parts_of(settings) as parts, contextlib.AsyncExitStack() as stack:
        await settle_erasures(parts.pool, parts.sealer, ErasureList(settings.erasure_list))
        works, publisher = works_of(parts, roles)
        if publisher is not None:
            stack.push_async_callback(publisher.stop)
        alone = "intake" not in roles
        followers = Followers(parts, works, POLL_ALONE if alone else 1.0)
        tasks: list[asyncio.Task[None]] = []
        pulses: list[Pulse] = []
        intake = None
        if not alone:
            await settle_rules(parts.pool, parts.rules.digest)
            intake = IntakeRole(parts, followers)
            tasks.append(asyncio.create_task(intake.run(), name="intake"))
        else:
            for shard in range(settings.shards if works else 0):
                followers.start(shard)
        if "timekeeper" in roles:
            own = KafkaPublisher(settings.kafka_address, "fengqiao-timekeeper")
            stack.push_async_callback(own.stop)
            keeper = timekeeper_of(parts, own)
            tasks.append(asyncio.create_task(keeper.run(), name="timekeeper"))
            pulses.append(keeper.pulse)
        if "checkpointer" in roles:
            own = KafkaPublisher(settings.kafka_address, "fengqiao-checkpointer")
            stack.push_async_callback(own.stop)
            checkpointer = checkpointer_of(parts, own)
            tasks.append(asyncio.create_task(checkpointer.run(), name="checkpointer"))
            feed = cosignature_feed(parts)
            stack.push_async_callback(feed.stop)
            cosignatures = cosignatures_of(parts, feed)
            tasks.append(asyncio.create_task(cosignatures.run(), name="cosignatures"))
            pulses += [checkpointer.pulse, cosignatures.pulse]
        for task in tasks:
            parts.ending.watch(task)
        health = Health(intake, followers, limits, pulses=pulses)
        server = MetricsServer(parts, health)
        await server.start()
        stack.push_async_callback(server.stop)
        tune_collector()
        if warning := ending(parts.rules.timetable.calendar, shanghai_today()):
            log.warning(warning)
        log.info("running %s", ", ".join(roles))
        failed = await _wait(stop, parts.ending.failed, health)
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await cancel(tasks)
                for shard in list(followers.running):
                    await followers.stop(shard)
        except TimeoutError:
            log.critical("did not stop within %.0f s", STOP_SECONDS)
            failed = True
    return 1 if failed else 0


async def _wait(stop: asyncio.Event, failed: asyncio.Event, health: Health) -> bool:
    """Wait for the end; True when it is a failure or the watchdog found the process stale.

    Should the loop itself hang, nobody here would see it: then the interpreter writes all stacks and ends the process.
    """
    try:
        while not stop.is_set() and not failed.is_set():
            faulthandler.dump_traceback_later(health.limits.still, exit=True)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await stop.wait()
            if (problem := health.stale()) is not None:
                log.critical("stale: %s", problem)
                return True
        return failed.is_set()
    finally:
        faulthandler.cancel_dump_traceback_later()
