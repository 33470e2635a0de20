"""The inside network's file packages: zips of manifest, XML document and attachments, in slices when large.

`manifest.json`: `package`, `previous` (the package of the same matter before it), `document`,
`attachments`, `slices` (each with `name`, `size`, `sha256`) and `sliced` (attachments whose bytes travel in
the slice packages, one after another).
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_ROOM = 2048
_EPOCH = (1980, 1, 1, 0, 0, 0)


class Torn(Exception):
    """Not the package that was sent."""


@dataclass(frozen=True, slots=True)
class Parcel:
    name: str
    document: bytes
    attachments: Mapping[str, bytes] = field(default_factory=dict)
    previous: str | None = None


def write_parcel(parcel: Parcel, limit: int) -> dict[str, bytes]:
    """Files by name, none above `limit` bytes; the one that lists the others comes last."""
    room = limit - _ROOM - len(parcel.document) - 400 * len(parcel.attachments)
    inside: dict[str, bytes] = {}
    outside: dict[str, bytes] = {}
    for digest, content in parcel.attachments.items():
        fits = len(content) <= room
        (inside if fits else outside)[digest] = content
        room -= len(content) if fits else 0
    joined, size = b"".join(outside.values()), limit - _ROOM
    parts = [joined[at : at + size] for at in range(0, len(joined), size)]
    slices = {f"{parcel.name}~{n}.zip": part for n, part in enumerate(parts, 1)}
    manifest = {
        "package": parcel.name,
        "document": _entry("document.xml", parcel.document),
        "attachments": [_entry(f"attachments/{d}", content) for d, content in parcel.attachments.items()],
        "sliced": list(outside),
        "slices": [_entry(name, part) for name, part in slices.items()],
    }
    if parcel.previous is not None:
        manifest["previous"] = parcel.previous
    members = {"manifest.json": json.dumps(manifest).encode(), "document.xml": parcel.document}
    members |= {f"attachments/{digest}": content for digest, content in inside.items()}
    files = {name: _zip({"slice": part}) for name, part in slices.items()}
    return {**files, f"{parcel.name}.zip": _zip(members)}


def slices_of(content: bytes) -> list[str]:
    """The names of the slice packages that belong to a package. Raises Torn."""
    return [str(entry["name"]) for entry in _manifest(content)["slices"]]


def read_parcel(content: bytes, slices: Mapping[str, bytes]) -> Parcel:
    """The whole package with every hash checked. Raises Torn."""
    manifest = _manifest(content)
    document = _member(content, manifest["document"]["name"], manifest["document"])
    joined = b"".join(_member(slices[entry["name"]], "slice", entry) for entry in manifest["slices"])
    attachments, start = {}, 0
    for entry in manifest["attachments"]:
        digest = entry["name"].removeprefix("attachments/")
        if digest in manifest["sliced"]:
            attachments[digest] = _checked(joined[start : start + entry["size"]], entry)
            start += entry["size"]
        else:
            attachments[digest] = _member(content, entry["name"], entry)
    return Parcel(manifest["package"], document, attachments, manifest.get("previous"))


def _entry(name: str, content: bytes) -> dict[str, Any]:
    return {"name": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def _manifest(content: bytes) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads(_read(content, "manifest.json"))
        return {"slices": [], "sliced": [], "attachments": [], **manifest}
    except (ValueError, TypeError) as problem:
        raise Torn(f"manifest.json: {problem}") from None


def _member(content: bytes, name: str, entry: Mapping[str, Any]) -> bytes:
    return _checked(_read(content, name), entry)


def _checked(content: bytes, entry: Mapping[str, Any]) -> bytes:
    if hashlib.sha256(content).hexdigest() != entry["sha256"]:
        raise Torn(f"{entry['name']}: SHA-256 is not {entry['sha256']}")
    return content


def _read(content: bytes, name: str) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return archive.read(name)
    except (zipfile.BadZipFile, KeyError, OSError, EOFError, RuntimeError) as problem:
        raise Torn(f"{name}: {problem}") from None


def _zip(members: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), content)
    return buffer.getvalue()
