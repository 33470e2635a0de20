"""The loop that gives messages to the department system: per case in order, cases side by side."""

import asyncio
import logging
from collections.abc import Iterable
from datetime import UTC, datetime

from pydantic import ValidationError

from connectors.sdk.ports import (
    Delivered,
    Delivery,
    DeliveryRejected,
    Link,
    Outgoing,
    Sink,
    TransportTrouble,
    Unmapped,
)
from connectors.sdk.reading import ASSIGNED
from connectors.sdk.store import Store
from connectors.sdk.store.inbox import Hole, Next
from connectors.sdk.waiting import Backoff, Bell, Clock, Pulse
from connectors.sdk.writing import Writer, Written, one_line
from schemas.messages.task import RedeliveryRequested, TaskReceived

log = logging.getLogger(__name__)

REFUSED = "message.refused.v1"
RECEIVED = "task.received.v1"
REDELIVERY = "redelivery.requested.v1"
OURS = frozenset({RECEIVED, REDELIVERY})
"""What the kit itself sends: the department system knows nothing of these, nor of their refusal."""


class Deliverer:
    """Works the store's inbox with `workers` tasks, each on one case at a time.

    A case with trouble waits with backoff, one with a rejected delivery until a person decides, one with a
    hole until the hub has delivered what is missing (asked for at once, and again after `ask_again` seconds,
    doubling). The other cases go on. A delivery counts when the sink has returned and the store has it; else
    it is made again.
    """

    def __init__(
        self,
        sink: Sink,
        store: Store,
        writer: Writer,
        *,
        workers: int,
        ask_again: float,
        backoff: Backoff,
        taken: Bell,
        pulse: Pulse,
        clock: Clock,
    ) -> None:
        self._sink, self._store, self._writer = sink, store, writer
        self._workers, self._backoff = workers, backoff
        self._asking = Backoff(ask_again, ask_again * 16)
        self._taken, self._pulse, self._clock = taken, pulse, clock
        self._queue: asyncio.Queue[str] = asyncio.Queue()
        self._known: set[str] = set()
        self._alarms: dict[str, asyncio.TimerHandle] = {}
        self._resting: set[str] = set()
        self._failures: dict[str, int] = {}
        self._stopping = False

    def look(self, cases: Iterable[str]) -> None:
        """These cases may have something to deliver now."""
        for case in cases:
            if case not in self._known and case not in self._resting and not self._stopping:
                self._known.add(case)
                self._queue.put_nowait(case)

    async def run(self, look_again: float = 30.0) -> None:
        """Deliver until `stop`; look at all open cases each `look_again` seconds (a person may retry)."""
        workers = [asyncio.create_task(self._work()) for _ in range(self._workers)]
        try:
            while not self._stopping:
                self._pulse.beat("deliver")
                self.look(self._store.inbox.open_cases())
                ended, _ = await asyncio.wait(
                    workers, timeout=look_again, return_when=asyncio.FIRST_COMPLETED
                )
                if ended and not self._stopping:
                    raise RuntimeError("a delivery worker ended by itself")
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
            for alarm in self._alarms.values():
                alarm.cancel()
            self._pulse.end("deliver")

    def stop(self) -> None:
        """End after the deliveries in flight."""
        self._stopping = True
        for _ in range(self._workers):
            self._queue.put_nowait("")

    async def work(self, case: str) -> None:
        """Deliver what the case has, in order, until nothing is left or it must wait."""
        while not self._stopping:
            step = self._store.inbox.next(case, self._clock())
            if step is None:
                self._failures.pop(case, None)
                return
            if isinstance(step, Hole):
                self._ask(step)
                return
            hop = f"delivery of {step.message}"
            self._pulse.beat(hop)
            try:
                await self._deliver(step)
            except TransportTrouble as trouble:
                wait = self._after_failure(case)
                self._pulse.note("sink", str(trouble))
                log.warning("case %s waits %.1f s: %s %s: %s", case, wait, step.type, step.message, trouble)
                return
            except DeliveryRejected as rejection:
                self._reject(step, str(rejection))
                return
            finally:
                self._pulse.end(hop)
            self._failures.pop(case, None)
            self._pulse.note("sink", None)

    async def _work(self) -> None:
        while True:
            case = await self._queue.get()
            if self._stopping:
                return
            try:
                await self.work(case)
            except Exception:
                wait = self._after_failure(case)
                log.exception("case %s waits %.1f s: delivering failed", case, wait)
            finally:
                self._known.discard(case)

    async def _deliver(self, step: Next) -> None:
        if step.type == REFUSED and step.data.get("type") in OURS:
            log.error("the hub refused %s of ours: %s", step.data.get("type"), step.data.get("detail"))
            delivered = Delivered()
        else:
            delivered = await self._give(step)
        receipt = link = None
        if step.type == ASSIGNED:
            receipt = self._received(step, delivered)
            if delivered.local_number:
                link = Link(delivered.local_number, step.case, step.data["referral"], step.data["task"])
        self._store.take_delivered(step, delivered, receipt, link, self._clock())
        if receipt is not None:
            self._taken.ring()

    async def _give(self, step: Next) -> Delivered:
        data = step.data
        if step.type == REFUSED:
            data = {**self._store.refused(str(data.get("message"))), **data}
            log.warning(
                "the hub refused a message: %s", {k: data.get(k) for k in ("message", "reason", "detail")}
            )
        try:
            return await self._sink.deliver(
                Delivery(step.message, step.type, step.case, step.actor, step.sequence, data)
            )
        except (TransportTrouble, DeliveryRejected):
            raise
        except Exception as defect:
            # A mapping that fails on one message must not stop the others; a person looks, mends and retries.
            log.exception("case %s: defect while delivering %s %s", step.case, step.type, step.message)
            raise DeliveryRejected(f"defect of the connector: {defect!r}") from defect

    def _received(self, step: Next, delivered: Delivered) -> Written:
        now = datetime.fromtimestamp(self._clock(), UTC)
        try:
            data = TaskReceived(
                referral=step.data["referral"],
                task=step.data["task"],
                received_at=now,
                local_number=delivered.local_number,
                number_kind=delivered.number_kind,
            )
        except ValidationError as error:
            raise DeliveryRejected(f"task.received can't be written: {one_line(error)}") from error
        change = Outgoing(f"task.received/{data.task}", RECEIVED, step.case, data, now)
        return self._written(change)

    def _ask(self, hole: Hole) -> None:
        now = self._clock()
        due = hole.asked_at + self._asking.after(hole.times) if hole.times else now
        if due <= now:
            data = RedeliveryRequested(from_sequence=hole.first, to_sequence=hole.last)
            local_id = f"redelivery.requested/{hole.case}/{hole.first}-{hole.last}/{hole.times + 1}@{now:.3f}"
            change = Outgoing(local_id, REDELIVERY, hole.case, data, datetime.fromtimestamp(now, UTC))
            self._store.ask(hole, self._written(change), now)
            self._taken.ring()
            log.warning(
                "case %s: sequences %d-%d are missing and were asked for", hole.case, hole.first, hole.last
            )
            due = now + self._asking.after(hole.times + 1)
        self._look_after(hole.case, due - now)

    def _written(self, change: Outgoing) -> Written:
        written = self._writer.write(change)
        if isinstance(written, Unmapped):
            raise DeliveryRejected(f"{change.type} can't be written: {written.problem}")
        return written

    def _reject(self, step: Next, reason: str) -> None:
        self._store.inbox.mark_rejected(step, reason, self._clock())
        log.error(
            "case %s waits for a person: %s %s was rejected: %s", step.case, step.type, step.message, reason
        )

    def _after_failure(self, case: str) -> float:
        self._failures[case] = self._failures.get(case, 0) + 1
        wait = self._backoff.after(self._failures[case])
        self._resting.add(case)
        self._look_after(case, wait)
        return wait

    def _look_after(self, case: str, seconds: float) -> None:
        """Look at the case again then, and once only."""

        def now() -> None:
            self._alarms.pop(case, None)
            self._resting.discard(case)
            self.look([case])

        earlier = self._alarms.pop(case, None)
        if earlier is not None:
            earlier.cancel()
        self._alarms[case] = asyncio.get_running_loop().call_later(seconds, now)
