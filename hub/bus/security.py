"""How the hub reaches Kafka: address, transport, login. One value for every client of `hub.bus`."""

import ssl
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Self, get_args

from hub.errors import ConfigurationError

Security = Literal["plaintext", "tls", "scram", "scram_tls"]
MECHANISM = "SCRAM-SHA-512"
_PROTOCOLS = {"plaintext": "PLAINTEXT", "tls": "SSL", "scram": "SASL_PLAINTEXT", "scram_tls": "SASL_SSL"}


@dataclass(frozen=True, slots=True)
class KafkaAddress:
    """Bootstrap servers (`host:port`, several by commas) and how to be let in.

    `tls`: the server proves itself against `ca_file`; with a certificate the client does too, and its principal
    comes from it. `scram`: SCRAM-SHA-512 (RFC 5802) with `username` and the first line of `password_file`.
    `scram_tls`: both. Passwords are in files only, read when a client is made: a changed one counts from the next
    connection on. Raises ConfigurationError naming the setting, its value and what is allowed.
    """

    bootstrap: str
    security: Security = "plaintext"
    username: str | None = None
    password_file: Path | None = None
    ca_file: Path | None = None
    certificate_file: Path | None = None
    certificate_key_file: Path | None = None

    def __post_init__(self) -> None:
        if self.security not in get_args(Security):
            raise ConfigurationError(
                f"kafka_security: {self.security!r}: allowed are {', '.join(get_args(Security))}"
            )
        self._needed("scram", "username", "password_file")
        self._needed("tls", "ca_file")
        self._senseless("scram", "username", "password_file")
        self._senseless("tls", "ca_file", "certificate_file", "certificate_key_file")
        if (self.certificate_file is None) != (self.certificate_key_file is None):
            raise ConfigurationError(
                f"kafka_certificate_file: {self.certificate_file}, kafka_certificate_key_file: "
                f"{self.certificate_key_file}: give both or none"
            )

    def _needed(self, kind: str, *names: str) -> None:
        for name in names:
            if kind in self.security and getattr(self, name) is None:
                raise ConfigurationError(f"kafka_{name}: None: kafka_security {self.security!r} needs it")

    def _senseless(self, kind: str, *names: str) -> None:
        """What would be left out in silence: a password over a line that nobody asks one on."""
        for name in names:
            if kind not in self.security and (value := getattr(self, name)) is not None:
                allowed = ", ".join(one for one in get_args(Security) if kind in one)
                raise ConfigurationError(
                    f"kafka_{name}: {str(value)!r}: kafka_security {self.security!r} has no use for it; allowed with {allowed}"
                )

    def __str__(self) -> str:
        if self.security == "plaintext":
            return self.bootstrap
        return f"{self.bootstrap} ({self.security}{f' as {self.username!r}' if self.username else ''})"

    def logged_in_as(self, username: str, password_file: Path) -> Self:
        """The same way with another login. ConfigurationError without SCRAM."""
        return replace(self, username=username, password_file=password_file)

    def password(self) -> str:
        """The login's password. ConfigurationError when the file can't be read or is empty."""
        file = _readable("kafka_password_file", self.password_file)
        lines = file.read_text(encoding="utf-8").splitlines()
        if not lines or not lines[0].strip():
            raise ConfigurationError(f"kafka_password_file: {file}: is empty; must hold the password")
        return lines[0].strip()

    def tls(self) -> ssl.SSLContext | None:
        """TLS that trusts the named authority alone; None without TLS. ConfigurationError names a bad file."""
        if "tls" not in self.security:
            return None
        authority = _readable("kafka_ca_file", self.ca_file)
        try:
            context = ssl.create_default_context(cafile=authority)
        except ssl.SSLError as error:
            raise ConfigurationError(f"kafka_ca_file: {authority}: must be PEM: {error}") from None
        if self.certificate_file is not None:
            certificate = _readable("kafka_certificate_file", self.certificate_file)
            key = _readable("kafka_certificate_key_file", self.certificate_key_file)
            try:
                context.load_cert_chain(certificate, key)
            except ssl.SSLError as error:
                raise ConfigurationError(
                    f"kafka_certificate_file: {certificate} with {key}: must be a PEM pair: {error}"
                ) from None
        return context


def address_of(kafka: "str | KafkaAddress") -> KafkaAddress:
    """A bootstrap string alone means plaintext."""
    return KafkaAddress(kafka) if isinstance(kafka, str) else kafka


def client_options(kafka: "str | KafkaAddress") -> dict[str, Any]:
    """For a client of aiokafka. Reads the files. Raises ConfigurationError."""
    address = address_of(kafka)
    options: dict[str, Any] = {
        "bootstrap_servers": address.bootstrap,
        "security_protocol": _PROTOCOLS[address.security],
        "ssl_context": address.tls(),
    }
    if "scram" in address.security:
        options["sasl_mechanism"] = MECHANISM
        options["sasl_plain_username"] = address.username
        options["sasl_plain_password"] = address.password()
    return options


def librdkafka_options(kafka: "str | KafkaAddress") -> dict[str, Any]:
    """For a client of confluent-kafka. Reads the files. Raises ConfigurationError."""
    address = address_of(kafka)
    # Made only to name a bad file as `client_options` does.
    address.tls()
    options: dict[str, Any] = {
        "bootstrap.servers": address.bootstrap,
        "security.protocol": _PROTOCOLS[address.security],
    }
    if address.ca_file is not None:
        options["ssl.ca.location"] = str(address.ca_file)
    if address.certificate_file is not None:
        options["ssl.certificate.location"] = str(address.certificate_file)
        options["ssl.key.location"] = str(address.certificate_key_file)
    if "scram" in address.security:
        options["sasl.mechanisms"] = MECHANISM
        options["sasl.username"] = address.username
        options["sasl.password"] = address.password()
    return options


def _readable(setting: str, file: Path | None) -> Path:
    if file is None:
        raise ConfigurationError(f"{setting}: None: must name a file")
    try:
        with file.open("rb"):
            return file
    except OSError as error:
        raise ConfigurationError(
            f"{setting}: {file}: must be a file that this process can read: {error}"
        ) from None
