"""The rules as the hub loads them, as the second opinion of what a page must say."""

import pytest

from hub.domain.lifecycle import Lifecycle
from hub.rules.files import load_model
from hub.rules.loader import HERE


@pytest.fixture
def life() -> Lifecycle:
    return load_model(HERE / "lifecycle.yaml", Lifecycle)
