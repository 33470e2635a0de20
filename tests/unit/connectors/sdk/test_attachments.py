"""Documents by hash: whole or not at all, and never other bytes than their name says."""

from hashlib import sha256
from pathlib import Path

import pytest

from connectors.sdk.attachments import AttachmentDamaged, AttachmentMissing, DirectoryAttachments

CONTENT = "示例文书".encode()
DIGEST = sha256(CONTENT).hexdigest()


@pytest.fixture
def attachments(tmp_path: Path) -> DirectoryAttachments:
    return DirectoryAttachments(tmp_path / "papers")


def test_what_is_put_is_got_also_by_another_process(
    attachments: DirectoryAttachments, tmp_path: Path
) -> None:
    assert attachments.put(CONTENT) == attachments.put(CONTENT) == DIGEST
    assert DirectoryAttachments(tmp_path / "papers").get(DIGEST) == CONTENT
    assert [path.name for path in (tmp_path / "papers" / DIGEST[:2]).iterdir()] == [DIGEST]


def test_a_missing_or_misnamed_document_is_named(attachments: DirectoryAttachments) -> None:
    with pytest.raises(AttachmentMissing, match=DIGEST):
        attachments.get(DIGEST)
    with pytest.raises(ValueError, match="must be 64 digits"):
        attachments.get("../../etc/passwd")


def test_damage_is_noticed_and_a_torn_file_is_replaced(
    attachments: DirectoryAttachments, tmp_path: Path
) -> None:
    attachments.put(CONTENT)
    path = tmp_path / "papers" / DIGEST[:2] / DIGEST
    path.write_bytes(CONTENT[:-1])
    with pytest.raises(AttachmentDamaged, match="damaged"):
        attachments.get(DIGEST)
    attachments.put(CONTENT)
    assert attachments.get(DIGEST) == CONTENT
