"""Playing messages on one case at the level of the domain: valid data in, open fields only to `decide`."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from pydantic_core import from_json, to_json

from hub.domain import events as ev
from hub.domain.case import Case, Referral, Task
from hub.domain.decide import Decision, decide
from hub.domain.decision import Message
from hub.domain.flow import Flow
from hub.domain.rules import Rules
from hub.rules.loader import load_rules
from schemas.classes import sealed_fields
from schemas.identifiers import mint_case_id
from schemas.messages import BY_TYPE, OWN_BY_TYPE, reader

DIRECTORY = Path(__file__).with_name("departments.yaml")
LEGAL_AT = "2026-03-02T09:30:00+08:00"
OTHER_CASE = "f69faf12-e351-58a5-80fb-00b935a69853"
NUMBER = "甲2026-0001"


@cache
def rules() -> Rules:
    """The rules of the hub with the departments of the tests."""
    return load_rules(DIRECTORY)


class Open(dict[str, Any]):
    """Open fields that fail the test when a sealed one is asked for (5a.7)."""

    def __init__(self, fields: dict[str, Any], sealed: frozenset[str]) -> None:
        super().__init__(fields)
        self._sealed = sealed

    def _look(self, name: object) -> None:
        if name in self._sealed:
            raise AssertionError(f"decide reads the sealed field {name!r}")

    def __getitem__(self, name: str) -> Any:
        self._look(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self._look(name)
        return super().get(name, default)

    def __contains__(self, name: object) -> bool:
        self._look(name)
        return super().__contains__(name)


def papers(codes: list[str]) -> list[dict[str, Any]]:
    """Papers of the catalogue with these codes."""
    common = {"sha256": "a" * 64, "size": 1, "media_type": "application/pdf"}
    return [{"code": code, "title": "文书", **common} for code in codes]


def departments(roles: list[str]) -> list[str]:
    """The departments that play one of the roles, in the order of the directory."""
    return [department.id for department in rules().departments.values() if department.plays(roles)]


def open_fields(type_: str, data: dict[str, Any]) -> Open:
    """The open half of data that the contract must allow, as intake gives it to `decide`."""
    kind = BY_TYPE.get(type_) or OWN_BY_TYPE[type_]
    raw = to_json(data)
    reader(kind.model).model_validate_json(raw)
    sealed = sealed_fields(kind.model)
    return Open({name: value for name, value in from_json(raw).items() if name not in sealed}, sealed)


@dataclass
class Play:
    """One case and what happened to it. Where `decide` raises, so does `send`, and nothing changes."""

    number: str = NUMBER
    opener: str = "petition"
    events: list[ev.Event] = field(default_factory=list)
    at: datetime = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
    sent: int = 0
    under: Rules = field(default_factory=rules)
    case: Case = field(init=False)

    def __post_init__(self) -> None:
        self.case = Case(mint_case_id(self.opener, self.number))

    def send(self, source: str, step: str, /, **data: Any) -> list[ev.Event]:
        """One message; returns its events."""
        return self.decide(source, step, data).events

    def decide(self, source: str, step: str, data: dict[str, Any]) -> Decision:
        """The same with the whole decision."""
        self.sent += 1
        self.at += timedelta(seconds=1)
        type_ = f"{step}.v1"
        message = Message(source, f"m{self.sent}", type_, self.case.id, open_fields(type_, data))
        decision = decide(self.case, message, self.under, self.at)
        self.case = decision.case
        self.events += decision.events
        return decision

    def raise_(self, flow: Flow, **changes: Any) -> Referral:
        """A referral with every paper that the flow requires, to the first that may receive it."""
        lead = changes.pop("lead", departments(list(flow.lead))[0])
        source = changes.pop("source", self.opener)
        data = {
            "legal_at": LEGAL_AT,
            "flow": flow.flow,
            "kind": flow.kinds[0].value,
            "local_number": self.number,
            "title": "事由",
            "lead": lead,
            "papers": papers([paper.code for paper in flow.papers if paper.required]),
        }
        self.send(source, "referral.raised", **(data | changes))
        return list(self.case.referrals.values())[-1]

    def act(self, task: Task, step: str, /, **data: Any) -> list[ev.Event]:
        """A step on a task by whom the table names; what every step states is filled in."""
        by = rules().lifecycle.steps[step].by
        source = self.case.tasks[task.id].department
        if by == "sender":
            source = self.case.referrals[task.referral].sender
        stated = {"received_at": LEGAL_AT} if step == "task.received" else {"legal_at": LEGAL_AT}
        return self.send(source, step, **({"referral": task.referral, "task": task.id} | stated | data))

    def state(self, task: Task) -> str:
        """The state of a task now."""
        return self.case.tasks[task.id].state

    def told(self, department: str) -> list[ev.Notified]:
        """What a department was told, in order."""
        return [event for event in self.events if event.e == "notified" and event.to == department]


def play(flow: Flow, **changes: Any) -> tuple[Play, Referral, Task]:
    """A new case with one referral of the flow by its first sender; the lead's task comes with it."""
    sender = changes.pop("sender", departments(list(flow.senders))[0])
    stage = Play(opener=sender, under=changes.pop("under", rules()))
    if "lead" not in changes:
        changes["lead"] = next(d for d in departments(list(flow.lead)) if d != sender)
    referral = stage.raise_(flow, **changes)
    return stage, referral, stage.case.tasks_of(referral.id)[0]


def flows() -> list[Flow]:
    """All versions of all flows."""
    return [flow for versions in rules().flows.values() for flow in versions]


STEP_DATA: dict[str, dict[str, Any]] = {
    "supplement.provided": {"papers": []},
    "task.supplement_requested": {"papers_wanted": ["身份证明"]},
    "task.progressed": {"step": "hearing_notice"},
    "task.extended": {
        "clock": "handling",
        "amount": 1,
        "unit": "month",
        "approver": "测试员",
        "reason": "复杂",
    },
    "task.excluded": {"kind": "appraisal", "from_on": "2026-03-01", "to_on": "2026-03-02"},
    "task.restarted": {"reason_code": "new_offence_found"},
    "task.handed_over": {"to_officer": "测试员"},
    "rework.requested": {"reason": "事实不清"},
    "return.decided": {"agreed": False},
    "return.consulted": {"settled": True},
}


def step_data(step: str, flow: Flow, replies: int = 0) -> dict[str, Any]:
    """Data for a step of a task after so many replies, beyond what every step states."""
    if step == "task.return_proposed":
        return {"reason_code": flow.return_reasons[0].code, "reason": "不属本机关"}
    if step == "task.replied":
        reply = flow.replies[min(replies, len(flow.replies) - 1)]
        return {"reply": reply.code, **({"outcome": flow.outcomes[0].code} if reply.final else {})}
    if step == "reply.confirmed":
        return {"papers": papers([paper.code for paper in flow.confirm.papers])}
    return STEP_DATA.get(step, {})


def to_state(stage: Play, task: Task, state: str) -> None:
    """Bring a task to a state by real steps."""
    flow = stage_flow(stage, task)
    path = ["assigned", "delivered", "signed", "accepted", "handling", "replied", "confirmed"]
    steps = [
        "task.received",
        "task.signed",
        "task.accepted",
        "task.started",
        "task.replied",
        "reply.confirmed",
    ]
    for step, after in zip(steps, path[1:], strict=True):
        if path.index(stage.state(task)) >= path.index(state):
            return
        if path.index(stage.state(task)) >= path.index(after):
            continue
        while step == "task.replied" and stage.case.tasks[task.id].replies < len(flow.replies) - 1:
            stage.act(task, step, **step_data(step, flow, stage.case.tasks[task.id].replies))
        stage.act(task, step, **step_data(step, flow, len(flow.replies) - 1))
        assert stage.state(task) in (after, "confirmed")


def stage_flow(stage: Play, task: Task) -> Flow:
    """The flow of a task's referral."""
    referral = stage.case.referrals[task.referral]
    return stage.under.flow_version(referral.flow, referral.flow_version)


def walk(value: Any) -> Iterator[Any]:
    """Every scalar inside data."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from walk(inner)
    else:
        yield value
