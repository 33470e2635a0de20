"""A change becomes the same signed bytes each time, or the problem is named by field and value."""

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from connectors.errors import ConfigurationError
from connectors.sdk.ids import message_id, referral_id
from connectors.sdk.ports import Outgoing, Unmapped
from connectors.sdk.writing import LARGEST_DATA, load_key
from schemas.envelope import Secrecy
from schemas.messages.base import Data
from schemas.signature import verify
from tests.unit.connectors.sdk.changes import DEPARTMENT, KEY, WRITER, raised, written


def test_the_same_change_gives_the_same_signed_bytes() -> None:
    first, again = written(raised()), written(raised())
    assert first == again
    assert first.envelope.id == message_id(DEPARTMENT, "raise/NB-1")
    assert first.referral == referral_id(DEPARTMENT, "raise/NB-1")
    assert verify(first.envelope.attributes(), first.data, KEY.public_key())
    assert not verify(first.envelope.attributes(), first.data + b" ", KEY.public_key())


def test_the_digest_is_of_the_content_and_not_of_the_time() -> None:
    later = replace(raised(), occurred_at=raised().occurred_at.replace(year=2027))
    assert written(later).digest == written(raised()).digest
    assert written(raised(title="另一示例")).digest != written(raised()).digest


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (replace(raised(), type="task.assigned.v1"), "type: 'task.assigned.v1': a department may send"),
        (
            replace(raised(), type="followup.recorded.v1"),
            "data: ReferralRaised: followup.recorded.v1 carries",
        ),
        (
            replace(raised(), secrecy=Secrecy.SECRET),
            "secrecy: 'secret': must not leave the department system",
        ),
        (replace(raised(), case=""), "subject: '': String should have at least 1 character"),
        (replace(raised(), type="no.such.v1", data=Data()), "type: 'no.such.v1'"),
    ],
)
def test_what_the_contract_forbids_is_unmapped(change: Outgoing, problem: str) -> None:
    unmapped = WRITER.write(change)
    assert isinstance(unmapped, Unmapped)
    assert unmapped.problem.startswith(problem)


def test_secret_content_is_not_kept() -> None:
    unmapped = WRITER.write(replace(raised(title="示例秘密"), secrecy=Secrecy.TOP_SECRET))
    assert isinstance(unmapped, Unmapped)
    assert "示例秘密".encode() not in unmapped.raw


def test_too_large_data_is_unmapped() -> None:
    change = raised()
    large = replace(change, data=change.data.model_copy(update={"summary": "长" * (LARGEST_DATA // 3)}))
    unmapped = WRITER.write(large)
    assert isinstance(unmapped, Unmapped)
    assert f"at most {LARGEST_DATA}" in unmapped.problem


def test_a_key_must_be_ed25519(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    with pytest.raises(ConfigurationError, match="No such file"):
        load_key(path)
    path.write_bytes(b"no key")
    with pytest.raises(ConfigurationError, match="must be an Ed25519 private key in PEM"):
        load_key(path)
    other = generate_private_key(SECP256R1())
    path.write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(ConfigurationError, match="must be an Ed25519 private key"):
        load_key(path)
    path.write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    assert load_key(path).public_key() == KEY.public_key()
