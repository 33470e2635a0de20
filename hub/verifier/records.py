"""An entry of the journal as the verifier reads it: plain values from its exact bytes, nothing believed before its proof."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.verifier import contents
from hub.verifier.contents import Malformed, Manifest, number_of, read_json, text_of
from hub.verifier.findings import Report
from hub.verifier.keys import moment_of

USUAL = {"specversion": "1.0", "datacontenttype": "application/json"}


@dataclass(frozen=True, slots=True)
class Record:
    """One entry. `raw`: its fields; `events`: what was decided; `attributes`: of its message as sent, if it holds one."""

    seq: int
    received_at: datetime
    raw: Mapping[str, Any]
    events: Sequence[Mapping[str, Any]]
    attributes: Mapping[str, str] | None

    def text(self, field: str) -> str:
        """A text of the entry; empty where it has none."""
        found = self.raw.get(field)
        return found if isinstance(found, str) else ""

    @property
    def holds_sealed(self) -> bool:
        """Some fields of its message are sealed."""
        return self.raw.get("sealed") is not None or bool(self.raw.get("persons"))

    @property
    def refers(self) -> tuple[str, str] | None:
        """Source and id of the message in another entry that this one is about."""
        found = self.raw.get("refers")
        return (str(found[0]), str(found[1])) if isinstance(found, list) and len(found) == 2 else None


def read_records(files: Mapping[str, bytes], manifest: Manifest, report: Report) -> list[Record]:
    """All entries in the order of their numbers. One that is not what its name and the manifest say fails."""
    found = []
    for name, raw in files.items():
        if not name.startswith("entries/"):
            continue
        try:
            seq = contents.number_in(name)
            record = _record(raw)
        except ValueError as problem:
            report.fails("form", name, detail=problem)
            continue
        said = (record.raw.get("shard"), record.raw.get("seq"), record.raw.get("case"))
        if said != (manifest.shard, seq, manifest.case):
            report.fails("other_entry", name, seq)
        else:
            found.append(record)
    return sorted(found, key=lambda record: record.seq)


def _record(raw: bytes) -> Record:
    data = read_json(raw)
    events, kept = data.get("events", []) if isinstance(data, dict) else None, None
    if not isinstance(events, list) or not all(isinstance(event, dict) for event in events):
        raise Malformed("events: must be a list of objects")
    for event in events:
        _event(event)
    if (attributes := data.get("attributes")) is not None:
        if not isinstance(attributes, dict):
            raise Malformed("attributes: must be an object")
        said = {"id": "message", "source": "source", "subject": "case", "type": "type"}
        own = {name: text_of(data, field) for name, field in said.items() if data.get(field) is not None}
        kept = {**USUAL, **own, **{name: text_of(attributes, name) for name in attributes}}
    return Record(number_of(data, "seq"), moment_of(text_of(data, "received_at")), data, events, kept)


def _event(event: Mapping[str, Any]) -> None:
    """The fields that checks and the page count with are what they should be, in every kind of event."""
    text_of(event, "e")
    for field in ("deadline", "sequence"):
        if field in event:
            number_of(event, field)
    for field in ("referral", "task", "to"):
        if event.get(field) is not None:
            text_of(event, field)
