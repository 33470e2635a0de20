"""A connector's configuration file."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from connectors.errors import ConfigurationError
from connectors.sdk.kafka import KafkaSettings
from connectors.sdk.ports import Kit, Sink, Source
from connectors.sdk.waiting import Backoff
from connectors.sdk.writing import one_line
from schemas.identifiers import DepartmentId

Build = Callable[[Kit], tuple[Source, Sink]]
Seconds = Annotated[float, Field(gt=0, le=86_400)]
_PROFILES = "connectors.profiles.engine"


class BackoffSettings(BaseModel):
    """Waits in seconds after trouble: doubling from `first` up to `longest`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    first: Seconds = 0.5
    longest: Seconds = 30.0

    def backoff(self) -> Backoff:
        return Backoff(self.first, self.longest)


class WitnessSettings(BaseModel):
    """The department keeps the checkpoints of the hub's journal. `hub_keys`: files with the hub's public keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    hub_keys: Annotated[tuple[Path, ...], Field(min_length=1)]

    def from_directory(self, directory: Path) -> Self:
        """The same with relative paths made absolute from there."""
        return self.model_copy(update={"hub_keys": tuple(directory / file for file in self.hub_keys)})


class ConnectorConfig(BaseModel):
    """Everything a connector is told. Times are seconds. `transport` goes to the mapping as `Kit.settings`.

    Exactly one of `mapping` (`package.module:function`, a `build(kit) -> (Source, Sink)`) and `profile` (a
    YAML file for `connectors.profiles`) is given. Relative paths of our own fields start at the
    configuration file's directory.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    department: DepartmentId
    kafka: KafkaSettings
    topic_prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{0,100}$")] = ""
    key_file: Path
    key_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,80}$")]
    store: Path
    attachments: Path
    mapping: Annotated[str, Field(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")] | None = None
    profile: Path | None = None
    transport: dict[str, Any] = {}
    poll_interval: Seconds = 5.0
    resend_after: Seconds = 30.0
    resend_longest: Seconds = 600.0
    ask_again_after: Seconds = 30.0
    backoff: BackoffSettings = BackoffSettings()
    delivery_workers: Annotated[int, Field(ge=1, le=200)] = 8
    stale_after: Seconds = 180.0
    retention_days: Annotated[int, Field(ge=1)] | None = 90
    health_host: str = "127.0.0.1"
    health_port: Annotated[int, Field(ge=0, le=65_535)] | None = None
    witness: WitnessSettings | None = None

    @field_validator("kafka", mode="before")
    @classmethod
    def _address_alone(cls, value: object) -> object:
        return {"bootstrap": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.mapping is None) == (self.profile is None):
            raise ValueError("give exactly one of mapping and profile")
        if self.stale_after <= max(self.poll_interval, self.backoff.longest):
            raise ValueError(
                f"stale_after {self.stale_after} must be above poll_interval and backoff.longest"
            )
        return self

    def from_directory(self, directory: Path) -> Self:
        """The same with our own relative paths made absolute from there."""
        paths: dict[str, Any] = {
            name: directory / getattr(self, name) for name in ("key_file", "store", "attachments")
        }
        if self.witness is not None:
            paths["witness"] = self.witness.from_directory(directory)
        if self.profile is not None:
            paths["profile"] = directory / self.profile
        return self.model_copy(update={**paths, "kafka": self.kafka.from_directory(directory)})


def load_config(path: Path) -> ConnectorConfig:
    """Read and check the file. Raises ConfigurationError with each problem: field, value, what is allowed."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{path}: can't be read: {error}") from error
    if not isinstance(content, dict):
        raise ConfigurationError(f"{path}: holds {type(content).__name__}; must hold fields")
    try:
        config = ConnectorConfig.model_validate(content)
    except ValidationError as error:
        raise ConfigurationError(f"{path}: {one_line(error)}") from error
    return config.from_directory(path.resolve().parent)


def load_build(config: ConnectorConfig) -> Build:
    """The factory that the configuration names. Raises ConfigurationError if there is none."""
    if config.profile is not None:
        profile = config.profile
        build_profile = _named(_PROFILES, "build", "profile")
        return lambda kit: build_profile(kit, profile)
    module, _, name = (config.mapping or "").partition(":")
    return _named(module, name, "mapping")


def _named(module: str, name: str, field: str) -> Callable[..., tuple[Source, Sink]]:
    try:
        found = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(f"{field}: {module}:{name}: {error}") from error
    if not callable(found):
        raise ConfigurationError(f"{field}: {module}:{name}: must be a function build(kit)")
    build: Callable[..., tuple[Source, Sink]] = found
    return build
