"""A town on both servers for the tests of a module, with intake running."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.embedded.servers import Addresses
from tests.support.town import Town
from tests.support.town import town as open_town

DEPARTMENTS = Path(__file__).with_name("departments.yaml")
RULES = Path(__file__).with_name("rules")


@pytest.fixture(scope="module")
async def town(servers: Addresses, module_database: str, module_prefix: str) -> AsyncIterator[Town]:
    async with open_town(servers.kafka, module_database, module_prefix, DEPARTMENTS, overlay=RULES) as made:
        yield made
