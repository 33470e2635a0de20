"""What goes out for an entry: notifications, receipts, refusals, the hub's messages to itself. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec.json import encode

from hub.bus.ports import OutRecord
from hub.bus.topics import TopicNames
from hub.domain.case import MessageRef
from hub.domain.entry import Committed, Entry, Outcome
from hub.domain.events import Notified
from hub.domain.view import Alike, Content, composed
from hub.errors import REFUSALS, RefusalName
from hub.intake.reading import ALIAS_MARK
from hub.relay.contents import passed_on
from schemas.identifiers import derived_id

HUB = "hub"


def notification(
    names: TopicNames, entry: Entry, notified: Notified, contents: Mapping[MessageRef, Content]
) -> OutRecord:
    """One record for one department. The same event gives the same record again, id included."""
    return notifications(names, entry, [notified], contents)[0]


def notifications(
    names: TopicNames, entry: Entry, told: Iterable[Notified], contents: Mapping[MessageRef, Content]
) -> list[OutRecord]:
    """The records of one entry: what they have in common is made once."""
    ref, case, attributes = passed_on(entry), entry.case or "", entry.attributes or {}
    content = contents.get(ref) if ref is not None else None
    key, alike, records = case.encode(), Alike(), []
    common = _headers(case, entry.received_at, attributes.get("secrecy", "internal"))
    if "traceparent" in attributes:
        common.append(("ce_traceparent", attributes["traceparent"].encode()))
    for one in told:
        value = composed(one, content, contents, alike)
        headers = [
            ("ce_id", derived_id(HUB, case, one.to, one.sequence).encode()),
            ("ce_type", one.type.encode()),
            *common,
            ("ce_sequence", b"%d" % one.sequence),
            ("ce_previous", b"%d" % (one.sequence - 1)),
        ]
        if one.actor is not None:
            headers.append(("ce_actor", one.actor.encode()))
        records.append(OutRecord(names.into(one.to), entry.shard, key, value, headers))
    return records


def refusal(names: TopicNames, entry: Entry, department: str) -> OutRecord:
    """`message.refused` to the sender: by which named reason, and what would be allowed."""
    chinese, _ = REFUSALS[RefusalName(entry.reason or "")]
    data = {
        "message": (entry.message or "").removesuffix(ALIAS_MARK),
        "type": entry.type or "",
        "reason": entry.reason,
        "detail": entry.detail or "",
        "detail_zh": chinese,
        "allowed": entry.allowed,
    }
    message_id = derived_id(HUB, f"{entry.shard}/{entry.seq}", "refused")
    subject = entry.case or f"refused-{entry.shard}-{entry.seq}"
    headers = _own_headers(message_id, "message.refused.v1", subject, entry.received_at)
    return OutRecord(names.into(department), entry.shard, subject.encode(), encode(data), headers)


def receipts(
    names: TopicNames, shard: int, entries: Sequence[Committed], departments: Iterable[str]
) -> list[OutRecord]:
    """One record per sender for all its records in these entries; each receipt ends re-sending (5a.5)."""
    by_sender: dict[str, list[dict[str, Any]]] = {}
    for each in entries:
        entry = each.entry
        owner = names.owner(entry.origin.topic) if entry.origin is not None else None
        if owner is not None and owner != HUB:
            by_sender.setdefault(owner, []).append(_receipt(entry))
    known = set(departments)
    first, last = entries[0].entry, entries[-1].entry
    records = []
    for sender, items in by_sender.items():
        if sender not in known:
            continue
        message_id = derived_id(HUB, f"{sender}/{shard}/{first.seq}-{last.seq}", "receipts")
        headers = _own_headers(message_id, "receipts.issued.v1", f"receipts-{shard}", last.received_at)
        value = encode({"receipts": items})
        records.append(OutRecord(names.into(sender), shard, f"receipts-{shard}".encode(), value, headers))
    return records


def _receipt(entry: Entry) -> dict[str, Any]:
    assert entry.origin is not None
    # What nobody's signature was checked for, a record in a wrong partition too, must not end the sending of the id it shows.
    proved = None if entry.claim is not None else entry.message
    outcome = entry.detail if entry.outcome is Outcome.DUPLICATE else entry.outcome.value
    return {
        "topic": entry.origin.topic,
        "partition": entry.origin.partition,
        "offset": entry.origin.offset,
        "message": None if proved is None else proved.removesuffix(ALIAS_MARK),
        "outcome": {"decided": "submitted"}.get(outcome or "", outcome),
        "reason": entry.reason,
        "duplicate": entry.outcome is Outcome.DUPLICATE,
        **({} if entry.claim is None else {"claim": entry.claim}),
    }


def _own_headers(message_id: str, type_: str, subject: str, time: str) -> list[tuple[str, bytes]]:
    """Of a record that is the hub's own and not about what a department wrote."""
    own = [("ce_id", message_id.encode()), ("ce_type", type_.encode())]
    return [*own, *_headers(subject, time, "internal")]


def _headers(subject: str, time: str, secrecy: str) -> list[tuple[str, bytes]]:
    return [
        ("ce_secrecy", secrecy.encode()),
        ("ce_source", b"hub"),
        ("ce_specversion", b"1.0"),
        ("ce_subject", subject.encode()),
        ("ce_time", time.encode()),
        ("content-type", b"application/json"),
    ]
