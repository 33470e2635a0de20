"""The petition connector keeps the laws of all connectors, on the real stand-in over real HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connectors.conformance.bench import Bench
from connectors.conformance.suite import ConnectorConformance
from schemas.messages.base import ReferralKind
from tests.integration.connectors.petition.system import Office, PetitionBench, idle_policies


class TestPetition(ConnectorConformance):
    department = "petition"
    received_flow = "LSC"
    received_kind = ReferralKind.REQUEST

    @pytest.fixture
    async def bench(self, tmp_path: Path) -> AsyncIterator[Bench]:
        policies = idle_policies(tmp_path)
        office = Office(tmp_path / "office", "--trouble", "0", "--policies", str(policies))
        await office.start()
        yield PetitionBench(office)
        await office.stop()
