"""The home directory of a hub on one machine: keys, settings, data. Everything is under it; nothing else is touched."""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml

from hub.errors import ConfigurationError
from hub.keys import new_key
from hub.rules.loader import load_rules
from hub.settings import Settings
from hub.store.sealing import Sealer

DEFAULT_HOME = Path(".fengqiao")


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

    def connector_config(self, department: str) -> Path:
        """The configuration of a connector that runs on this machine."""
        return self.root / "connectors" / f"{department}.yaml"

    def prepare(self, city: Path, shards: int) -> None:
        """Make what is missing: key-encryption key, a key for the hub and each department, settings. Idempotent.

        Raises ConfigurationError when the home was made for other settings.
        """
        self.secrets.mkdir(parents=True, exist_ok=True)
        self.secrets.chmod(0o700)
        self.logs.mkdir(exist_ok=True)
        kek = self.secrets / "kek"
        if not kek.exists():
            Sealer.create_file(kek)
        sources: Iterable[str] = ("hub", *load_rules(city).departments)
        for source in sources:
            if not self.private_key(source).exists():
                new_key(source, f"{source}-1", self.secrets, self.registry)
        settings = {
            "city": str(city.resolve()),
            "keys": str(self.registry.resolve()),
            "kek": str(kek.resolve()),
            "hub_key": str(self.private_key("hub").resolve()),
            "shards": shards,
        }
        if not self.settings_file.exists():
            self.settings_file.write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
            return
        stored = yaml.safe_load(self.settings_file.read_text(encoding="utf-8"))
        if stored.get("shards") != shards:
            raise ConfigurationError(
                f"{self.settings_file}: shards {stored.get('shards')}, asked for {shards}"
            )

    def private_key(self, source: str) -> Path:
        """The private key of a source, as `prepare` makes it."""
        return self.secrets / f"{source}.{source}-1.pem"

    def settings(self, kafka: str, database: str, **given: object) -> Settings:
        """The settings of a process of this home."""
        if not self.settings_file.exists():
            raise ConfigurationError(f"{self.settings_file} is not there: run `fengqiao up` first")
        return Settings.load(self.settings_file, kafka=kafka, database=database, **given)

    def purge(self) -> None:
        """Remove what `prepare` and the hub's processes made. Servers' data is their own to purge."""
        for path in (self.registry, self.secrets, self.logs, self.root / "connectors", self.root / "demo"):
            shutil.rmtree(path, ignore_errors=True)
        self.settings_file.unlink(missing_ok=True)
