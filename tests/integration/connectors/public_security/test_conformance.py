"""The connector of public security keeps the laws of all connectors; one of the gates brings files twice."""

import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connectors.conformance.bench import Bench
from connectors.conformance.suite import ConnectorConformance
from tests.integration.connectors.public_security.system import IDLE, InsideNetwork, PublicSecurityBench

REPEATING = ("--torn", "0", "--late", "0", "--twice", "50")
CALM = ("--torn", "0", "--late", "0", "--twice", "0")


class TestPublicSecurity(ConnectorConformance):
    department = "public_security"

    @pytest.fixture(params=[CALM, REPEATING], ids=["calm", "repeating"])
    async def bench(self, request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
        policies = tmp_path / "policies.yaml"
        policies.write_text(IDLE, "utf-8")
        quick = ("--resend-after", "1", "--receipts-every", "0.05")
        system = InsideNetwork(tmp_path / "home", "--policies", str(policies), *quick, *request.param)
        await system.start()
        yield PublicSecurityBench(system)
        await system.end(signal.SIGKILL)
