"""One connector as a process: poller, sender, receiver and deliverer over one store, and a clean end."""

import asyncio
import faulthandler
import logging
import signal
import sys
import time
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, Protocol, runtime_checkable

from aiokafka.errors import KafkaError

from connectors.sdk.attachments import DirectoryAttachments
from connectors.sdk.config import ConnectorConfig, load_build
from connectors.sdk.delivery import Deliverer
from connectors.sdk.health import serving
from connectors.sdk.kafka import group, topic_in, topic_out, witness_group
from connectors.sdk.poller import Poller
from connectors.sdk.ports import Kit, Sink, Source
from connectors.sdk.receiver import Receiver
from connectors.sdk.sender import Sender
from connectors.sdk.store import Store
from connectors.sdk.store.database import only_process
from connectors.sdk.waiting import Bell, Pulse
from connectors.sdk.witness import Witness, hub_keys
from connectors.sdk.witnessing import Witnessing
from connectors.sdk.writing import Writer, load_key

log = logging.getLogger(__name__)

ENDED, FAILED, STALE = 0, 1, 3
"""Exit codes: stopped by a signal; a loop failed; a loop hung. A supervisor starts the process again."""

GRACE = 4.0
PROBE_EACH = 5.0
LOOK_EACH = 30.0
DAY = 86_400.0


@runtime_checkable
class Closing(Protocol):
    """A source or sink that holds connections may have `aclose`: called once at the end."""

    async def aclose(self) -> None: ...


async def run(config: ConnectorConfig) -> int:
    """Run until SIGTERM or SIGINT, a failure or a hang; the exit code. Ends within 10 s of the signal.

    Raises ConfigurationError, StoreInUse, ForeignStore before anything is touched.
    """
    build = load_build(config)
    writer = Writer(config.department, config.key_id, load_key(config.key_file))
    with only_process(config.store):
        store = Store(config.store, config.department)
        try:
            attachments = DirectoryAttachments(config.attachments)
            source, sink = build(Kit(config.department, store.links, attachments, config.transport))
            try:
                return await Connector(config, store, writer, source, sink).run()
            finally:
                await _close(source, sink)
        finally:
            store.close()


class Connector:
    """The wired loops. Each goes on by itself: Kafka away stops no polling, the system away no sending."""

    def __init__(
        self, config: ConnectorConfig, store: Store, writer: Writer, source: Source, sink: Sink
    ) -> None:
        self._config, self._store = config, store
        self._pulse = Pulse()
        self._stop = asyncio.Event()
        self._code = ENDED
        prefix, department, taken = config.topic_prefix, config.department, Bell()
        client = group(prefix, department)
        backoff = config.backoff.backoff()
        self._poller = Poller(
            source,
            store,
            writer,
            interval=config.poll_interval,
            backoff=backoff,
            taken=taken,
            pulse=self._pulse,
            clock=time.time,
        )
        self._sender = Sender(
            store,
            topic_out(prefix, department),
            lambda: config.kafka.producer(client),
            resend_after=config.resend_after,
            resend_longest=config.resend_longest,
            backoff=backoff,
            taken=taken,
            pulse=self._pulse,
            clock=time.time,
        )
        self._deliverer = Deliverer(
            sink,
            store,
            writer,
            workers=config.delivery_workers,
            ask_again=config.ask_again_after,
            backoff=backoff,
            taken=taken,
            pulse=self._pulse,
            clock=time.time,
        )
        self._receiver = Receiver(
            store,
            topic_in(prefix, department),
            client,
            config.kafka,
            look=self._deliverer.look,
            pulse=self._pulse,
            clock=time.time,
        )
        self._witnessing: Witnessing | None = None
        if config.witness is not None:
            self._witnessing = Witnessing(
                Witness(store.checkpoints, hub_keys(config.witness.hub_keys), writer, time.time),
                prefix,
                witness_group(prefix, department),
                config.kafka,
                backoff=backoff,
                pulse=self._pulse,
            )

    async def run(self) -> int:
        """Run until told to stop or a loop ends; the exit code."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        for part in ("poll", "send", "receive"):
            self._pulse.beat(part)
        with serving(self._config, self._pulse, self._store):
            loops: dict[str, Coroutine[Any, Any, None]] = {
                "poller": self._poller.run(),
                "sender": self._sender.run(),
                "deliverer": self._deliverer.run(min(LOOK_EACH, self._config.stale_after / 4)),
                "receiver": self._receive(),
                "watch": self._watch(),
                "forgetting": self._forget(),
                "stop": self._stopped(),
            }
            if self._witnessing is not None:
                self._pulse.beat("witness")
                loops["witness"] = self._witnessing.run()
            tasks = [asyncio.create_task(coroutine, name=name) for name, coroutine in loops.items()]
            try:
                ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in ended:
                    if (error := task.exception()) is not None:
                        log.critical("%s failed; the process ends", task.get_name(), exc_info=error)
                        self._code = FAILED
            finally:
                await self._end(tasks)
        return self._code

    async def _receive(self) -> None:
        failures = 0
        while True:
            application = self._receiver.application()
            try:
                await application.start()
                failures = 0
                while True:
                    await asyncio.sleep(min(PROBE_EACH, self._config.stale_after / 4))
                    await self._receiver.probe()
            except (KafkaError, OSError) as trouble:
                failures += 1
                self._pulse.beat("receive", f"Kafka: {trouble!r}")
                log.warning("Kafka is away (%d times in a row): %r", failures, trouble)
            finally:
                with suppress(KafkaError, OSError):
                    await application.stop()
            await asyncio.sleep(self._config.backoff.backoff().after(failures))

    async def _watch(self) -> None:
        """End the process when a loop hangs; should this loop itself hang, the interpreter ends it."""
        limit = self._config.stale_after
        try:
            while True:
                faulthandler.dump_traceback_later(2 * limit, exit=True)
                stale = self._pulse.stale(limit)
                if stale:
                    for task in asyncio.all_tasks():
                        task.print_stack(limit=4, file=sys.stderr)
                    log.critical("no sign of life for %.0f s: %s; the process ends", limit, ", ".join(stale))
                    self._code = STALE
                    return
                await asyncio.sleep(1.0)
        finally:
            faulthandler.cancel_dump_traceback_later()

    async def _forget(self) -> None:
        """Drop the data of what ended long ago, once an hour."""
        while True:
            if self._config.retention_days is not None:
                forgotten = self._store.forget_data(time.time() - self._config.retention_days * DAY)
                if forgotten:
                    log.info("dropped the data of %d messages that ended long ago", forgotten)
            await asyncio.sleep(3_600.0)

    async def _stopped(self) -> None:
        await self._stop.wait()
        log.info("stopping")

    async def _end(self, tasks: list[asyncio.Task[None]]) -> None:
        """Let the sender's round and the deliveries in flight end, cancel the rest; at most 2 * GRACE."""
        self._sender.stop()
        self._deliverer.stop()
        poller, sender, deliverer, *rest = tasks
        for task in (poller, *rest):
            task.cancel()
        await asyncio.wait(tasks, timeout=GRACE)
        for task in (sender, deliverer):
            task.cancel()
        _, hanging = await asyncio.wait(tasks, timeout=GRACE - 1)
        for task in hanging:
            log.error("%s did not end; its work is done again after the next start", task.get_name())


async def _close(*parts: object) -> None:
    for part in parts:
        if isinstance(part, Closing):
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await part.aclose()
