"""A wrong configuration is refused at start, with the field, the value and what is allowed."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.errors import ConfigurationError
from connectors.sdk.config import load_build, load_config

GOOD: dict[str, Any] = {
    "department": "notebook",
    "kafka": "127.0.0.1:9092",
    "key_file": "key.pem",
    "key_id": "notebook-2026",
    "store": "connector.db",
    "attachments": "papers",
    "mapping": "tests.integration.connectors.sdk.notebook:build",
    "transport": {"password": "not-to-be-shown"},
}


def _file(directory: Path, **changes: Any) -> Path:
    path = directory / "connector.yaml"
    path.write_text(yaml.safe_dump({**GOOD, **changes}))
    return path


def test_relative_paths_start_at_the_file(tmp_path: Path) -> None:
    config = load_config(_file(tmp_path))
    assert config.store == tmp_path / "connector.db"
    assert config.kafka.bootstrap == "127.0.0.1:9092"
    assert callable(load_build(config))
    scram = {"bootstrap": "a:1", "security": "scram", "username": "x", "password_file": "password"}
    assert load_config(_file(tmp_path, kafka=scram)).kafka.password_file == tmp_path / "password"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"department": "Court!"}, "department: 'Court!'"),
        ({"kafka": "nowhere"}, "kafka.bootstrap: 'nowhere'"),
        ({"poll_interval": 0}, "poll_interval: 0"),
        ({"mapping": None}, "exactly one of mapping and profile"),
        ({"profile": "justice.yaml"}, "exactly one of mapping and profile"),
        ({"polling": 3}, "polling: 3: Extra inputs are not permitted"),
        ({"stale_after": 2}, "stale_after 2.0 must be above"),
        ({"kafka": {"bootstrap": "a:1", "security": "scram"}}, "needs username and password_file"),
        ({"kafka": {"bootstrap": "a:1", "security": "tls"}}, "needs ca_file"),
    ],
)
def test_a_wrong_field_is_named(tmp_path: Path, changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        load_config(_file(tmp_path, **changes))
    assert problem in str(raised.value)
    assert "not-to-be-shown" not in str(raised.value)


def test_a_file_that_is_no_configuration_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="can't be read"):
        load_config(tmp_path / "none.yaml")
    path = tmp_path / "list.yaml"
    path.write_text("- a\n")
    with pytest.raises(ConfigurationError, match="holds list"):
        load_config(path)


@pytest.mark.parametrize(
    "mapping", ["no.such.module:build", "connectors.sdk.ports:build", "connectors.sdk.ids:__doc__"]
)
def test_a_mapping_that_is_not_there_is_named(tmp_path: Path, mapping: str) -> None:
    with pytest.raises(ConfigurationError, match=mapping):
        load_build(load_config(_file(tmp_path, mapping=mapping)))
