"""Messages, receipts and decisions of one case in order, with both times. Sealed fields are not opened."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from pydantic_core import to_json
from rich.table import Table

from hub.domain.decision import CHINA
from hub.domain.entry import Entry
from hub.domain.events import Event
from hub.store.read_cases import case_entries
from hub.store.reading import ReadStore


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """One entry of the journal.

    `received_at`: when the hub received it (broker's time). `legal_at`: the moment in the document; None
    where the message states none. `by`: the department that sent it, `hub` for the hub's own. `led_to`: what
    was decided. `told`: each department with the number of the record it got. `sealed`: some fields are.
    """

    shard: int
    seq: int
    received_at: str
    legal_at: str | None
    by: str
    message: str | None
    type: str
    outcome: str
    reason: str | None
    detail: str | None
    led_to: tuple[str, ...]
    told: tuple[tuple[str, int], ...]
    sealed: bool
    rules: str


async def timeline(read_store: ReadStore, case: str) -> list[TimelineRow]:
    """The rows of a case by its id; empty when the journal has none. Raises StoreTrouble."""
    async with read_store.snapshot() as view:
        entries = await case_entries(view, case)
    return [row_of(entry) for entry in entries]


def row_of(entry: Entry) -> TimelineRow:
    """The row of one entry."""
    opened: dict[str, Any] = entry.open or {}
    type_ = entry.type or ""
    return TimelineRow(
        entry.shard,
        entry.seq,
        entry.received_at,
        opened.get("legal_at"),
        entry.source or "",
        entry.message,
        f"{type_} (taken up)" if entry.refers is not None and entry.outcome != "duplicate" else type_,
        entry.outcome.value,
        entry.reason,
        entry.detail,
        tuple(said(event) for event in entry.events if event.e != "notified"),
        tuple((event.to, event.sequence) for event in entry.events if event.e == "notified"),
        entry.sealed is not None or bool(entry.persons),
        entry.rules,
    )


def said(event: Event) -> str:
    """One event in words: its kind and what tells it from others."""
    match event.e:
        case "referral_raised":
            return f"referral_raised {event.flow} {event.sender}→{event.lead}"
        case "task_assigned":
            return f"task_assigned {event.department} {event.role}"
        case "task_stepped":
            return f"{event.step} → {event.state}" + (f" [{event.rung}]" if event.rung else "")
        case "request_opened":
            return f"request_opened {event.request} by {event.by}"
        case "request_closed":
            return f"request_closed {event.request}: {event.verdict}"
        case "reply_given":
            return f"reply_given {event.reply}" + (f": {event.outcome}" if event.final else "")
        case "referral_ended":
            return f"referral_ended {event.state}" + (f": {event.outcome}" if event.outcome else "")
        case "lead_changed":
            return f"lead_changed {event.lead}"
        case "referral_escalated":
            return f"referral_escalated {event.to or 'to nobody'} after {event.returns} returns"
        case "number_learned":
            return f"number_learned {event.department} {event.number}"
        case "referral_corrected":
            return f"referral_corrected {', '.join(event.fields)}"
        case "fact_recorded":
            return f"fact_recorded {event.fact}={event.value}"
        case "deadline_started":
            return f"deadline_started #{event.deadline} {event.clock} {event.owner} due {event.due}"
        case "deadline_recomputed":
            beside = " (computed; the date that was set stays)" if event.beside else ""
            return (
                f"deadline_recomputed #{event.deadline} {event.why}: {event.before} → {event.after}{beside}"
            )
        case "deadline_ended":
            return f"deadline_ended #{event.deadline} {event.how}"
        case "deadline_warned":
            return f"deadline_warned #{event.deadline}"
        case "deadline_breached":
            may = "" if event.paper is None else f": {event.issuer} may issue {event.paper}"
            return f"deadline_breached #{event.deadline}{may}"
        case "receipt_missed":
            return f"receipt_missed #{event.deadline} {event.rung}"
        case "breach_annulled":
            return f"breach_annulled #{event.deadline}: {event.reason}"
        case "date_set":
            beside = f"(computed {event.computed}; {event.operator}, {event.article}: {event.reason})"
            return f"date_set #{event.deadline}: {event.before} → {event.after} {beside}"
        case "date_lifted":
            by = f"({event.operator}, {event.article}: {event.reason})"
            return f"date_lifted #{event.deadline}: {event.before} → {event.after} {by}"
        case "erased":
            what = ["everything"] if event.everything else [f"person {n}" for n in event.persons]
            return f"erased {', '.join([*what, *(['free text'] if event.text else [])])} ({event.article})"
        case "hold_set" | "hold_released":
            return f"{event.e} {event.hold}"
        case "supervision_raised":
            return f"supervision_raised {event.step} against {event.against} by {event.by}: {event.trigger}"
        case "supervision_answered":
            return f"supervision_answered {event.supervision}"
        case "supervision_cleared":
            return f"supervision_cleared {event.supervision} by {event.by}: {event.why}"
        case "duplicate_offered":
            return f"duplicate_offered {event.other}: {', '.join(event.agrees)}"
        case "duplicate_answered":
            return f"duplicate_answered {event.other}: {event.verdict} by {event.by}"
        case "followed_up":
            return f"followed_up by {event.by} rating {event.rating} satisfied {event.satisfied}"
        case "message_waits" | "message_taken_up":
            return f"{event.e} {event.message.source}/{event.message.id}"
    return event.e


def timeline_json(rows: Sequence[TimelineRow]) -> bytes:
    """One JSON array."""
    return to_json([asdict(row) for row in rows], indent=2)


def timeline_table(case: str, rows: Sequence[TimelineRow]) -> Table:
    """For a terminal of 80 columns or more, times in China."""
    table = Table(title=f"案件 {case}")
    table.add_column("流水", no_wrap=True)
    table.add_column("收到\n法定", no_wrap=True)
    table.add_column("单位\n报文\n处理", overflow="fold")
    table.add_column("导致\n告知", overflow="fold")
    for row in rows:
        reason = f": {row.reason}" if row.reason else ""
        told = [f"⇒ {to} #{number}" for to, number in row.told]
        table.add_row(
            f"{row.shard}/{row.seq}",
            f"{_local(row.received_at)}\n{_local(row.legal_at)}",
            f"{row.by}\n{row.type}\n{row.outcome}{reason}",
            "\n".join([*row.led_to, *told]),
            end_section=True,
        )
    return table


def _local(text: str | None) -> str:
    return (
        "" if text is None else datetime.fromisoformat(text).astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")
    )
