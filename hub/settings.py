"""Settings of a hub process: one YAML file, each value overridden by `FENGQIAO_<NAME>`. Checked at start."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from hub.bus.security import KafkaAddress, Security
from hub.errors import ConfigurationError


class Settings(BaseModel):
    """Where things are, and bounds. `shards` is fixed when the store is created (5a.2).

    `member`: a name of this intake process, unique in the group. With it a process that is started again within the
    session gets its shards back at once; without it the group waits until the old session ends (6 s).
    `rules`: a directory of the city's own rules over those of the hub; a home has its own, see `hub.home`.
    `kafka_security` and the other `kafka_…`: see `hub.bus.security.KafkaAddress`. `kafka_principal`: under which name
    the access lists know the hub, when that is not `kafka_username`. `department_rate`: what a department may write,
    bytes a second and broker.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kafka: str
    kafka_security: Security = "plaintext"
    kafka_username: str | None = None
    kafka_password_file: Path | None = None
    kafka_ca_file: Path | None = None
    kafka_certificate_file: Path | None = None
    kafka_certificate_key_file: Path | None = None
    kafka_principal: str | None = None
    department_rate: Annotated[int, Field(ge=1024)] = 1_048_576
    database: str
    city: Path
    rules: Path | None = None
    keys: Path
    kek: Path
    operators: Path | None = None
    erasures: Path | None = None
    hub_key: Path
    hub_keyid: str = "hub-1"
    shards: Annotated[int, Field(ge=1, le=1024)] = 6
    topic_prefix: str = ""
    group: str = "fengqiao-intake"
    member: str | None = None
    replication: Annotated[int, Field(ge=1)] = 1
    batch: Annotated[int, Field(ge=1, le=5000)] = 500
    early_limit: timedelta = timedelta(hours=72)
    metrics_port: Annotated[int, Field(ge=0, le=65535)] = 9464
    metrics_host: str = "127.0.0.1"

    @model_validator(mode="after")
    def _kafka_is_whole(self) -> Self:
        # Its ConfigurationError names the setting; a file that is wrong is named when a client is made.
        self.kafka_address  # noqa: B018
        return self

    @property
    def kafka_address(self) -> KafkaAddress:
        """How every client of this process reaches Kafka."""
        return KafkaAddress(
            self.kafka,
            self.kafka_security,
            self.kafka_username,
            self.kafka_password_file,
            self.kafka_ca_file,
            self.kafka_certificate_file,
            self.kafka_certificate_key_file,
        )

    @property
    def operators_directory(self) -> Path:
        """Where the authorised operators are registered; unsaid: beside the public keys."""
        return self.operators or self.keys.parent / "operators"

    @property
    def erasure_list(self) -> Path:
        """The list of what was erased; unsaid: beside the key-encryption keys."""
        return self.erasures or self.kek.parent / "erased"

    @property
    def hub_principal(self) -> str:
        """Under which name the access lists know the hub."""
        return self.kafka_principal or self.kafka_username or "hub"

    @classmethod
    def load(cls, file: Path | None, **given: object) -> Self:
        """File, then environment, then `given`. Raises ConfigurationError naming the field, the value and what is allowed."""
        values = read_mapping(file) if file is not None else {}
        for name in cls.model_fields:
            if (found := os.environ.get(f"FENGQIAO_{name.upper()}")) is not None:
                values[name] = found
        values |= {name: value for name, value in given.items() if value is not None}
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            problems = "; ".join(_problem(e["loc"], e["type"], e["msg"], e["input"]) for e in error.errors())
            raise ConfigurationError(f"settings: {problems}") from None


def _problem(place: tuple[int | str, ...], kind: str, message: str, found: object) -> str:
    name = ".".join(map(str, place))
    if kind == "missing":  # what was found is all the others, passwords included
        return f"{name}: is missing"
    if kind == "extra_forbidden":
        return f"{name}: no such setting (found {found!r}); allowed: {', '.join(Settings.model_fields)}"
    return f"{name}: {message} (found {found!r})"


def read_mapping(file: Path) -> dict[str, object]:
    """The settings in a YAML file. Raises ConfigurationError naming the file and, where it can, the line."""
    try:
        values = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise ConfigurationError(f"settings {file}: cannot be read: {problem}") from None
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        where = f"{file}:{mark.line + 1}" if mark else str(file)
        what = getattr(problem, "problem", None) or " ".join(str(problem).split())
        raise ConfigurationError(f"settings {where}: no valid YAML: {what}") from None
    if not isinstance(values, dict) or not all(isinstance(name, str) for name in values):
        raise ConfigurationError(f"settings {file}: expected lines `name: value`, found {values!r}")
    return values
