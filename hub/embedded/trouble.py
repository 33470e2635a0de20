"""What can go wrong with the embedded servers.

EmbeddedServerError
├── JarMissing        a jar of the lock is neither here nor to be had
├── JarMismatch       a jar's content is not what the lock says
├── AlreadyRunning    a server runs on this home, or is just being started by someone else
├── PortBusy          another program listens on the port
├── HomeUnreachable   root starts PostgreSQL as another user, who can't enter the directory and may not be let through
├── ServerDied        the process ended before it answered; carries the end of its log
└── NotRunning        nobody told where the servers are
"""

from pathlib import Path

from hub.errors import EmbeddedServerError


class JarMissing(EmbeddedServerError):
    def __init__(self, coordinate: str, store: Path, reason: str) -> None:
        super().__init__(
            f"jar {coordinate} is not in {store} and could not be fetched: {reason}. "
            "Without network, copy the jars there or name another directory in FENGQIAO_JARS"
        )


class JarMismatch(EmbeddedServerError):
    def __init__(self, coordinate: str, file: Path, expected: str, found: str) -> None:
        super().__init__(
            f"jar {coordinate} ({file}): expected SHA-256 {expected}, found {found}. "
            "It was not used; delete the file to fetch it again"
        )
        self.coordinate, self.file, self.expected, self.found = coordinate, file, expected, found


class AlreadyRunning(EmbeddedServerError):
    pass


class PortBusy(EmbeddedServerError):
    def __init__(self, server: str, port: int) -> None:
        super().__init__(
            f"{server}: port {port} on 127.0.0.1 is taken by another program; name another or none"
        )
        self.port = port


class HomeUnreachable(EmbeddedServerError):
    def __init__(self, directory: Path, user: str) -> None:
        super().__init__(
            f"PostgreSQL does not run as root, so root starts it as user {user!r}, who can't enter "
            f"{directory}. Run as an ordinary user, or allow it: chmod o+x {directory}"
        )
        self.directory, self.user = directory, user


class ServerDied(EmbeddedServerError):
    def __init__(self, server: str, what: str, ends: str) -> None:
        super().__init__(f"{server} {what}. Its logs end with:\n{ends or '(nothing written)'}")


class NotRunning(EmbeddedServerError):
    pass
