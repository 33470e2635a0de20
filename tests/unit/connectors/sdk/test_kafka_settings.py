"""Each kind of security reaches both clients, FastStream's consumer and the producer."""

from pathlib import Path

import pytest
from faststream.kafka.security import parse_security

from connectors.sdk.kafka import KafkaSettings, group, topic_in, topic_out


def test_plaintext_needs_nothing() -> None:
    assert KafkaSettings(bootstrap="a:1,b:2").faststream_security() is None


def test_scram_reads_its_password_from_a_file(tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("s3cret\n")
    settings = KafkaSettings(bootstrap="a:1", security="scram", username="court", password_file=password)
    assert "s3cret" not in repr(settings)
    assert parse_security(settings.faststream_security()) == {
        "security_protocol": "SASL_PLAINTEXT",
        "ssl_context": None,
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "court",
        "sasl_plain_password": "s3cret",
    }
    assert settings.client_security() == parse_security(settings.faststream_security())


@pytest.mark.parametrize("security", ["tls", "scram_tls"])
def test_tls_trusts_the_given_authority_only(tmp_path: Path, security: str) -> None:
    authority, password = tmp_path / "ca.pem", tmp_path / "password"
    password.write_text("s3cret")
    settings = KafkaSettings.model_validate(
        {
            "bootstrap": "a:1",
            "security": security,
            "ca_file": authority,
            "username": "court",
            "password_file": password,
        }
    )
    with pytest.raises(FileNotFoundError):
        settings.faststream_security()


def test_names_are_those_of_the_access_lists() -> None:
    assert topic_out("t.", "court") == "t.dept.court.out"
    assert topic_in("t.", "court") == "t.dept.court.in"
    assert group("t.", "court") == "t.dept.court.connector"
