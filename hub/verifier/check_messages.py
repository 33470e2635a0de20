"""The messages of a bundle: who signed each, with which key, and that its data is what the entry under the proof says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.verifier.anchors import Anchors
from hub.verifier.contents import Manifest, message_name, read_json
from hub.verifier.findings import Report
from hub.verifier.keys import HUB, HeldKey
from hub.verifier.records import Record
from schemas.signed_form import verify

# What the manifest may say of a message.
WHOLE, SEALED, ERASED, NONE = "whole", "sealed", "erased", "none"
STATES = {
    WHOLE: ("完整，附签名", "whole, with its signature"),
    SEALED: ("密封（未打开）", "sealed, not opened"),
    ERASED: ("密钥已销毁", "a key of it is destroyed"),
    NONE: ("本条不含报文", "the entry holds no message"),
}


@dataclass(slots=True)
class Messages:
    """Entries by what is known of their message. `signed`: entry and who signed it; `own_word`: by keys of the bundle.

    `data`: what each whole message says, by entry.
    """

    signed: dict[int, str] = field(default_factory=dict)
    own_word: set[str] = field(default_factory=set)
    sealed: list[int] = field(default_factory=list)
    erased: list[int] = field(default_factory=list)
    data: dict[int, Mapping[str, Any]] = field(default_factory=dict)


def check_messages(
    files: Mapping[str, bytes],
    manifest: Manifest,
    records: Sequence[Record],
    keys: Sequence[HeldKey],
    anchors: Anchors,
    report: Report,
) -> Messages:
    """Check every message that is there, and that those which are not are said to be sealed or erased."""
    found = Messages()
    known = {(key.department, key.keyid): key for key in keys}
    named = {message_name(record.seq) for record in records}
    for name in files:
        if name.startswith("messages/") and name not in named:
            report.fails("message_state", name, detail="it belongs to no entry")
    for record in records:
        name, state = message_name(record.seq), manifest.messages.get(record.seq, "")
        if not _state_fits(record, state):
            report.fails("message_state", name, record.seq, state)
        elif state == WHOLE and name not in files:
            report.fails("message_missing", name, record.seq)
        elif state != WHOLE and name in files:
            report.fails("message_state", name, record.seq, state)
        elif state == WHOLE:
            _whole(files[name], record, name, known, found, report)
        elif state in (SEALED, ERASED):
            (found.sealed if state == SEALED else found.erased).append(record.seq)
    for seq in manifest.messages.keys() - {record.seq for record in records}:
        report.fails("message_state", message_name(seq), seq, "there is no such entry")
    return found


def _state_fits(record: Record, state: str) -> bool:
    if record.attributes is None:
        return state == NONE
    return state == WHOLE or (state in (SEALED, ERASED) and record.holds_sealed)


def _whole(
    raw: bytes,
    record: Record,
    name: str,
    keys: Mapping[tuple[str, str], HeldKey],
    found: Messages,
    report: Report,
) -> None:
    attributes = record.attributes or {}
    source = attributes.get("source", "")
    key = keys.get((source, attributes.get("keyid", "")))
    if key is None:
        report.fails("no_key", name, record.seq, f"{source}/{attributes.get('keyid', '')}")
        return
    if not verify(attributes, raw, key.key):
        report.fails("signature", name, record.seq, source)
        return
    if not key.valid_at(record.received_at):
        report.fails("key_not_valid", name, record.seq, f"{source}/{key.keyid}")
    try:
        data = read_json(raw, strict=False)
    except ValueError as problem:
        report.fails("form", name, record.seq, problem)
        return
    if not isinstance(data, dict) or not _says(data, record.raw.get("open") or {}):
        report.fails("other_content", name, record.seq)
        return
    found.signed[record.seq], found.data[record.seq] = source, data
    if not key.given:
        found.own_word.add(source)


def _says(data: Any, kept: Any) -> bool:
    """Whether the data says all that the entry keeps of it; fields that the contract does not name were left out."""
    if isinstance(data, dict) and isinstance(kept, dict):
        return all(name in data and _says(data[name], value) for name, value in kept.items())
    if isinstance(data, list) and isinstance(kept, list):
        return len(data) == len(kept) and all(map(_says, data, kept))
    return bool(data == kept) and isinstance(data, bool) == isinstance(kept, bool)


def senders(found: Messages) -> dict[str, int]:
    """How many messages of each sender have a signature that holds; the hub's own last."""
    names = sorted(set(found.signed.values()), key=lambda name: (name == HUB, name))
    return {name: sum(source == name for source in found.signed.values()) for name in names}
