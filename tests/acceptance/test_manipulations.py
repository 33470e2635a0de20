"""With those of the integration test, a thousand random manipulations by a superuser, each found and located."""

import pytest

from tests.integration.audit.test_verify_checkpoints import MANIPULATIONS, found_and_located


@pytest.mark.covers("promise 7")
async def test_the_rest_of_a_thousand_manipulations(database: str) -> None:
    await found_and_located(database, range(MANIPULATIONS, 1000))
