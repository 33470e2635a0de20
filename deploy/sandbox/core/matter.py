"""The words of a stand-in: a matter that its officers raise, a step they take, a record they keep.

Papers are dicts with `code`, `title`, `media_type` and `content` (text or bytes); what the records give back
has `content` as bytes, and `sha256` and `size` beside it.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Self

BEIJING = timezone(timedelta(hours=8))
Fields = dict[str, Any]

STEP_FIELDS: Mapping[str, tuple[str, ...]] = {
    "raise": (),
    "sign": (),
    "accept": (),
    "propose_return": ("reason_code", "reason", "suggested_to"),
    "decide_return": ("ext_task", "agreed", "reassign_to", "reason"),
    "request_supplement": ("papers_wanted", "reason"),
    "provide_supplement": ("ext_task", "papers"),
    "start": (),
    "progress": ("step_code", "papers"),
    "reply": ("reply_code", "outcome", "papers", "result"),
    "confirm": ("ext_task", "papers"),
    "rework": ("ext_task", "reason"),
    "extend": ("clock", "amount", "unit", "approver", "reason"),
    "exclude": ("exclude_kind", "from_on", "to_on", "clock"),
    "restart": ("reason_code", "clock"),
    "hand_over": ("to_officer", "reason"),
    "fact": ("fact", "value"),
    "request_withdrawal": ("reason",),
    "decide_withdrawal": ("agreed", "reason"),
    "correct": ("fields", "reason", "title", "summary", "parties", "matter", "region", "in_custody"),
    "followup": ("reached", "rating", "opinion"),
}
"""The fields of each step kind. Those missing in a call are stored as None (`papers` as an empty list)."""

COMMON_FIELDS = ("legal_at", "officer", "document", "note")
"""The fields of every step: the moment in the document (ISO, +08:00), officer's name, 文号, note."""

REFERENCES = ("ext_case", "ext_referral", "ext_task")
"""Opaque numbers that the connector gave. A step echoes those its record knew when the step was taken."""

RECEIVED_KINDS = (
    "task",
    "signed",
    "accepted",
    "return_proposed",
    "return_decided",
    "supplement_requested",
    "supplement_provided",
    "started",
    "progressed",
    "replied",
    "confirmed",
    "rework",
    "withdrawal_requested",
    "withdrawn",
    "cancelled",
    "closed",
    "refused",
    "note",
)
"""What a connector may write in. A contract message without a kind of its own is a "note"."""

TASK_NOTES = RECEIVED_KINDS[1:12]
"""The kinds that speak of one task: by it the sender knows which of its receivers acted."""

ROLES = ("lead", "co_handler", "copy")


def now() -> datetime:
    """The present in Beijing, in whole seconds: departments write no fractions."""
    return datetime.now(BEIJING).replace(microsecond=0)


@dataclass(frozen=True, slots=True)
class Matter:
    """What an officer raises: one hand-over under one flow.

    `key` makes raising idempotent. `kind` is the way of handing over (forward, assign, transfer, request,
    entrust, notify). `legal_at` None means the moment of raising. `ext_case` is set when the matter goes on
    in a known case, `opened_by` is the referral from which it follows.
    """

    key: str
    flow: str
    kind: str
    title: str
    lead: str
    summary: str | None = None
    matter: str | None = None
    region: str | None = None
    parties: Sequence[Fields] = ()
    papers: Sequence[Fields] = ()
    co_handlers: Sequence[str] = ()
    copies: Sequence[str] = ()
    legal_at: str | None = None
    in_custody: bool | None = None
    track: str = "ordinary"
    priority: str = "normal"
    ext_case: str | None = None
    opened_by: str | None = None
    due_on: str | None = None
    officer: str | None = None
    document: str | None = None

    def to_json(self) -> str:
        """One line of a plan file."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True, default=_bytes_out)

    @classmethod
    def from_json(cls, line: str) -> Self:
        """Reads one line of a plan file. Raises ValueError that names the field."""
        try:
            raw = json.loads(line, object_hook=_bytes_in)
        except json.JSONDecodeError as problem:
            raise ValueError(f"a line of the plan is not JSON: {problem}") from None
        known = {item.name for item in fields(cls)}
        if not isinstance(raw, dict) or not set(raw) <= known:
            raise ValueError(
                f"a line of the plan has {sorted(set(raw) - known)!r}; a matter has {sorted(known)}"
            )
        missing = [name for name in ("key", "flow", "kind", "title", "lead") if not raw.get(name)]
        if missing:
            raise ValueError(f"a line of the plan lacks {missing}: {line[:80]!r}")
        return cls(**raw)


@dataclass(frozen=True, slots=True)
class Step:
    """One unchanging entry of the outgoing log. `seq` is the cursor, `key` the stable name `<number>/<n>`."""

    seq: int
    key: str
    number: str
    kind: str
    at: str
    fields: Fields


@dataclass(frozen=True, slots=True)
class Record:
    """A matter in the department's own books.

    `content` holds the matter's fields as raised or received. For a raised record the references are those
    that deliveries brought; `ext_task` is None, since a raised matter may rest with several tasks.
    """

    number: str
    key: str
    direction: str
    flow: str
    role: str | None
    state: str
    ext_case: str | None
    ext_referral: str | None
    ext_task: str | None
    content: Fields
    since: str

    @property
    def title(self) -> str:
        return str(self.content.get("title") or "")


@dataclass(frozen=True, slots=True)
class Received:
    """One delivery as the connector wrote it in. `ordinal` counts from 1 in order of arrival."""

    ordinal: int
    delivery_id: str
    number: str | None
    kind: str
    at: str
    fields: Fields = field(default_factory=dict)


def read_plan(path: Path) -> list[Matter]:
    """The matters of a plan file, in order. Raises ValueError that names the line."""
    matters = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if line.strip():
            try:
                matters.append(Matter.from_json(line))
            except ValueError as problem:
                raise ValueError(f"{path}:{number}: {problem}") from None
    return matters


def write_plan(path: Path, matters: Sequence[Matter]) -> None:
    """Writes a plan file whole."""
    path.write_text("".join(f"{matter.to_json()}\n" for matter in matters), "utf-8")


def content_bytes(paper: Mapping[str, Any]) -> bytes:
    """The content of a paper as bytes; text is UTF-8."""
    content = paper["content"]
    return content.encode() if isinstance(content, str) else bytes(content)


def _bytes_out(value: object) -> object:
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    raise TypeError(f"{value!r} can't stand in a plan file")


def _bytes_in(value: dict[str, Any]) -> object:
    return base64.b64decode(value["base64"]) if set(value) == {"base64"} else value
