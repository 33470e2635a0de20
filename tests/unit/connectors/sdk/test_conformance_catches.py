"""The conformance suite fails for connectors that break a law: one that passes anything proves nothing."""

from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from connectors.conformance.suite import ConnectorConformance
from connectors.sdk.attachments import DirectoryAttachments
from connectors.sdk.links import MemoryLinks
from connectors.sdk.ports import Delivered, Delivery, Kit, Outgoing, Page, Sink, Source, TransportTrouble
from tests.integration.connectors.sdk.notebook import Notebook, NotebookSink, NotebookSource
from tests.integration.connectors.sdk.test_conformance import NotebookBench


class FreshIds(NotebookSource):
    """Gives the same change another local id each time."""

    async def poll(self, cursor: str | None) -> Page:
        page = await super().poll(cursor)
        items = [replace(item, local_id=str(uuid4())) for item in page.items]
        return replace(page, items=items)


class Forgetful(NotebookSource):
    """Drops what it can't map."""

    async def poll(self, cursor: str | None) -> Page:
        page = await super().poll(cursor)
        return replace(page, items=[item for item in page.items if isinstance(item, Outgoing)])


class Silent(NotebookSource):
    """Says that a system that is away has nothing new."""

    async def poll(self, cursor: str | None) -> Page:
        try:
            return await super().poll(cursor)
        except TransportTrouble:
            return Page([], cursor or "0")


class Doubling(NotebookSink):
    """Writes a delivery in again each time."""

    async def deliver(self, delivery: Delivery) -> Delivered:
        await super().deliver(replace(delivery, message_id=str(uuid4())))
        return await super().deliver(delivery)


class Numberless(NotebookSink):
    """Keeps the department's own number to itself."""

    async def deliver(self, delivery: Delivery) -> Delivered:
        await super().deliver(delivery)
        return Delivered()


class Shortening(NotebookSource):
    """Gives the cursor behind the page, but only the page's first item."""

    async def poll(self, cursor: str | None) -> Page:
        page = await super().poll(cursor)
        return replace(page, items=page.items[:1])


class BrokenBench(NotebookBench):
    def __init__(self, notebook: Notebook, source: type[NotebookSource], sink: type[NotebookSink]) -> None:
        super().__init__(notebook)
        self._source, self._sink = source, sink

    def build(self, kit: Kit) -> tuple[Source, Sink]:
        return self._source(kit, self._notebook), self._sink(kit, self._notebook, 0)


@pytest.mark.parametrize(
    ("source", "sink", "law"),
    [
        (FreshIds, NotebookSink, "test_a_page_read_again_is_the_same"),
        (Shortening, NotebookSink, "test_a_page_read_again_is_the_same"),
        (Forgetful, NotebookSink, "test_a_change_that_cannot_be_mapped_is_kept_and_the_rest_goes_on"),
        (Silent, NotebookSink, "test_a_system_that_is_away_is_trouble_and_loses_nothing"),
        (NotebookSource, Numberless, "test_a_task_gets_the_departments_own_number"),
        (NotebookSource, Doubling, "test_a_delivery_made_again_is_one_record_also_after_a_restart"),
    ],
)
async def test_a_broken_connector_is_caught(
    source: type[NotebookSource], sink: type[NotebookSink], law: str, tmp_path: Path
) -> None:
    class Brief(ConnectorConformance):
        department = "notebook"
        patience = 3

    bench = BrokenBench(Notebook(tmp_path / "notebook.db"), source, sink)
    kit = Kit("notebook", MemoryLinks(), DirectoryAttachments(tmp_path / "papers"))
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        await getattr(Brief(), law)(bench, kit)
