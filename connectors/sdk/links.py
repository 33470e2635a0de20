"""What a department's own number stands for, in memory: for tests and for mappings tried without a store."""

from collections.abc import Callable

from connectors.sdk.ports import Link


class MemoryLinks:
    """`Links` that live as long as the process. The link put last is the one that is found."""

    def __init__(self) -> None:
        self._links: list[Link] = []

    def put(self, link: Link) -> None:
        if link not in self._links:
            self._links.append(link)

    def by_number(self, local_number: str) -> Link | None:
        return self._last(lambda link: link.local_number == local_number)

    def by_referral(self, referral: str) -> Link | None:
        return self._last(lambda link: link.referral == referral)

    def by_task(self, task: str) -> Link | None:
        return self._last(lambda link: link.task == task)

    def _last(self, wanted: Callable[[Link], bool]) -> Link | None:
        return next((link for link in reversed(self._links) if wanted(link)), None)
