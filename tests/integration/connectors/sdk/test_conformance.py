"""The conformance suite holds for the notebook, the smallest system there is."""

from pathlib import Path

import pytest

from connectors.conformance.bench import Bench, Held
from connectors.conformance.suite import ConnectorConformance
from connectors.sdk.ports import Kit, Sink, Source
from tests.integration.connectors.sdk.notebook import Notebook, NotebookSink, NotebookSource, as_held


class NotebookBench(Bench):
    def __init__(self, notebook: Notebook) -> None:
        self._notebook = notebook

    def build(self, kit: Kit) -> tuple[Source, Sink]:
        return NotebookSource(kit, self._notebook), NotebookSink(kit, self._notebook, 0)

    async def change(self, title: str) -> None:
        self._notebook.raise_matter(title)

    async def change_badly(self, title: str) -> None:
        self._notebook.raise_matter(title, kind="unheard_of")

    async def held(self) -> list[Held]:
        return as_held(self._notebook.held())

    async def go_away(self) -> None:
        self._notebook.go_away()

    async def come_back(self) -> None:
        self._notebook.come_back()


class TestNotebook(ConnectorConformance):
    department = "notebook"

    @pytest.fixture
    def bench(self, tmp_path: Path) -> Bench:
        return NotebookBench(Notebook(tmp_path / "notebook.db"))
