"""Packages: what is packed is unpacked, and what was altered on the way is noticed."""

import hashlib
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.transports.package import Damaged, Package, TooLarge, pack, unpack, unpack_manifest

LIMIT = 16 * 1024


def package(*attachments: bytes, previous: str | None = None) -> Package:
    contents = {hashlib.sha256(content).hexdigest(): content for content in attachments}
    return Package("BW_0000000007", "<ajxt>示例</ajxt>".encode(), contents, previous)


def unpacked(files: Mapping[str, bytes]) -> Package:
    (main,) = [name for name in files if "~" not in name]
    manifest = unpack_manifest(main, files[main])
    return unpack(manifest, files[main], [files[member.name] for member in manifest.slices])


@given(st.lists(st.binary(max_size=3 * LIMIT), max_size=4))
def test_what_is_packed_is_unpacked_and_no_file_is_above_the_limit(contents: list[bytes]) -> None:
    whole = package(*contents, previous="BW_0000000003")
    files = pack(whole, LIMIT)
    assert unpacked(dict(files)) == whole
    assert all(len(content) <= LIMIT for _, content in files)
    assert files == pack(whole, LIMIT)


def test_slices_are_written_before_the_package_that_names_them() -> None:
    names = [name for name, _ in pack(package(bytes(3 * LIMIT)), LIMIT)]
    assert names[-1] == "BW_0000000007.zip"
    assert names[:-1] == [f"BW_0000000007~{n}.zip" for n in range(1, len(names))]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_cut_file_is_damaged(share: float) -> None:
    files = dict(pack(package(b"evidence" * 100), LIMIT))
    content = files["BW_0000000007.zip"]
    with pytest.raises(Damaged):
        unpacked({"BW_0000000007.zip": content[: int(len(content) * share)]})


@pytest.mark.parametrize("part", [b"evidence", "示例".encode()])
def test_an_altered_byte_is_damage(part: bytes) -> None:
    content = dict(pack(package(b"evidence" * 10), LIMIT))["BW_0000000007.zip"]
    at = content.index(part)
    altered = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
    with pytest.raises(Damaged):
        unpacked({"BW_0000000007.zip": altered})


def test_an_altered_slice_is_damage() -> None:
    files = dict(pack(package(b"x" * 3 * LIMIT), LIMIT))
    other = dict(pack(package(b"y" * 3 * LIMIT), LIMIT))
    with pytest.raises(Damaged, match="SHA-256"):
        unpacked({**files, "BW_0000000007~2.zip": other["BW_0000000007~2.zip"]})


def test_a_file_under_another_packages_name_is_damage() -> None:
    ((_, content),) = pack(package(), LIMIT)
    with pytest.raises(Damaged, match="BW_0000000007"):
        unpack_manifest("BW_0000000008.zip", content)


def test_a_document_above_the_limit_says_so() -> None:
    with pytest.raises(TooLarge, match="must leave room in a package of 16384 bytes"):
        pack(Package("BW_1", bytes(LIMIT)), LIMIT)
