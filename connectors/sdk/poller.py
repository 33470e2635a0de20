"""The loop that reads the department system."""

import asyncio
import logging

from connectors.sdk.ports import Outgoing, Source, TransportTrouble, Unmapped
from connectors.sdk.store import Store
from connectors.sdk.waiting import Backoff, Bell, Clock, Pulse
from connectors.sdk.writing import Writer

log = logging.getLogger(__name__)


class Poller:
    """Polls the source each `interval` seconds, at once again while there is more.

    A page and its cursor are stored in one transaction, then `taken` rings. Cancelling it loses nothing: a
    page is stored whole or read again.
    """

    def __init__(
        self,
        source: Source,
        store: Store,
        writer: Writer,
        *,
        interval: float,
        backoff: Backoff,
        taken: Bell,
        pulse: Pulse,
        clock: Clock,
    ) -> None:
        self._source, self._store, self._writer = source, store, writer
        self._interval, self._backoff = interval, backoff
        self._taken, self._pulse, self._clock = taken, pulse, clock

    async def run(self) -> None:
        """Poll for ever. Trouble and defects are reported and waited out; only cancelling ends it."""
        failures = 0
        while True:
            try:
                more = await self.poll()
            except TransportTrouble as trouble:
                failures += 1
                self._pulse.beat("poll", str(trouble))
                log.warning("the department system is away (%d times in a row): %s", failures, trouble)
            except Exception as defect:
                failures += 1
                self._pulse.beat("poll", f"defect: {defect!r}")
                log.exception("polling failed (%d times in a row); nothing was taken", failures)
            else:
                failures = 0
                self._pulse.beat("poll")
                if more:
                    continue
            await asyncio.sleep(self._backoff.after(failures) if failures else self._interval)

    async def poll(self) -> bool:
        """Read and store one page; whether there is more right now."""
        page = await self._source.poll(self._store.cursor)
        items = [self._writer.write(item) if isinstance(item, Outgoing) else item for item in page.items]
        taken = self._store.take_page(items, page.cursor, self._clock())
        if taken.new:
            self._taken.ring()
        for item in items:
            if isinstance(item, Unmapped):
                log.warning("change %s can't be mapped and was set aside: %s", item.local_id, item.problem)
        if taken.changed:
            log.warning("%d changes came again with other content; the first content was kept", taken.changed)
        if taken.new or taken.unmapped:
            log.info("took %d new changes, set %d aside", taken.new, taken.unmapped)
        return page.more
