"""Signed notes and checkpoints against the texts of their specifications, and what is none of them."""

from base64 import b64decode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from schemas.checkpoints import Checkpoint, Submission, origin_of
from schemas.merkle import EMPTY_ROOT
from schemas.notes import (
    LARGEST,
    Note,
    cosign_note,
    cosigned_at,
    key_id,
    sign_note,
    signature_holds,
    verifier_key,
)

# The example of c2sp.org/signed-note.
VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
SIGNED = (
    "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXs"
    "YjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
).encode()
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))
TEXT = Checkpoint(origin_of("hub", 3), 17, EMPTY_ROOT).text()


def public(vkey: str) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(b64decode(vkey.rpartition("+")[2])[1:])


def test_the_example_of_the_specification() -> None:
    key = public(VKEY)
    note = Note.parse(SIGNED)
    assert note.text == "This is an example message.\n"
    assert signature_holds(note, "example.com/foo", key)
    assert verifier_key("example.com/foo", key) == VKEY
    assert note.to_bytes() == SIGNED
    assert not signature_holds(Note(note.text.upper(), note.signatures), "example.com/foo", key)
    assert not signature_holds(note, "example.com/bar", key)
    assert not signature_holds(note, "example.com/foo", KEY.public_key())


def test_a_signature_and_a_cosignature_of_one_key_are_two() -> None:
    signed = Note(TEXT).signed(sign_note(TEXT, "hub/3", KEY))
    both = signed.signed(cosign_note(TEXT, "court", OTHER, 1_700_000_000))
    assert signature_holds(both, "hub/3", KEY.public_key())
    assert cosigned_at(both, "court", OTHER.public_key()) == 1_700_000_000
    assert cosigned_at(both, "court", KEY.public_key()) is None
    assert cosigned_at(signed, "hub/3", KEY.public_key()) is None
    assert not signature_holds(both, "court", OTHER.public_key())
    assert key_id("x", 1, KEY.public_key()) != key_id("x", 4, KEY.public_key())
    late = both.signatures[1].signature
    moved = Note(TEXT).signed(
        type(both.signatures[1])("court", both.signatures[1].key, late[:7] + b"\x01" + late[8:])
    )
    assert cosigned_at(moved, "court", OTHER.public_key()) is None


def test_a_wrong_signature_beside_a_right_one_is_no_signature() -> None:
    right = sign_note(TEXT, "hub/3", KEY)
    wrong = type(right)(right.name, right.key, right.signature[::-1])
    assert not signature_holds(Note(TEXT, (right, wrong)), "hub/3", KEY.public_key())


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"text\n",
        b"text\n\n",
        b"text\n\n- name AAAAAAAA\n",
        "text\n\n— name AAAAAAAA".encode(),
        "text\n\n— name AAAA\n".encode(),
        "text\n\n— na+me AAAAAAAA\n".encode(),
        "text\n\n— name AAAAAAB\n".encode(),
        "text\n\n— name AAAAAAAB=\n".encode(),
        "te\txt\n\n— name AAAAAAAA\n".encode(),
        b"\xff\n\n" + "— name AAAAAAAA\n".encode(),
        b"x" * LARGEST + "\n\n— name AAAAAAAA\n".encode(),
    ],
)
def test_what_is_no_note(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        Note.parse(raw)


def test_a_checkpoint_and_its_submission_read_back() -> None:
    note = Note(TEXT).signed(sign_note(TEXT, "hub/3", KEY))
    assert Checkpoint.of(note) == Checkpoint("hub/3", 17, EMPTY_ROOT)
    for proof in ((), (EMPTY_ROOT, bytes(32))):
        submission = Submission(5, proof, note)
        assert Submission.parse(submission.to_bytes()) == submission


@pytest.mark.parametrize("size", ["017", "-1", "+1", "", "1 ", "٣", "1" * 19])
def test_a_size_has_one_spelling(size: str) -> None:
    text = TEXT.replace("\n17\n", f"\n{size}\n")
    with pytest.raises(ValueError, match=r"size|three lines"):
        Checkpoint.of(Note(text))


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"old 5", "submission"),
        (b"new 5\n\n", "submission"),
        (b"old 05\n\nx\n\n", "size"),
        (b"old 5\nnot base64\n\nx\n\n", "."),
        (b"old 5" + b"\nAAAA" * 64 + b"\n\nx\n\n", "64 lines"),
    ],
)
def test_what_is_no_submission(raw: bytes, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Submission.parse(raw)


def test_a_root_is_a_hash() -> None:
    with pytest.raises(ValueError, match="root: 3 bytes"):
        Checkpoint.of(Note("hub/0\n1\nAAAA\n"))
