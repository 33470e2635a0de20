"""SCRAM users for the departments and the hub: made once, their passwords in files for those who log in."""

import asyncio
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from hub.bus.access_admin import AccessAdmin
from hub.errors import BusTrouble, ConfigurationError

_LOOKS, _PAUSE = 200, 0.05


async def make_users(admin: AccessAdmin, users: Sequence[str], directory: Path) -> list[str]:
    """Make a SCRAM-SHA-512 user for each of these that has none; returns who was made.

    The password goes to `<directory>/<user>.password` (mode 0600) before Kafka hears of it, and one that is there is
    taken: so a run that broke off is finished by the next. Raises ConfigurationError, BusTrouble.
    """
    made = await admin.without_login(users)
    if not made:
        return []
    for user in made:
        await admin.set_password(user, _password(directory, user))
    for _ in range(_LOOKS):
        # The controller answers before the brokers have heard of it.
        if not await admin.without_login(made):
            return made
        await asyncio.sleep(_PAUSE)
    raise BusTrouble(f"Kafka took the users {', '.join(made)} but does not show them")


def password_file(directory: Path, user: str) -> Path:
    """Where `make_users` leaves a password."""
    return directory / f"{user}.password"


def _password(directory: Path, user: str) -> str:
    file = password_file(directory, user)
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not file.exists():
            fresh = file.with_name(f"{file.name}.new")
            fresh.unlink(missing_ok=True)
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
                stream.write(secrets.token_urlsafe(32) + "\n")
                stream.flush()
                os.fsync(stream.fileno())
            fresh.rename(file)
        password = file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigurationError(f"--users: {directory}: passwords can't be written: {error}") from None
    if not password:
        raise ConfigurationError(f"--users: {file}: is empty; must hold a password, or not be there")
    return password
