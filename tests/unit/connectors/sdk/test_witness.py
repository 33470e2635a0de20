"""The witness: what it keeps, and each thing that an honest log never does, by its name."""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from connectors.errors import ConfigurationError
from connectors.sdk.store import Store
from connectors.sdk.store.database import Database
from connectors.sdk.witness import Alarm, Witness, hub_keys
from connectors.sdk.writing import Writer
from hub.domain.merkle import Frontier, leaf_hash
from hub.domain.merkle_proofs import Ranges, consistency_ranges
from schemas.checkpoints import Checkpoint, Submission
from schemas.notes import Note, cosigned_at, sign_note

HUB = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
COURT = Ed25519PrivateKey.from_private_bytes(bytes(range(32, 64)))
AT = 1_780_000_000.5
THIEF = Ed25519PrivateKey.from_private_bytes(bytes(32))
HONEST = [leaf_hash(b"%d" % number) for number in range(40)]


class Log:
    """A log as the hub has it: what it submits for any of its sizes."""

    def __init__(self, leaves: Sequence[bytes], origin: str = "hub/0", key: Ed25519PrivateKey = HUB) -> None:
        self._leaves, self._origin, self._key = leaves, origin, key

    def submission(self, old: int, size: int) -> bytes:
        proof, frontier = Ranges(consistency_ranges(old, size)), Frontier()
        for leaf in self._leaves[:size]:
            proof.feed(leaf)
            frontier.append(leaf)
        text = Checkpoint(self._origin, size, frontier.root()).text()
        note = Note(text).signed(sign_note(text, self._origin, self._key))
        return Submission(old, tuple(proof.hashes()), note).to_bytes()


# The same up to 12 entries, then another history.
OTHER = Log([*HONEST[:12], *(leaf_hash(b"x%d" % number) for number in range(40))])
LOG = Log(HONEST)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "connector.db", "court")
    yield made
    made.close()


@pytest.fixture
def witness(store: Store) -> Witness:
    """One that keeps checkpoints of 10, 15 and 23 entries."""
    made = Witness(store.checkpoints, [HUB.public_key()], Writer("court", "court-1", COURT), lambda: AT)
    for old, size in ((7, 10), (10, 15), (15, 23)):
        assert made.examine(LOG.submission(old, size)) is None
    return made


def kept(store: Store) -> list[int]:
    return [Checkpoint.of(note).size for note in store.checkpoints.notes()]


@pytest.mark.covers("promise 7")
def test_an_honest_log_is_kept_however_often_it_is_read(witness: Witness, store: Store) -> None:
    for old, size in ((0, 3), (3, 7), (7, 10), (10, 15), (15, 23), (10, 15)):
        assert witness.examine(LOG.submission(old, size)) is None
    assert witness.examine(LOG.submission(23, 40)) is None
    assert witness.examine(Log(HONEST, "hub/1").submission(5, 6)) is None
    assert kept(store) == [10, 15, 23, 40, 6]
    assert witness.trouble() is None


@pytest.mark.covers("promise 7")
def test_the_longest_checkpoint_kept_is_cosigned_until_it_is_sent(witness: Witness) -> None:
    [(origin, raw)] = witness.cosigned().items()
    note = Note.parse(raw)
    assert (origin, Checkpoint.of(note).size) == ("hub/0", 23)
    assert cosigned_at(note, "court", COURT.public_key()) == int(AT)
    assert list(witness.cosigned()) == ["hub/0"], "not sent yet"
    witness.sent()
    assert witness.cosigned() == {}
    for old, size in ((10, 15), (15, 23)):
        witness.examine(LOG.submission(old, size))
    assert list(witness.cosigned()) == ["hub/0"], "read again, so it may not have arrived"
    witness.sent()
    for _, raw in FALSE:
        witness.examine(raw)
    assert witness.cosigned() == {}, "nothing but what was kept is signed"


FALSE = [
    (Alarm.SPLIT_VIEW, OTHER.submission(15, 23)),
    (Alarm.SPLIT_VIEW, OTHER.submission(23, 30)),
    (Alarm.SPLIT_VIEW, OTHER.submission(10, 15)),
    (Alarm.ROLLBACK, LOG.submission(15, 18)),
    (Alarm.ROLLBACK, OTHER.submission(10, 18)),
    (Alarm.ROLLBACK, OTHER.submission(15, 30)),
    (Alarm.ROLLBACK, LOG.submission(0, 30)),
    (Alarm.GAP, LOG.submission(25, 30)),
    (Alarm.FORGED, Log(HONEST, key=THIEF).submission(23, 30)),
    (Alarm.FORGED, LOG.submission(23, 30).replace(b"hub/0\n30", b"hub/0\n31")),
    (Alarm.OTHER_LOG, Log(HONEST, "anew/0").submission(0, 30)),
    (Alarm.UNREADABLE, b"junk"),
    (Alarm.UNREADABLE, b""),
]


@pytest.mark.covers("promise 7")
@pytest.mark.parametrize(("alarm", "raw"), FALSE)
def test_what_an_honest_log_never_does_is_named_and_not_kept(
    witness: Witness, store: Store, caplog: pytest.LogCaptureFixture, alarm: Alarm, raw: bytes
) -> None:
    with caplog.at_level(logging.CRITICAL):
        assert (witness.examine(raw), witness.examine(raw)) == (alarm, alarm)
    assert len(caplog.messages) == 1
    assert f": {alarm}: " in caplog.messages[0]
    assert kept(store) == [10, 15, 23]
    assert [each.kind for each in store.checkpoints.alarms()] == [alarm]
    assert alarm in (witness.trouble() or "")
    assert store.counts()["checkpoint_alarms"] == 1
    assert store.counts()["problems"][0]["what"] == f"checkpoint {alarm}"
    assert witness.examine(LOG.submission(23, 40)) is None, "the honest log goes on"


def test_a_person_settles_an_alarm(witness: Witness, store: Store) -> None:
    assert witness.examine(LOG.submission(25, 30)) is Alarm.GAP
    assert store.checkpoints.forget() == 3
    assert witness.trouble() is None
    assert witness.examine(LOG.submission(30, 35)) is None
    assert kept(store) == [35]


def test_a_proof_of_the_right_ends_and_wrong_hashes_is_a_split_view(witness: Witness) -> None:
    real = Submission.parse(LOG.submission(23, 30))
    for proof in (real.proof[::-1], real.proof[:-1], ()):
        assert witness.examine(Submission(23, proof, real.note).to_bytes()) is Alarm.SPLIT_VIEW


def test_a_store_of_the_version_before_gets_its_tables(tmp_path: Path) -> None:
    path = tmp_path / "connector.db"
    database = Database(path, "court")
    database.execute("DROP TABLE checkpoint")
    database.execute("DROP TABLE checkpoint_alarm")
    database.execute("INSERT INTO case_sequence VALUES ('c', 5)")
    database.execute("PRAGMA user_version = 1")
    database.close()
    store = Store(path, "court")
    assert store.counts()["checkpoints"] == 0
    store.close()
    database = Database(path, "court")
    assert database.rows("SELECT last FROM case_sequence")[0]["last"] == 5
    database.close()


def test_the_hubs_keys_are_read_from_pem_and_registry_and_named_when_wrong(tmp_path: Path) -> None:
    pem = HUB.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    (tmp_path / "hub.pem").write_text(pem)
    lines = "".join(f"  {line}\n" for line in pem.splitlines())
    (tmp_path / "hub.yaml").write_text(f"department: hub\npublic_key: |\n{lines}")
    found = hub_keys([tmp_path / "hub.pem", tmp_path / "hub.yaml"])
    assert [key.public_bytes_raw() for key in found] == [HUB.public_key().public_bytes_raw()] * 2
    (tmp_path / "bad.yaml").write_text("department: hub\n")
    for name in ("bad.yaml", "missing.pem"):
        with pytest.raises(ConfigurationError, match=name):
            hub_keys([tmp_path / name])
