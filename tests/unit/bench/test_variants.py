"""What `--only` chooses, and that what the bench puts in place of the hub's parts is still there."""

import pkgutil
from importlib import import_module

import pytest

import hub.app
import tests.bench
from hub.bus.kafka_source import KafkaSource
from hub.errors import ConfigurationError
from hub.run import ROLES
from tests.bench.variants import FLOOR, Hub, chosen, variants


def test_the_floor_is_always_measured_beside() -> None:
    assert [one.name for one in chosen("relay-1,projector*-1")] == [
        "floor",
        "relay-1",
        "projector-1",
        "projector-verified-1",
    ]


def test_an_unknown_name_is_told_with_what_is_allowed() -> None:
    with pytest.raises(ConfigurationError, match="relay-3: allowed are floor, outbox, libraries, relay-1"):
        chosen("relay-1,relay-3")


def test_names_are_unique_and_roles_known() -> None:
    everyone = variants(libraries=True)
    assert len({one.name for one in everyone}) == len(everyone)
    assert everyone[0] is FLOOR
    assert {role for one in everyone if isinstance(one.what, Hub) for role in one.what.roles} < set(ROLES)


def test_every_module_of_the_bench_fits_the_hub_as_it_is() -> None:
    for module in pkgutil.iter_modules(tests.bench.__path__):
        import_module(f"tests.bench.{module.name}")
    # `tests.bench.filling` puts a source of its own in its place.
    assert hub.app.KafkaSource is KafkaSource
