"""The home that a command is about, as every command names it."""

from collections.abc import Collection
from pathlib import Path
from typing import Annotated

import typer

from hub.embedded.servers import Addresses
from hub.errors import ConfigurationError
from hub.home import Home
from hub.settings import Settings

HomeOption = Annotated[Path, typer.Option("--home", help="Directory of data, keys and logs.")]


def settings_of(home: Path, **given: object) -> Settings:
    """The settings of the hub of a home, with the addresses of its servers. Raises NotRunning, ConfigurationError."""
    addresses = Addresses.find(home)
    return Home(home).settings(addresses.kafka, addresses.database, **given)


def check_known(name: str, value: str | None, known: Collection[str]) -> None:
    """ConfigurationError for an option that names what there is not, with what there is. One that was not given passes."""
    if value is not None and value not in known:
        raise ConfigurationError(f"{name} {value!r}: allowed are {', '.join(sorted(known))}")
