"""The home directory of a hub on one machine: keys, settings, data. Everything is under it; nothing else is touched."""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml

from hub.embedded.servers import Servers
from hub.errors import ConfigurationError
from hub.keys import new_key
from hub.rules.loader import load_rules
from hub.settings import Settings, read_mapping
from hub.store.sealing import Sealer

DEFAULT_HOME = Path(".fengqiao")
HUB = "hub"

_NOT_UP = "{} is not there: run `fengqiao up` first"


@dataclass(frozen=True, slots=True)
class Home:
    """Where things lie under a home directory."""

    root: Path

    @property
    def settings_file(self) -> Path:
        """What `fengqiao run` reads."""
        return self.root / "hub.yaml"

    @property
    def registry(self) -> Path:
        """Public keys."""
        return self.root / "keys"

    @property
    def secrets(self) -> Path:
        """Private keys and the key-encryption key, mode 0700."""
        return self.root / "secrets"

    @property
    def logs(self) -> Path:
        """One file a process."""
        return self.root / "log"

    @property
    def rules(self) -> Path | None:
        """The city's own rules over those of the hub: `flows/`, `codes/` and `calendar/` of it, if it is there."""
        place = self.root / "rules"
        return place if place.is_dir() else None

    def connector_config(self, department: str) -> Path:
        """The configuration of a connector that runs on this machine."""
        return self.root / "connectors" / f"{department}.yaml"

    def founded(self, city: Path | None, shards: int | None, default_city: Path) -> tuple[Path, int]:
        """City and shards: as the first start settled them, else as given, else the defaults.

        Raises ConfigurationError when something else is given than was settled.
        """
        if not self.settings_file.exists():
            return city or default_city, shards or Settings.model_fields["shards"].default
        stored = read_mapping(self.settings_file)
        settled_city = Path(str(stored.get("city", default_city)))
        settled_shards = stored.get("shards", Settings.model_fields["shards"].default)
        if not isinstance(settled_shards, int):
            raise ConfigurationError(f"{self.settings_file}: shards {settled_shards!r}: allowed is a number")
        if city is not None and city.resolve() != settled_city:
            raise ConfigurationError(
                f"city {city}: {self.settings_file} says {settled_city}; leave it out, or change it there"
            )
        if shards is not None and shards != settled_shards:
            raise ConfigurationError(
                f"shards {shards}: {self.settings_file} says {settled_shards}, and the number can't change once "
                "the store is made; leave it out, or give another home"
            )
        return settled_city, settled_shards

    def prepare(self, city: Path, shards: int) -> None:
        """Make what is missing: key-encryption key, a key for the hub and each department, settings. Idempotent.

        A department whose private key was taken away keeps its registered one. Raises ConfigurationError when
        the home was made for other settings, RuleFileError for a wrong city; then nothing is made.
        """
        city, shards = self.founded(city, shards, city)
        sources: Iterable[str] = (HUB, *load_rules(city, overlay=self.rules_of_city()).departments)
        try:
            self.secrets.mkdir(parents=True, exist_ok=True)
            self.secrets.chmod(0o700)
            self.logs.mkdir(exist_ok=True)
        except OSError as problem:
            raise ConfigurationError(f"home {self.root}: can't be made: {problem.strerror}") from None
        kek = self.secrets / "kek"
        if not kek.exists():
            Sealer.create_file(kek)
        for source in sources:
            registered = self.registry / f"{source}.{source}-1.yaml"
            if not self.private_key(source).exists() and not registered.exists():
                new_key(source, f"{source}-1", self.secrets, self.registry)
        settings = {
            "city": str(city.resolve()),
            "keys": str(self.registry.resolve()),
            "kek": str(kek.resolve()),
            "hub_key": str(self.private_key(HUB).resolve()),
            "shards": shards,
        }
        if not self.settings_file.exists():
            self.settings_file.write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")

    def require_source(self, source: str) -> None:
        """Raises ConfigurationError when nobody of this name signs messages in the home's city."""
        city, rules = self.city(), self.rules_of_city()
        allowed = (HUB, *load_rules(city, overlay=rules).departments)
        if source not in allowed:
            raise ConfigurationError(f"source {source!r}: allowed are {', '.join(allowed)} (see {city})")

    def city(self) -> Path:
        """The city's directory of departments that the home was made for. Raises ConfigurationError before `up`."""
        if not self.settings_file.exists():
            raise ConfigurationError(_NOT_UP.format(self.settings_file))
        return Path(str(read_mapping(self.settings_file).get("city")))

    def rules_of_city(self) -> Path | None:
        """The city's own rules: the directory that the settings name, else the home's own."""
        named = read_mapping(self.settings_file).get("rules") if self.settings_file.exists() else None
        return self.rules if named is None else Path(str(named))

    def private_key(self, source: str) -> Path:
        """The private key of a source, as `prepare` makes it."""
        return self.secrets / f"{source}.{source}-1.pem"

    def settings(self, kafka: str, database: str, **given: object) -> Settings:
        """The settings of a process of this home."""
        if not self.settings_file.exists():
            raise ConfigurationError(_NOT_UP.format(self.settings_file))
        settings = Settings.load(self.settings_file, kafka=kafka, database=database, **given)
        return settings if settings.rules is not None else settings.model_copy(update={"rules": self.rules})

    def purge(self) -> bool:
        """Remove all that the hub, its servers and its demo made here, and the directory if nothing else is in it.

        False when nothing of ours is here: then nothing is touched. Raises AlreadyRunning while a server runs.
        """
        homes = [place for place in (Home(self.root / "sandbox"), self) if place._ours()]
        for place in homes:
            Servers(place.root).refuse_running()
        for place in homes:
            Servers(place.root).purge()
            for path in (*place._directories(), place.settings_file):
                _remove(path)
            if not any(place.root.iterdir()):
                place.root.rmdir()
        return bool(homes)

    def _directories(self) -> tuple[Path, ...]:
        return (self.registry, self.secrets, self.logs, self.root / "connectors", self.root / "demo")

    def _ours(self) -> bool:
        # Somebody may name a directory of theirs by mistake: there `keys` and `log` are not ours to remove.
        marks = ("hub.yaml", "secrets/kek", "kafka/start.lock", "postgres/start.lock")
        return any((self.root / mark).exists() for mark in marks)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
