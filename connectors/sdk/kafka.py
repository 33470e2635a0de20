"""How a connector reaches Kafka: address, security, names of topics."""

import ssl
from pathlib import Path
from typing import Any, Literal, Self

from aiokafka import AIOKafkaProducer
from faststream.security import BaseSecurity, SASLScram512
from pydantic import BaseModel, ConfigDict, Field, model_validator

MAX_REQUEST = 1_048_576


class KafkaSettings(BaseModel):
    """The section `kafka` of a connector's configuration."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bootstrap: str = Field(
        pattern=r"^[^\s,]+:\d+(,[^\s,]+:\d+)*$", description="host:port, several by commas"
    )
    security: Literal["plaintext", "tls", "scram", "scram_tls"] = "plaintext"
    username: str | None = None
    password_file: Path | None = None
    ca_file: Path | None = None
    certificate_file: Path | None = None
    certificate_key_file: Path | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if "scram" in self.security and (self.username is None or self.password_file is None):
            raise ValueError(f"security {self.security!r} needs username and password_file")
        if "tls" in self.security and self.ca_file is None:
            raise ValueError(f"security {self.security!r} needs ca_file")
        if (self.certificate_file is None) != (self.certificate_key_file is None):
            raise ValueError("certificate_file and certificate_key_file go together")
        return self

    def from_directory(self, directory: Path) -> Self:
        """The same with relative paths made absolute from there."""
        named = {name: getattr(self, name) for name in type(self).model_fields if name.endswith("_file")}
        return self.model_copy(update={name: directory / path for name, path in named.items() if path})

    def faststream_security(self) -> BaseSecurity | None:
        """For FastStream's broker; None means plaintext. Reads the files."""
        if self.security == "plaintext":
            return None
        context = self._tls()
        if "scram" not in self.security:
            return BaseSecurity(ssl_context=context)
        return SASLScram512(
            username=self.username or "",
            password=self._password(),
            ssl_context=context,
            use_ssl=context is not None,
        )

    def producer(self, client_id: str) -> AIOKafkaProducer:
        """A producer, not started: idempotent, all replicas, no lingering."""
        return AIOKafkaProducer(
            bootstrap_servers=self.bootstrap,
            client_id=client_id,
            enable_idempotence=True,
            acks="all",
            linger_ms=0,
            max_request_size=MAX_REQUEST,
            request_timeout_ms=20_000,
            **self.client_security(),
        )

    def client_security(self) -> dict[str, Any]:
        """For an aiokafka client. Reads the files."""
        protocols = {
            "plaintext": "PLAINTEXT",
            "tls": "SSL",
            "scram": "SASL_PLAINTEXT",
            "scram_tls": "SASL_SSL",
        }
        settings: dict[str, Any] = {"security_protocol": protocols[self.security], "ssl_context": self._tls()}
        if "scram" in self.security:
            settings["sasl_mechanism"] = "SCRAM-SHA-512"
            settings["sasl_plain_username"] = self.username
            settings["sasl_plain_password"] = self._password()
        return settings

    def _tls(self) -> ssl.SSLContext | None:
        if "tls" not in self.security:
            return None
        context = ssl.create_default_context(cafile=self.ca_file)
        if self.certificate_file is not None:
            context.load_cert_chain(self.certificate_file, self.certificate_key_file)
        return context

    def _password(self) -> str:
        return "" if self.password_file is None else self.password_file.read_text().strip()


def topic_out(prefix: str, department: str) -> str:
    """Where the department's connector writes."""
    return f"{prefix}dept.{department}.out"


def topic_in(prefix: str, department: str) -> str:
    """Where the hub writes for the department."""
    return f"{prefix}dept.{department}.in"


def topic_checkpoints(prefix: str) -> str:
    """Where the hub publishes signed checkpoints of its journal."""
    return f"{prefix}hub.checkpoints"


def topic_cosignatures(prefix: str) -> str:
    """Where witnesses write what they sign under checkpoints."""
    return f"{prefix}hub.cosignatures"


def group(prefix: str, department: str) -> str:
    """The connector's consumer group; access lists grant it by the prefix `dept.<id>.`."""
    return f"{prefix}dept.{department}.connector"


def witness_group(prefix: str, department: str) -> str:
    """The group in which the connector reads checkpoints."""
    return f"{prefix}dept.{department}.witness"
