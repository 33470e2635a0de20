"""The journal's side of a bundle: its checkpoints, who signed and witnessed them, and that each entry is under them."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from hub.verifier import contents
from hub.verifier.anchors import Anchors
from hub.verifier.contents import Manifest
from hub.verifier.findings import Report
from hub.verifier.keys import HUB, HeldKey, owner_keys
from schemas.checkpoints import Checkpoint, Submission
from schemas.merkle import consistency_holds, inclusion_holds, leaf_hash
from schemas.notes import Note, base64_exact, cosigned_at, signature_holds

_PROOF_HEAD = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True, slots=True)
class Seen:
    """A checkpoint that holds. `witnesses`: when each of them cosigned it, and whether by a key that the checker gave."""

    said: Checkpoint
    witnesses: Mapping[str, tuple[datetime, bool]]
    kept: bool


@dataclass(slots=True)
class Log:
    """What holds of the journal. `checkpoints` by size, all proved to be beginnings of the last; `proved` entries."""

    checkpoints: dict[int, Seen] = field(default_factory=dict)
    proved: list[int] = field(default_factory=list)

    def first_witnessed(self, seq: int) -> Seen | None:
        """The earliest checkpoint with a witness that has an entry."""
        found = [one for size, one in sorted(self.checkpoints.items()) if size >= seq and one.witnesses]
        return found[0] if found else None


def check_log(
    files: Mapping[str, bytes],
    manifest: Manifest,
    keys: Sequence[HeldKey],
    anchors: Anchors,
    report: Report,
) -> Log:
    """Checkpoints, their consistency, and the inclusion of every entry under the last one."""
    log = Log()
    top = _checkpoint(files, contents.checkpoint_name(manifest.size), manifest, keys, anchors, report)
    if top is None:
        return log
    log.checkpoints[top.said.size] = top
    for name in files:
        if not name.startswith("checkpoints/") or name == contents.checkpoint_name(top.said.size):
            continue
        seen = _checkpoint(files, name, manifest, keys, anchors, report)
        if seen is not None and _continued(files, seen.said, top.said, report):
            log.checkpoints[seen.said.size] = seen
    for name in files:
        if name.startswith("entries/"):
            _entry(files, name, top.said, log, report)
    for name in files:
        if (
            name.startswith("consistency/")
            and name.replace("consistency", "checkpoints").replace(".submission", ".note") not in files
        ):
            report.fails("missing", name)
        if (
            name.startswith("proofs/")
            and name.replace("proofs", "entries").replace(".tlog-proof", ".json") not in files
        ):
            report.fails("missing", name)
    return log


def _checkpoint(
    files: Mapping[str, bytes],
    name: str,
    manifest: Manifest,
    keys: Sequence[HeldKey],
    anchors: Anchors,
    report: Report,
) -> Seen | None:
    try:
        note = Note.parse(files[name])
        said = Checkpoint.of(note)
    except KeyError:
        report.fails("missing", name)
        return None
    except ValueError as problem:
        report.fails("form", name, detail=problem)
        return None
    if said.origin != manifest.origin or name != contents.checkpoint_name(said.size):
        report.fails("other_log", name, detail=f"{said.origin} {said.size}")
        return None
    if not any(signature_holds(note, said.origin, key) for key in owner_keys(keys, HUB, anchors.hub)):
        report.fails("hub_signature", name)
        return None
    witnesses: dict[str, tuple[datetime, bool]] = {}
    for witness in dict.fromkeys(each.name for each in note.signatures if each.name != said.origin):
        at = _cosigned(note, witness, keys, anchors)
        if at is None:
            report.fails("cosignature", name, detail=witness)
        else:
            witnesses[witness] = at
    kept = [Checkpoint.of(one) for one in anchors.kept if _names(one, said)]
    if any(one.root != said.root for one in kept):
        report.fails("split_view", name)
    return Seen(said, witnesses, any(one.root == said.root for one in kept))


def _names(kept: Note, said: Checkpoint) -> bool:
    try:
        found = Checkpoint.of(kept)
    except ValueError:
        return False
    return (found.origin, found.size) == (said.origin, said.size)


def _cosigned(
    note: Note, witness: str, keys: Sequence[HeldKey], anchors: Anchors
) -> tuple[datetime, bool] | None:
    given = anchors.witnesses.get(witness, ())
    found = [
        at for key in owner_keys(keys, witness, given) if (at := cosigned_at(note, witness, key)) is not None
    ]
    try:
        return (datetime.fromtimestamp(max(found), UTC), bool(given)) if found else None
    except (ValueError, OverflowError, OSError):
        return None


def _continued(files: Mapping[str, bytes], old: Checkpoint, top: Checkpoint, report: Report) -> bool:
    name = contents.consistency_name(old.size)
    try:
        proof = Submission.parse(files[name])
    except KeyError:
        report.fails("no_proof", contents.checkpoint_name(old.size))
        return False
    except ValueError as problem:
        report.fails("form", name, detail=problem)
        return False
    signed = files[contents.checkpoint_name(top.size)]
    if proof.old != old.size or proof.note.to_bytes() != signed:
        report.fails("other_checkpoint", name)
        return False
    if not consistency_holds(old.size, old.root, top.size, top.root, proof.proof):
        report.fails("consistency", name)
        return False
    return True


def _entry(files: Mapping[str, bytes], name: str, top: Checkpoint, log: Log, report: Report) -> None:
    try:
        seq = contents.number_in(name)
    except ValueError as problem:
        report.fails("form", name, detail=problem)
        return
    proof = contents.proof_name(seq)
    if proof not in files:
        report.fails("no_proof", name, seq)
        return
    try:
        index, path, note = _proof(files[proof])
    except ValueError as problem:
        report.fails("form", proof, seq, problem)
        return
    if note != files[contents.checkpoint_name(top.size)]:
        report.fails("other_checkpoint", proof, seq)
    elif index != seq - 1 or not inclusion_holds(index, top.size, leaf_hash(files[name]), path, top.root):
        report.fails("inclusion", name, seq)
    else:
        log.proved.append(seq)


def _proof(raw: bytes) -> tuple[int, list[bytes], bytes]:
    """Index, hashes and signed checkpoint of a proof by its format. Raises ValueError."""
    head, blank, note = raw.partition(b"\n\n")
    first, *lines = head.decode().split("\n")
    if not blank or first != _PROOF_HEAD or not lines or not lines[0].startswith("index "):
        raise ValueError("must be a tlog-proof: head, index, hashes, an empty line, a checkpoint")
    number = lines[0].removeprefix("index ")
    if not number.isascii() or not number.isdigit() or len(number) > 18 or number != str(int(number)):
        raise ValueError(f"index {number[:40]!r}: must be a number")
    if len(lines) > 65:
        raise ValueError(f"{len(lines) - 1} hashes: at most 64")
    return int(number), [base64_exact(line) for line in lines[1:]], note


def check_statement(
    files: Mapping[str, bytes],
    manifest: Manifest,
    keys: Sequence[HeldKey],
    anchors: Anchors,
    report: Report,
) -> bool:
    """Whether the hub signed a statement of this bundle; one that is of another, or whose signature fails, fails."""
    raw = files.get(contents.STATEMENT)
    top = files.get(contents.checkpoint_name(manifest.size))
    if raw is None:
        report.fails("missing", contents.STATEMENT)
        return False
    try:
        root = "" if top is None else b64encode(Checkpoint.of(Note.parse(top)).root).decode()
        entries = sum(name.startswith("entries/") for name in files)
        digest = contents.digests({contents.MANIFEST: files[contents.MANIFEST]})[contents.MANIFEST]
        expected = contents.statement_text(manifest, root, entries, digest)
        text, signed = raw.decode(), b"\n\n" in raw
        note = Note.parse(raw) if signed else None
    except ValueError as problem:
        report.fails("form", contents.STATEMENT, detail=problem)
        return False
    if (note.text if note is not None else text) != expected:
        report.fails("statement", contents.STATEMENT)
        return False
    if note is None:
        return False
    hub: list[Ed25519PublicKey] = owner_keys(keys, HUB, anchors.hub)
    if len(note.signatures) != 1 or not any(signature_holds(note, manifest.log, key) for key in hub):
        report.fails("hub_signature", contents.STATEMENT)
        return False
    return True
