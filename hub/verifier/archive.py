"""The container of a bundle: a zip without compression in one fixed layout, so that no byte of it can say nothing.

A file is a bundle only if writing what was read gives the same bytes again. So there is no room for a second list of
files, for hidden bytes, for names that lead elsewhere, and nothing is ever unpacked or inflated.
"""

import re
import zlib
from collections.abc import Mapping
from struct import Struct

LARGEST = 512 * 1024 * 1024
MOST_FILES = 60_000
# One of the fixed folders, then plain names: no absolute name, no `..`, no backslash, no drive.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}(/[A-Za-z0-9][A-Za-z0-9_.-]{0,99}){0,5}")
_LOCAL = Struct("<4sHHHHHIIIHH")
_CENTRAL = Struct("<4sHHHHHHIIIHHHHHII")
_END = Struct("<4sHHHHIIH")
_VERSION, _UTF8, _STORED, _TIME, _DATE = 20, 0x0800, 0, 0, 0x0021
_MADE_BY, _RIGHTS = 0x0314, 0o100644 << 16


class NoBundle(Exception):
    """The file is no bundle. `name` is one of `REASONS`."""

    def __init__(self, name: str, detail: str) -> None:
        super().__init__(f"{name}: {detail}")
        self.name, self.detail = name, detail


# Why a file is refused before anything of it is looked at: Chinese, English.
REASONS = {
    "no_zip": ("不是 zip 文件", "the file is no zip"),
    "too_large": ("文件过大", "the file is larger than a bundle may be"),
    "too_many_files": ("所含文件过多", "it holds more files than a bundle may"),
    "compressed": ("含压缩内容（可能是压缩炸弹）", "something in it is compressed, as in a zip bomb"),
    "encrypted": ("含加密内容", "something in it is encrypted"),
    "bad_name": ("文件名不合规（如越出目录）", "a file's name is not allowed, such as one that leads out of the directory"),
    "name_twice": ("同名文件出现两次", "a name is there twice"),
    "not_canonical": ("存在未列明的字节", "it has bytes that the fixed layout does not have"),
    "no_manifest": ("缺少清单", "it has no manifest"),
}  # fmt: skip


def write_archive(files: Mapping[str, bytes], largest: int = LARGEST) -> bytes:
    """The zip of these files in their order. The same files give the same bytes. Raises NoBundle for what none can be."""
    _check_names(list(files))
    parts: list[bytes] = []
    listed: list[bytes] = []
    at = 0
    for name, content in files.items():
        raw, crc, size = name.encode(), zlib.crc32(content), len(content)
        head = (_VERSION, _UTF8, _STORED, _TIME, _DATE, crc, size, size, len(raw), 0)
        parts += [_LOCAL.pack(b"PK\x03\x04", *head), raw, content]
        listed.append(_CENTRAL.pack(b"PK\x01\x02", _MADE_BY, *head, 0, 0, 0, _RIGHTS, at) + raw)
        at += _LOCAL.size + len(raw) + size
        if at > largest:
            raise NoBundle("too_large", f"more than {largest} bytes")
    central = b"".join(listed)
    end = _END.pack(b"PK\x05\x06", 0, 0, len(listed), len(listed), len(central), at, 0)
    return b"".join([*parts, central, end])


def read_archive(raw: bytes, largest: int = LARGEST, most_files: int = MOST_FILES) -> dict[str, bytes]:
    """The files by name in their order, whether or not their checksums hold. Raises NoBundle by name."""
    if len(raw) > largest:
        raise NoBundle("too_large", f"{len(raw)} bytes; at most {largest}")
    if len(raw) < _END.size or not raw.startswith(b"PK\x03\x04"):
        raise NoBundle("no_zip", "it does not begin as one")
    files: dict[str, bytes] = {}
    at = 0
    while raw.startswith(b"PK\x03\x04", at):
        name, content, at = _local(raw, at)
        if name in files:
            raise NoBundle("name_twice", repr(name))
        files[name] = content
        if len(files) > most_files:
            raise NoBundle("too_many_files", f"at most {most_files}")
    _check_names(list(files))
    return files


def damaged(raw: bytes, files: Mapping[str, bytes]) -> list[str]:
    """The names of files whose checksum in the container does not hold. Raises NoBundle where bytes are unaccounted for."""
    wrong: list[str] = []
    kept = bytearray(write_archive(files))
    central = len(kept) - _END.size - sum(_CENTRAL.size + len(name.encode()) for name in files)
    if len(kept) != len(raw):
        raise NoBundle("not_canonical", f"{len(raw)} bytes, and what it holds takes {len(kept)}")
    at = 0
    for name, content in files.items():
        # A changed content is that file's fault, and not the container's.
        places = (at + 14, central + 16)
        if any(raw[place : place + 4] != kept[place : place + 4] for place in places):
            wrong.append(name)
            for place in places:
                kept[place : place + 4] = raw[place : place + 4]
        at += _LOCAL.size + len(name.encode()) + len(content)
        central += _CENTRAL.size + len(name.encode())
    if kept != raw:
        where = next(n for n, (a, b) in enumerate(zip(kept, raw, strict=True)) if a != b)
        raise NoBundle("not_canonical", f"byte {where}")
    return wrong


def _local(raw: bytes, at: int) -> tuple[str, bytes, int]:
    try:
        _, _, flags, method, _, _, _, packed, size, name_size, extra = _LOCAL.unpack_from(raw, at)
    except Exception:
        raise NoBundle("not_canonical", f"byte {at}: a file's head is cut off") from None
    if flags & 0x2041:
        raise NoBundle("encrypted", f"byte {at}")
    if method != _STORED or packed != size:
        raise NoBundle("compressed", f"byte {at}: method {method}, {packed} bytes for {size}")
    if flags != _UTF8 or extra:
        raise NoBundle("not_canonical", f"byte {at}: flags {flags:#x}, {extra} bytes of extra fields")
    begin = at + _LOCAL.size + name_size
    if begin + size > len(raw):
        raise NoBundle("not_canonical", f"byte {at}: {size} bytes, and the file ends before")
    try:
        name = raw[at + _LOCAL.size : begin].decode()
    except UnicodeDecodeError:
        raise NoBundle("bad_name", f"byte {at}: is not UTF-8") from None
    return name, raw[begin : begin + size], begin + size


def _check_names(names: list[str]) -> None:
    for name in names:
        if not _NAME.fullmatch(name) or ".." in name:
            raise NoBundle("bad_name", repr(name[:200]))
    if len(names) > MOST_FILES:
        raise NoBundle("too_many_files", f"{len(names)}; at most {MOST_FILES}")
