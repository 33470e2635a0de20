"""The home that a command is about, as every command names it."""

from pathlib import Path
from typing import Annotated

import typer

from hub.embedded.servers import Addresses
from hub.home import Home
from hub.settings import Settings

HomeOption = Annotated[Path, typer.Option("--home", help="Directory of data, keys and logs.")]


def settings_of(home: Path, **given: object) -> Settings:
    """The settings of the hub of a home, with the addresses of its servers. Raises NotRunning, ConfigurationError."""
    addresses = Addresses.find(home)
    return Home(home).settings(addresses.kafka, addresses.database, **given)
