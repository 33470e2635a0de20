"""Documents by their SHA-256, in a directory."""

import os
import re
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile

_SHA256 = re.compile(r"^[0-9a-f]{64}$")


class AttachmentMissing(LookupError):
    """No document is stored under this hash."""


class AttachmentDamaged(OSError):
    """The stored bytes no longer have the hash that they are stored under."""


class DirectoryAttachments:
    """`Attachments` as files `<root>/<first two digits>/<hash>`.

    A file is there whole or not at all: written under another name, flushed to disk, then renamed. Several
    processes may use one root.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(parents=True, exist_ok=True)

    def put(self, content: bytes) -> str:
        """Store and return the hash. On disk when this returns; the same content again is a no-op."""
        digest = sha256(content).hexdigest()
        path = self._path(digest)
        if path.exists() and path.stat().st_size == len(content):
            return digest
        path.parent.mkdir(exist_ok=True)
        with NamedTemporaryFile(dir=path.parent, prefix=".part-", delete=False) as part:
            part.write(content)
            part.flush()
            os.fsync(part.fileno())
        Path(part.name).replace(path)
        _flush_directory(path.parent)
        return digest

    def get(self, sha256: str) -> bytes:
        """The document. Raises AttachmentMissing, AttachmentDamaged, ValueError for what is no SHA-256."""
        try:
            content = self._path(sha256).read_bytes()
        except FileNotFoundError:
            raise AttachmentMissing(f"no document with SHA-256 {sha256} in {self._root}") from None
        found = _hash(content)
        if found != sha256:
            raise AttachmentDamaged(
                f"document {sha256} in {self._root} is damaged: its bytes have SHA-256 {found}"
            )
        return content

    def _path(self, digest: str) -> Path:
        if not _SHA256.match(digest):
            raise ValueError(f"sha256 {digest!r} must be 64 digits 0-9 a-f")
        return self._root / digest[:2] / digest


def _hash(content: bytes) -> str:
    return sha256(content).hexdigest()


def _flush_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
