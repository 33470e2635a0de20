"""The jars of Apache Kafka: fetched from Maven Central through jgo, used only if they are what the lock says.

    python -m hub.embedded.jars fetch     bring what is missing (make setup)
    python -m hub.embedded.jars lock      resolve anew and rewrite jars.lock (make lock)

A jar is looked for in the store (FENGQIAO_JARS, else share/fengqiao/jars of the Python environment), then in
the local Maven repository, then at Maven Central (or the mirror that FENGQIAO_MAVEN names). The hash check
makes the way it came irrelevant.
"""

import hashlib
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from hub.embedded.trouble import JarMismatch, JarMissing
from hub.errors import EmbeddedServerError

KAFKA_VERSION = "4.3.1"

# The trailing "!" keeps log4j's managed versions from silently choosing an old kafka-clients.
ENDPOINT = f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}+org.apache.logging.log4j:log4j-slf4j-impl:2.25.5!"

LOCK = Path(__file__).with_name("jars.lock")


@dataclass(frozen=True)
class Jar:
    """One line of the lock: `group:artifact:version sha256`."""

    group: str
    artifact: str
    version: str
    sha256: str

    @classmethod
    def parse(cls, line: str) -> Self:
        """Raises EmbeddedServerError that quotes a line of another form."""
        coordinate, _, sha256 = line.strip().partition(" ")
        parts = coordinate.split(":")
        if len(parts) != 3 or len(sha256) != 64:
            raise EmbeddedServerError(f"jars.lock: expected `group:artifact:version sha256`, found {line!r}")
        group, artifact, version = parts
        return cls(group, artifact, version, sha256)

    @property
    def coordinate(self) -> str:
        return f"{self.group}:{self.artifact}:{self.version}"

    @property
    def filename(self) -> str:
        return f"{self.artifact}-{self.version}.jar"

    def check(self, file: Path) -> Path:
        """The file itself if its SHA-256 is the locked one, else JarMismatch."""
        with file.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
        if found != self.sha256:
            raise JarMismatch(self.coordinate, file, self.sha256, found)
        return file


def read_lock(lock: Path = LOCK) -> list[Jar]:
    """The locked jars. Refuses a lock whose Kafka jars are of more than one version."""
    jars = [Jar.parse(line) for line in lock.read_text().splitlines() if line and not line.startswith("#")]
    _one_kafka_version(jars)
    return jars


def store_directory() -> Path:
    named = os.environ.get("FENGQIAO_JARS")
    return Path(named) if named else Path(sys.prefix) / "share" / "fengqiao" / "jars"


def classpath(store: Path | None = None, lock: Path = LOCK) -> list[Path]:
    """Every locked jar, verified, fetched first where it is missing. Blocks: hashes 44 MB, downloads once.

    Idempotent, and safe against a kill and against a second process: a jar appears in the store only whole.
    Raises JarMissing, JarMismatch.
    """
    directory = store or store_directory()
    files = []
    for jar in read_lock(lock):
        file = directory / jar.filename
        files.append(jar.check(file) if file.exists() else _fetch(jar, directory))
    return files


def _fetch(jar: Jar, directory: Path) -> Path:
    # jgo (and requests below it) take a third of a second to import: only when something is missing.
    from jgo.constants import MAVEN_CENTRAL_URL, default_maven_repo
    from jgo.maven import MavenContext

    target = directory / jar.filename
    try:
        directory.mkdir(parents=True, exist_ok=True)
        # jgo writes a download under its final name at once: a scratch repository keeps torn files out.
        with tempfile.TemporaryDirectory(dir=directory, prefix=".fetch-") as scratch:
            maven = MavenContext(
                repo_cache=Path(scratch),
                local_repos=[default_maven_repo()],
                remote_repos={"central": os.environ.get("FENGQIAO_MAVEN", MAVEN_CENTRAL_URL)},
            )
            found = maven.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve()
            jar.check(found)
            whole = Path(scratch) / "whole.jar"
            whole.write_bytes(found.read_bytes())
            whole.replace(target)
    except (OSError, RuntimeError) as trouble:
        raise JarMissing(jar.coordinate, directory, str(trouble)) from trouble
    return target


def resolve() -> list[Jar]:
    """Resolve ENDPOINT anew against Maven Central, with the hashes found there. Blocks; needs the network."""
    import jgo

    jars = []
    with tempfile.TemporaryDirectory() as scratch:
        environment = jgo.build(ENDPOINT, cache_dir=Path(scratch))
        if environment.lockfile is None:
            raise EmbeddedServerError(f"jgo resolved {ENDPOINT} without naming its dependencies")
        for found in environment.lockfile.dependencies:
            if not found.sha256:
                raise EmbeddedServerError(f"jgo gave no SHA-256 for {found.groupId}:{found.artifactId}")
            jars.append(Jar(found.groupId, found.artifactId, found.version, found.sha256))
    _one_kafka_version(jars)
    return sorted(jars, key=lambda jar: jar.coordinate)


def _one_kafka_version(jars: list[Jar]) -> None:
    versions = {jar.version for jar in jars if jar.group == "org.apache.kafka"}
    if versions != {KAFKA_VERSION}:
        raise EmbeddedServerError(
            f"jars of Apache Kafka: expected only {KAFKA_VERSION}, found {sorted(versions)}"
        )


def main(verb: str) -> None:
    match verb:
        case "fetch":
            classpath()
        case "lock":
            lines = [f"{jar.coordinate} {jar.sha256}\n" for jar in resolve()]
            LOCK.write_text("# python -m hub.embedded.jars lock\n" + "".join(lines))
        case _:
            raise SystemExit(f"verb {verb!r}: expected fetch or lock")


if __name__ == "__main__":
    try:
        main(sys.argv[1] if len(sys.argv) == 2 else "")
    except EmbeddedServerError as trouble:
        raise SystemExit(str(trouble)) from None
