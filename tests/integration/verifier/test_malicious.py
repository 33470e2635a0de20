"""Bundles made to harm who opens them: refused by name, and never unpacked."""

import io
import json
import struct
import zipfile
from collections.abc import Callable

import pytest

from hub.verifier import contents
from hub.verifier.archive import REASONS, NoBundle, read_archive, write_archive
from hub.verifier.check import check_bundle
from tests.support.bundles import Made


def by_zipfile(names: list[str], compression: int = zipfile.ZIP_STORED, content: bytes = b"{}") -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", compression) as made:
        for name in names:
            made.writestr(zipfile.ZipInfo(name), content, compression)
    return held.getvalue()


def bomb() -> bytes:
    return by_zipfile(["manifest.json"], zipfile.ZIP_DEFLATED, bytes(50_000_000))


def lying_size() -> bytes:
    raw = bytearray(write_archive({"manifest.json": b"{}"}))
    struct.pack_into("<I", raw, 22, 2**32 - 1)
    return bytes(raw)


def lying_sizes() -> bytes:
    raw = bytearray(write_archive({"manifest.json": b"{}"}))
    struct.pack_into("<II", raw, 18, 2**32 - 1, 2**32 - 1)
    return bytes(raw)


def twice() -> bytes:
    one = write_archive({"a.json": b"1", "b.json": b"2"})
    return one.replace(b"b.json", b"a.json")


def encrypted() -> bytes:
    raw = bytearray(write_archive({"manifest.json": b"{}"}))
    raw[6] |= 1
    return bytes(raw)


def renamed(name: bytes) -> bytes:
    return write_archive({"x" * len(name): b"{}"}).replace(b"x" * len(name), name)


def two_lists() -> bytes:
    """One name in the list at the end, which most programs show, and another before the content."""
    raw = write_archive({"manifest.json": b"{}"})
    at = raw.rindex(b"manifest.json")
    return raw[:at] + b"innocent.json" + raw[at + 13 :]


def hidden_between() -> bytes:
    first = write_archive({"manifest.json": b"{}"})
    at = first.index(b"PK\x01\x02")
    return first[:at] + b"hidden" + first[at:]


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (lambda: b"", "no_zip"),
        (lambda: b"%PDF-1.7", "no_zip"),
        (lambda: b"PK\x05\x06" + bytes(18), "no_zip"),
        (bomb, "compressed"),
        (lying_size, "compressed"),
        (lying_sizes, "not_canonical"),
        (encrypted, "encrypted"),
        (twice, "name_twice"),
        (lambda: renamed(b"../../etc/passwd"), "bad_name"),
        (lambda: renamed(b"/etc/passwd"), "bad_name"),
        (lambda: renamed(b"a\\..\\b.json"), "bad_name"),
        (lambda: renamed(b"C:/x.json"), "bad_name"),
        (lambda: renamed(b"entries/../x"), "bad_name"),
        (lambda: renamed(b"a//b"), "bad_name"),
        (lambda: renamed(b"a\x00b"), "bad_name"),
        (lambda: renamed(b"\xff\xfe"), "bad_name"),
        (two_lists, "not_canonical"),
        (hidden_between, "not_canonical"),
        (lambda: write_archive({"manifest.json": b"{}"}) + b"more", "not_canonical"),
        (lambda: by_zipfile(["manifest.json"]), "not_canonical"),
        (lambda: write_archive({"page.html": b"{}"}), "no_manifest"),
        (lambda: write_archive({"manifest.json": b"[" * 100_000}), "no_manifest"),
        (lambda: write_archive({"manifest.json": b'{"format": "fengqiao-bundle/2"}'}), "no_manifest"),
    ],
)
def test_what_is_no_bundle_is_refused_by_name(raw: Callable[[], bytes], name: str) -> None:
    with pytest.raises(NoBundle) as refused:
        check_bundle(raw())
    assert refused.value.name == name
    assert all(REASONS[name])


def test_too_large_and_too_many() -> None:
    many = write_archive({f"{number}.json": b"" for number in range(30)})
    with pytest.raises(NoBundle, match="too_many_files"):
        read_archive(many, most_files=20)
    with pytest.raises(NoBundle, match="too_large"):
        read_archive(many, largest=100)
    with pytest.raises(NoBundle, match="too_large"):
        write_archive({"x.json": bytes(101)}, largest=100)


def with_manifest(made: Made, **fields: object) -> bytes:
    files = read_archive(made.lean)
    data = json.loads(files[contents.MANIFEST]) | fields
    raw = json.dumps(data).encode()
    return write_archive(files | {contents.MANIFEST: raw.replace(b'"HUGE"', b"1" + b"0" * 5000)})


@pytest.mark.parametrize(
    "fields",
    [
        {"size": "HUGE"},
        {"size": -1},
        {"size": True},
        {"size": 1.5},
        {"size": None},
        {"shard": "0"},
        {"files": []},
        {"files": {"page.html": 3}},
        {"messages": {"1e9": "whole"}},
        {"messages": {"9" * 5000: "whole"}},
        {"messages": {"-1": "whole"}},
        {"case": ["x"]},
    ],
)
def test_numbers_and_fields_of_a_manifest_are_bounded(made: Made, fields: dict[str, object]) -> None:
    with pytest.raises(NoBundle, match=r"no_manifest: manifest\.json"):
        check_bundle(with_manifest(made, **fields))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b"3",
        b'"x"',
        b"\xff\xfe",
        b"[" * 5_000,
        b'{"a":' * 5_000,
        b'{"e": NaN}',
        b'{"seq": 1' + b"0" * 10_000 + b"}",
        b'{"seq": 1, "seq": 2}',
        b'{"seq": 1, "received_at": "2026-03-02T01:00:00Z", "events": [{"e": 1}]}',
        b'{"seq": 1, "received_at": "2026-03-02T01:00:00Z", "events": [{"e": "x", "deadline": {}}]}',
        b'{"seq": 1, "received_at": "2026-03-02T01:00:00Z", "events": [3]}',
        b'{"seq": 1, "received_at": "2026-03-02T01:00:00", "events": []}',
        b'{"seq": 1, "received_at": "99999-03-02", "attributes": {"id": []}}',
        b"fengqiao-bundle-statement-v1\n\n\n",
        b"x\n99999999999999999999999\nAAAA\n\n\xe2\x80\x94 x AAAAAAAA\n",
        b"old 99999999999999999999\n\nx\n1\nA\n\n\xe2\x80\x94 x AAAAAAAA\n",
    ],
)
def test_whatever_a_file_holds_the_check_ends_with_a_finding(made: Made, content: bytes) -> None:
    files = read_archive(made.whole)
    kinds = {name.partition("/")[0]: name for name in files}
    for name in kinds.values():
        if name != contents.MANIFEST:
            report = check_bundle(write_archive(files | {name: content}))
            assert any(failure.file == name for failure in report.failures), name
