"""The notebook of the connector kit's tests as a department of the test city: its letters are what flow F21 asks for."""

from dataclasses import replace
from pathlib import Path

from connectors.sdk.ports import Kit, Outgoing, Page, Sink, Source
from schemas.messages.referral import ReferralRaised
from tests.integration.connectors.sdk.notebook import Notebook, NotebookSink, NotebookSource


class LetterSource(NotebookSource):
    """Names each paper as the flow does."""

    async def poll(self, cursor: str | None) -> Page:
        page = await super().poll(cursor)
        return replace(page, items=[_named(item) for item in page.items if isinstance(item, Outgoing)])


def _named(item: Outgoing) -> Outgoing:
    assert isinstance(item.data, ReferralRaised)
    papers = [paper.model_copy(update={"code": "forward_letter"}) for paper in item.data.papers]
    return replace(item, data=item.data.model_copy(update={"papers": papers}))


def build(kit: Kit) -> tuple[Source, Sink]:
    """Settings as the notebook's."""
    notebook = Notebook(Path(kit.settings["path"]))
    return LetterSource(kit, notebook), NotebookSink(kit, notebook, 0)
