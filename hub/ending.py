"""Whether the process has to end, because a task of it did."""

import asyncio
import logging
from typing import Any

log = logging.getLogger(__name__)


class Ending:
    """`failed` is set when a watched task ends by itself: that is a defect, a supervisor starts the process anew.

    A task that was cancelled was told to end. `may_return`: only an exception counts.
    """

    def __init__(self) -> None:
        self.failed = asyncio.Event()

    def watch(self, task: "asyncio.Task[Any]", *, may_return: bool = False) -> None:
        """Never blocks; the failure is logged with its traceback."""

        def ended(task: "asyncio.Task[Any]") -> None:
            if task.cancelled() or (may_return and task.exception() is None):
                return
            failure = task.exception()
            log.critical("%s ended: %r", task.get_name(), failure, exc_info=failure)
            self.failed.set()

        task.add_done_callback(ended)
