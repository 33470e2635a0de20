"""What a connector under test brings along: the department system, and how to move and to look into it."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from connectors.sdk.ports import Kit, Sink, Source


@dataclass(frozen=True, slots=True)
class Held:
    """One delivery as the department system holds it: the delivery's id there, and the number it gave."""

    message_id: str
    local_number: str | None


class Bench(ABC):
    """A department system, fresh for the test, and the connector onto it.

    The system is the one that a user would run (a stand-in process over its real interface), never a mock. It
    may act by itself meanwhile: the suite looks only for what it caused.
    """

    @abstractmethod
    def build(self, kit: Kit) -> tuple[Source, Sink]:
        """The mapping's `build`, with this bench's addresses; called on the same kit for each restart."""

    @abstractmethod
    async def change(self, title: str) -> None:
        """An officer raises one more matter with this title and a paper: one `referral.raised.v1`."""

    @abstractmethod
    async def change_badly(self, title: str) -> None:
        """Like `change`, but it can't be mapped (an unknown code, a missing field): one `Unmapped`."""

    @abstractmethod
    async def held(self) -> Sequence[Held]:
        """All deliveries that the department system holds, read from it and not from the connector."""

    @abstractmethod
    async def go_away(self) -> None:
        """The department system stops answering (its process is killed, its directory is gone …)."""

    @abstractmethod
    async def come_back(self) -> None:
        """It is there again with all that it held."""
