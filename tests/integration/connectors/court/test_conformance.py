"""The court's connector against the suite that any connector must pass."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connectors.conformance.suite import ConnectorConformance
from tests.integration.connectors.court.bench import CourtBench, running_court


class TestCourt(ConnectorConformance):
    department = "court"

    @pytest.fixture
    async def bench(self, tmp_path: Path) -> AsyncIterator[CourtBench]:
        async with running_court(tmp_path / "court") as bench:
            yield bench
