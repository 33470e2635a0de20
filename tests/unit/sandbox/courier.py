"""A courier between departments' records, in place of connectors and hub: carries steps, and minds the rules.

It knows the catalogue of flows and the life of a task as data, and notes every step that these don't allow.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from deploy.sandbox.core.checker import ARRIVES_AS, SENT_AS
from deploy.sandbox.core.matter import Step
from deploy.sandbox.core.records import Records

RULES = Path(__file__).parents[3] / "hub" / "rules"
LIFE = yaml.safe_load((RULES / "lifecycle.yaml").read_text("utf-8"))
FLOWS = {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in (RULES / "flows").glob("*.yaml")}
CITY = yaml.safe_load((RULES.parents[1] / "deploy/sandbox/city/departments.yaml").read_text("utf-8"))
ROLES = {one["id"]: {*one["roles"], "department"} for one in CITY["departments"]}


@dataclass
class Task:
    id: str
    holder: str
    role: str
    referral: "Referral"
    state: str = "delivered"
    replies: int = 0


@dataclass
class Referral:
    id: str
    case: str
    sender: str
    number: str
    raised: dict[str, Any]
    tasks: list[Task] = field(default_factory=list)
    reopenings: int = 0

    @property
    def flow(self) -> dict[str, Any]:
        return dict(FLOWS[self.raised["flow"]])


class Courier:
    def __init__(self, departments: dict[str, Records]) -> None:
        self.departments = departments
        self.problems: list[str] = []
        self._read = dict.fromkeys(departments, 0)
        self._tasks: dict[str, Task] = {}
        self._referrals: dict[str, Referral] = {}
        self._deliveries = 0

    def carry(self) -> bool:
        """Carries everything that was sent since the last time. False when there was nothing."""
        carried = False
        for name, records in self.departments.items():
            for step in records.steps_after(self._read[name], 10_000):
                self._read[name] = step.seq
                carried = True
                self._take(name, step)
        return carried

    def _take(self, sender: str, step: Step) -> None:
        if step.kind == "raise":
            self._raised(sender, step)
        elif step.kind == "followup":
            self._check(bool(step.fields["ext_referral"]), step, "follows up nothing")
            self._followed_up(step, self._referrals[step.fields["ext_referral"]])
        else:
            self._stepped(sender, step, self._tasks[step.fields["ext_task"]])

    def _raised(self, sender: str, step: Step) -> None:
        fields = step.fields
        flow = FLOWS[fields["flow"]]
        case = fields["ext_case"] or f"case/{sender}/{step.number}"
        referral = Referral(f"referral/{step.key}", case, sender, step.number, fields)
        self._referrals[referral.id] = referral
        self._check(fields["kind"] in flow["kinds"], step, f"kind {fields['kind']}")
        self._check(bool(ROLES[sender] & set(flow["senders"])), step, "sender")
        missing = {p["code"] for p in flow["papers"] if p["required"]} - {p["code"] for p in fields["papers"]}
        self._check(not missing, step, f"papers {missing}")
        opened_by = fields["opened_by"]
        self._check(opened_by is None or self._referrals[opened_by].case == case, step, "opened_by")
        receivers = [(fields["lead"], "lead", "lead")]
        receivers += [(name, "co_handler", "co_handlers") for name in fields["co_handlers"]]
        receivers += [(name, "copy", "copies") for name in fields["copies"]]
        self._check(len({sender, *(r[0] for r in receivers)}) == len(receivers) + 1, step, "receiver twice")
        for name, role, roles in receivers:
            self._check(bool(ROLES[name] & set(flow[roles])), step, f"{role} {name}")
            self._assign(referral, name, role)

    def _assign(self, referral: Referral, holder: str, role: str) -> None:
        task = Task(f"task/{len(self._tasks) + 1}", holder, role, referral)
        self._tasks[task.id] = task
        referral.tasks.append(task)
        told = {
            name: value
            for name, value in referral.raised.items()
            if name not in ("ext_case", "ext_referral", "ext_task", "officer", "note", "copies")
        }
        self._tell(holder, "task", task, {**told, "role": role, "sender_number": referral.number})

    def _stepped(self, actor: str, step: Step, task: Task) -> None:
        referral, life = task.referral, LIFE["steps"][SENT_AS[step.kind]]
        by = task.holder if life["by"] == "handler" else referral.sender
        self._check(actor == by, step, f"is for {by}")
        after = (life.get("copy", {}) if task.role == "copy" else life["from"]).get(task.state)
        self._check(after is not None, step, f"in state {task.state}")
        told = {name: value for name, value in step.fields.items() if name[:4] != "ext_"}
        if step.kind == "propose_return":
            codes = {reason["code"] for reason in referral.flow["return_reasons"]}
            self._check(step.fields["reason_code"] in codes, step, "reason")
        if step.kind == "reply":
            after = self._replied(step, task)
            told["reply"] = told.pop("reply_code")
        if step.kind == "progress":
            told["step"] = told.pop("step_code")
        if step.kind == "confirm":
            wanted = {paper["code"] for paper in referral.flow["confirm"]["papers"]}
            given = {paper["code"] for paper in step.fields["papers"]}
            self._check(wanted <= given, step, f"papers {wanted - given}")
        if step.kind == "decide_return" and step.fields["agreed"]:
            after = "returned"
        task.state = after or task.state
        receiver = referral.sender if by == task.holder else task.holder
        self._tell(receiver, ARRIVES_AS.get(step.kind, "note"), task, {**told, "actor": actor})
        if after == "returned" and (to := step.fields["reassign_to"]):
            roles = referral.flow["lead" if task.role == "lead" else "co_handlers"]
            self._check(bool(ROLES[to] & set(roles)), step, f"reassign_to {to}")
            self._assign(referral, to, task.role)
        if task.state == "confirmed" and task.role == "lead":
            for one in (referral.sender, *(t.holder for t in referral.tasks if t.state != "returned")):
                self._tell(one, "closed", task, {"state": "closed"})

    def _followed_up(self, step: Step, referral: Referral) -> None:
        """A citizen who is not satisfied: the lead has its task back from the hub, as often as the flow allows."""
        rule, rating = referral.flow.get("followup"), step.fields["rating"]
        if rule is None or rating is None or rating >= rule["satisfied"]:
            return
        lead = next((one for one in referral.tasks if (one.role, one.state) == ("lead", "confirmed")), None)
        if lead is None or referral.reopenings >= rule["reopenings"]:
            return
        referral.reopenings += 1
        lead.state = LIFE["reopens"][lead.state]
        self._tell(lead.holder, "rework", lead, {"reason": "not satisfied"})
        for one in (referral.sender, *(t.holder for t in referral.tasks if t.state != "returned")):
            self._tell(one, "note", lead, {"type": "referral.reopened.v1"})

    def _replied(self, step: Step, task: Task) -> str:
        flow = task.referral.flow
        due = flow["replies"][min(task.replies, len(flow["replies"]) - 1)]
        self._check(due["code"] == step.fields["reply_code"], step, f"reply, {due['code']} is due")
        if not due["final"]:
            task.replies += 1
            return "handling"
        outcomes = {outcome["code"] for outcome in flow["outcomes"]}
        self._check(step.fields["outcome"] in outcomes, step, f"outcome {step.fields['outcome']}")
        return "replied" if flow["confirm"]["required"] else "confirmed"

    def _tell(self, receiver: str, kind: str, task: Task, fields: dict[str, Any]) -> None:
        self._deliveries += 1
        references = {"ext_case": task.referral.case, "ext_referral": task.referral.id, "ext_task": task.id}
        if kind == "task":
            fields = {**fields, "sender": task.referral.sender}
        elif receiver == task.referral.sender:
            references["number"] = task.referral.number
        told = {name: value for name, value in fields.items() if value is not None}
        records = self.departments[receiver]
        first = records.receive(kind, f"delivery/{self._deliveries}", {**told, **references})
        again = records.receive(kind, f"delivery/{self._deliveries}", {**told, **references})
        self._check(first == again, None, "a delivery made twice")

    def _check(self, right: bool, step: Step | None, what: str) -> None:
        if not right:
            self.problems.append(f"{step.key if step else ''} {step.kind if step else ''}: {what}")
