"""Whether entries of the case were left out, as far as numbers and what events build on can show it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.verifier.contents import entry_name
from hub.verifier.findings import Report
from hub.verifier.records import Record

# Which field of an event names what, and which event makes it known.
_MAKES = {"referral_raised": "referral", "task_assigned": "task", "deadline_started": "deadline"}
_NAMES = ("referral", "task", "deadline")


@dataclass(slots=True)
class Numbers:
    """The last record that each department was sent, and how many entries decided, refused, parked or repeated."""

    last: dict[str, int] = field(default_factory=dict)
    outcomes: dict[str, int] = field(default_factory=dict)


def check_case(records: Sequence[Record], report: Report) -> Numbers:
    """Records to each department are numbered without a gap, time limits too, and nothing builds on what is not there."""
    numbers, known = Numbers(), {name: set[object]() for name in _NAMES}
    held = {
        (record.text("source"), record.text("message")) for record in records if record.attributes is not None
    }
    opened = False
    last = None
    for record in records:
        name = entry_name(record.seq)
        outcome = record.text("outcome")
        numbers.outcomes[outcome] = numbers.outcomes.get(outcome, 0) + 1
        if last is not None and record.received_at < last:
            report.fails("form", name, record.seq, "received_at is before that of the entry before")
        last = record.received_at
        refers = record.refers
        if refers is not None and outcome != "duplicate" and refers not in held:
            report.fails("nothing_before", name, record.seq, f"message {'/'.join(refers)}")
        for event in record.events:
            if event["e"] == "case_opened":
                opened = True
            elif event["e"] == "notified":
                _sent(event, numbers, name, record.seq, report)
            _builds(event, known, name, record.seq, report)
            if not opened and event["e"] in _MAKES:
                report.fails("nothing_before", name, record.seq, "case_opened")
                opened = True
    return numbers


def _sent(event: Mapping[str, Any], numbers: Numbers, name: str, seq: int, report: Report) -> None:
    to, number = str(event.get("to")), event.get("sequence")
    before = numbers.last.get(to, 0)
    if number != before + 1:
        report.fails("gap", name, seq, f"record {number} to {to} after {before}")
    numbers.last[to] = number if isinstance(number, int) else before


def _builds(
    event: Mapping[str, Any], known: dict[str, set[object]], name: str, seq: int, report: Report
) -> None:
    makes = _MAKES.get(event["e"])
    for field_name in _NAMES:
        value = event.get(field_name)
        if value is None or isinstance(value, dict | list):
            continue
        if field_name == makes:
            if field_name == "deadline" and value != len(known["deadline"]) + 1:
                report.fails("gap", name, seq, f"time limit {value} after {len(known['deadline'])}")
            known[field_name].add(value)
        elif value not in known[field_name]:
            report.fails("nothing_before", name, seq, f"{field_name} {value}")
