"""A home of the module's own, used only through the command `fengqiao`."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.cli.command import Hub


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    """Started with three shards; stopped at the end, whatever the tests did to it."""
    work = Path(tempfile.mkdtemp(prefix="fengqiao-cli-"))
    hub = Hub(work)
    try:
        assert hub("up", "--shards", "3").code == 0
        yield hub
    finally:
        hub.stop_all()
        hub("down", "--purge")
        shutil.rmtree(work)
