from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connectors.conformance.suite import ConnectorConformance
from tests.integration.connectors.procuratorate.bench import ProcuratorateBench, running


class TestProcuratorate(ConnectorConformance):
    department = "procuratorate"

    @pytest.fixture
    async def bench(self, tmp_path: Path, database: str) -> AsyncIterator[ProcuratorateBench]:
        async with running(tmp_path / "home", database) as system:
            bench = ProcuratorateBench(system)
            yield bench
            await bench.close()
