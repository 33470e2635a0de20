"""The department as a witness of the hub's journal: whether each checkpoint continues the one that it keeps.

What it keeps can't be changed by anybody at the hub. A department trusts the first checkpoint that it sees of a
shard, and from then on only what is proved to continue it.
"""

import logging
from collections.abc import Sequence
from enum import StrEnum
from hashlib import sha256
from pathlib import Path

import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from connectors.errors import ConfigurationError
from connectors.sdk.store.checkpoints import AlarmRow, Checkpoints
from connectors.sdk.waiting import Clock
from connectors.sdk.writing import Writer
from schemas.checkpoints import Checkpoint, Submission
from schemas.merkle import consistency_holds
from schemas.notes import Note, signature_holds

log = logging.getLogger(__name__)


class Alarm(StrEnum):
    """What a record of `hub.checkpoints` can show."""

    UNREADABLE = "unreadable"
    FORGED = "forged"
    OTHER_LOG = "other_log"
    SPLIT_VIEW = "split_view"
    ROLLBACK = "rollback"
    GAP = "gap"


MEANING = {
    Alarm.UNREADABLE: "is no checkpoint",
    Alarm.FORGED: "has no signature of the hub that holds",
    Alarm.OTHER_LOG: "is of another log than the one that is kept",
    Alarm.SPLIT_VIEW: "is of another history than the one that is kept",
    Alarm.ROLLBACK: "goes back before what is kept and goes on from there",
    Alarm.GAP: "continues a checkpoint that never came, so nothing shows that it continues the one that is kept",
}


class Witness:
    """Examines records one by one, in the order of their partition. A record that comes again changes nothing."""

    def __init__(
        self, kept: Checkpoints, hub_keys: Sequence[Ed25519PublicKey], writer: Writer, clock: Clock
    ) -> None:
        self._kept, self._hub_keys, self._writer, self._clock = kept, hub_keys, writer, clock
        self._due: dict[str, Note] = {}

    def examine(self, raw: bytes) -> Alarm | None:
        """Keep the checkpoint of a record, or raise an alarm: remembered with the record, logged once."""
        try:
            submission = Submission.parse(raw)
            said = Checkpoint.of(submission.note)
        except ValueError as problem:
            return self._alarm(Alarm.UNREADABLE, raw, "", None, str(problem))
        alarm = self._judge(submission, said)
        if alarm is None:
            return None
        return self._alarm(alarm, raw, said.origin, said.size, f"old {submission.old}")

    def cosigned(self) -> dict[str, bytes]:
        """By shard's log, the longest checkpoint that was kept since the last `sent`, with our cosignature."""
        at = int(self._clock())
        return {
            origin: note.signed(self._writer.cosign(note.text, at)).to_bytes()
            for origin, note in self._due.items()
        }

    def sent(self) -> None:
        """Kafka has what `cosigned` gave."""
        self._due.clear()

    def trouble(self) -> str | None:
        """What a person has to settle, in one line."""
        alarms = self._kept.alarms()
        if not alarms:
            return None
        last = alarms[-1]
        return f"{len(alarms)} alarms, the last: {last.kind} of {last.origin} at {last.size}: {last.detail}"

    def _judge(self, submission: Submission, said: Checkpoint) -> Alarm | None:
        if not any(signature_holds(submission.note, said.origin, key) for key in self._hub_keys):
            return Alarm.FORGED
        known = self._kept.log()
        if known is not None and said.origin.rpartition("/")[0] != known:
            return Alarm.OTHER_LOG
        latest, first = self._kept.latest(said.origin), self._kept.first(said.origin)
        if latest is None or first is None:
            self._keep(said, submission.note)
            return None
        root = self._kept.root(said.origin, said.size)
        if root is not None:
            if root == said.root and said.size == latest.size:
                # It came again: our signature under it may not have arrived.
                self._due[said.origin] = submission.note
            return None if root == said.root else Alarm.SPLIT_VIEW
        if said.size < latest.size:
            # What was signed before our first one is read when the topic is read anew; it says nothing to us.
            return None if said.size < first else Alarm.ROLLBACK
        if submission.old != latest.size:
            return Alarm.GAP if submission.old > latest.size else Alarm.ROLLBACK
        if not consistency_holds(latest.size, latest.root, said.size, said.root, submission.proof):
            return Alarm.SPLIT_VIEW
        self._keep(said, submission.note)
        return None

    def _keep(self, said: Checkpoint, note: Note) -> None:
        self._kept.keep(said, note, self._clock())
        self._due[said.origin] = note

    def _alarm(self, alarm: Alarm, raw: bytes, origin: str, size: int | None, detail: str) -> Alarm:
        row = AlarmRow(alarm, origin, size, detail)
        if self._kept.alarm(row, sha256(raw).hexdigest(), raw, self._clock()):
            log.critical("checkpoint %s of %s: %s: %s (%s)", size, origin, alarm, MEANING[alarm], detail)
        return alarm


def hub_keys(files: Sequence[Path]) -> list[Ed25519PublicKey]:
    """Public keys of the hub from files of its registry (YAML) or in PEM. Raises ConfigurationError."""
    return [_key(file) for file in files]


def _key(file: Path) -> Ed25519PublicKey:
    try:
        text = file.read_text(encoding="utf-8")
        if not text.lstrip().startswith("-----BEGIN"):
            text = str(yaml.safe_load(text)["public_key"])
        key = load_pem_public_key(text.encode())
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError) as error:
        raise ConfigurationError(f"witness: hub_keys: {file}: {error}; must be a public key") from error
    if not isinstance(key, Ed25519PublicKey):
        raise ConfigurationError(f"witness: hub_keys: {file}: must be an Ed25519 public key")
    return key
