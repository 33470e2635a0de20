"""Whom a server runs as: PostgreSQL refuses root, so root hands it to another user, who has to reach its files."""

import os
import pwd
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from hub.embedded.launch import passing_capability
from hub.embedded.trouble import HomeUnreachable
from hub.errors import EmbeddedServerError

USER_VARIABLE = "FENGQIAO_POSTGRES_USER"


@dataclass(frozen=True)
class RunAs:
    """`user` is None for ourselves. `passing`: closed directories lie above the paths.

    Nobody's permissions are changed for it: the server alone gets through (see hub.embedded.launch), and opens
    what is `readable` or `writable` and public files.
    """

    user: str | None = None
    passing: bool = False
    readable: tuple[Path, ...] = ()
    writable: tuple[Path, ...] = ()

    @classmethod
    def choose(cls, readable: Sequence[Path], writable: Sequence[Path]) -> Self:
        """Ourselves, unless we are root: then the user that FENGQIAO_POSTGRES_USER names, `postgres` or `nobody`.

        Raises EmbeddedServerError for a name that nobody has, HomeUnreachable if that user can't get to a path.
        """
        user = _unprivileged_user()
        if user is None:
            return cls()
        closed = next(filter(None, (_closed(path, user) for path in (*readable, *writable))), None)
        if closed and passing_capability() is None:
            raise HomeUnreachable(closed, user)
        return cls(user, closed is not None, tuple(readable), tuple(writable))

    def arguments(self) -> list[str]:
        """Those of hub.embedded.launch."""
        if self.user is None:
            return []
        words = ["--user", self.user]
        if self.passing:
            words.append("--pass")
            words += [word for path in self.readable for word in ("--readable", str(path))]
            words += [word for path in self.writable for word in ("--writable", str(path))]
        return words

    def give(self, path: Path) -> None:
        """Make it theirs."""
        if self.user is not None:
            entry = pwd.getpwnam(self.user)
            os.chown(path, entry.pw_uid, entry.pw_gid)


def _unprivileged_user() -> str | None:
    if os.geteuid() != 0:
        return None
    named = os.environ.get(USER_VARIABLE)
    known = {entry.pw_name: entry.pw_uid for entry in pwd.getpwall()}
    if named and known.get(named, 0) == 0:
        what = (
            "is root, as whom PostgreSQL does not run" if named in known else "no such user on this machine"
        )
        raise EmbeddedServerError(f"{USER_VARIABLE}={named!r}: {what}; allowed: an ordinary user, or unset")
    return named or ("postgres" if "postgres" in known else "nobody")


def _closed(target: Path, user: str) -> Path | None:
    """The topmost directory above `target` that `user` can't enter."""
    entry = pwd.getpwnam(user)
    groups = set(os.getgrouplist(user, entry.pw_gid))
    for directory in reversed(target.resolve().parents):
        stat = directory.stat()
        bit = 0o100 if stat.st_uid == entry.pw_uid else 0o010 if stat.st_gid in groups else 0o001
        if not stat.st_mode & bit:
            return directory
    return None
