"""The uniform file package: a zip of an XML document, its attachments, and a manifest with sizes and SHA-256.

Members: `manifest.json` first, then `document.xml`, then `attachments/<sha256>`. A package keeps below a
size limit: what does not fit is cut into slice packages `<id>~1.zip`, `<id>~2.zip` … that the manifest of
`<id>.zip` lists with their hashes, and that are written before it. `previous` names the package of the same
matter that must be taken before this one.

No member is ever written to disk under its own name, and no more bytes are unpacked than the manifest and
the limits allow, so neither a hostile path nor a zip bomb does harm.
"""

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

MANIFEST, DOCUMENT, ATTACHMENTS = "manifest.json", "document.xml", "attachments/"
SMALLEST_LIMIT = 16 * 1024
LARGEST_MANIFEST = 4 * 1024 * 1024
LARGEST_MEMBER = 1024 * 1024 * 1024
_OVERHEAD = 2 * 1024
_EPOCH = (1980, 1, 1, 0, 0, 0)

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
PackageId = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}_[A-Za-z0-9-]{1,80}$")]
Size = Annotated[int, Field(ge=0, le=LARGEST_MEMBER)]


class Damaged(Exception):
    """The package is not what its sender wrote (torn, cut, altered).

    Says what is wrong; a whole one may still come.
    """


class TooLarge(Exception):
    """The document alone exceeds the package's size limit."""


class Member(BaseModel):
    """One file of a package, or one slice package of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    size: Size
    sha256: Sha256


class Manifest(BaseModel):
    """What a package says of itself.

    `attachments` gives all of them in order, wherever their bytes travel.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    package: PackageId
    previous: PackageId | None = None
    document: Member
    attachments: list[Member] = []
    sliced: list[Sha256] = []
    slices: list[Member] = []


@dataclass(frozen=True, slots=True)
class Package:
    """One document with its attachments by SHA-256."""

    id: str
    document: bytes
    attachments: Mapping[str, bytes] = field(default_factory=dict)
    previous: str | None = None


def pack(package: Package, limit: int) -> list[tuple[str, bytes]]:
    """Files in the order in which they must be written; the same package gives the same bytes.

    Raises TooLarge when the document and manifest alone are above `limit` bytes.
    """
    room = limit - _OVERHEAD - len(package.document) - 400 * len(package.attachments)
    if room < 0:
        raise TooLarge(
            f"document of {len(package.document)} bytes must leave room in a package of {limit} bytes"
        )
    inside: dict[str, bytes] = {}
    outside: dict[str, bytes] = {}
    for sha256, content in package.attachments.items():
        fits = len(content) <= room
        (inside if fits else outside)[sha256] = content
        room -= len(content) if fits else 0
    slices = _cut(package.id, b"".join(outside.values()), limit - _OVERHEAD)
    manifest = Manifest(
        package=package.id,
        previous=package.previous,
        document=_member(DOCUMENT, package.document),
        attachments=[
            _member(ATTACHMENTS + sha256, content) for sha256, content in package.attachments.items()
        ],
        sliced=list(outside),
        slices=[_member(name, content) for name, content in slices],
    )
    members = [(MANIFEST, manifest.model_dump_json(exclude_none=True).encode()), (DOCUMENT, package.document)]
    members += [(ATTACHMENTS + sha256, content) for sha256, content in inside.items()]
    whole = (f"{package.id}.zip", _zip(members))
    return [*((name, _zip([("slice", content)])) for name, content in slices), whole]


def unpack_manifest(name: str, content: bytes) -> Manifest:
    """Read and check the manifest of `<id>.zip`. Raises Damaged."""
    try:
        manifest = Manifest.model_validate(
            json.loads(_unzip(content, {MANIFEST: LARGEST_MANIFEST})[MANIFEST])
        )
    except (ValidationError, ValueError) as error:
        raise Damaged(f"{MANIFEST}: {_one_line(error)}") from error
    if name != f"{manifest.package}.zip":
        raise Damaged(f"{MANIFEST}: package {manifest.package!r} must be the file's name {name!r}")
    return manifest


def unpack(manifest: Manifest, content: bytes, slices: Iterable[bytes]) -> Package:
    """The whole package, every hash and size checked.

    `slices` are the slice packages in the manifest's order. Raises Damaged.
    """
    inside = [member for member in manifest.attachments if _sha256_of(member) not in manifest.sliced]
    expected = {member.name: member for member in (manifest.document, *inside)}
    found = _unzip(content, {name: member.size for name, member in expected.items()})
    for name, member in expected.items():
        _check(member, found[name])
    parts = []
    for member, part in zip(manifest.slices, slices, strict=True):
        parts.append(_unzip(part, {"slice": member.size})["slice"])
        _check(member, parts[-1])
    joined, start, outside = b"".join(parts), 0, {}
    for member in (m for m in manifest.attachments if _sha256_of(m) in manifest.sliced):
        outside[member.name] = joined[start : start + member.size]
        _check(member, outside[member.name])
        start += member.size
    attachments = {
        _sha256_of(m): found[m.name] if m.name in found else outside[m.name] for m in manifest.attachments
    }
    return Package(manifest.package, found[manifest.document.name], attachments, manifest.previous)


def _member(name: str, content: bytes) -> Member:
    return Member(name=name, size=len(content), sha256=hashlib.sha256(content).hexdigest())


def _sha256_of(member: Member) -> str:
    return member.name.removeprefix(ATTACHMENTS)


def _check(member: Member, content: bytes) -> None:
    if (len(content), hashlib.sha256(content).hexdigest()) != (member.size, member.sha256):
        raise Damaged(
            f"{member.name}: {len(content)} bytes do not have the size and SHA-256 that the manifest gives"
        )


def _cut(package: str, content: bytes, size: int) -> list[tuple[str, bytes]]:
    starts = range(0, len(content), size)
    return [(f"{package}~{number}.zip", content[at : at + size]) for number, at in enumerate(starts, 1)]


def _zip(members: Iterable[tuple[str, bytes]]) -> bytes:
    """Stored, not deflated:

    the limit is then a plain sum, and the gate's content scan reads it as it is.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), content)
    return buffer.getvalue()


def _unzip(content: bytes, wanted: Mapping[str, int]) -> dict[str, bytes]:
    """The wanted members, none longer than given there (a byte more is read, so that a longer one shows)."""
    found: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name, size in wanted.items():
                with archive.open(name) as member:
                    found[name] = member.read(size + 1)
    except KeyError as error:
        raise Damaged(f"the zip holds no member {error.args[0]!r}") from error
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        RuntimeError,
        OSError,
        ValueError,
    ) as error:
        raise Damaged(f"not a readable zip of {len(content)} bytes: {_one_line(error)}") from error
    return found


def _one_line(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
    return " ".join(str(error).split())
