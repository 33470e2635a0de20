"""A connector that is only a profile keeps the laws of all connectors."""

import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connectors.conformance.bench import Bench
from connectors.conformance.suite import ConnectorConformance
from tests.integration.connectors.justice.system import IDLE, Bureau, JusticeBench


class TestJustice(ConnectorConformance):
    department = "justice"

    @pytest.fixture
    async def bench(self, tmp_path: Path) -> AsyncIterator[Bench]:
        policies = tmp_path / "policies.yaml"
        policies.write_text(IDLE, "utf-8")
        bureau = Bureau(tmp_path / "home", "--policies", str(policies), "--busy-every", "0")
        await bureau.start()
        yield JusticeBench(bureau)
        await bureau.end(signal.SIGKILL)
