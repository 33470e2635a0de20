"""How the hub reaches Kafka: what is refused names the setting, its value and what is allowed."""

from pathlib import Path
from typing import Any

import pytest

from hub.bus.security import KafkaAddress, client_options, librdkafka_options
from hub.errors import ConfigurationError
from hub.settings import Settings

FILE = Path("/nowhere/file")
PLAIN = {
    "bootstrap_servers": "a:1",
    "security_protocol": "PLAINTEXT",
    "ssl_context": None,
}


def scram(directory: Path, text: str = "s3cret\n") -> KafkaAddress:
    (directory / "password").write_text(text)
    return KafkaAddress("a:1", "scram", "hub", directory / "password")


def test_an_address_alone_is_plaintext() -> None:
    assert client_options("a:1") == client_options(KafkaAddress("a:1")) == PLAIN
    assert str(KafkaAddress("a:1,b:2")) == "a:1,b:2"


def test_a_login_is_read_from_its_file_each_time(tmp_path: Path) -> None:
    address = scram(tmp_path)
    assert client_options(address) == {
        **PLAIN,
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "hub",
        "sasl_plain_password": "s3cret",
    }
    assert librdkafka_options(address) == {
        "bootstrap.servers": "a:1",
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanisms": "SCRAM-SHA-512",
        "sasl.username": "hub",
        "sasl.password": "s3cret",
    }
    (tmp_path / "password").write_text("changed")
    assert client_options(address)["sasl_plain_password"] == "changed"
    assert "changed" not in repr(address)
    assert str(address) == "a:1 (scram as 'hub')"


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"security": "ssl"}, "kafka_security: 'ssl': allowed are plaintext, tls, scram, scram_tls"),
        ({"security": "scram", "password_file": FILE}, "kafka_username: None: .*'scram' needs it"),
        ({"security": "scram", "username": "hub"}, "kafka_password_file: None: .*'scram' needs it"),
        ({"security": "tls"}, "kafka_ca_file: None: .*'tls' needs it"),
        (
            {"security": "scram_tls", "username": "hub", "password_file": FILE},
            "kafka_ca_file: None: .*'scram_tls' needs it",
        ),
        (
            {"username": "hub"},
            "kafka_username: 'hub': .*'plaintext' has no use.*allowed with scram, scram_tls",
        ),
        (
            {"security": "tls", "ca_file": FILE, "password_file": FILE},
            "kafka_password_file: '/nowhere/file': .*'tls' has no use",
        ),
        (
            {"security": "scram", "username": "hub", "password_file": FILE, "ca_file": FILE},
            "kafka_ca_file: '/nowhere/file': .*'scram' has no use.*allowed with tls, scram_tls",
        ),
        (
            {"security": "tls", "ca_file": FILE, "certificate_file": FILE},
            "kafka_certificate_file: /nowhere/file, kafka_certificate_key_file: None: give both",
        ),
    ],
)
def test_what_does_not_fit_together_is_named(given: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        KafkaAddress("a:1", **given)


@pytest.mark.parametrize("options", [client_options, librdkafka_options])
def test_a_bad_file_is_named_when_a_client_is_made(tmp_path: Path, options: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"kafka_password_file: .*is empty"):
        options(scram(tmp_path, "\n"))
    with pytest.raises(ConfigurationError, match="kafka_password_file: /nowhere/file: must be a file"):
        options(KafkaAddress("a:1", "scram", "hub", FILE))
    with pytest.raises(ConfigurationError, match="kafka_ca_file: /nowhere/file: must be a file"):
        options(KafkaAddress("a:1", "tls", ca_file=FILE))
    text = tmp_path / "text"
    text.write_text("no certificate")
    with pytest.raises(ConfigurationError, match=r"kafka_ca_file: .*must be PEM"):
        options(KafkaAddress("a:1", "tls", ca_file=text))


def test_settings_come_by_environment_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    paths = dict.fromkeys(("city", "keys", "kek", "hub_key"), "x")
    given = {"kafka": "a:1", "database": "postgresql://x", **paths}
    assert Settings.load(None, **given).kafka_address == KafkaAddress("a:1")
    assert Settings.load(None, **given).hub_principal == "hub"
    monkeypatch.setenv("FENGQIAO_KAFKA_SECURITY", "scram")
    with pytest.raises(ConfigurationError, match="kafka_username: None"):
        Settings.load(None, **given)
    monkeypatch.setenv("FENGQIAO_KAFKA_USERNAME", "fengqiao")
    monkeypatch.setenv("FENGQIAO_KAFKA_PASSWORD_FILE", str(tmp_path / "password"))
    settings = Settings.load(None, **given)
    assert settings.kafka_address == KafkaAddress("a:1", "scram", "fengqiao", tmp_path / "password")
    assert settings.hub_principal == "fengqiao"
    monkeypatch.setenv("FENGQIAO_DEPARTMENT_RATE", "12")
    with pytest.raises(ConfigurationError, match=r"department_rate.*1024.*12"):
        Settings.load(None, **given)
